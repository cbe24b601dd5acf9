# What is read, what is warned about, what is refused. Pictures of equal pixels must give equal streams.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

run encode "$images/rgb.png" rgb.ghm
expect_status 0
expect_no_stderr

# Silently the same as rgb.png.
for name in interlaced.png alpha-opaque.png; do
    run encode "$images/$name" a.ghm
    expect_status 0
    expect_no_stderr
    expect_same rgb.ghm a.ghm
done

# PICTURE KIND: read in silence, and comes back as that kind of PNG: colour type and bits.
expect_kind() {
    run encode "$images/$1" a.ghm
    expect_status 0
    expect_no_stderr
    run decode a.ghm a.png
    expect_status 0
    expect_no_stderr
    kind=$(od -An -tu1 -j24 -N2 a.png | tr -s ' ')
    [ "$kind" = " $2" ] || failed "$1 gives PNG of bits and type$kind, expected $2"
}
expect_kind rgb.png '8 2'
expect_kind palette.png '8 2'
expect_kind rgb16.png '16 2'
expect_kind rgb16-17x13.ppm '16 2'
expect_kind rgb-17x13.ppm '8 2'
expect_kind grey.png '8 0'
expect_kind grey.jpg '8 0'
expect_kind grey-17x13.pgm '8 0'
expect_kind grey1.png '8 0'
expect_kind grey2.png '8 0'
expect_kind grey4.png '8 0'
expect_kind grey16.png '16 0'
expect_kind grey12-17x13.pgm '16 0'
expect_kind grey-transparent.png '8 4'
expect_kind alpha-translucent.png '8 6'
expect_kind alpha16.png '16 6'
expect_kind palette-transparent.png '8 6'
for sampling in 411 440 441 410; do
    expect_kind rgb-$sampling.jpg '8 2'
done

# 16 bits are not 8 bits twice, and cost hardly more.
run encode "$images/rgb16.png" deep.ghm
[ "$(wc -c <deep.ghm)" -lt $(($(wc -c <rgb.ghm) * 5 / 4)) ] || failed 'a stream of 16 bits hardly longer than one of 8 expected'
run info deep.ghm
expect_stdout 'RGB, 16 bits'
run decode deep.ghm deep.jpg
expect_status 0
expect_stderr 'warning: 16-bit samples are rounded to 8 bits for jpeg$'
run decode deep.ghm deep.ppm
expect_no_stderr
run decode deep.ghm deep.png
run encode deep.ppm a.ghm
run encode deep.png b.ghm
expect_same a.ghm b.ghm

# Alpha, bit for bit, in PNG and PAM; refused or laid on a colour elsewhere.
for name in alpha-translucent.png alpha16.png palette-transparent.png grey-transparent.png; do
    run encode "$images/$name" alpha.ghm
    run decode alpha.ghm alpha.pam
    expect_status 0
    run encode alpha.pam again.ghm
    expect_no_stderr
    run info again.ghm
    expect_stdout 'alpha without loss'
    rm -f alpha.ppm alpha.jpg
    for suffix in ppm jpg; do
        run decode alpha.ghm alpha.$suffix
        expect_failure 4 'has alpha, which .* cannot hold; --background #rrggbb'
        [ ! -e alpha.$suffix ] || failed 'no output expected'
        run decode alpha.ghm alpha.$suffix --background '#ff0000' --quiet
        expect_status 0
        expect_no_stderr
    done
done
run encode "$images/alpha16.png" alpha.ghm --alpha-quality 90
run info alpha.ghm
expect_stdout 'alpha with errors up to 819 in'
run decode alpha.ghm alpha.pam
expect_status 0
run encode "$images/alpha16.png" b.ghm --alpha-quality 100.5
expect_failure 2 'alpha-quality'
run encode "$images/rgb.png" b.ghm --alpha-quality 10
expect_same rgb.ghm b.ghm

# Efforts: 1 is the default, others write other streams, which decode as any.
run encode "$images/rgb.png" b.ghm -e 1
expect_same rgb.ghm b.ghm
run encode "$images/rgb.png" b.ghm --effort 3
expect_status 0
! cmp -s rgb.ghm b.ghm || failed "effort 3 writes what effort 1 does"
run decode b.ghm b.png
expect_status 0
for effort in 0 10 2.5 fast; do
    run encode "$images/rgb.png" b.ghm -e "$effort"
    expect_failure 2 'effort'
done

# Without loss: the picture that comes back is the one that went in.
for name in rgb.png rgb16.png grey.png alpha16.png alpha-translucent.png; do
    run encode "$images/$name" whole.ghm --lossless -q 5
    expect_status 0
    run info whole.ghm
    expect_stdout ', without loss, '
    run decode whole.ghm whole.png
    run encode whole.png again.ghm --lossless
    expect_same whole.ghm again.ghm
    run encode whole.png a.ghm
    run encode "$images/$name" b.ghm
    expect_same a.ghm b.ghm
done
run encode "$images/alpha16.png" b.ghm --lossless --alpha-quality 50
expect_failure 2 'alpha without loss too'
if command -v pngtopam >/dev/null; then
    run encode "$images/alpha-translucent.png" alpha.ghm
    run decode alpha.ghm alpha.png
    pngtopam -alpha "$images/alpha-translucent.png" >in.pgm && pngtopam -alpha alpha.png >out.pgm
    expect_same in.pgm out.pgm
