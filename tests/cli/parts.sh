# Parts, previews and incomplete streams: --region, --scale, --partial, --max-memory, --limit-pixels, and what info tells.
. "$(dirname "$0")/lib.sh"

# Rows $2 .. $2+$4-1 and columns $1 .. $1+$3-1 of an 8-bit RGB PPM on stdin that is $5 wide.
crop() {
    python3 -c '
import sys
x, y, w, h, width = map(int, sys.argv[1:])
data = sys.stdin.buffer.read()
at = len(data) - 3 * width * (len(data) // (3 * width))
rows = [data[at + 3 * (width * r + x):][:3 * w] for r in range(y, y + h)]
sys.stdout.buffer.write(b"P6\n%d %d\n255\n" % (w, h) + b"".join(rows))' "$@"
}

python3 -c '
import sys
w, h = 200, 6000
sys.stdout.buffer.write(b"P6\n%d %d\n255\n" % (w, h))
for y in range(h):
    sys.stdout.buffer.write(bytes(v & 255 for x in range(w) for v in (x + y // 8, (x * y) // 900, 200 - x // 2)))' >"$work/a.ppm"
stream=$work/a.ghm
"$gingham" encode "$work/a.ppm" "$stream" --quiet
"$gingham" decode "$stream" "$work/whole.ppm" --quiet
"$gingham" decode "$stream" "$work/whole.png" --quiet

run decode "$stream" part.ppm --region 13,500,101,77
expect_status 0
expect_stdout 'part.ppm: 101x77, picture hash not compared'
crop 13 500 101 77 200 <"$work/whole.ppm" >"$work/expected.ppm"
expect_same part.ppm "$work/expected.ppm"
for region in 0,0,201,10 0,6000,1,1 5,5,0,5 5,5,5 a,b,c,d 1,2,3,4,5 -1,0,5,5; do
    run decode "$stream" b.ppm --region $region
    expect_failure 2 region
done

run decode "$stream" small.ppm --scale 1/8
expect_stdout 'small.ppm: 25x750, picture hash not compared'
run decode "$stream" small.ppm --scale 1/2
expect_stdout 'small.ppm: 100x3000, picture hash verified'
run decode "$stream" small.ppm --scale 1/16 --region 0,0,100,100
expect_stdout ': 7x7,'
run decode "$stream" b.ppm --scale 1/3
expect_failure 2 '1/2, 1/4, 1/8 or 1/16'

# With little memory the picture is written row by row, and is the same; JPEG needs the whole picture.
for format in ppm png; do
    run decode "$stream" little.$format --max-memory 3M -j 1
    expect_status 0
    expect_stdout 'picture hash verified'
    expect_same little.$format "$work/whole.$format"
done
run decode "$stream" little.jpg --max-memory 3M -j 1
expect_failure 8 'at least [1-9][0-9]* bytes of memory are needed, more than the limit of 3145728$'
run decode "$stream" b.ppm --max-memory 500k
expect_failure 8 'at least [1-9][0-9]* bytes of memory are needed, more than the limit of 512000$'
run decode "$stream" b.ppm --max-memory 0
expect_failure 2 'a number of bytes'
run decode "$stream" b.ppm --limit-pixels 1199999
expect_failure 8 'more than the limit of 1199999'
run encode "$work/a.ppm" b.ghm --max-memory 500k
expect_failure 8 'more memory is needed'
# What encodes in that memory may be too large to verify: the decoded picture is whole, and counts.
run encode "$work/a.ppm" "$work/b.ghm" --max-memory 3M -j 1
expect_status 0
run encode "$work/a.ppm" b.ghm --max-memory 3M -j 1 --verify
expect_failure 8 'verification of the new stream: .*more memory is needed than the limit of 3145728 bytes'
expect_folder part.ppm small.ppm little.ppm little.png

# What arrived, of the last band too, and the status of a damaged stream. Row 5632 is where the last of twelve bands begins.
empty_folder
size=$(wc -c <"$stream")
head -c $((size - 100)) "$stream" >"$work/cut.ghm"
run decode "$work/cut.ghm" b.ppm
expect_failure 5 'ends early, after 11 of 12 bands'
expect_folder
for limit in 1G 3M; do
    run decode "$work/cut.ghm" cut.ppm --partial --max-memory $limit -j 1
    expect_failure 5 'bands missing: 1 of 12, grey within rows 5632 to 5999 but for a part that arrived'
    crop 0 0 200 5500 200 <cut.ppm >top.ppm
    crop 0 0 200 5500 200 <"$work/whole.ppm" >"$work/expected.ppm"
    expect_same top.ppm "$work/expected.ppm"
    crop 0 5632 200 368 200 <cut.ppm | tail -c 220800 | tr -d '\200' >rest
    [ -s rest ] || failed "of the last band most has arrived"
done
head -c 20 "$stream" >"$work/cut.ghm"
empty_folder
run decode "$work/cut.ghm" b.ppm --partial
expect_failure 5 'cut.ghm'
# A byte of the first band is changed.
head -c 300 "$stream" >"$work/bad.ghm"
tail -c +301 "$stream" | head -c 1 | tr '\000-\377' '\001-\377\000' >>"$work/bad.ghm"
tail -c +302 "$stream" >>"$work/bad.ghm"
run decode "$work/bad.ghm" b.ppm
expect_failure 5 'CRC'
run decode "$work/bad.ghm" bad.ppm --partial
expect_failure 5 'bands missing: 1 of 12, grey within rows 0 to 511'
crop 0 600 200 5400 200 <bad.ppm >bottom.ppm
crop 0 600 200 5400 200 <"$work/whole.ppm" >"$work/expected.ppm"
expect_same bottom.ppm "$work/expected.ppm"

run info "$stream"
expect_stdout 'decoding  *[0-9.]* MiB of memory, 3.4 MiB of picture, [0-9.]* kMAC/px'
run info "$stream" --json
expect_stdout '"decode_memory": *[0-9]*, *"picture_bytes": *3600000, *"decode_kmac_per_pixel": *[0-9]'

finish
