# What is read, what is warned about, what is refused. Pictures of equal pixels must give equal streams.
. "$(dirname "$0")/lib.sh"

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

# Silently read.
for name in grey.png palette.png grey.jpg grey-17x13.pgm; do
    run encode "$images/$name" a.ghm
    expect_status 0
    expect_no_stderr
done

run encode "$images/rgb16.png" a.ghm
expect_status 0
expect_stderr 'warning: 16-bit samples are rounded to 8 bits'
expect_same rgb.ghm a.ghm
run encode "$images/rgb16.png" a.ghm --quiet
expect_no_stderr

run encode "$images/rgb-17x13.ppm" small.ghm
for name in plain-17x13.ppm rgb16-17x13.ppm; do
    run encode "$images/$name" a.ghm
    expect_same small.ghm a.ghm
done

run encode "$images/metadata.jpg" a.ghm
expect_status 0
expect_stderr 'warning: metadata is not kept: ICC profile$'
run encode "$images/metadata.png" a.ghm
expect_stderr 'warning: metadata is not kept: XMP$'
run encode "$images/metadata.png" a.ghm -v
expect_stderr 'comments are not kept'

run encode "$images/progressive-orientation6.jpg" a.ghm -v
expect_status 0
expect_stderr 'metadata is not kept: Exif'
expect_stderr 'orientation 6 is applied'
expect_stdout '48x36'

# Refused: nothing is written.
empty_folder
for name in alpha-translucent.png palette-transparent.png; do
    run encode "$images/$name" a.ghm
    expect_failure 4 '--background #rrggbb'
done
run encode "$images/cmyk.jpg" a.ghm
expect_failure 4 'CMYK'
run encode "$0" a.ghm
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
done

finish
