#!/bin/sh
# Build the library with Debian's cross compilers and run its tests under qemu-user: run.sh [aarch64] [s390x] (both by default).
# aarch64 has the NEON kernels; s390x stores numbers the other way round, which the parsers must not notice. Installs what is missing
# on Debian 12; the libraries for the other machines are unpacked into the build folder, the system keeps its one architecture.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${GHM_BUILD_DIR:-$root/build-tests}/cross
jobs=${GHM_JOBS:-$(nproc)}
libraries="libxxhash-dev libxxhash0 zlib1g-dev zlib1g libpng-dev libpng16-16 libcmocka-dev libcmocka0"
[ $# -gt 0 ] || set -- aarch64 s390x

# apt-get with package lists of its own for Debian architecture $arch.
private_apt() {
    apt-get -qq -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o Dir::State="$apt" -o Dir::State::status="$apt/status" \
        -o Dir::Cache="$apt/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}

# The libraries of Debian architecture $arch into $sysroot, once.
fetch_libraries() {
    [ ! -e "$sysroot/complete" ] || return 0
    apt=$sysroot/apt
    rm -rf "$sysroot"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/deb"
    : >"$apt/status"
    private_apt update || echo "apt-get update failed in part; going on" >&2
    # shellcheck disable=SC2086 # a list of words
    (cd "$apt/deb" && private_apt download $libraries)
    for deb in "$apt"/deb/*.deb; do
        dpkg-deb -x "$deb" "$sysroot"
    done
    rm -rf "$apt"
    touch "$sysroot/complete"
}

for machine in "$@"; do
    case $machine in
    aarch64) arch=arm64 ;;
    s390x) arch=s390x ;;
    *) echo "run.sh: $machine is neither aarch64 nor s390x" >&2; exit 2 ;;
    esac
    echo "== $machine under qemu-user"
    sh "$root/cli/dependencies.sh" cmake make pkg-config qemu-user "gcc-$machine-linux-gnu" "libc6-dev-$arch-cross"
    sysroot=$build/$machine-sysroot
    fetch_libraries
    export GHM_CROSS_MACHINE="$machine" GHM_CROSS_SYSROOT="$sysroot"
    export PKG_CONFIG_SYSROOT_DIR="$sysroot" PKG_CONFIG_LIBDIR="$sysroot/usr/lib/$machine-linux-gnu/pkgconfig"
    cmake -S "$root" -B "$build/$machine" -DCMAKE_TOOLCHAIN_FILE="$here/toolchain.cmake" -DGHM_WERROR=ON -DGHM_BUILD_CLI=OFF >/dev/null
    cmake --build "$build/$machine" -j "$jobs" >/dev/null
    # Without the tests of whole pictures and of damage, which say nothing new here and take emulated minutes.
    GHM_TEST_SMALL=1 ctest --test-dir "$build/$machine" --output-on-failure -j "$jobs" -R '^(unit/|kernels|parity|golden)' -E python
done
