#!/bin/sh
# Build and run all tests: run.sh [quick]. Installs what is missing on Debian 12. Four builds: the usual one with every test, one with
# AddressSanitizer and UBSan, one with the shared library and what is built on it, and the exactness matrix of compilers, optimization
# levels and machines ("quick" stops after the first).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${GHM_BUILD_DIR:-$root/build-tests}
jobs=$(nproc)
sh "$root/cli/dependencies.sh" gcc make cmake pkg-config libpng-dev libjpeg62-turbo-dev libwebp-dev libtiff-dev zlib1g-dev libxxhash-dev libopenblas0-pthread libcjson-dev \
    libcmocka-dev python3
[ "${1:-}" = quick ] || sh "$root/cli/dependencies.sh" clang chromium-driver parallel procps file shared-mime-info libgdk-pixbuf-2.0-dev libgdk-pixbuf2.0-bin \
    python3-cffi python3-numpy

[ "${1:-}" = quick ] || sh "$root/cli/dependencies.sh" slurm-wlm munge || echo "Slurm cannot be installed: its test is skipped" >&2

echo "== every test"
cmake -S "$root" -B "$build/plain" -DGHM_WERROR=ON >/dev/null
cmake --build "$build/plain" -j "$jobs" >/dev/null
ctest --test-dir "$build/plain" --output-on-failure -j "$jobs"
[ "${1:-}" = quick ] && exit 0

echo "== every test, AddressSanitizer and UBSan"
cmake -S "$root" -B "$build/sanitize" -DGHM_WERROR=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DGHM_SANITIZE=address;undefined" >/dev/null
cmake --build "$build/sanitize" -j "$jobs" >/dev/null
ctest --test-dir "$build/sanitize" --output-on-failure -j "$jobs" -LE cluster

echo "== shared library, gdk-pixbuf loader and Python package"
cmake -S "$root" -B "$build/shared" -DGHM_WERROR=ON -DBUILD_SHARED_LIBS=ON -DGHM_BUILD_GDK_PIXBUF=ON >/dev/null
cmake --build "$build/shared" -j "$jobs" >/dev/null
ctest --test-dir "$build/shared" --output-on-failure -j "$jobs" -R 'desktop|python|cli_(batch|round_trip)'

echo "== exactness: stored pictures from every compiler and optimization level"
for compiler in gcc clang; do
    for level in -O0 -O3; do
        echo "-- $compiler $level"
        cmake -S "$root" -B "$build/$compiler$level" -DGHM_WERROR=ON -DGHM_BUILD_CLI=OFF -DCMAKE_C_COMPILER="$compiler" \
            -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="$level" >/dev/null
        cmake --build "$build/$compiler$level" -j "$jobs" --target test_golden test_parity >/dev/null
        "$build/$compiler$level/tests/golden/test_golden"
        "$build/$compiler$level/tests/parity/test_parity" >/dev/null
    done
done
GHM_BUILD_DIR=$build sh "$root/tests/cross/run.sh"
echo "all tests passed"
