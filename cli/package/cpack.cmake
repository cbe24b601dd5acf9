# Debian packages, one a component: cpack -G DEB in a build that package.sh configures.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR "The Gingham authors")
set(GHM_MAINTAINER "The Gingham authors <gingham@localhost>" CACHE STRING "Who makes the packages, with a mail address")
set(CPACK_PACKAGE_CONTACT ${GHM_MAINTAINER})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own, which this would be put before
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/codec)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY "=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(package_version ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})

set(library_package libgingham${GHM_ABI_VERSION})
set(CPACK_COMPONENTS_ALL library command dev gdk-pixbuf python)
set(same_version "(= ${package_version})")
function(describe component package section summary)
  string(TOUPPER ${component} C)
  set(CPACK_DEBIAN_${C}_PACKAGE_NAME ${package} PARENT_SCOPE)
  set(CPACK_DEBIAN_${C}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_DEBIAN_${C}_DESCRIPTION "${summary}
Gingham is a learned image codec for CPUs: its networks compute in integers,
so that a stream gives the same pixels on every machine." PARENT_SCOPE)
  # Every package says what it is licensed under and what changed.
  install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} RENAME copyright
    COMPONENT ${component})
  install(FILES ${CMAKE_BINARY_DIR}/changelog.gz ${CMAKE_BINARY_DIR}/changelog.Debian.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
    COMPONENT ${component})
endfunction()
describe(library ${library_package} libs "learned image codec - library")
describe(command gingham graphics "learned image codec - command")
describe(dev libgingham-dev libdevel "learned image codec - headers")
describe(gdk-pixbuf gingham-gdk-pixbuf graphics "learned image codec - loader for GNOME programs")
describe(python python3-gingham python "learned image codec - Python 3 package")
foreach(C COMMAND DEV GDK-PIXBUF)
  set(CPACK_DEBIAN_${C}_PACKAGE_DEPENDS "${library_package} ${same_version}")
endforeach()
set(CPACK_DEBIAN_GDK-PIXBUF_PACKAGE_RECOMMENDS "gingham, libgdk-pixbuf2.0-bin")
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "${library_package} ${same_version}, python3, python3-cffi, python3-numpy")
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
# Debian's own shared-mime-info, man-db and gdk-pixbuf watch their folders: nothing of ours runs at installation.

string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC) # or SOURCE_DATE_EPOCH
file(WRITE ${CMAKE_BINARY_DIR}/changelog.Debian "gingham (${package_version}) unstable; urgency=medium

  * Version ${PROJECT_VERSION}; changelog.gz says what is new.

 -- ${GHM_MAINTAINER}  ${now}
")
find_program(GHM_GZIP gzip REQUIRED)
execute_process(COMMAND ${GHM_GZIP} -9nc ${CMAKE_SOURCE_DIR}/CHANGELOG.md OUTPUT_FILE ${CMAKE_BINARY_DIR}/changelog.gz)
execute_process(COMMAND ${GHM_GZIP} -9nc ${CMAKE_BINARY_DIR}/changelog.Debian
  OUTPUT_FILE ${CMAKE_BINARY_DIR}/changelog.Debian.gz)
include(CPack)
