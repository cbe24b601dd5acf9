# A corpus over GNU parallel: the commands of cli/BATCHES.md, a killed worker, and all of it once more.
. "$(dirname "$0")/lib.sh"
command -v parallel >/dev/null || skip "GNU parallel is not installed (Debian package: parallel)"
parallel --version 2>/dev/null | grep -q GNU || skip "'parallel' is not GNU parallel"

work=$(mktemp -d "${TMPDIR:-/tmp}/gingham-parallel.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
export HOME="$work" # parallel keeps its citation notice there
make_corpus corpus

over_parallel() { # OUT_DIR LOGS JOBS
    seq 0 7 | parallel --will-cite -j "$3" \
        "$gingham" encode corpus --out-dir "$1" --log "$2/{}.jsonl" --shard {}/8 -j 1 --quiet
}

echo "== one after the other, then two at a time"
start=$(now)
"$gingham" encode corpus --out-dir reference -j 1 --quiet || fail "the reference"
middle=$(now)
report 'one process' "$start" "$middle"
over_parallel out logs 2 || fail "two at a time"
report 'eight shards, two at a time' "$middle" "$(now)"
expect_all_done_once out logs
expect_same_streams reference out

echo "== once more: nothing is done again"
over_parallel out again 2 || fail "once more"
[ "$(cat again/*.jsonl | grep -c '"status": "skipped"')" -eq $n_pictures ] || fail "all skipped expected"

echo "== a worker is killed, then the command is given again"
seq 0 7 | parallel --will-cite -j 2 \
    "$gingham" encode corpus --out-dir "$work/killed" --log "killed-logs/{}.jsonl" --shard {}/8 -j 1 --quiet --backend c 2>/dev/null &
parallel=$!
worker=
for try in $(seq 1000); do
    worker=$(find_worker "$work/killed" 4/8)
    [ -z "$worker" ] || break
    sleep 0.01
done
[ -n "$worker" ] || fail "no worker seen"
kill -KILL "$worker" 2>/dev/null
wait $parallel && echo "(the worker had ended before it was killed)"
[ "$(grep -c . killed-logs/4.jsonl)" -lt 3 ] || echo "(the worker had done its shard)"
find killed -name '.gingham-*' -delete # what a killed worker leaves behind
over_parallel "$work/killed" killed-logs 2 || fail "the second time"
expect_all_done_once killed killed-logs
expect_same_streams reference killed
echo "passed"
