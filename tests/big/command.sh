# The command in less memory than a picture takes: command.sh GINGHAM BIG_PICTURE. The limit is that of the address space,
# 140 MB; the picture has 96.
set -eu
gingham=$1 big_picture=$2
width=8000 height=4000 most=140000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

limited() { (ulimit -v $most && "$gingham" "$@" -j 1 --quiet); }
fast="--profile fast" # the larger ones take their time

failed() {
    echo "FAILED: $1" >&2
    exit 1
}

# Sanitizers and emulators take more before anything begins.
(ulimit -v $most && "$gingham" help >/dev/null 2>&1) || exit 77

"$big_picture" $width $height >a.ppm
"$gingham" encode a.ppm a.ghm $fast --quiet

# From a file and from a pipe; the stream is that of an encoder with all the memory it wants.
limited encode a.ppm b.ghm $fast
cmp a.ghm b.ghm
"$big_picture" $width $height | limited encode - c.ghm $fast
cmp a.ghm c.ghm
rm a.ppm b.ghm c.ghm

# The other way, and through the formats that are written and read by rows.
limited decode a.ghm - --format ppm --max-memory 80M | "$big_picture" $width $height 25
limited decode - --format png --max-memory 80M <a.ghm >a.png
limited encode a.png b.ghm $fast
"$gingham" decode a.ghm a.jpg --jpeg-quality 80 --quiet
limited encode a.jpg c.ghm $fast

# What needs the whole picture is refused, and leaves nothing.
code=0
limited encode a.png d.ghm $fast --verify 2>message || code=$?
[ $code -eq 8 ] && grep -q 'memory' message || failed "status 8 for want of memory expected of --verify, not $code"
[ ! -e d.ghm ] || failed 'no output expected'
