# toolchain.cmake - Debian's cross compiler and qemu-user for GHM_CROSS_MACHINE, with libraries in GHM_CROSS_SYSROOT (run.sh).
set(machine $ENV{GHM_CROSS_MACHINE})
set(libraries $ENV{GHM_CROSS_SYSROOT}/usr/lib/${machine}-linux-gnu)
set(libraries_of_boot $ENV{GHM_CROSS_SYSROOT}/lib/${machine}-linux-gnu) # zlib's
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${machine})
set(CMAKE_C_COMPILER ${machine}-linux-gnu-gcc)
set(CMAKE_FIND_ROOT_PATH $ENV{GHM_CROSS_SYSROOT})
set(CMAKE_LIBRARY_ARCHITECTURE ${machine}-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_C_STANDARD_INCLUDE_DIRECTORIES $ENV{GHM_CROSS_SYSROOT}/usr/include $ENV{GHM_CROSS_SYSROOT}/usr/include/${machine}-linux-gnu)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${libraries} -Wl,-rpath-link,${libraries}:${libraries_of_boot}")
set(CMAKE_CROSSCOMPILING_EMULATOR
  qemu-${machine} -L /usr/${machine}-linux-gnu -E LD_LIBRARY_PATH=${libraries}:${libraries_of_boot}:/usr/${machine}-linux-gnu/lib)
