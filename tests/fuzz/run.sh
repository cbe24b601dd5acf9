#!/bin/sh
# Fuzz one target: run.sh TARGET SECONDS [LIBFUZZER_OPTION]...   or look at what is covered: run.sh coverage
# Needs clang; README.md says what the targets are. New inputs collect in $GHM_BUILD_DIR/corpus/TARGET, findings in
# $GHM_BUILD_DIR/findings/TARGET; nothing is written to the sources.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${GHM_BUILD_DIR:-$root/build-fuzz}
stored=$root/testdata/corpus

usage() {
    echo "Usage: run.sh TARGET SECONDS [LIBFUZZER_OPTION]... | run.sh coverage" >&2
    echo "Targets: $(cd "$stored" && echo *)" >&2
    exit 2
}

# The lines that the stored and collected inputs reach, by file, of everything under codec, entropy, models and cli.
coverage() {
    cmake -S "$root" -B "$build/coverage" -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
        "-DCMAKE_C_FLAGS=-fprofile-instr-generate -fcoverage-mapping -O1" >/dev/null
    objects=
    for target in $(cd "$stored" && echo *); do
        cmake --build "$build/coverage" -j "$(nproc)" --target "replay_$target" >/dev/null
        program=$build/coverage/tests/fuzz/replay_$target
        collected=$build/corpus/$target
        [ -d "$collected" ] || collected=
        LLVM_PROFILE_FILE=$build/coverage/$target.profraw "$program" "$stored/$target" $collected >/dev/null 2>&1
        objects="$objects -object $program"
    done
    llvm-profdata merge -o "$build/coverage/all.profdata" "$build"/coverage/*.profraw
    # shellcheck disable=SC2086
    llvm-cov report $objects -instr-profile "$build/coverage/all.profdata" -ignore-filename-regex='/tests/'
}

[ "${1:-}" = coverage ] && { coverage; exit; }
[ $# -ge 2 ] && [ -d "$stored/$1" ] || usage
target=$1 seconds=$2
shift 2
cmake -S "$root" -B "$build/fuzz" -DGHM_BUILD_FUZZERS=ON -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null
cmake --build "$build/fuzz" -j "$(nproc)" --target "fuzz_$target" >/dev/null
mkdir -p "$build/corpus/$target" "$build/findings/$target"
case $target in curve | log | manifest) set -- "-dict=$root/tests/fuzz/json.dict" "$@" ;; esac
# The command's messages go nowhere; libFuzzer's and the sanitizers' do not.
exec "$build/fuzz/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=256 \
    -close_fd_mask=3 -print_final_stats=1 -artifact_prefix="$build/findings/$target/" "$@" "$build/corpus/$target" "$stored/$target"