fi

# With their libraries, WebP and TIFF: the same pixels give the same streams.
run encode "$images/rgb.webp" a.ghm
if [ $status -eq 0 ]; then
    expect_same rgb.ghm a.ghm
    expect_kind lossy.webp '8 2'
    expect_kind alpha.webp '8 6'
    run info a.ghm
    expect_stdout 'Exif, 26 bytes; XMP, 37 bytes (orientation 6)'
    run encode "$images/alpha.webp" a.ghm --strip all
    expect_stdout '36x48'
    head -c 300 "$images/lossy.webp" >"$work/torn.webp"
    run encode "$work/torn.webp" torn.ghm
    expect_failure 4 'damaged WebP'
else
    expect_failure 4 'not a picture that can be read here: PNG, JPEG'
fi
run encode "$images/rgb.tif" a.ghm
if [ $status -eq 0 ]; then
    run info a.ghm
    expect_stdout 'ICC, 128 bytes'
    run encode "$images/rgb.tif" a.ghm --strip icc
    expect_same rgb.ghm a.ghm
    expect_kind tiles16.tif '16 6'
    expect_kind white-is-zero.tif '8 0'
    expect_kind fax.tif '8 0'
    run encode "$images/white-is-zero.tif" a.ghm -v
    expect_stderr 'orientation 6 is applied'
    expect_stdout '36x48'
    run encode "$images/cmyk.tif" a.ghm
    expect_status 0
    expect_stderr 'warning: CMYK is converted'
    head -c 4900 "$images/rgb.tif" >"$work/torn.tif" # the profile, which comes last, is cut
    run encode "$work/torn.tif" a.ghm
    expect_stderr 'warning: some metadata is not kept'
    for size in 100 1000; do
        head -c $size "$images/rgb.tif" >"$work/torn.tif"
        run encode "$work/torn.tif" torn.ghm
        expect_failure 4 'TIFF'
    done
    [ ! -e torn.ghm ] || failed 'no output expected'
    command -v python3 >/dev/null && . "$here/tiff.sh"
else
    expect_failure 4 'not a picture that can be read here: PNG, JPEG'
fi

# Grey stays grey in every format.
run encode "$images/grey.png" grey.ghm --verify
expect_stdout 'dB'
run decode grey.ghm grey.pgm
head -n 1 grey.pgm | grep -qx 'P5' || failed 'a P5 expected'
run decode grey.ghm grey.jpg
run encode grey.jpg a.ghm
run info a.ghm
expect_stdout '  picture  *grey, 8 bits$'

run encode "$images/rgb-17x13.ppm" small.ghm
run encode "$images/plain-17x13.ppm" a.ghm
expect_same small.ghm a.ghm

# PBM, binary and plain with blanks or without: 1 is black.
printf 'P2 11 2 255 0 255 0 0 255 255 0 255 255 255 0  255 255 255 255 0 0 0 0 255 0 255' >bits.pgm
printf 'P4 # bits\n11 2\n\262\077\017\137' >bits.pbm
printf 'P1\n11 2\n10110010001 0 0 0 0 1 1 1 1 0 10\n' >plain.pbm
run encode bits.pgm wanted.ghm --lossless
for name in bits.pbm plain.pbm; do
    run encode $name a.ghm --lossless
    expect_status 0
    expect_no_stderr
    expect_same wanted.ghm a.ghm
done
last='gingham encode - --lossless <bits.pbm'
"$gingham" encode - --lossless <bits.pbm >a.ghm 2>"$err"
expect_same wanted.ghm a.ghm
printf 'P4\n11 2\n\262\077\017' >short.pbm
printf 'P1\n11 2\n1011001000100001111020' >wrong.pbm
printf 'P1\n11\n' >torn.pbm
for name in short.pbm wrong.pbm torn.pbm; do
    run encode $name none.ghm
    expect_failure 4 "$name: damaged PNM"
done
printf 'P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n12345' >deep.pam
run encode deep.pam none.ghm
expect_failure 4 'is a PAM of depth 5; 1 to 4 can be read'

run encode "$images/cmyk.jpg" a.ghm
expect_status 0
expect_stderr 'warning: CMYK is converted to RGB without its profile'
run encode "$images/metadata.png" a.ghm -v
expect_stderr 'comments are not kept'

# Refused: nothing is written.
empty_folder
run encode "$here/pictures.sh" a.ghm
expect_failure 4 'not a picture'
: >"$work/empty"
run encode "$work/empty" a.ghm
expect_failure 4 'empty'
run encode "$images/rgb.png" a.ghm --limit-pixels 1k
expect_failure 8 'limit-pixels'
printf 'P6\n65536 1\n255\n' >"$work/wide.ppm"
run encode "$work/wide.ppm" a.ghm
expect_failure 8 '65535 pixels a side'
run encode no-such-file.png a.ghm
expect_failure 3 'No such file'
run encode "$images" a.ghm
expect_failure 3 'directory'
expect_folder

for color in '#ffffff' 336699; do
    run encode "$images/alpha-translucent.png" a.ghm --background $color
    expect_status 0
    expect_no_stderr
    run info a.ghm
    expect_stdout '  picture  *RGB, 8 bits$'
done

finish
