# The gdk-pixbuf loader: the pixels of 'gingham decode', options, thumbnails, and damaged files refused.
#
#   sh pixbuf.sh GINGHAM IMAGES LOADER SHOW_PIXBUF DESKTOP
. "$(dirname "$0")/../cli/lib.sh"
loader=$3 show=$4 desktop=$5

query=$(pkg-config --variable=gdk_pixbuf_query_loaders gdk-pixbuf-2.0)
export GDK_PIXBUF_MODULE_FILE="$work/loaders.cache"
"$query" "$loader" >"$GDK_PIXBUF_MODULE_FILE" || failed 'the loader should be taken'
grep -q '"image/x-gingham"' "$GDK_PIXBUF_MODULE_FILE" || failed 'the type should be in the cache'

# gdk-pixbuf asks for the type first, then for a loader of it.
export XDG_DATA_HOME="$work/data"
mkdir -p "$XDG_DATA_HOME/mime/packages"
cp "$desktop/gingham-mime.xml" "$XDG_DATA_HOME/mime/packages/"
update-mime-database "$XDG_DATA_HOME/mime" || failed 'the types should be known'

show() {
    last="show_pixbuf $1"
    "$show" "$1" >"$out" 2>"$err"
    status=$?
}

for picture in crop-256x192.png grey.png metadata.jpg; do
    run encode "$images/$picture" a.ghm
    run decode a.ghm a.png
    run encode "$images/$picture" plain.ghm --strip all
    run decode plain.ghm plain.ppm
    show a.ghm
    expect_status 0
    [ $picture = grey.png ] || expect_same "$out" plain.ppm
done
expect_stderr 'icc yes'
run encode "$images/alpha-translucent.png" alpha.ghm
run decode alpha.ghm alpha.pam
show alpha.ghm
expect_same "$out" alpha.pam
run encode "$images/progressive-orientation6.jpg" turned.ghm
show turned.ghm
expect_stderr 'orientation 6'
run encode "$images/rgb16.png" deep.ghm
show deep.ghm
expect_status 0

head -c 200 a.ghm >cut.ghm
show cut.ghm
expect_status 1
expect_stderr 'Gingham: '
expect_no_stdout

if command -v gdk-pixbuf-thumbnailer >/dev/null; then
    # The thumbnailer writes PNG, by a loader that has to be in the cache as well.
    "$query" "$loader" "$(pkg-config --variable=gdk_pixbuf_moduledir gdk-pixbuf-2.0)"/*.so >"$GDK_PIXBUF_MODULE_FILE" 2>/dev/null
    run encode "$images/kodim20.png" a.ghm
    gdk-pixbuf-thumbnailer -s 128 "file://$PWD/a.ghm" thumbnail.png 2>"$err" || failed 'a thumbnail expected'
    run encode thumbnail.png t.ghm --json
    expect_stdout '"width": 128, "height": 85'
fi

finish
