# lib.sh - sourced by the tests that spread a corpus over processes.
#
#   sh TEST.sh GINGHAM
#
# Makes a corpus of $n_pictures pictures, and has the checks.

gingham=$(realpath "$1")
if [ ! -x "$gingham" ]; then
    echo "usage: $0 GINGHAM" >&2
    exit 2
fi
n_pictures=27

skip() {
    echo "skipped: $1"
    exit 77
}

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

# Pictures of smooth colours, each different. Those of the shards 1 and 4 of 8 are larger, so that there is time to end
# their workers.
make_corpus() {
    python3 - "$1" <<'PYTHON'
import os, sys
for i in range(27):
    w, h = (1200, 900 - i) if i % 8 in (1, 4) else (96 + 8 * i, 64 + 4 * i)
    folder = os.path.join(sys.argv[1], 'abc'[i // 9])
    os.makedirs(folder, exist_ok=True)
    rows = b''.join(bytes(v for x in range(w) for v in ((x + 9 * i) % 256, (x + y) // 8 % 256, (y * i) % 256))
                    for y in range(0, h))
    with open(os.path.join(folder, f'{i:02}.ppm'), 'wb') as f:
        f.write(b'P6\n%d %d\n255\n' % (w, h) + rows)
PYTHON
}

# Every picture has a whole stream, no temporary file is left, and no log has done any picture twice.
expect_all_done_once() {
    [ -z "$(find "$1" -name '.gingham-*')" ] || fail "no temporary files expected in $1"
    [ "$(find "$1" -name '*.ghm' | wc -l)" -eq $n_pictures ] || fail "$n_pictures streams expected in $1"
    find "$1" -name '*.ghm' -exec "$gingham" info {} + >/dev/null || fail "sound streams expected in $1"
    twice=$(cat "$2"/*.jsonl | grep '"status": "done"' | sed 's/, "input".*//' | sort | uniq -d)
    [ -z "$twice" ] || fail "done twice: $twice"
    [ "$(cat "$2"/*.jsonl | grep -v '"status": "failed"' | sed 's/, "input".*//' | sort -u | wc -l)" -eq $n_pictures ] ||
        fail "$n_pictures pictures expected in the logs"
}

# The files of both folders are equal.
expect_same_streams() { diff -r "$1" "$2" >/dev/null || fail "$1 and $2 should hold the same streams"; }

# The process that encodes the shard to the folder, if any.
find_worker() { pgrep -f "^$gingham encode .*--out-dir $1 .*--shard $2 " | head -n 1; }

now() { date +%s.%N; }
report() { python3 -c "print('$1: %.2f s' % ($3 - $2))"; }
