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
[ "${1:-}" = quick ] || sh "$root/cli/dependencies.sh" clang chromium-driver valgrind parallel procps file shared-mime-info libgdk-pixbuf-2.0-dev libgdk-pixbuf2.0-bin \
    python3-cffi python3-numpy

[ "${1:-}" = quick ] || sh "$root/cli/dependencies.sh" slurm-wlm munge || echo "Slurm cannot be installed: its test is skipped" >&2
[ "${1:-}" = quick ] || sh "$root/cli/dependencies.sh" python3-torch python3-numpy python3-pil python3-xxhash libopenblas0-pthread ||
    echo "PyTorch cannot be installed: the test of the trainer is skipped" >&2

echo "== every test"
cmake -S "$root" -B "$build/plain" -DGHM_WERROR=ON >/dev/null
cmake --build "$build/plain" -j "$jobs" >/dev/null
ctest --test-dir "$build/plain" --output-on-failure -j "$jobs"
[ "${1:-}" = quick ] && exit 0

echo "== every test, AddressSanitizer and UBSan"   # slow, hence with the smallest networks where any will do
cmake -S "$root" -B "$build/sanitize" -DGHM_WERROR=ON -DGHM_DEFAULT_PROFILE=fast -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DGHM_SANITIZE=address;undefined" >/dev/null
cmake --build "$build/sanitize" -j "$jobs" >/dev/null
ctest --test-dir "$build/sanitize" --output-on-failure -j "$jobs" -LE cluster

echo "== shared library, gdk-pixbuf loader and Python package"
cmake -S "$root" -B "$build/shared" -DGHM_WERROR=ON -DBUILD_SHARED_LIBS=ON -DGHM_BUILD_GDK_PIXBUF=ON >/dev/null
cmake --build "$build/shared" -j "$jobs" >/dev/null
ctest --test-dir "$build/shared" --output-on-failure -j "$jobs" -R 'desktop|python|cli_(batch|round_trip)'

echo "== threads, ThreadSanitizer"
cmake -S "$root" -B "$build/thread" -DGHM_WERROR=ON -DGHM_DEFAULT_PROFILE=fast -DGHM_BUILD_CLI=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo -DGHM_SANITIZE=thread >/dev/null
cmake --build "$build/thread" -j "$jobs" --target test_threads test_stream replay_round_trip replay_pieces test_memory_library >/dev/null
ctest --test-dir "$build/thread" --output-on-failure -j "$jobs" -R '^(unit/test_threads|fuzz/(round_trip|pieces)|memory/library)$'
"$build/thread/tests/codec/test_stream" 'pushed_bytes_*' # groups beside each other; all of it would take half an hour

# Reads of what was never written, which no sanitizer of gcc sees; a few small files of the usual build.
echo "== valgrind"
for target in decode bands round_trip png jpeg; do
    # shellcheck disable=SC2046 # names without blanks
    valgrind -q --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite "$build/plain/tests/fuzz/replay_$target" \
        $(ls -d "$root/testdata/corpus/$target"/* | head -n 12) >/dev/null
    echo "$target: nothing found"
done

# A row of the table: run.sh's LOG of test_golden, which says for each backend what it did.
matrix=$build/matrix.txt
add_row() { # NAME LOG
    awk -v name="$1" '
        / streams, each with 1, 2 and 8 threads/ { sub(":", "", $1); cell[$1] = "1 2 8" }
        /^backend .* is not available/ { cell[$2] = "-" }
        END { printf "%-16s", name
              n = split("c blas avx2 avx512 avxvnni neon dotprod", backends, " ")
              for (i = 1; i <= n; i++) printf " %-8s", backends[i] in cell ? cell[backends[i]] : "?"
              printf "\n" }' "$2" >>"$matrix"
}

echo "== exactness: stored pictures from every compiler and optimization level"
printf '%-16s %-8s %-8s %-8s %-8s %-8s %-8s %-8s\n' threads c blas avx2 avx512 avxvnni neon dotprod >"$matrix"
for compiler in gcc clang; do
    for level in -O0 -O3; do
        cmake -S "$root" -B "$build/$compiler$level" -DGHM_WERROR=ON -DGHM_BUILD_CLI=OFF -DCMAKE_C_COMPILER="$compiler" \
            -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="$level" >/dev/null
        cmake --build "$build/$compiler$level" -j "$jobs" --target test_golden test_parity >/dev/null
        "$build/$compiler$level/tests/golden/test_golden" >"$build/golden.log" 2>&1 || { cat "$build/golden.log"; exit 1; }
        GHM_TEST_SMALL=1 "$build/$compiler$level/tests/parity/test_parity" >/dev/null
        add_row "$compiler $level" "$build/golden.log"
    done
done
GHM_BUILD_DIR=$build sh "$root/tests/cross/run.sh"
for machine in aarch64 s390x; do
    cp "$build/cross/$machine/Testing/Temporary/LastTest.log" "$build/golden.log"
    add_row "gcc $machine" "$build/golden.log"
done
cat "$matrix"
echo "all tests passed"
