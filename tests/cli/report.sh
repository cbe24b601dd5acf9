# Reports: one line, or JSON that a parser takes.
. "$(dirname "$0")/lib.sh"

# Each line of the file is an object with these keys.
expect_json() {
    file=$1
    shift
    python3 - "$file" "$@" <<'END' || failed "JSON with $* expected"
import json, sys
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
assert lines
for line in lines:
    missing = set(sys.argv[2:]) - set(json.loads(line))
    assert not missing, missing
END
}

# Quotes, a backslash, a newline and a byte that is not UTF-8.
odd=$(printf 'a"b\\c\nd\377e.png')
cp "$images/rgb.png" "$odd"
run encode "$odd" --json --verify
expect_status 0
expect_json "$out" input output width height quality bytes bpp psnr_rgb seconds model_id
python3 -m json.tool "$out" >/dev/null || failed 'json.tool should take it'
run decode "$odd.ghm" --json
expect_json "$out" input output format width height bytes picture_hash seconds model_id
run info "$odd.ghm" "$odd.ghm" --json
expect_status 0
expect_json "$out" width height quality bands bytes bpp model_id complete
[ "$(wc -l <"$out")" -eq 2 ] || failed 'one line a stream expected'
run model info --json
expect_json "$out" name id bytes decoder_kmac backend built_in

# When the stream takes stdout, the report goes to stderr.
last='encode to stdout with --json'
"$gingham" encode "$images/rgb.png" - --json >a.ghm 2>"$err"
expect_json "$err" bytes
run info a.ghm
expect_status 0
expect_stdout '^a.ghm: 48x36, quality 60, '
bytes=$(wc -c <a.ghm)
expect_stdout ", $((bytes)) bytes, "

# The first failure decides, and the rest is still shown.
run info missing.ghm "$images/rgb.png" a.ghm
expect_status 3
expect_stdout '^a.ghm: '

run model info
expect_status 0
expect_stdout '  id  *[0-9a-f]\{16\}'

# Quiet is quiet, and no terminal means no progress.
run encode "$images/rgb.png" a.ghm --quiet
expect_no_stdout
expect_no_stderr
run encode "$images/kodim20.png" a.ghm
expect_no_stderr

# Control characters of names do not reach a terminal, in reports neither: ESC, a line end, and CSI as UTF-8.
name=$(printf 'esc\033[31m\nb\302\233.png')
cp "$images/rgb.png" "$name"
expect_clean() {
    expect_status 0
    expect_no_stderr
    grep -q 'esc?\[31m?b??' "$out" || failed 'the name expected, blanked'
    LC_ALL=C tr -d '\n -~' <"$out" >rest
    [ ! -s rest ] || failed 'no control characters expected'
    [ "$(head -n 1 "$out" | grep -c ':')" -eq 1 ] || failed 'one line expected where the name stands'
}
run encode "$name"
expect_clean
run info "$name.ghm"
expect_clean
run decode "$name.ghm"
expect_clean
run compare "$name" "$name"
expect_clean
run bench "$name" -n 1 --profile fast
expect_clean

finish
