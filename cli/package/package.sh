#!/bin/sh
# Build Debian packages: package.sh [FOLDER]. They come to lie in FOLDER, by default build-package/ beside the sources.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build-package}
sh "$root/cli/dependencies.sh" gcc make cmake pkg-config libpng-dev libjpeg62-turbo-dev zlib1g-dev libxxhash-dev libopenblas-dev \
    libcjson-dev libwebp-dev libtiff-dev libgdk-pixbuf-2.0-dev dpkg-dev gzip
cmake -S "$root" -B "$build" -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_SHARED_LIBS=ON -DGHM_BUILD_TESTS=OFF -DGHM_BUILD_GDK_PIXBUF=ON \
    -DGHM_INSTALL_PYTHON=ON -DGHM_PACKAGE=ON >/dev/null
cmake --build "$build" -j "${JOBS:-$(nproc)}" >/dev/null
(cd "$build" && cpack -G DEB >/dev/null && ls -l ./*.deb)
