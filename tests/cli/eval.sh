# gingham eval: our codec and stand-ins for a peer; reports, resuming, refusals. What the installed peers give is not
# tested: their versions differ.
. "$(dirname "$0")/lib.sh"

is_json() { python3 -m json.tool "$1" >/dev/null || failed "$1 should be JSON"; }

mkdir -p pictures/more
cp "$images/crop-256x192.png" pictures/b.png
cp "$images/rgb.png" pictures/more/a.png
echo text >pictures/notes.txt
run eval pictures -c gingham -q 30,60.5 --work w --json rd.json --csv rd.csv --per-image each
expect_status 0
expect_no_stderr
expect_stdout '^gingham .* weights: '
expect_stdout '^2 pictures; means '
expect_stdout '^gingham  *30  *[0-9.]* .* - .* [0-9]*$'
is_json rd.json
python3 - rd.json rd.csv each <<'END' || failed 'consistent reports expected'
import csv, json, os, sys
rd = json.load(open(sys.argv[1]))
assert set(rd["results"]) == {"psnr-rgb", "ms-ssim-rgb", "bpp", "encoding_time", "decoding_time"}
assert rd["name"] == "gingham" and rd["meta"]["quality"] == ["30", "60.5"]
rows = list(csv.DictReader(open(sys.argv[2])))
assert [(r["quality"], r["picture"]) for r in rows] == [(q, p) for q in ("30", "60.5") for p in ("b.png", "more_a.png")]
for point in range(2):
    pair = rows[2 * point:2 * point + 2]
    for key, column in (("bpp", "bpp"), ("psnr-rgb", "psnr_rgb"), ("encoding_time", "encode_seconds")):
        mean = sum(float(r[column]) for r in pair) / 2
        assert abs(mean - rd["results"][key][point]) < 1e-6 * mean, (key, point)
    assert rd["results"]["ms-ssim-rgb"][point] is None and pair[1]["ms_ssim_rgb"] == ""  # one is too small
    for r in pair:
        size = os.path.getsize("w/gingham/q%s/%s.ghm" % (r["quality"], r["picture"]))
        assert int(r["bytes"]) == size and abs(float(r["bpp"]) - 8 * size / int(r["width"]) / int(r["height"])) < 1e-8
        one = json.load(open("each/gingham/q%s/%s.json" % (r["quality"], r["picture"])))
        assert abs(one["results"]["psnr-rgb"] - float(r["psnr_rgb"])) < 1e-6
END

# The figures are those of encode, decode and compare.
run encode pictures/b.png b.ghm -q 30
run decode b.ghm b.png
run compare pictures/b.png b.png --json
metrics=$(sed 's/.*\("psnr_rgb": .*"ms_ssim_rgb": [0-9.]*\),.*/\1/' "$out")
grep -q -F -e "$metrics" w/gingham/q30/b.png.json || failed 'the metrics of compare expected'
expect_same b.ghm w/gingham/q30/b.png.ghm

# A second run takes all of it over, times included; a changed picture is measured again.
run eval pictures -c gingham -q 30,60.5 --work w --csv again.csv --quiet
expect_status 0
expect_no_stdout
expect_same rd.csv again.csv
rm w/gingham/q30/b.png.json
run eval pictures -c gingham -q 30,60.5 --work w --csv again.csv --quiet
cmp -s rd.csv again.csv && failed 'a new time expected'
cp "$images/kodim20.png" pictures/b.png
run eval pictures -c gingham -q 30 --work w --csv again.csv --quiet
grep -q '"b.png",768,512' again.csv || failed 'the new picture expected'

# A peer that copies, and one that is not there. The time stamps in front keep the real ones away.
mkdir bin
printf '#!/bin/sh\n[ "$1" = -version ] && { echo 9.9; exit; }\nfor last; do :; done\ncp "$6" "$last"\n' >bin/cwebp
printf '#!/bin/sh\ncp "$2" "$5"\n' >bin/dwebp
chmod +x bin/cwebp bin/dwebp
ln -s "$(command -v cp)" bin/cp
last='eval with a stand-in for webp'
with_peers() {
    PATH=$work/folder/bin "$gingham" eval "$@" >"$out" 2>"$err" </dev/null
    status=$?
}
with_peers "$images/crop-256x192.png" --points 2 --json rd.json
expect_status 0
expect_stderr 'jpeg-420: warning: is not installed (there is no command cjpeg)'
expect_stdout '^webp  .*; 9.9$'
expect_stdout '^webp  *86  *24.0[0-9]*  *inf '
is_json rd-gingham.json
is_json rd-webp.json
with_peers "$images/rgb.png" -c jxl
expect_failure 1 'jxl: is not installed: there is no command cjxl'

