# Batches: names, logs, what is skipped and what is done again, shards, manifests, failures and signals.
. "$(dirname "$0")/lib.sh"

make_corpus() {
    empty_folder
    mkdir -p in/a/b in/c
    cp "$images/rgb.png" in/a/1.png
    cp "$images/grey.png" in/a/b/2.PNG
    cp "$images/palette.png" in/c/3.png
    cp "$images/grey.jpg" in/c/4.jpg
    echo 'no picture' >in/c/notes.txt
}
corpus_outputs='a/1.png.ghm a/b/2.PNG.ghm c/3.png.ghm c/4.jpg.ghm'

# The number of lines of the log with this status.
expect_logged() { [ "$(grep -c "\"status\": \"$2\"" log)" -eq "$1" ] || failed "$1 lines '$2' expected in the log"; }
expect_summary() { expect_stderr "^gingham: $1\$"; }

# Folders are mirrored, files keep the path they were named by, other files are left alone.
make_corpus
run encode in --out-dir out --log log -j 2
expect_status 0
expect_summary '4 files: 4 done, 0 skipped, 0 failed'
for name in $corpus_outputs; do expect_file "out/in/$name"; done
[ "$(find out -type f | wc -l)" -eq 4 ] || failed '4 outputs expected'
expect_logged 4 done
python3 - <<'PYTHON' || failed 'a log of complete JSON objects expected'
import json, os
lines = [json.loads(line) for line in open('log')]
assert sorted(line['id'] for line in lines) == ['in/a/1.png', 'in/a/b/2.PNG', 'in/c/3.png', 'in/c/4.jpg']
for line in lines:
    assert line['code'] == 0 and line['bytes'] == os.path.getsize(line['output']) and line['seconds'] >= 0
    assert abs(line['bpp'] - 8 * line['bytes'] / (line['width'] * line['height'])) < 1e-6
    assert line['options'] == 'quality=60' and len(line['input_hash']) == len(line['model_id']) == 16 and line['version']
PYTHON
run encode ./in/../in/a/1.png "$PWD/in/c/3.png" --out-dir named --quiet
expect_status 0
expect_no_stdout
expect_no_stderr
expect_file named/in/a/1.png.ghm
expect_file "named$PWD/in/c/3.png.ghm"

# The pictures are those of single runs; the stream is 22 bytes longer, by the hashes that make the next run skip.
run encode in/a/1.png single.ghm
[ $(($(wc -c <single.ghm) + 22)) -eq "$(wc -c <out/in/a/1.png.ghm)" ] || failed '22 bytes more expected in a batch'
run decode single.ghm single.ppm
run decode out/in/a/1.png.ghm batch.ppm
expect_same single.ppm batch.ppm

# The same again is skipped, without a log too; another input, other options, damage and --force are not.
rm log
run encode in --out-dir out
expect_summary '4 files: 0 done, 4 skipped, 0 failed'
cp "$images/rgb.png" in/c/3.png
run encode in --out-dir out --log log
expect_summary '4 files: 1 done, 3 skipped, 0 failed'
expect_logged 3 skipped
run encode in --out-dir out -q 30
expect_summary '4 files: 4 done, 0 skipped, 0 failed'
run encode in --out-dir out -q 30 -j 1 --backend c --psnr
expect_summary '4 files: 0 done, 4 skipped, 0 failed'
head -c -20 out/in/a/1.png.ghm >cut
cp cut out/in/a/1.png.ghm
printf x >>out/in/c/3.png.ghm
run encode in --out-dir out -q 30
expect_summary '4 files: 2 done, 2 skipped, 0 failed'
run encode in --out-dir out -q 30 --force
expect_summary '4 files: 4 done, 0 skipped, 0 failed'
run encode in --out-dir out -n
expect_summary '4 files: 0 done, 4 skipped, 0 failed'

# Failures: the others are done, the log says why, the status is 10; a later run tries them again.
make_corpus
cp "$images/truncated.png" in/a/bad.png
run encode in in/missing.png --out-dir out --log log -j 2
expect_status 10
expect_summary '6 files: 4 done, 0 skipped, 2 failed'
expect_logged 2 failed
grep -q '"code": 3, "error": "cannot be opened: No such file or directory"' log || failed 'a reason expected in the log'
[ ! -e out/in/a/bad.png.ghm ] || failed 'no output expected of a bad input'
cp "$images/rgb.png" in/a/bad.png
printf '{"id": "half a li' >>log
run encode in --out-dir out --log log
expect_status 0
expect_summary '5 files: 1 done, 4 skipped, 0 failed'
[ "$(tail -n 1 log | cut -c1)" = '{' ] || failed 'a line of its own expected after half a line'

# Folders: links are followed, but not in circles; what is no regular file is left out; one that cannot be searched is
# named, the others are.
make_corpus
mkdir elsewhere
cp in/a/1.png elsewhere/5.jpe
ln -s ../../in in/a/up
ln -s .. in/a/b/up
ln -s ../elsewhere in/linked
ln -s ../elsewhere elsewhere/self
mkfifo in/pipe.png
run encode in --out-dir linked
expect_status 0
expect_summary '5 files: 5 done, 0 skipped, 0 failed'
expect_file linked/in/linked/5.jpe.ghm
expect_stderr 'in/pipe.png: warning: is no regular file; left out'
for link in in/a/up in/a/b/up in/linked/self; do
    expect_stderr "$link: warning: is a link to a folder above it; not entered"
done
deep=in/deep
for i in $(seq 256); do deep=$deep/d; done
mkdir -p "$deep"
cp in/a/1.png "$deep/lost.png"
cp in/a/1.png "${deep%/d}/found.png"
run encode in --out-dir linked --quiet
expect_status 10
expect_stderr 'd/d: cannot be searched: it lies too many folders deep'
expect_file "linked/${deep%/d}/found.png.ghm"
run eval in --work none --codec gingham
expect_status 3
rm -rf in/deep none
if [ "$(id -u)" -ne 0 ]; then
    chmod 0 in/c
    run encode in --out-dir linked --quiet
    expect_status 10
    expect_stderr 'in/c: cannot be searched: Permission denied'
    chmod 755 in/c
fi
run encode nowhere/ --out-dir linked
expect_status 10

# Decoding: skipped by the log of an earlier run, as long as the output is there.
make_corpus
cp "$images/rgb.png" in/a/bad.png
run encode in --out-dir out
run decode out --out-dir back --log dlog --json
expect_status 0
expect_summary '5 files: 5 done, 0 skipped, 0 failed'
expect_same "$out" dlog
run encode in/a/1.png single.ghm
run decode single.ghm single.png
expect_same single.png back/out/in/a/1.png.png
run decode out --out-dir back --log dlog
expect_summary '5 files: 0 done, 5 skipped, 0 failed'
rm back/out/in/a/1.png.png
run decode out --out-dir back --log dlog
expect_summary '5 files: 1 done, 4 skipped, 0 failed'
run decode out --out-dir back --log dlog --format ppm
expect_summary '5 files: 5 done, 0 skipped, 0 failed'
expect_file back/out/in/a/1.png.ppm
run decode out --out-dir back --log dlog --force
expect_summary '5 files: 5 done, 0 skipped, 0 failed'

# Shards: every file in exactly one, whatever else is named.
make_corpus
for i in 0 1 2; do
    run encode in --out-dir out --log log --shard $i/3
    expect_status 0
done
expect_logged 4 done
[ "$(cut -d, -f1 log | sort -u | wc -l)" -eq 4 ] || failed '4 different files expected'
run encode in/a/1.png --out-dir out --shard 1/2
expect_status 0
expect_summary '0 files: 0 done, 0 skipped, 0 failed'

# A manifest: names, ids and options of single files.
make_corpus
cat >list <<'JSON'
{"id": "first", "input": "in/a/1.png", "output": "x/one.ghm", "options": {"quality": 20}}

{"input": "in/c/3.png"}
{"input": "in/c/4.jpg", "output": "four.ghm", "options": {"quality": "35.5", "no-picture-hash": true, "background": "#ffffff"}}
JSON
run encode --manifest list --out-dir out --log log
expect_status 0
expect_file out/x/one.ghm
expect_file out/in/c/3.png.ghm
expect_file out/four.ghm
grep -q '"id": "first".*"quality": 20,.*"options": "quality=20"' log || failed 'id and options expected in the log'
grep -q '"options": "quality=35.5 no-picture-hash background=#ffffff"' log || failed 'options of a file expected in the log'
run encode --manifest list --out-dir out
expect_summary '3 files: 0 done, 3 skipped, 0 failed'
run encode --manifest list
expect_status 0
expect_file in/c/3.png.ghm
expect_file x/one.ghm
last='gingham encode --manifest - <list'
"$gingham" encode --manifest - --out-dir out <list >"$out" 2>"$err"
status=$?
expect_summary '3 files: 0 done, 3 skipped, 0 failed'

# A switch of the command line is taken back for one file; blanks behind an object are nothing.
printf '%s \t\r\n' '{"input": "in/a/1.png", "options": {"lossless": false}}' '{"input": "in/c/3.png"}' >list
run encode --manifest list --out-dir switched --lossless --log log.switched
expect_status 0
grep -q '"in/a/1.png".*"options": "quality=60"' log.switched || failed 'no option lossless expected'
grep -q '"in/c/3.png".*"options": "quality=60 lossless"' log.switched || failed 'the option lossless expected'

bad_manifest() {
    printf '%s\n' '{"input": "in/a/1.png"}' "$1" >bad
    rm -rf none
    run encode --manifest bad --out-dir none
    expect_failure "${3:-4}" "$2"
    [ ! -e none ] || failed 'nothing should be begun'
}
bad_manifest '{"input": "a.png"' 'bad: line 2: is not a JSON object'
for tail in '{"input": "b.png"}' garbage '}' ', 1'; do
    bad_manifest '{"input": "a.png"} '"$tail" 'bad: line 2: is not a JSON object, one alone'
done
for value in '"no"' '"false"' '""' 0 1 null '[true]'; do
    bad_manifest '{"input": "a", "options": {"lossless": '"$value"'}}' "line 2: option 'lossless' needs true or false"
done
for value in true false null '{}'; do
    bad_manifest '{"input": "a", "options": {"quality": '"$value"'}}' "line 2: option 'quality' needs a text or a number"
done
bad_manifest '{"input": "a", "options": {"qualty": false}}' "line 2: 'qualty' is not an option"
bad_manifest '["a.png"]' 'line 2: is not a JSON object'
bad_manifest '{"output": "a.ghm"}' 'line 2: an input is missing'
bad_manifest '{"input": 3}' "line 2: 'input' has to be a text"
bad_manifest '{"input": "a", "otput": "b"}' "line 2: 'otput' is none of"
bad_manifest '{"input": "a", "options": {"qualty": 3}}' "line 2: 'qualty' is not an option.*did you mean 'quality'"
bad_manifest '{"input": "a", "options": {"quality": 300}}' "line 2: .*'300' is not a number from 0 to 100"
bad_manifest '{"input": "a", "options": {"threads": 3}}' "line 2: 'threads' is not an option of single files"
bad_manifest '{"input": "b.png", "output": "in/a/1.png.ghm"}' 'is the output of both in/a/1.png and b.png' 2

# Wrong uses.
usage_error() {
    wanted=$1
    shift
    run "$@"
    expect_failure 2 "$wanted"
}
usage_error 'for batches' encode in/a/1.png --shard 0/2
usage_error 'for batches' decode a.ghm --log log
usage_error 'for one file' encode in --out-dir out -o a.ghm
usage_error 'name no others' encode in --manifest list
usage_error 'no input' encode --out-dir out
usage_error 'both ./in/a/1.png and in/a/1.png' encode in/a/1.png ./in/a/1.png --out-dir out
usage_error 'standard input' encode - --out-dir out
for part in 2/2 1 /2 1/0 -1/2 1/2/3; do usage_error 'counted from 0' encode in --out-dir out --shard $part; done
mkdir empty
run encode empty --out-dir out
expect_status 4
expect_stderr 'the batch is empty'
if [ -c /dev/full ]; then
    run encode in --out-dir full --log /dev/full -j 1
    expect_status 7
    expect_stderr 'the log cannot be written'
    [ "$(find full -type f | wc -l)" -eq 1 ] || failed 'no further files expected once the log fails'
fi

# A signal: files at work are finished, nothing half done stays, the same command goes on, and no file is done twice.
make_corpus
{
    printf 'P6\n900 900\n255\n'
    head -c 2430000 /dev/zero
} >in/a/0.ppm
for i in 1 2 3 4 5 6 7; do cp in/a/0.ppm in/a/0$i.ppm; done
for signal in TERM KILL; do
    rm -rf out log
    last="encode of a batch, then SIG$signal"
    "$gingham" encode in --out-dir out --log log -j 1 --backend c >"$out" 2>"$err" &
    process=$!
    tries=0
    while [ ! -s log ] && [ $tries -lt 1000 ] && kill -0 $process 2>/dev/null; do
        tries=$((tries + 1))
        sleep 0.01
    done
    kill -s $signal $process 2>/dev/null
    wait $process
    status=$?
    if [ $signal = TERM ]; then
        [ $status -eq 0 ] || expect_status 75
        [ $status -eq 0 ] || expect_stderr 'the same command goes on'
        [ -z "$(find out -name '.gingham*')" ] || failed 'no temporary file expected'
        [ "$(find out -name '*.ghm' | wc -l)" -eq "$(wc -l <log)" ] || failed 'as many outputs as lines expected'
    fi
    for file in $(find out -name '*.ghm'); do
        run info "$file"
        expect_stdout 'complete *yes'
    done
    run encode in --out-dir out --log log -j 1
    expect_status 0
    expect_logged "$(grep '"status": "done"' log | cut -d, -f1 | sort -u | wc -l)" done
    [ "$(cut -d, -f1 log | sort -u | wc -l)" -eq 12 ] || failed 'all 12 files expected in the log'
done

finish
