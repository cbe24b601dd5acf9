#!/bin/sh
# Build Debian packages: package.sh [FOLDER]. They come to lie in FOLDER, by default build-package/ beside the sources.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "${1:-$root/build-package}"
build=$(cd "${1:-$root/build-package}" && pwd)
sh "$root/cli/dependencies.sh" gcc make cmake pkg-config libpng-dev libjpeg62-turbo-dev zlib1g-dev libxxhash-dev libopenblas-dev \
    libcjson-dev libwebp-dev libtiff-dev libgdk-pixbuf-2.0-dev dpkg-dev gzip

# Debian's hardening flags; they keep the build's paths out too. CMake's -O3 comes after them.
cd "$root"
export DEB_BUILD_MAINT_OPTIONS=hardening=+all
link=$(dpkg-buildflags --get LDFLAGS)

cmake -S "$root" -B "$build" -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_SHARED_LIBS=ON -DGHM_BUILD_TESTS=OFF -DGHM_BUILD_GDK_PIXBUF=ON \
    -DGHM_INSTALL_PYTHON=ON -DGHM_PACKAGE=ON "-DCMAKE_C_FLAGS=$(dpkg-buildflags --get CFLAGS) $(dpkg-buildflags --get CPPFLAGS)" \
    "-DCMAKE_EXE_LINKER_FLAGS=$link" "-DCMAKE_SHARED_LINKER_FLAGS=$link" "-DCMAKE_MODULE_LINKER_FLAGS=$link" >/dev/null
cmake --build "$build" -j "${JOBS:-$(nproc)}" >/dev/null

# What cpack gets wrong: it follows links when it adds up Installed-Size, so that a library counts twice, and it calls ldconfig
# from scripts of its own where Debian has a trigger.
mend() { # DEB
    tree=$(mktemp -d)
    chmod 755 "$tree"
    dpkg-deb -R "$1" "$tree"
    size=$(cd "$tree" && find . -mindepth 1 -not -path './DEBIAN*' -printf '%y %s\n' |
        awk '{ kib += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print kib }') # as dpkg-gencontrol counts
    sed -i "s/^Installed-Size: .*/Installed-Size: $size/" "$tree/DEBIAN/control"
    if grep -qs ldconfig "$tree/DEBIAN/postinst"; then
        rm "$tree/DEBIAN/postinst" "$tree/DEBIAN/postrm"
        echo 'activate-noawait ldconfig' >"$tree/DEBIAN/triggers"
    fi
    dpkg-deb --root-owner-group -b "$tree" "$1" >/dev/null
    rm -r "$tree"
}
cd "$build"
rm -f ./*.deb
cpack -G DEB >/dev/null
for deb in ./*.deb; do
    mend "$deb"
done
ls -l ./*.deb
