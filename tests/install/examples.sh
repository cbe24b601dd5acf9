#!/bin/sh
# Run the examples: examples.sh FOLDER-OF-EXAMPLES IMAGES
set -eu
bin=$1 images=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/gingham-examples.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$bin/example_one_call"
"$bin/example_encode_rows" 50 <"$images/rgb-17x13.ppm" >"$work/a.ghm" 2>"$work/progress"
grep -q '100 %' "$work/progress"
"$bin/example_decode_rows" <"$work/a.ghm" >"$work/a.ppm"
[ "$(head -c 9 "$work/a.ppm" | tr '\n' ' ')" = 'P6 17 13 ' ]
[ "$(wc -c <"$work/a.ppm")" -eq $((13 + 3 * 17 * 13)) ]
"$bin/example_decode_rows" 4 <"$work/a.ghm" >"$work/small.ppm"
[ "$(head -c 6 "$work/small.ppm" | tr '\n' ' ')" = 'P6 5 4' ]
# Failures are told.
head -c 40 "$work/a.ghm" >"$work/cut.ghm"
if "$bin/example_decode_rows" <"$work/cut.ghm" >/dev/null 2>"$work/err"; then exit 1; fi
grep -q 'ends early' "$work/err"
head -c 100 "$images/rgb-17x13.ppm" >"$work/cut.ppm"
if "$bin/example_encode_rows" <"$work/cut.ppm" >/dev/null 2>"$work/err"; then exit 1; fi
grep -q 'of 13 rows' "$work/err"
