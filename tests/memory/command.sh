#!/bin/sh
# test_command.c with a scratch folder: command.sh TEST_MEMORY_COMMAND GINGHAM TESTDATA
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/out"
"$2" encode "$3/images/rgb.png" -o "$scratch/in.ghm" --model "$3/parity/test.ghmw" >/dev/null
"$2" encode "$3/images/rgb-17x13.ppm" -o "$scratch/built_in.ghm" >/dev/null
cp "$scratch/in.ghm" "$scratch/in2.ghm"
"$1" "$scratch" "$3/images" "$3/parity/test.ghmw"
