#!/bin/sh
# Make the golden streams anew with all profiles: update.sh GINGHAM. To be run, and its result committed together
# with the change, when released weights or the format change; never to make a failing test pass.
set -eu
gingham=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
images=$root/testdata/images
golden=$root/testdata/golden
rm -f "$golden"/*.ghm "$golden"/hashes.txt

profile=fast # all kinds of pictures with one profile: what they differ in is the same with every one
add() { # NAME PICTURE QUALITY [OPTION...]
    name=$1 picture=$2 quality=$3
    shift 3
    "$gingham" encode "$images/$picture" -o "$golden/$name.ghm" -q "$quality" -j 1 --profile "$profile" --quiet "$@"
    hash=$("$gingham" info --json "$golden/$name.ghm" |
        python3 -c 'import json, sys; d = json.load(sys.stdin); d = d[0] if isinstance(d, list) else d; print(d["picture_hash"])')
    echo "$name.ghm $hash" >>"$golden/hashes.txt"
}
for q in 0 33.3 60 100; do
    add "crop-q$q" crop-256x192.png "$q"
done
add photo-q50 kodim20.png 50
add pixel-q60 rgb-1x1.png 60
add small-q80 rgb-17x13.ppm 80
add grey-q40 grey.png 40
add palette-q70 palette.png 70
add alpha-q60 alpha-translucent.png 60
add alpha16-q60 alpha16.png 60
add deep-q50 rgb16.png 50
add grey-alpha-q60 grey-transparent.png 60
add direct-q60 grey2.png 60
add alpha-lossy-q60 alpha-translucent.png 60 --alpha-quality 80
add lossless-q60 rgb.png 60 --lossless

# Nine bands, so that eight threads have something to do.
tall=$(mktemp -d)
trap 'rm -rf "$tall"' EXIT
python3 - >"$tall/tall.ppm" <<'EOF'
import sys
pixels = bytes((x * 9 + y // 7 + c * 60 + (x * y // 64) % 40) % 256 for y in range(4300) for x in range(16) for c in range(3))
sys.stdout.buffer.write(b'P6 16 4300 255\n' + pixels)
EOF
images=$tall
add tall-q45 tall.ppm 45

# Of the other profiles, what their networks and tables give: little pictures, since plain C at -O0 and emulators decode them too.
images=$root/testdata/images
for profile in $("$gingham" model list --json | python3 -c 'import json, sys; print(*(json.loads(line)["name"] for line in sys.stdin))'); do
    [ "$profile" = fast ] && continue
    add "$profile-small-q20" rgb.png 20
    add "$profile-small-q80" rgb.png 80
done
