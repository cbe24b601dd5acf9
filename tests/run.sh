#!/bin/sh
# Build and run all tests: run.sh [quick]. Installs what is missing on Debian 12. Three builds: the usual one with every test, one with
# AddressSanitizer and UBSan, and the exactness matrix of compilers, optimization levels and machines ("quick" stops after the first).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${GHM_BUILD_DIR:-$root/build-tests}
jobs=$(nproc)
sh "$root/cli/dependencies.sh" gcc make cmake pkg-config libpng-dev libjpeg62-turbo-dev libwebp-dev libtiff-dev zlib1g-dev libxxhash-dev libopenblas0-pthread libcjson-dev \
    libcmocka-dev python3
[ "${1:-}" = quick ] || sh "$root/cli/dependencies.sh" clang chromium-driver

echo "== every test"
cmake -S "$root" -B "$build/plain" -DGHM_WERROR=ON >/dev/null
cmake --build "$build/plain" -j "$jobs" >/dev/null
ctest --test-dir "$build/plain" --output-on-failure -j "$jobs"
[ "${1:-}" = quick ] && exit 0

echo "== every test, AddressSanitizer and UBSan"
cmake -S "$root" -B "$build/sanitize" -DGHM_WERROR=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DGHM_SANITIZE=address;undefined" >/dev/null
cmake --build "$build/sanitize" -j "$jobs" >/dev/null
ctest --test-dir "$build/sanitize" --output-on-failure -j "$jobs"

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
