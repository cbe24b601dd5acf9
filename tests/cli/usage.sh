# Wrong uses: status 2, a sentence, and nothing done.
. "$(dirname "$0")/lib.sh"

run
expect_status 2
expect_stderr '^Usage: gingham'
expect_no_stdout

usage_error() {
    wanted=$1
    shift
    run "$@"
    expect_failure 2 "$wanted"
}
picture=$images/rgb.png

usage_error "did you mean 'encode'" encod "$picture"
usage_error 'unknown command' frobnicate
usage_error 'unknown option' --frobnicate
usage_error "did you mean '--quality'" encode --qualty 3 "$picture"
usage_error "unknown option '-z'" encode -z "$picture"
usage_error 'needs a value' encode "$picture" -q
usage_error 'takes no value' encode --json=yes "$picture"
usage_error 'no input' encode
usage_error 'no input' decode --quiet
usage_error 'no input' info
usage_error 'no input' compare
usage_error 'an original and a picture' compare "$picture"
usage_error 'named twice' encode "$picture" a.ghm -o b.ghm
usage_error 'one input' encode "$picture" "$picture" "$picture"
usage_error "'list' and 'info' is what" model
usage_error "'list' and 'info' is what" model show
usage_error "'list' and 'info' is what" model list "$picture"
usage_error "'list' shows every profile" model list --profile fast
usage_error 'unknown command' help frobnicate

for quality in '' 60x x60 nan inf -1 100.5 0x10 ' 5' 1e3 1e; do
    usage_error 'number from 0 to 100' encode "$picture" "-q$quality" -q "$quality"
done
for threads in -1 257 2.0 two ''; do
    usage_error 'number from 1 to 256' encode "$picture" -j "$threads"
done
usage_error "'gpu' is not a backend of this machine (auto, c[,)]" decode x.ghm --backend gpu
usage_error "'tiny' is not a built-in profile (fast" encode "$picture" --profile tiny
usage_error 'give one of them' encode "$picture" --profile fast --model x.ghmw
usage_error 'give one of them' decode x.ghm --profile fast --model x.ghmw
usage_error 'give one of them' bench --profile fast --model x.ghmw
usage_error 'give one of them' model info --profile fast x.ghmw
usage_error 'hexadecimal' encode "$picture" --background red
usage_error 'number of pixels' encode "$picture" --limit-pixels 5T
usage_error 'number of pixels' encode "$picture" --limit-pixels 99999999999999999999
usage_error 'png, ppm, pam or jpeg' decode x.ghm --format gif
usage_error 'whole number from 1 to 100' decode x.ghm --jpeg-quality 0
usage_error '.png, .ppm' decode x.ghm out.gif
cp "$picture" same.png
usage_error 'is the input as well' encode same.png same.png
expect_same same.png "$picture"

# A name that looks like an option.
empty_folder
cp "$picture" ./-n.png
run encode -o a.ghm -- -n.png
expect_status 0
expect_folder -n.png a.ghm

finish
