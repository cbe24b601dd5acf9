# gingham compare of Y4M clips: values, every kind of header, the difference, refusals. The clips are made here.
. "$(dirname "$0")/lib.sh"

# clip.py NAME HEADER N SEED [LOW HIGH]: N frames of noise around a slope, of the size and kind that the header says.
cat >clip.py <<'END'
import random, re, struct, sys
name, header, n, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
w, h = (int(re.search(c + r"(\d+)", header).group(1)) for c in "WH")
space = (re.search(r" C(\S+)", header) or re.match("(420)", "420")).group(1)
depth = int((re.search(r"(?:p|mono)(\d+)$", space) or re.match("(8)", "8")).group(1))
planes = [(w, h)]
if not space.startswith("mono"):
    chroma = ((w + 1) // 2 if space[:3] != "444" else w, (h + 1) // 2 if space[:3] == "420" else h)
    planes += [chroma, chroma]
noise, slope = random.Random(seed), random.Random(1)
with open(name, "wb") as f:
    f.write(header.encode() + b"\n")
    for i in range(n):
        f.write(b"FRAME\n")
        for pw, ph in planes:
            base = slope.randrange(40, 80)
            for y in range(ph):
                row = [base + x * 60 // pw + y * 30 // ph + noise.randrange(8) for x in range(pw)]
                f.write(bytes(row) if depth == 8 else struct.pack("<%dH" % pw, *(v * ((1 << depth) - 1) // 255 for v in row)))
END
clip() { python3 clip.py "$@"; }

head='YUV4MPEG2 W48 H36 F25:1 Ip A1:1'
clip a.y4m "$head C420jpeg" 3 1
clip b.y4m "$head C420jpeg" 3 2
run compare a.y4m b.y4m --json
expect_status 0
expect_no_stderr
cp "$out" clip.json
python3 - clip.json <<'END' || failed 'the PSNR of the planes expected'
import json, math, sys
def planes(name):
    data = open(name, "rb").read().split(b"\n", 1)[1]
    sizes, at = (48 * 36, 24 * 18, 24 * 18), 0
    frames = []
    for _ in range(3):
        at += len(b"FRAME\n")
        frame = []
        for n in sizes:
            frame.append(data[at:at + n])
            at += n
        frames.append(frame)
    return frames
r = json.load(open(sys.argv[1]))
a, b = planes("a.y4m"), planes("b.y4m")
assert (r["width"], r["height"], r["bit_depth"], r["frames"], r["chroma"]) == (48, 36, 8, 3, "4:2:0")
total = 0
for i, name in enumerate("yuv"):
    errors = [sum((x - y) ** 2 for x, y in zip(p[i], q[i])) / len(p[i]) for p, q in zip(a, b)]
    psnr = [10 * math.log10(255 ** 2 / e) for e in errors]
    assert all(abs(x - y) < 1e-5 for x, y in zip(psnr, r["psnr_%s_frames" % name], strict=True))
    assert abs(sum(psnr) / 3 - r["psnr_" + name]) < 1e-5
    assert abs(10 * math.log10(255 ** 2 * 3 / sum(errors)) - r["psnr_of_mean_error_" + name]) < 1e-5
    assert abs(sum(r["ssim_%s_frames" % name]) / 3 - r["ssim_" + name]) < 1e-8 and 0 < r["ssim_" + name] < 1
    assert r["ms_ssim_" + name] is None
    total += (6 if name == "y" else 1) * r["psnr_" + name]
assert abs(total / 8 - r["psnr_yuv_611"]) < 1e-6
END

# A pipe is what the other one is, from either side.
"$gingham" compare a.y4m - --json <b.y4m >"$out" 2>"$err"
sed 's/standard input/b.y4m/' "$out" | cmp -s - clip.json || failed 'the same from a pipe expected'
"$gingham" compare - b.y4m --json <a.y4m >"$out" 2>"$err"
sed 's/standard input/a.y4m/' "$out" | cmp -s - clip.json || failed 'the same from a pipe expected'

# Grey clips are measured as grey pictures are; 16 bits as 8, with samples 257 times as large.
frame() { tail -c $((176 * 170)) "$1"; }
clip g.y4m 'YUV4MPEG2 W176 H170 F25:1 Cmono XCOLORRANGE=FULL' 1 1
clip h.y4m 'YUV4MPEG2 W176 H170 F25:1 Cmono XCOLORRANGE=FULL' 1 2
clip g16.y4m 'YUV4MPEG2 W176 H170 F25:1 Cmono16' 1 1
clip h16.y4m 'YUV4MPEG2 W176 H170 F25:1 Cmono16' 1 2
for name in g h; do
    { printf 'P5 176 170 255\n' && frame $name.y4m; } >$name.pgm
done
run compare g.pgm h.pgm --json
picture=$(sed 's/.*"psnr_rgb": \([0-9.]*\),.*"ssim_rgb": \([0-9.]*\), "ms_ssim_rgb": \([0-9.]*\),.*/\1 \2 \3/' "$out")
for depth in '' 16; do
    run compare g$depth.y4m h$depth.y4m --json
    found=$(sed 's/.*"psnr_y": \([0-9.]*\),.*"ssim_y": \([0-9.]*\),.*"ms_ssim_y": \([0-9.]*\),.*/\1 \2 \3/' "$out")
    echo "$picture $found" | awk '{ for (i = 1; i <= 3; i++) if ($i <= 0 || ($i - $(i + 3)) ^ 2 > 1e-12) exit 1 }' ||
        failed "$picture expected, not $found"
done

# Every kind, with itself: equal; the chroma planes have their sizes (a wrong one would not find the next frame).
for space in '' C420 C420jpeg C420mpeg2 C420paldv C422 C444 Cmono C420p10 C422p12 C444p16 C444p9 Cmono12; do
    clip c.y4m "YUV4MPEG2 W21 H15 F1:1 $space XCOLORRANGE=LIMITED" 2 3
    run compare c.y4m c.y4m
    expect_status 0
    expect_no_stderr
    expect_stdout ' limited range, 2 frames$'
    expect_stdout '^  Y  *inf  *inf  1.000000 '
done
expect_stdout ': 21x15, grey, 12 bits, '

# The first frames only; a line a frame.
clip short.y4m "$head C420jpeg" 2 2
run compare a.y4m short.y4m
expect_failure 4 'short.y4m: ends after 2 frames, the other clip does not'
run compare a.y4m short.y4m --frames 2 --per-frame
expect_status 0
expect_stdout '^frame 1: Y  [0-9.]*  0\.[0-9]*  -, U  '
expect_stdout ', 2 frames$'
run compare a.y4m short.y4m --frames 4
expect_failure 4 'ends after 2 frames'
run compare short.y4m short.y4m --frames 4
expect_failure 4 'has 2 frames only'

# The difference of equal clips is grey, and itself a clip of the same kind.
for space in C420jpeg C444p10; do
    clip c.y4m "YUV4MPEG2 W21 H15 F1:1 $space XCOLORRANGE=FULL" 2 3
    run compare c.y4m c.y4m --diff d.y4m
    expect_status 0
    cp d.y4m e.y4m
    run compare d.y4m e.y4m
    expect_stdout ', full range, 2 frames$'
done
[ "$(tail -c +10 d.y4m | tr -d '\000' | tr -cd '\002' | wc -c)" -eq $((2 * 3 * 21 * 15)) ] || failed 'grey expected'
printf 'YUV4MPEG2 W2 H1 C444\nFRAME\n\12\144\310\1\2\3' >one.y4m
printf 'YUV4MPEG2 W2 H1 C444\nFRAME\n\13\143\11\1\2\377' >two.y4m
run compare one.y4m two.y4m -d d.y4m --gain 10
printf '\212\166\000\200\200\377' >wanted
tail -c 6 d.y4m >found
expect_same found wanted

# What differs in kind is not compared, and a picture is no clip.
refused() {
    clip c.y4m "$2" 3 1
    run compare a.y4m c.y4m
    expect_failure 4 "c.y4m: $1"
}
refused 'is 36x36, but the original 48x36' 'YUV4MPEG2 W36 H36 C420jpeg'
refused 'is 4:4:4, but the original 4:2:0' 'YUV4MPEG2 W48 H36 C444'
refused 'has 10 bits a sample, but the original 8' 'YUV4MPEG2 W48 H36 C420p10'
clip l.y4m "$head C420jpeg XCOLORRANGE=LIMITED" 3 1
clip f.y4m "$head C420jpeg XCOLORRANGE=FULL" 3 1
run compare l.y4m f.y4m
expect_failure 4 'has samples of full range, but the original of limited range'
clip m.y4m "$head C420mpeg2" 3 2
run compare a.y4m m.y4m
expect_status 0
expect_stderr 'm.y4m: warning: is 4:2:0 with left chroma, the original 4:2:0'
run compare a.y4m "$images/rgb.png"
expect_failure 4 'rgb.png: is not a Y4M clip'
run compare "$images/rgb.png" "$images/rgb.png" --frames 1
expect_failure 2 'are for clips'
run compare a.y4m b.y4m --diff d.png
expect_failure 2 'd.png: the difference of clips is a clip'
run compare a.y4m b.y4m --diff b.y4m
expect_failure 2 'b.y4m: is the input as well'
run compare a.y4m b.y4m --limit-pixels 1000
expect_failure 8 'more than 1000 pixels'
for frames in 0 -1 x ''; do
    run compare a.y4m b.y4m --frames "$frames"
    expect_failure 2 'a whole number of frames'
done

# Damaged headers and frames; nothing of a difference is left.
empty=$(printf 'YUV4MPEG2 W2 H1 Cmono')
damaged() {
    printf "$2" >bad.y4m
    run compare bad.y4m bad.y4m --diff bad-diff.y4m
    expect_failure "$3" "bad.y4m: $1"
    [ ! -e bad-diff.y4m ] || failed 'no difference expected'
}
damaged 'damaged Y4M: the header has no width' 'YUV4MPEG2 W2\n' 4
damaged "damaged Y4M: 'W-2' is no size" 'YUV4MPEG2 W-2 H1\n' 4
damaged "damaged Y4M: 'H0' is no size" 'YUV4MPEG2 W2 H0\n' 4
damaged "damaged Y4M: 'W' is no size" 'YUV4MPEG2 W H1\n' 4
damaged 'has frames of more than 65535 pixels a side' 'YUV4MPEG2 W99999999999 H1\n' 8
damaged 'damaged Y4M: the file ends within a header' 'YUV4MPEG2 W2 H1' 4
damaged 'its samples are 411' 'YUV4MPEG2 W2 H1 C411\nFRAME\n' 4
damaged 'its samples are 444alpha' 'YUV4MPEG2 W2 H1 C444alpha\nFRAME\n' 4
damaged 'its samples are 420p17' 'YUV4MPEG2 W2 H1 C420p17\nFRAME\n' 4
damaged 'has no frames' "$empty\n" 4
damaged 'damaged Y4M: the file ends within frame 2' "$empty\nFRAME\n12FRAME\n1" 4
damaged 'damaged Y4M: no frame begins after frame 1' "$empty\nFRAME\n12\nFRAME\n12" 4
damaged 'damaged Y4M: a sample of frame 1 is above 1023' 'YUV4MPEG2 W2 H1 Cmono10\nFRAME\n\377\3\000\4' 4

finish
