# Broken inputs: their own status each, and no output.
. "$(dirname "$0")/lib.sh"

for name in truncated.png truncated.jpg truncated.ppm; do
    run encode "$images/$name" a.ghm
    expect_failure 4 "$name"
done
expect_folder

"$gingham" encode "$images/crop-256x192.png" "$work/good.ghm" --quiet
size=$(wc -c <"$work/good.ghm")
for keep in $((size - 1)) $((size / 2)) 3; do
    head -c $keep "$work/good.ghm" >"$work/cut.ghm"
    run decode "$work/cut.ghm" a.png
    expect_failure 5 'cut.ghm'
done
# Half of it still has its header.
head -c $((size / 2)) "$work/good.ghm" >"$work/cut.ghm"
run info "$work/cut.ghm"
expect_status 5
expect_stdout 'complete  *no'

# One byte changed, somewhere in the bands.
head -c $((size - 100)) "$work/good.ghm" >"$work/bad.ghm"
tail -c 100 "$work/good.ghm" | head -c 1 | tr '\000-\377' '\001-\377\000' >>"$work/bad.ghm"
tail -c 99 "$work/good.ghm" >>"$work/bad.ghm"
run decode "$work/bad.ghm" a.png
expect_failure 5 'bad.ghm'

run decode "$images/rgb.png" a.png
expect_failure 4 'not a Gingham stream'
# Neither a stream nor a picture that is known here.
printf 'BM6\000\000\000' >"$work/foreign.bmp"
printf 'GIF89a' >"$work/foreign.gif"
printf 'G' >"$work/foreign.txt"
for name in "$0" "$work/foreign.bmp" "$work/foreign.gif" "$work/foreign.txt"; do
    run decode "$name" a.png
    expect_failure 4 'is not a Gingham stream'
    run info "$name"
    expect_failure 4 'is not a Gingham stream'
done
run info "$images/rgb.png"
expect_failure 4 'is a PNG picture, not a Gingham stream'
: >"$work/nothing"
run decode "$work/nothing" a.png
expect_failure 5 nothing
run encode "$work/good.ghm" a.ghm
expect_failure 4 "is a Gingham stream already; 'gingham decode'"
run decode missing.ghm a.png
expect_failure 3 'missing.ghm'
run decode "$work/good.ghm" a.png --limit-pixels 1000
expect_status 8

run encode "$images/rgb.png" a.ghm --model missing.weights
expect_failure 6 'missing.weights'
run decode "$work/good.ghm" a.png --model "$images/rgb.png"
expect_failure 6 'rgb.png'
run model info "$images/rgb.png"
expect_failure 6 'rgb.png'
expect_folder

finish
