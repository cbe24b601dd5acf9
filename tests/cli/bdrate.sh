# gingham bdrate: the stored curves, the shapes of files that are read, and those that are refused.
. "$(dirname "$0")/lib.sh"
curves=$images/../curves

# Every stored BD-rate (see testdata/curves/README.md) to 0.001 points, which is below what is printed.
last='bdrate over testdata/curves'
python3 - "$gingham" "$curves" <<'END' || failed 'the stored BD-rates expected'
import itertools, json, subprocess, sys
gingham, curves = sys.argv[1:]
rows = [line.split("\t") for line in open(curves + "/bdrate.tsv").read().splitlines()]
checked = 0
for (metric, span, method, anchor), group in itertools.groupby(rows, key=lambda row: row[:4]):
    group = list(group)
    command = [gingham, "bdrate", "--json", "--metric", metric, "--method", method, "--anchor", curves + "/" + anchor]
    if span != "-":
        command += ["--range", span]
    command += [curves + "/" + row[4] for row in group]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    for row, line in zip(group, lines, strict=True):
        assert abs(json.loads(line)["bd_rate"] - float(row[5])) < 1e-3, (row, line)
        checked += 1
assert checked == len(rows) > 1000
END

# One curve in each shape; ms-ssim as a fraction and in dB.
echo '{"bpp": [0.1, 0.2, 0.4], "psnr": [30, 33, 36], "ms-ssim": [0.9, 0.99, 0.999]}' >plain.json
echo '{"name": "old", "results": {"bpp": [0.2, 0.4, 0.8], "psnr": [30, 33, 36], "ms-ssim": [0.9, 0.99, 0.999]}}' >old.json
echo '{"name": "new", "description": "", "results": {"psnr-rgb": [36, 33, 30], "ms-ssim-rgb": [0.999, 0.99, 0.9],
  "bpp": [0.2, 0.1, 0.05], "encoding_time": [1, 1, 1]}}' >new.json
echo '{"name": "paper", "meta": {}, "results": {"bpp": [0.1, 0.2, 0.4], "ms-ssim-db-rgb": [10, 20, 30]}}' >paper.json
run bdrate plain.json old.json new.json
expect_status 0
expect_stdout 'against plain.json (3 points), PSNR, pchip; averaging'
expect_stdout '^ *+0.00%  *3/3  *30.00 to 36.00  *100%  plain.json$'
expect_stdout '^ *+100.00%  *3/3  *30.00 to 36.00  *100%  old$'
expect_stdout '^ *-50.00%  *3/3  *30.00 to 36.00  *100%  new$'
run bdrate plain.json old.json new.json paper.json --metric ms-ssim --anchor new --method akima
expect_status 0
expect_stdout '+100.00%  .*10.00 to 30.00 .* paper$'
run bdrate - --anchor plain.json
expect_status 4
expect_stderr 'standard input'
run bdrate plain.json --range 31,32
expect_stdout '31.00 to 32.00'

# A point below its predecessors is dropped and counted; null is no point.
echo '{"bpp": [0.1, 0.2, 0.3, 0.4, 0.5], "psnr": [30, 33, 32, 36, null]}' >bent.json
run bdrate plain.json bent.json
expect_stdout '+0.00%  *3/5 .*bent.json'

echo '{"bpp": [0.1, 0.2], "psnr": [10, 20]}' >elsewhere.json
run bdrate plain.json elsewhere.json
expect_status 0
expect_stdout '^ *-  *2/2  *none '
expect_stderr 'elsewhere.json: warning: has no quality in common'
run bdrate plain.json elsewhere.json --json
expect_stdout '"bd_rate": null'

refused() {
    wanted=$1
    printf '%s' "$2" >bad.json
    run bdrate bad.json
    expect_failure 4 "bad.json: $wanted"
}
refused 'is not a JSON object' ''
refused 'is not a JSON object' '[1, 2]'
refused 'is not a JSON object' '{"bpp": [1'
refused 'has no lists' '{"bpp": [1]}'
refused 'has no lists' '{"bpp": 1, "psnr": 2}'
refused 'its lists .* differ in length' '{"bpp": [1, 2], "psnr": [30]}'
refused '"bpp" holds something that is not a number' '{"bpp": [1, "2"], "psnr": [30, 31]}'
run bdrate missing.json
expect_failure 3 'missing.json'
run bdrate plain.json --anchor nobody
expect_failure 3 'nobody'
run bdrate plain.json --metric ms-ssim --anchor elsewhere.json
expect_failure 4 '"ms-ssim"'
for range in '' 30 37,29 30, ,30 a,b 30,31,32 nan,inf; do
    run bdrate plain.json --range "$range"
    expect_failure 2 'two numbers of dB'
done
run bdrate plain.json --method spline
expect_failure 2 'pchip, cubic or akima'

finish
