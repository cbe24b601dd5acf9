# Where outputs go when they are not named, formats by suffix, and --no-overwrite.
. "$(dirname "$0")/lib.sh"

cp "$images/rgb.png" photo.png
run encode photo.png
expect_status 0
expect_stdout '^photo.png.ghm: 48x36, '
expect_folder photo.png photo.png.ghm

run decode photo.png.ghm
expect_status 0
expect_folder photo.png photo.png.ghm photo.png.png
run decode photo.png.ghm --format ppm
expect_folder photo.png photo.png.ghm photo.png.png photo.png.ppm
run decode photo.png.ghm --format=jpeg
expect_folder photo.png photo.png.ghm photo.png.jpg photo.png.png photo.png.ppm

# The first bytes say what was written.
starts_with() { [ "$(head -c "${#2}" "$1" | tr '\211\377\330' 'ppp')" = "$2" ] || failed "$1 should start with $2"; }
starts_with photo.png.png pPNG
starts_with photo.png.ppm P6
starts_with photo.png.jpg pp

# Options in any order, -o and a second operand alike, letter case of a suffix without meaning.
empty_folder
run encode "$images/rgb.png" -o a.ghm -q 30
run encode -q30 "$images/rgb.png" b.ghm
run encode --quality=30 --output=c.ghm --quiet "$images/rgb.png"
expect_no_stdout
expect_same a.ghm b.ghm
expect_same a.ghm c.ghm
run decode a.ghm A.PNM
starts_with A.PNM P6
run decode a.ghm noname --format ppm
expect_same A.PNM noname

# An existing output is replaced, or with -n left alone.
empty_folder
echo old >a.ghm
run encode "$images/rgb.png" a.ghm -n
expect_failure 9 'a.ghm.*exists'
[ "$(cat a.ghm)" = old ] || failed 'a.ghm should be untouched'
run encode "$images/rgb.png" a.ghm
expect_status 0
run decode a.ghm a.png --no-overwrite
expect_status 0
run decode a.ghm a.png --no-overwrite
expect_failure 9 'a.png.*exists'
expect_folder a.ghm a.png

# Of two pictures the second is no output, unless -o says so.
cp "$images/rgb.png" one.png
cp "$images/grey.png" two.png
run encode one.png two.png
expect_failure 2 'two.png: exists and is no Gingham stream; use -o, or --out-dir'
expect_same two.png "$images/grey.png"
run encode one.png two.png -n
expect_failure 9 'exists'
run encode one.png -o two.png
expect_status 0
run encode one.png two.png
expect_status 0
: >temporary
run encode one.png temporary
expect_status 0
rm one.png two.png temporary

# The permissions of a replaced file stay.
chmod 640 a.ghm
run encode "$images/rgb.png" a.ghm
[ "$(ls -l a.ghm | cut -c1-10)" = '-rw-r-----' ] || failed 'permissions should be kept'

# A link is followed, not replaced.
ln -s a.ghm link.ghm
run encode "$images/grey.png" link.ghm
expect_status 0
[ -L link.ghm ] || failed 'link.ghm should still be a link'
expect_folder a.ghm a.png link.ghm

finish
