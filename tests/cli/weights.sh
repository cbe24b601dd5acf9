# Other weights than the built-in ones: named by streams, demanded by decoders.
. "$(dirname "$0")/lib.sh"
weights=$images/../parity/test.ghmw
id=$("$gingham" model info "$weights" --json | sed 's/.*"id": "\([0-9a-f]*\)".*/\1/')

run model info "$weights"
expect_status 0
expect_stdout "$id"

# Encoded with them, a picture comes back with them, through every backend.
run encode "$images/rgb.png" -o a.ghm --model "$weights"
expect_status 0
run info a.ghm --json
expect_stdout "\"model_id\": \"$id\""
for backend in c blas auto; do
    run decode a.ghm -o "$backend.ppm" --model "$weights" --backend "$backend"
    expect_status 0
done
expect_same c.ppm blas.ppm
expect_same c.ppm auto.ppm

# Without them it does not, in either direction, and says which weights it needs.
run decode a.ghm -o b.png
expect_failure 6 "$id"
run encode "$images/rgb.png" -o c.ghm
run decode c.ghm -o b.png --model "$weights"
expect_failure 6 "$id"

# Damaged weights are refused before anything is written.
head -c 5000 "$weights" >damaged.ghmw
run encode "$images/rgb.png" -o d.ghm --model damaged.ghmw
expect_failure 6 damaged.ghmw
expect_folder a.ghm c.ghm auto.ppm blas.ppm c.ppm damaged.ghmw

finish
