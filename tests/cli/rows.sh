# Pictures read by rows give the streams of pictures read whole; what fails half-way leaves nothing; streams are read in pieces.
. "$(dirname "$0")/lib.sh"

# Every picture from its file, through a pipe, and whole, as --verify wants it; with what has to be seen whole and what has not.
for picture in "$images"/*; do
    for options in '' '--strip exif' '--background #102030'; do
        # The words of the options are to be split.
        run encode "$picture" file.ghm $options --quiet
        [ $status -eq 0 ] || continue
        "$gingham" encode "$picture" whole.ghm $options --quiet --verify 2>/dev/null
        expect_same file.ghm whole.ghm
        cat "$picture" | "$gingham" encode - pipe.ghm $options --quiet 2>/dev/null
        expect_same file.ghm pipe.ghm
    done
done
empty_folder

# Metadata behind the samples of a PNG are kept as if they came before them.
if command -v python3 >/dev/null; then
    python3 - "$images/metadata.png" "$work/late.png" <<'PYTHON'
import struct, sys
data, at, early, late = open(sys.argv[1], 'rb').read(), 8, b'', b''
while at < len(data):
    size = 12 + struct.unpack('>I', data[at:at + 4])[0]
    chunk, kind = data[at:at + size], data[at + 4:at + 8]
    if kind in (b'iTXt', b'eXIf', b'IEND'):
        late += chunk
    else:
        early += chunk
    at += size
open(sys.argv[2], 'wb').write(data[:8] + early + late)
PYTHON
    run encode "$images/metadata.png" early.ghm
    cp "$err" "$work/warnings"
    run encode "$work/late.png" late.ghm
    expect_same early.ghm late.ghm
    sed 's/late.png/metadata.png/' "$err" | cut -d: -f3- >"$work/late_warnings"
    cut -d: -f3- "$work/warnings" | cmp -s - "$work/late_warnings" || failed 'the same warnings expected'
    empty_folder
fi

# High enough for several groups of bands, so that some have been written when the input ends or the output does.
{
    printf 'P5\n4000 3000\n255\n'
    head -c 12000000 /dev/zero | tr '\000' '\100'
} >"$work/high.pgm"
"$gingham" encode "$work/high.pgm" "$work/high.ghm" --quiet
"$gingham" decode "$work/high.ghm" "$work/high.png" --quiet
"$gingham" decode "$work/high.ghm" "$work/high.jpg" --quiet
for suffix in pgm png jpg; do
    size=$(wc -c <"$work/high.$suffix")
    head -c $((size * 9 / 10)) "$work/high.$suffix" >"$work/torn.$suffix"
    run encode "$work/torn.$suffix" a.ghm
    expect_failure 4 "torn.$suffix"
    last="encode - of torn.$suffix"
    cat "$work/torn.$suffix" | "$gingham" encode - a.ghm >"$out" 2>"$err"
    status=$?
    expect_failure 4 'standard input'
done
expect_folder
if [ -c /dev/full ]; then
    run encode "$work/high.pgm" /dev/full
    expect_failure 7 '/dev/full'
    run decode "$work/high.ghm" /dev/full --format ppm
    expect_failure 7 '/dev/full'
fi

# A pipe is read to its end, so that what fills it does not fail; what follows a picture is told of.
{ cat "$images/rgb-17x13.ppm" "$images/rgb-17x13.ppm" && echo filled >&2; } 2>filled | "$gingham" encode - a.ghm >"$out" 2>"$err"
status=$?
expect_status 0
expect_stderr 'only the first of several pictures'
expect_file filled
rm filled a.ghm

# Streams through pipes: decoded and described as from files, torn ones too.
"$gingham" decode "$work/high.ghm" file.png --quiet
cat "$work/high.ghm" | "$gingham" decode - pipe.png --quiet
expect_same file.png pipe.png
"$gingham" info "$work/high.ghm" | sed 1d >file.txt
cat "$work/high.ghm" | "$gingham" info - | sed 1d >pipe.txt
expect_same file.txt pipe.txt
head -c $(($(wc -c <"$work/high.ghm") - 20)) "$work/high.ghm" >"$work/torn.ghm"
cat "$work/torn.ghm" | "$gingham" decode - a.png >"$out" 2>"$err"
status=$?
expect_failure 5 'standard input'
cat "$work/torn.ghm" | "$gingham" info - >"$out" 2>"$err"
status=$?
expect_status 5
expect_stdout 'complete  *no'
[ ! -e a.png ] || failed 'no output expected'

finish
