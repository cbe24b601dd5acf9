# Standard streams that are closed, full, or abandoned.
. "$(dirname "$0")/lib.sh"

run_with() {
    last="$1"
    sh -c "$1" gingham "$gingham" "$images" >"$out" 2>"$err"
    status=$?
}

"$gingham" encode "$images/crop-256x192.png" a.ghm --quiet

# The reader goes early: quiet, status 7.
run_with '{ "$1" decode a.ghm - --format ppm --quiet; echo $? >status; } | head -c 10 >/dev/null'
expect_no_stderr
[ "$(cat status)" -eq 7 ] || failed "status 7 expected, not $(cat status)"
rm status

run_with '"$1" encode "$2/rgb.png" - >&-'
expect_failure 7 'standard output'
run_with '"$1" encode - b.ghm <&-'
expect_failure 3 'standard input'
run_with '"$1" encode "$2/rgb.png" b.ghm --quiet 2>&-'
expect_status 0
run_with '"$1" encode "$2/truncated.png" c.ghm 2>&-'
expect_status 4
expect_folder a.ghm b.ghm

if [ -c /dev/full ]; then
    run_with '"$1" encode "$2/rgb.png" - >/dev/full'
    expect_status 7
    run_with '"$1" decode a.ghm - >/dev/full'
    expect_status 7
    run_with '"$1" --help >/dev/full'
    expect_status 7
    run_with '"$1" info a.ghm >/dev/full'
    expect_status 7
fi

# Other names of standard output: the stream has it alone, the report goes to standard error.
run_with '"$1" encode "$2/rgb.png" - 2>/dev/null'
cp "$out" wanted.ghm
for name in /dev/stdout /dev/fd/1 /proc/self/fd/1; do
    [ -e $name ] || continue
    run_with '"$1" encode "$2/rgb.png" '$name' | cat'
    expect_same "$out" wanted.ghm
    expect_stderr '^standard output: 48x36'
    run_with '"$1" encode "$2/rgb.png" '$name' --json'
    expect_same "$out" wanted.ghm
    expect_stderr '"bytes"'
    run_with '"$1" decode wanted.ghm '$name' --format ppm | cat'
    head -n 1 "$out" | grep -qx P6 || failed 'a picture expected'
    [ "$(wc -c <"$out")" -eq $((13 + 48 * 36 * 3)) ] || failed 'nothing but the picture expected'
done
run_with '"$1" encode "$2/rgb.png" same.ghm -n >same.ghm'
expect_same same.ghm wanted.ghm
run_with '"$1" encode "$2/rgb.png" /dev/null >/dev/null'
expect_no_stderr
rm same.ghm wanted.ghm

# Binary data and terminals do not meet.
if command -v script >/dev/null && script --version 2>/dev/null | grep -q util-linux; then
    run_with 'script -qec "\"$1\" encode \"$2/rgb.png\" -" /dev/null </dev/null'
    expect_status 2
    expect_stdout 'is a terminal'
fi

finish