# Y4M goes to x265 and comes back: as given, it differs by its own rounding. An ffmpeg that lacks the encoder is said.
cat >bin/ffmpeg <<'END'
#!/bin/sh
case "$*" in *lavfi*) [ -n "$LACKING" ] && { echo "Unknown encoder 'libx265'"; exit 1; }; echo 'HEVC encoder version 3.5'; exit ;; esac
while [ "$1" != -i ]; do shift; done
in=$2
for last; do :; done
cp "$in" "$last"
END
chmod +x bin/ffmpeg
with_peers "$images/crop-256x192.png" -c x265-444,x265-420 --points 1 --csv rd.csv
expect_status 0
expect_no_stderr
expect_stdout '^x265-444 .*; HEVC encoder version 3.5$'
awk -F, 'NR > 1 { if ($5 != 256 || $6 != 192 || $9 < ($1 == "x265-444" ? 55 : 35)) exit 1 } END { if (NR != 3) exit 1 }' rd.csv ||
    failed 'pictures that hardly differ expected'
head -n 1 rd.csv | grep -q '^codec,version,quality,picture,width,height,bytes,bpp,psnr_rgb' || failed 'another column expected'
LACKING=1
export LACKING
with_peers "$images/crop-256x192.png" --points 1
expect_status 0
expect_stderr 'x265-444: warning: is not installed (ffmpeg has no libx265); it is left out'
with_peers "$images/rgb.png" -c x265-420
expect_failure 1 'x265-420: is not installed: ffmpeg has no libx265'
unset LACKING

# BD-rates of means and of single pictures are those of 'gingham bdrate'. The peer is this codec in steps of 5.
cat >bin/cwebp <<END
#!/bin/sh
[ "\$1" = -version ] && { echo 9.9; exit; }
q=\${5%.*}
exec "$gingham" encode --quiet -q \$((q / 5 * 5)) "\$6" "\$8"
END
printf '#!/bin/sh\nexec "%s" decode --quiet "$2" "$5"\n' "$gingham" >bin/dwebp
mkdir two
cp "$images/crop-256x192.png" "$images/kodim20.png" two/
with_peers two -c gingham,webp --points 4 --json bd.json --csv bd-points.csv --bd-csv bd.csv
expect_status 0
expect_no_stderr
expect_stdout '^webp  *PSNR  *[-+][0-9.]*% mean of 2 pictures, from [-+][0-9.]*% (.*png) to [-+][0-9.]*% (.*png)$'
python3 - "$gingham" <<'END' || failed 'the BD-rates of bdrate expected'
import csv, json, subprocess, sys
rows = list(csv.DictReader(open("bd.csv")))
points = list(csv.DictReader(open("bd-points.csv")))
names = ["", "crop-256x192.png", "kodim20.png"]
assert [(r["picture"], r["metric"]) for r in rows] == [(n, m) for m in ("psnr", "ms-ssim") for n in names]
for row in rows:
    assert (row["codec"], row["anchor"]) == ("gingham", "webp")
    files = ["bd-webp.json", "bd-gingham.json"]
    if row["picture"]:
        files = [codec + "-curve.json" for codec in ("webp", "gingham")]
        for codec, file in zip(("webp", "gingham"), files):
            own = [p for p in points if p["codec"] == codec and p["picture"] == row["picture"]]
            lists = {key: [float(p[column]) for p in own] for key, column in
                     (("bpp", "bpp"), ("psnr", "psnr_rgb"), ("ms-ssim", "ms_ssim_rgb"))}
            json.dump(lists, open(file, "w"))
    lines = subprocess.run([sys.argv[1], "bdrate", "--json", "--metric", row["metric"]] + files, check=True,
                           capture_output=True, text=True).stdout.splitlines()
    wanted = json.loads(lines[1])
    for key in ("bd_rate", "low", "high", "overlap"):
        assert abs(wanted[key] - float(row[key])) < 1e-3, (row, wanted)
END

printf '#!/bin/sh\necho first\nprintf "it broke"\nexit 3\n' >bin/dwebp
with_peers "$images/rgb.png" -c webp
expect_failure 1 'dwebp failed: it broke'

# The page: one file whose data are those of the table. A name cannot end the script.
mkdir odd
cp "$images/crop-256x192.png" 'odd/<script>.png'
run eval odd -c gingham -q 20,80 --csv rd.csv --html page.html --compare-published
expect_status 0
python3 - page.html rd.csv <<'END' || failed 'a page with the right data expected'
import base64, csv, json, re, sys
page = open(sys.argv[1], encoding="utf-8").read()
assert not re.search(r"""(src|href)=["']?https?:""", page) and page.count("</script>") == 2
data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))
rows = list(csv.DictReader(open(sys.argv[2])))
(series,) = data["series"]
assert data["pictures"] == ["<script>.png"] and series["quality"] == ["20", "80"] and series["bd_psnr"] == 0
for i, row in enumerate(rows):
    assert abs(series["psnr"][i] - float(row["psnr_rgb"])) < 1e-6 and abs(series["bpp"][i] - float(row["bpp"])) < 1e-8
assert len(data["published"]) > 20 and all(len(c["bpp"]) == len(c["psnr"]) and c["source"] for c in data["published"])
crops = data["pairs"][0]["crops"]
assert [c["name"] for c in crops] == ["original", "gingham"]
for c in crops:
    assert base64.b64decode(c["png"].split(",")[1], validate=True)[:8] == b"\x89PNG\r\n\x1a\n"
