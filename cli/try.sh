#!/bin/sh
# Build gingham and show it at work: try.sh [PICTURE] encodes a picture (by default a photograph from testdata) at three qualities, decodes the
# files and prints bytes, bits per pixel, PSNR and seconds. Installs what is missing on Debian 12. The command stays at build/cli/gingham.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
picture=${1:-$root/testdata/images/kodim20.png}
sh "$root/cli/dependencies.sh" gcc make cmake pkg-config libpng-dev libjpeg62-turbo-dev zlib1g-dev libxxhash-dev libcjson-dev

cmake -S "$root" -B "$root/build" -DGHM_BUILD_TESTS=OFF >/dev/null
cmake --build "$root/build" -j "$(nproc)" >/dev/null
gingham=$root/build/cli/gingham
"$gingham" --version

name=$(basename "$picture")
for quality in 30 60 90; do
    "$gingham" encode "$picture" -o "$root/build/$name.q$quality.ghm" -q "$quality" --psnr
    "$gingham" decode "$root/build/$name.q$quality.ghm" -o "$root/build/$name.q$quality.png"
done
echo "The decoded pictures are in $root/build/"
