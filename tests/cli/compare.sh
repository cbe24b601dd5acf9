# gingham compare: values, equal and small pictures, the difference picture, refusals. That the values are right is
# tested in tests/unit/test_metrics.c.
. "$(dirname "$0")/lib.sh"

run encode "$images/crop-256x192.png" a.ghm --psnr --json
psnr=$(sed 's/.*"psnr_rgb": \([0-9.]*\).*/\1/' "$out")
run decode a.ghm a.png
run compare "$images/crop-256x192.png" a.png
expect_status 0
expect_no_stderr
expect_stdout '^a.png against .*crop-256x192.png: 256x192$'
expect_stdout '^  PSNR-RGB  *[0-9.]* dB$'
expect_stdout '^  PSNR-YUV  *[0-9.]* dB, BT.709, weights 6:1:1 (Y '
expect_stdout '^  SSIM-RGB  *0\.[0-9]*, [0-9.]* dB$'
expect_stdout '^  MS-SSIM-RGB  *0\.[0-9]*, [0-9.]* dB$'
run compare "$images/crop-256x192.png" a.png --json
expect_stdout "\"psnr_rgb\": $psnr,"
python3 -m json.tool "$out" >/dev/null || failed 'JSON expected'

# Another format and a pipe.
run decode a.ghm a.ppm
"$gingham" compare "$images/crop-256x192.png" - --json <a.ppm >"$out" 2>"$err"
expect_stdout "\"psnr_rgb\": $psnr,"

# Equal, and too small for MS-SSIM or for both.
run compare "$images/rgb.png" "$images/interlaced.png"
expect_status 0
expect_stdout 'PSNR-RGB  *inf dB'
expect_stdout ' SSIM-RGB  *1.000000, inf dB'
expect_stdout 'MS-SSIM-RGB  *none'
run compare "$images/rgb-1x1.png" "$images/rgb-1x1.png" --json
expect_status 0
expect_stdout '"psnr_rgb": null, .*"ssim_rgb": null, "ms_ssim_rgb": null'
python3 -m json.tool "$out" >/dev/null || failed 'JSON expected'

# The difference of equal pictures is grey; the two sides of the difference are.
empty_folder
run compare "$images/rgb.png" "$images/interlaced.png" --diff d.ppm
expect_status 0
expect_folder d.ppm
[ "$(tail -c $((48 * 36 * 3)) d.ppm | tr -d '\200' | wc -c)" -eq 0 ] || failed 'grey expected'
printf 'P6 1 1 255\n\12\144\310' >one.ppm
printf 'P6 1 1 255\n\13\143\11' >two.ppm
run compare one.ppm two.ppm -d d.ppm --gain 10
printf 'P6\n1 1\n255\n\212\166\000' >wanted.ppm
expect_same d.ppm wanted.ppm

run compare "$images/rgb.png" "$images/rgb-17x13.ppm"
expect_failure 4 'is 17x13, but the original 48x36'
run compare "$images/rgb.png"
expect_failure 2 'an original and a picture are needed'
run compare one.ppm two.ppm one.ppm
expect_failure 2 'two pictures'
run compare one.ppm two.ppm --diff d.gif
expect_failure 2 'd.gif'
run compare one.ppm two.ppm --diff two.ppm
expect_failure 2 'two.ppm: is the input as well'
run compare one.ppm missing.ppm
expect_failure 3 'missing.ppm'
run compare one.ppm two.ppm --diff no/folder.png
expect_failure 7 'no/folder.png'
for gain in 0 -1 x '' nan; do
    run compare one.ppm two.ppm --gain "$gain"
    expect_failure 2 'a positive number'
done

finish