END
run eval odd -c gingham --compare-published
expect_failure 2 'for the page of --html'

# Other weights, and several: each of them is a codec.
weights=$images/../parity/test.ghmw
cp "$weights" other.weights.ghmw
run eval "$images/crop-256x192.png" -c gingham --model "$weights" -q 40 --quiet --csv one.csv
expect_status 0
run eval "$images/crop-256x192.png" -c gingham --model "other.weights.ghmw,$weights" -q 20,40,60 --csv rd.csv --html page.html
expect_status 0
expect_stdout '^gingham-other  *this program; id  *[0-9a-f]\{16\}$'
expect_stdout '^gingham-test  *60  *[0-9.]* '
expect_stdout '^gingham-test  *PSNR '
bytes=$(awk -F, '$3 == 40 { print $7 }' rd.csv one.csv | sort -u | wc -l)
[ "$bytes" -eq 1 ] || failed 'files of one size expected'
run eval "$images/rgb.png" -c gingham --model "other.weights.ghmw,missing.ghmw" -q 40
expect_failure 6 'missing.ghmw: cannot be opened'
run eval "$images/rgb.png" -c gingham --model "other.weights.ghmw,./other.weights.ghmw" -q 40
expect_failure 2 'has the same name as'
# At an effort: the same codec, other files (field 8: bytes, as the version has a comma), also with profiles named.
for effort in 1 4; do
    run eval "$images/crop-256x192.png" -c gingham -e "$effort" -q 40 --csv "effort$effort.csv" --quiet
    expect_status 0
    run eval "$images/crop-256x192.png" -c gingham -e "$effort" --profile fast -q 40 --csv "fast$effort.csv" --quiet
    expect_status 0
done
for name in effort fast; do
    [ "$(cut -d, -f8 "${name}1.csv")" != "$(cut -d, -f8 "${name}4.csv")" ] || failed "efforts 1 and 4 measure the same"
done
run eval "$images/rgb.png" -c gingham -e 10
expect_failure 2 'effort'
run eval "$images/rgb.png" -c gingham --profile fast,tiny -q 40
expect_failure 2 "'tiny' is not a built-in profile (fast"
run eval "$images/rgb.png" -c gingham --profile fast --model "$weights" -q 40
expect_failure 2 'give one of them'

# Nothing is left behind without --work.
mkdir tmp
TMPDIR=$work/folder/tmp "$gingham" eval "$images/rgb.png" -c gingham -q 50 >"$out" 2>"$err"
[ -z "$(ls tmp)" ] || failed 'no temporary folder expected'
last='eval, interrupted'
TMPDIR=$work/folder/tmp "$gingham" eval "$images/kodim20.png" -c gingham --points 64 >"$out" 2>"$err" &
while [ -z "$(ls tmp)" ]; do sleep 0.1; done
kill -TERM $!
wait $! 2>/dev/null && failed 'an end by the signal expected'
[ -z "$(ls tmp)" ] || failed 'no temporary folder expected'
expect_no_stdout

# In folders eval finds all that encode finds.
mkdir -p kinds/more
cp "$images"/rgb.* "$images/rgb-17x13.ppm" "$images/rgb1"*.png kinds/more/
cp "$images/crop-256x192.png" kinds/UPPER.PNG
"$gingham" decode w/gingham/q30/b.png.ghm kinds/a.pam --quiet
"$gingham" encode kinds --out-dir coded --quiet
n=$(find coded -name '*.ghm' | wc -l)
[ -f coded/kinds/a.pam.ghm ] || failed 'a picture in PAM expected'
run eval kinds/ -c gingham -q 30 --csv rd.csv
expect_status 0
expect_stdout "^$n pictures; means "
grep -q '"a.pam"' rd.csv || failed 'a name within the folder expected'
grep -q '"more_rgb.png"' rd.csv || failed 'a name within the folder expected'

mkdir empty same
cp "$images/rgb.png" same/
for wrong in 'missing' 'same missing'; do
    # shellcheck disable=SC2086 # two names
    run eval $wrong
    expect_failure 3 'missing'
done
run eval empty
expect_failure 4 'holds no pictures'
run eval same "$images/rgb.png"
expect_failure 2 'has the same name'
run eval same -c nobody
expect_failure 2 "'nobody' is no codec"
run eval same -c gingham,gingham
expect_failure 2 'named twice'
run eval same -c gingham -q 30,101
expect_failure 2 "'101' is not a number from 0 to 100"
run eval same -c gingham -q 60,30
expect_failure 2 '30 does not rise'
run eval same -c gingham --points 0
expect_failure 2 'whole number from 1 to 64'
run eval same -c gingham --json -
expect_failure 2 'the name of a file'
run eval "$images/truncated.png" -c gingham -q 50
expect_status 4
for report in csv bd-csv html; do
    run eval same -c gingham -q 50 --$report no/such.file --quiet
    expect_failure 7 'no/such.file'
done

finish
