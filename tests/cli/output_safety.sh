# Outputs are whole or absent, and temporary files never stay.
. "$(dirname "$0")/lib.sh"

run encode "$images/rgb.png" no-such-folder/a.ghm
expect_failure 7 'no-such-folder'
mkdir directory
run encode "$images/rgb.png" directory
expect_failure 7 'directory'
expect_folder directory
rmdir directory

# Permissions do not stop root.
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked
    chmod 500 locked
    run encode "$images/rgb.png" locked/a.ghm
    expect_failure 7 'Permission denied'
    chmod 700 locked
    rmdir locked
    echo old >protected.ghm
    chmod 400 protected.ghm
    run encode "$images/rgb.png" protected.ghm
    expect_failure 7 'Permission denied'
    rm -f protected.ghm
fi

# A device is written directly and stays a device.
run encode "$images/rgb.png" /dev/null
expect_status 0
[ -c /dev/null ] || failed '/dev/null should be a device'
if [ -c /dev/full ]; then
    run encode "$images/rgb.png" /dev/full
    expect_failure 7 '/dev/full'
fi

# A limit on the size of files is a write error like a full disk, and one on processor time a signal like others.
last='encode with ulimit -f'
(
    ulimit -f 4
    exec "$gingham" encode "$images/crop-256x192.png" --lossless limited.ghm
) >"$out" 2>"$err"
status=$?
expect_failure 7 'limited.ghm: cannot be written: File too large'
expect_folder

# A failed run leaves the old output.
echo old >a.ghm
run encode "$images/truncated.png" a.ghm
[ "$(cat a.ghm)" = old ] || failed 'a.ghm should be untouched'
expect_folder a.ghm
empty_folder

# A picture large enough to be encoding for a while, and a signal in the middle.
{
    printf 'P6\n4000 3000\n255\n'
    head -c 36000000 /dev/zero
} >"$work/large.ppm"
for signal in TERM INT XCPU; do
    last="encode, then SIG$signal"
    # A shell without job control starts background jobs with SIGINT ignored; python3 undoes that.
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
os.execv(sys.argv[1], sys.argv[1:])' "$gingham" encode "$work/large.ppm" a.ghm -j 1 --backend c >"$out" 2>"$err" &
    process=$!
    tries=0
    while [ -z "$(find . -name '.gingham-*')" ] && [ $tries -lt 500 ] && kill -0 $process 2>/dev/null; do
        tries=$((tries + 1))
        sleep 0.01
    done
    kill -s $signal $process 2>/dev/null
    wait $process
    status=$?
    # A machine that had finished by then has written everything.
    if [ $status -eq 0 ]; then
        expect_folder a.ghm
    else
        [ $status -gt 128 ] || failed 'death by the signal expected'
        expect_folder
    fi
    empty_folder
done

finish
