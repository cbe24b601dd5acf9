# tiff.sh - sourced by pictures.sh where TIFF can be read: what testdata has no files of.

tiff() {
    python3 -B "$here/picture_tiff.py" "$@" || failed 'a TIFF expected'
}

# 9 to 16 bits, grey and RGB, in strips and tiles, are what they are in PNM.
for settings in 'bits=12' 'bits=12 order=MM photometric=0' 'bits=10 samples=3 photometric=2' 'bits=13 tile=16' \
    'bits=14 samples=3 photometric=2 tile=16' 'bits=16 order=MM' 'bits=8 samples=3 photometric=2 tile=16'; do
    # shellcheck disable=SC2086 # words
    tiff made.tif made.pnm $settings
    run encode made.tif a.ghm --lossless
    expect_status 0
    expect_no_stderr
    run encode made.pnm b.ghm --lossless
    expect_same a.ghm b.ghm
done
tiff made.tif bits=12 samples=3 photometric=2 planar=2
run encode made.tif none.ghm
expect_failure 4 'a TIFF of 12-bit samples, which can be read only where they are grey or RGB in one plane'
tiff made.tif bits=24
run encode made.tif none.ghm
expect_failure 4 'a TIFF of 24-bit samples; those of 1, 2, 4 and 8 to 16 bits'

# A value that libtiff refuses, and can do without.
tiff made.tif 274=9
run encode made.tif a.ghm
expect_status 0
expect_stderr '^gingham: made.tif: warning: TIFF: Bad value 9 for "Orientation" tag; it is passed over$'
[ "$(wc -l <"$err")" -eq 1 ] || failed 'one warning expected'

# IPTC alone becomes the resource that Photoshop would have put it into, whatever the type and order of the tag.
printf '\034\002\005\000\005hello' >iptc
printf '8BIM\004\004\000\000\000\000\000\012\034\002\005\000\005hello' >resource
printf '8BIM\004\004\000\000\000\000\000\014\034\002\005\000\005hello\000\000' >resource.words
for order in II MM; do
    for type in 1 4 7; do
        tiff made.tif order=$order iptc=iptc:$type
        run encode made.tif a.ghm
        expect_status 0
        expect_no_stderr
        run decode a.ghm a.jpg
        wanted=resource
        [ $type -ne 4 ] || wanted=resource.words
        python3 -B "$here/picture_metadata.py" get a.jpg iptc >got || failed 'IPTC expected'
        expect_same got $wanted
    done
done

# Profiles of colours that samples no longer have; Exif, camera and place, of which TIFF makes tags.
tiff made.tif photometric=8 samples=3 icc=Lab
run encode made.tif a.ghm
expect_stderr 'warning: its colours are converted without the profile'
run info a.ghm
expect_stdout 'metadata  *none$'
tiff made.tif photometric=6 samples=3 icc=RGB
run encode made.tif a.ghm
expect_no_stderr
run info a.ghm
expect_stdout 'metadata  *ICC, 128 bytes$'
for tag in exif=1 gps=1 271=Maker 272=Model; do
    tiff made.tif $tag
    run encode made.tif a.ghm
    expect_stderr 'warning: Exif of TIFF files, camera and place among it, is not kept'
done
tiff made.tif 305=Software
run encode made.tif a.ghm -v
expect_stderr 'comments are not kept'
