# gingham bench: a report that hangs together; no time is tested.
. "$(dirname "$0")/lib.sh"

mkdir "$work/tmp"
TMPDIR=$work/tmp
export TMPDIR
run bench "$images/rgb.png" --reps 2 -j 1 -q 40 --backend c
expect_status 0
expect_no_stderr
expect_stdout 'backend c, threads 1$'
expect_stdout '^peak of a thread: [0-9.]* GMAC/s of int16 ([a-zA-Z]'
expect_stdout 'rgb.png, 48x36, quality 40, [0-9]* bytes, .*; medians of 2$'
expect_stdout '^  context .* [0-9.]* .* %$'
for stage in read analysis entropy context synthesis write other CPU call; do
    expect_stdout "^  $stage  *[0-9.]*  *[0-9.]* "
done
run bench -s 130x70 -n 3 -j 1 --json
expect_status 0
python3 - "$out" <<'END' || failed 'consistent JSON expected'
import json, sys
r = json.load(open(sys.argv[1]))
assert (r["width"], r["height"], r["repetitions"]) == (130, 70, 3) and r["cpu"] and r["machine"]
assert r["int16_peak"]["gmacs"] > 0 and r["int16_peak"]["instruction"]
stages = {"encode": ["read", "analysis", "entropy", "context", "synthesis"],
          "decode": ["entropy", "context", "synthesis", "write"]}
for what, names in stages.items():
    seconds = r[what + "_seconds"]
    assert 0 < r[what + "_smallest_seconds"] <= seconds and 0 <= r[what + "_other_seconds"] < r[what + "_cpu_seconds"]
    assert abs(r[what + "_mpps"] * seconds - 130 * 70 / 1e6) < 1e-8 and r[what + "_peak_bytes"] > 1 << 20
    assert list(r[what + "_stages"]) == names
    for name, stage in r[what + "_stages"].items():
        assert stage["seconds"] > 0 and abs(stage["mpps"] * stage["seconds"] - 130 * 70 / 1e6) < 1e-8
        assert ("gmacs" in stage) == (name in ("analysis", "context", "synthesis"))
        if "gmacs" in stage:
            peak = r["int16_peak"]["gmacs"]
            assert abs(stage["gmacs"] / peak - stage["share_of_peak"]) < 1e-6 * stage["share_of_peak"]
# The networks' multiply-adds are those that the weights state, whatever the time.
a, b = ({name: s["gmacs"] * s["seconds"] for name, s in r[what + "_stages"].items() if "gmacs" in s}
        for what in ("encode", "decode"))
assert all(abs(a[name] - b[name]) < 1e-6 * a[name] for name in b) and a["analysis"] > 0
END
# shellcheck disable=SC2016 # for Python
macs='sum(s["gmacs"] * s["seconds"] for s in r["decode_stages"].values() if "gmacs" in s) / (130 * 70 / 1e6)'
found=$(python3 -c "import json; r = json.load(open('$out')); print(round($macs, 4))")
run model info --json
wanted=$(python3 -c "import json; print(round(json.load(open('$out'))['decoder_kmac'], 4))")
[ "$found" = "$wanted" ] || failed "$wanted kMAC a pixel expected, not $found"

# What is not asked for is not there.
run bench -s 64x64 -n 1 --stage write,analysis --json
expect_status 0
python3 - "$out" <<'END' || failed 'two stages expected'
import json, sys
r = json.load(open(sys.argv[1]))
assert list(r["encode_stages"]) == ["analysis"] and list(r["decode_stages"]) == ["write"]
assert r["encode_seconds"] > 0 and r["decode_seconds"] is None and r["encode_other_seconds"] is None
END
run bench -s 64x64 -n 1 -e 2 --json
expect_status 0
run bench -s 64x64 -n 1 --stage read
expect_status 0
expect_stdout '^  read '
[ "$(grep -c '^  ' "$out")" -eq 1 ] || failed 'one line of a stage expected'
run bench -s 64x2000 -n 1 -j 3
expect_status 0
expect_folder
[ -z "$(ls "$work/tmp")" ] || failed 'no temporary folder expected'

for size in '' 10 10x x10 0x5 5x0 65536x1 10x10x10 -1x5 axb; do
    run bench --size "$size"
    expect_failure 2 'such as 1920x1080'
done
for reps in 0 1001 x -1; do
    run bench --reps "$reps"
    expect_failure 2 'from 1 to 1000'
done
for stages in '' x read, ,read 'read write' all,read; do
    run bench --stage "$stages"
    expect_failure 2 'all, or a list of read, '
done
run bench missing.png
expect_failure 3 'missing.png'
run bench --size 2000x2000 --limit-pixels 1M
expect_failure 8 'limit-pixels'
run bench a b
expect_failure 2 'one picture'
last='bench without a place for its files'
TMPDIR=$work/nowhere "$gingham" bench -s 64x64 -n 1 >"$out" 2>"$err"
status=$?
expect_failure 7 'nowhere: no folder can be made'

finish
