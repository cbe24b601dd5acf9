# gingham bench: a report that hangs together; no time is tested.
. "$(dirname "$0")/lib.sh"

run bench "$images/rgb.png" --reps 2 -j 1 -q 40 --backend c
expect_status 0
expect_no_stderr
expect_stdout 'backend c, threads 1$'
expect_stdout 'rgb.png, 48x36, quality 40, [0-9]* bytes, '
expect_stdout '^  encode .* MP/s .* GMAC/s$'
expect_stdout '^  decode .* MP/s .* GMAC/s$'
run bench -s 130x70 -n 3 --json
expect_status 0
python3 - "$out" <<'END' || failed 'consistent JSON expected'
import json, sys
r = json.load(open(sys.argv[1]))
assert (r["width"], r["height"], r["repetitions"]) == (130, 70, 3) and r["cpu"] and r["machine"]
for what in ("encode", "decode"):
    assert 0 < r[what + "_smallest_seconds"] <= r[what + "_seconds"]
    assert abs(r[what + "_mpps"] * r[what + "_seconds"] - 130 * 70 / 1e6) < 1e-8
END
expect_folder

for size in '' 10 10x x10 0x5 5x0 65536x1 10x10x10 -1x5 axb; do
    run bench --size "$size"
    expect_failure 2 'such as 1920x1080'
done
for reps in 0 1001 x -1; do
    run bench --reps "$reps"
    expect_failure 2 'from 1 to 1000'
done
run bench missing.png
expect_failure 3 'missing.png'
run bench --size 2000x2000 --limit-pixels 1M
expect_failure 8 'limit-pixels'
run bench a b
expect_failure 2 'one picture'

finish
