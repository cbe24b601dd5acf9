# Through files and through pipes, with all backends and thread counts: the same bytes.
. "$(dirname "$0")/lib.sh"

picture=$images/crop-256x192.png
run encode "$picture" file.ghm -q 40 --verify
expect_status 0
expect_stdout '^file.ghm: 256x192, [0-9]* bytes, [0-9.]* bpp, .* dB, [0-9.]* s$'
run decode file.ghm file.ppm
expect_status 0
expect_stdout '^file.ppm: 256x192, picture hash verified'
head -c 15 file.ppm | head -n 2 | tail -n 1 | grep -qx '256 192' || failed 'a 256x192 PPM expected'

last='encode and decode in a pipe'
"$gingham" encode - -q 40 <"$picture" 2>"$err" | "$gingham" decode - --format ppm >pipe.ppm 2>>"$err"
expect_same file.ppm pipe.ppm
"$gingham" encode -q 40 "$picture" -o - 2>"$err" >pipe.ghm
expect_same file.ghm pipe.ghm
"$gingham" decode file.ghm - 2>"$err" >pipe.png
"$gingham" decode file.ghm file.png >"$out" 2>"$err"
expect_same file.png pipe.png

for backend in c blas avx2 avx512 avxvnni neon dotprod; do
    run encode "$picture" backend.ghm -q 40 --backend $backend
    if [ $status -eq 2 ]; then
        expect_stderr 'not available'
        continue
    fi
    run decode file.ghm backend.ppm --backend $backend -j 3
    expect_status 0
    expect_same file.ppm backend.ppm
done
run encode "$picture" threads.ghm -q 40 -j 3
expect_same file.ghm threads.ghm

run encode "$picture" nohash.ghm -q 40 --no-picture-hash
run decode nohash.ghm nohash.ppm
expect_stdout 'picture hash absent'
expect_same file.ppm nohash.ppm
run decode file.ghm ignored.ppm --no-verify
expect_stdout 'picture hash ignored'
expect_same file.ppm ignored.ppm

for quality in 0 0.5 33.3 1e2; do
    run encode "$images/rgb-17x13.ppm" q.ghm -q $quality
    expect_status 0
    run decode q.ghm q.ppm
    expect_status 0
done
for name in rgb-1x1.png rgb-17x13.ppm; do
    run encode "$images/$name" small.ghm
    expect_status 0
    run decode small.ghm small.png
    expect_status 0
done

finish
