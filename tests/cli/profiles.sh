# Profiles: built-in weights chosen by name, and found by what streams say.
#
#   sh profiles.sh GINGHAM IMAGES GINGHAM_TWO_PROFILES
. "$(dirname "$0")/lib.sh"
released=$gingham two=$3
weights=$images/../parity/test.ghmw

members() { grep -o "\"$1\": \"[^\"]*\"" "$out" | cut -d'"' -f4; }
expect_summary() { expect_stderr "^gingham: $1\$"; }

# Every profile there is: a line in the list, a round trip without a further option, its name in all reports.
run model list
expect_status 0
[ "$(grep -c ' default$' "$out")" -eq 1 ] || failed 'one default profile expected'
run model list --json
expect_status 0
names=$(members name)
[ "$(members id | sort -u | wc -l)" -eq "$(echo "$names" | wc -l)" ] || failed 'as many ids as profiles expected'
for name in $names; do
    run model info --profile "$name"
    expect_stdout "^built-in weights: $name\$"
    run encode "$images/rgb-17x13.ppm" "$name.ghm" --profile "$name" --json
    expect_status 0
    expect_stdout "\"model\": \"$name\""
    run info "$name.ghm" --json
    expect_stdout "\"profile\": \"$name\".*\"decode_memory\": "
    run info "$name.ghm"
    expect_stdout ", profile $name\$"
    run decode "$name.ghm" "$name.ppm" --json
    expect_status 0
    expect_stdout "\"model\": \"$name\".*"
done
default=$("$gingham" model list --json | grep '"default": true' | sed 's/.*"name": "\([^"]*\)".*/\1/')
run encode "$images/rgb-17x13.ppm" unnamed.ghm
expect_same unnamed.ghm "$default.ghm"

# Two profiles: the streams are those of the weights, whatever way these were named.
empty_folder
gingham=$two
run model list --json
[ "$(members name | tr '\n' ' ')" = 'fast test ' ] || failed 'the profiles fast and test expected'
run encode "$images/crop-256x192.png" fast.ghm --profile fast
run encode "$images/crop-256x192.png" test.ghm --profile test
run encode "$images/crop-256x192.png" file.ghm --model "$weights"
expect_same file.ghm test.ghm
run decode test.ghm test.ppm
expect_status 0
run decode test.ghm file.ppm --model "$weights" --backend c
expect_same file.ppm test.ppm
run info fast.ghm test.ghm
expect_stdout ', profile fast$'
expect_stdout ', profile test$'

# Weights that are named hold for every stream.
run decode test.ghm x.ppm --profile fast
expect_failure 6 'made with weights'
run decode fast.ghm x.ppm --profile test
expect_failure 6 'made with weights'
run decode fast.ghm x.ppm --profile fast
expect_status 0

# Without them: no such profile is built in.
id=$("$released" model info "$weights" --json | sed 's/.*"id": "\([0-9a-f]*\)".*/\1/')
gingham=$released
run decode test.ghm y.ppm
expect_failure 6 "weights $id, which are not built in"
run info test.ghm
expect_status 0
expect_stdout 'needs other weights'
run info test.ghm --json
expect_stdout '"profile": null'
[ ! -e y.ppm ] || failed 'no output expected'

# Batches: other weights are another stream, so nothing is skipped; the streams of both are decoded side by side.
empty_folder
mkdir -p in/a in/b
for name in rgb grey palette alpha-translucent; do
    cp "$images/$name.png" in/a/
    cp "$images/$name.png" in/b/
done
gingham=$two
run encode in --out-dir coded -j 2
expect_summary '8 files: 8 done, 0 skipped, 0 failed'
run encode in/b --out-dir coded -j 2 --profile test
expect_summary '4 files: 4 done, 0 skipped, 0 failed'
run encode in/b --out-dir coded -j 2 --model "$weights"
expect_summary '4 files: 0 done, 4 skipped, 0 failed'
run decode coded --out-dir decoded -j 4 --log log
expect_status 0
expect_summary '8 files: 8 done, 0 skipped, 0 failed'
[ "$(grep -c "\"model_id\": \"$id\"" log)" -eq 4 ] || failed 'four streams of the second profile expected in the log'
for name in a/rgb b/rgb a/palette b/palette; do
    run decode "coded/in/$name.png.ghm" single.png
    expect_same single.png "decoded/coded/in/$name.png.png"
done
run decode coded --out-dir decoded -j 4 --log log
expect_summary '8 files: 0 done, 8 skipped, 0 failed'
run encode in/a --out-dir coded --profile test
run decode coded --out-dir decoded -j 4 --log log
expect_summary '8 files: 4 done, 4 skipped, 0 failed'

# A stream of unknown weights fails alone.
gingham=$released
run encode in/b --out-dir coded
run decode coded --out-dir other -j 2 --log other.log
expect_status 10
expect_summary '8 files: 4 done, 0 skipped, 4 failed'
[ "$(grep -c '"code": 6, "error": ".*not built in"' other.log)" -eq 4 ] || failed 'reasons expected in the log'

# eval and bench.
gingham=$two
run eval "$images/crop-256x192.png" -c gingham --profile test,fast -q 20,60,90 --csv rd.csv
expect_status 0
expect_stdout "^gingham-test  *this program; id  *$id\$"
expect_stdout '^gingham-fast  *60  *[0-9.]* '
expect_stdout '^gingham-fast  *PSNR '
run eval "$images/crop-256x192.png" -c gingham --profile fast -q 60 --csv one.csv
expect_stdout '^gingham  *60  *[0-9.]* '
bytes=$(awk -F, '$1 != "gingham-test" && $3 == 60 { print $7 }' rd.csv one.csv | sort -u | wc -l)
[ "$bytes" -eq 1 ] || failed 'files of one size expected'
run eval "$images/rgb.png" -c gingham --profile fast,fast -q 40
expect_failure 2 'has the same name as'
run bench --size 64x64 --reps 1 --profile test --json
expect_status 0
expect_stdout '"model": "test"'

finish
