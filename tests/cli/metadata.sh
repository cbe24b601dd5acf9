# ICC, Exif, XMP, IPTC, CICP and gamma through streams, byte by byte; orientation; what formats cannot hold.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
command -v python3 >/dev/null || exit 77

meta() { python3 -B "$here/picture_metadata.py" "$@"; }

# KIND FILE BLOB: the file has exactly this.
expect_metadata() {
    last="metadata $1 of $2"
    meta get "$2" "$1" >got || failed "$1 expected in $2"
    expect_same got "$3"
}
expect_no_metadata() {
    last="metadata $1 of $2"
    meta get "$2" "$1" >got && failed "no $1 expected in $2"
}

meta blob icc 3000 >icc
meta blob icc 140000 >icc.long # three segments of JPEG
meta blob exif 500 >exif
meta blob exif 65527 >exif.long # as long as a segment allows
meta blob exif 65528 >exif.longer
meta blob xmp 900 >xmp
meta blob xmp 70000 >xmp.longer
meta blob iptc 70000 >iptc # two segments
printf '\011\020\000\001' >cicp # BT.2020, PQ
printf '\000\001\206\240' >gamma # 1.0
printf '\000\001\206\240\000\000\172\046\000\000\200\204\000\000\372\000\000\000\202\170\000\000\123\134\000\000\373\210\000\000\024\130\000\000\016\164' >gamma.primaries

# From JPEG and PNG to both.
meta add "$images/progressive-orientation6.jpg" plain.jpg
meta add "$images/grey.jpg" all.jpg icc=icc.long exif=exif.long xmp=xmp iptc=iptc
meta add "$images/alpha-translucent.png" all.png icc=icc exif=exif zxmp=xmp
run encode all.jpg jpeg.ghm
expect_status 0
expect_no_stderr
run encode all.png png.ghm
expect_status 0
expect_no_stderr
run info jpeg.ghm
expect_stdout '  picture  *grey, 8 bits$'
expect_stdout '  metadata  *ICC, 140000 bytes; Exif, 65527 bytes; XMP, 900 bytes; IPTC, 70000 bytes (orientation 6)$'
run info --json png.ghm
expect_stdout '"metadata": *{"icc": *3000, *"exif": *500, *"xmp": *900}, *"orientation": *6'

run decode jpeg.ghm out.jpg
expect_status 0
expect_no_stderr
expect_metadata icc out.jpg icc.long
expect_metadata exif out.jpg exif.long
expect_metadata xmp out.jpg xmp
expect_metadata iptc out.jpg iptc
run decode jpeg.ghm out.png
expect_status 0
expect_stderr 'warning: png cannot hold this metadata: IPTC$'
expect_metadata icc out.png icc.long
expect_metadata exif out.png exif.long
expect_metadata xmp out.png xmp
expect_no_metadata srgb out.png
run decode png.ghm out.png
expect_no_stderr
expect_metadata icc out.png icc
expect_metadata exif out.png exif
expect_metadata xmp out.png xmp
run decode png.ghm out.jpg --background '#ffffff'
expect_status 0
expect_metadata icc out.jpg icc
expect_metadata exif out.jpg exif
expect_metadata xmp out.jpg xmp

# Once around: the stream of what was decoded carries the same.
run encode out.jpg again.ghm
run decode again.ghm again.png
expect_metadata icc again.png icc
expect_metadata exif again.png exif

# Colour without a profile.
for kind in cicp gamma gamma.primaries; do
    meta add "$images/rgb.png" colour.png "${kind%%.*}=$kind"
    run encode colour.png colour.ghm
    expect_status 0
    run decode colour.ghm back.png
    expect_no_stderr
    expect_metadata "${kind%%.*}" back.png $kind
    expect_no_metadata srgb back.png
    run decode colour.ghm back.jpg
    expect_stderr 'jpeg cannot hold this metadata'
done
run encode "$images/rgb.png" plain.ghm
run decode plain.ghm back.png
printf yes >yes
expect_metadata srgb back.png yes

# Too long for JPEG, but not for the stream.
meta add "$images/rgb.png" long.png exif=exif.longer xmp=xmp.longer
run encode long.png long.ghm
expect_status 0
run decode long.ghm out.jpg
expect_status 0
expect_stderr 'jpeg cannot hold this metadata: Exif, XMP; the orientation is applied to the pixels'
expect_stdout '36x48'
run decode long.ghm out.png
expect_metadata exif out.png exif.longer
expect_metadata xmp out.png xmp.longer

# Orientation: kept with Exif, applied without, and the same picture either way.
run encode plain.jpg kept.ghm
expect_no_stderr
expect_stdout '36x48'
run decode kept.ghm turned.ppm
expect_stderr 'ppm cannot hold this metadata: Exif; the orientation is applied to the pixels'
expect_stdout '48x36'
run decode kept.ghm turned2.ppm --strip exif
expect_no_stderr
expect_same turned.ppm turned2.ppm
run encode plain.jpg applied.ghm --strip all -v
expect_stderr 'orientation 6 is applied'
expect_stdout '48x36'
run info applied.ghm
expect_stdout 'metadata  *none$'

# Parts of it left out.
run encode all.png some.ghm --strip xmp,icc
run info some.ghm
expect_stdout 'metadata  *Exif, 500 bytes (orientation 6)$'
for strip in '' icc, exit everything; do
    run encode all.png some.ghm --strip "$strip"
    expect_failure 2 'all, or icc, exif'
done

# Lies: a profile of which a part is missing, Exif that points outside, deflate cut short. Kept, or refused in a sentence.
head -c 100 icc.long >icc.short
printf 'II*\000\377\377\377\377junk' >exif.lie
meta add "$images/rgb.png" lie.png exif=exif.lie icc=icc.short
run encode lie.png lie.ghm
expect_status 0
run decode lie.ghm lie.jpg
expect_metadata exif lie.jpg exif.lie
expect_metadata icc lie.jpg icc.short
python3 -B - lie.png torn.png <<'PYTHON'
import sys, zlib
sys.path.insert(0, ".")
data = open(sys.argv[1], "rb").read()
at = data.index(b"iCCP")
size = int.from_bytes(data[at - 4:at], "big")
body = data[at + 4:at + 4 + size - 20]
chunk = (size - 20).to_bytes(4, "big") + b"iCCP" + body + zlib.crc32(b"iCCP" + body).to_bytes(4, "big")
open(sys.argv[2], "wb").write(data[:at - 4] + chunk + data[at + 8 + size:])
PYTHON
run encode torn.png torn.ghm
expect_status 0
expect_stderr 'warning: some metadata is not kept'
# The second of three segments of a profile is missing.
meta add "$images/grey.jpg" whole.jpg icc=icc.long
python3 -B - whole.jpg torn.jpg <<'PYTHON'
import sys
data = open(sys.argv[1], "rb").read()
at = data.index(b"ICC_PROFILE\0\2") - 4
size = int.from_bytes(data[at + 2:at + 4], "big")
open(sys.argv[2], "wb").write(data[:at] + data[at + 2 + size:])
PYTHON
run encode torn.jpg torn.ghm
expect_status 0
expect_stderr 'warning: some metadata is not kept: it is damaged, incomplete'

finish
