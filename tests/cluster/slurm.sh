# A corpus over a Slurm job array: two nodes on this machine, array.sbatch, one task told to end and one killed. Needs
# root, for the daemons; everything lives in a folder of its own, and the daemons end with the test.
. "$(dirname "$0")/lib.sh"
script=$(realpath "$(dirname "$0")/array.sbatch")
for program in slurmctld slurmd munged; do
    command -v $program >/dev/null || skip "$program is not installed (Debian packages: slurm-wlm munge)"
done
[ "$(id -u)" -eq 0 ] || skip "only root can start Slurm's daemons"

work=$(mktemp -d "${TMPDIR:-/tmp}/gingham-slurm.XXXXXX") || exit 2
export SLURM_CONF="$work/slurm.conf" # from here on, no other cluster is spoken to
daemons=
cleanup() {
    scancel --user=root 2>/dev/null && sleep 1 # jobs outlive the daemons
    # shellcheck disable=SC2086 # a list of words
    [ -z "$daemons" ] || kill $daemons 2>/dev/null
    wait
    pkill -KILL -f "slurmd .*-f $SLURM_CONF" # children of theirs that wait for a task
    rm -rf "$work"
}
trap cleanup EXIT
chmod 755 "$work" # mktemp's 700 is no place for munge's socket
cd "$work" || exit 2

# Ports that nobody listens on, so that two of these tests may run at once.
# shellcheck disable=SC2046 # three words
set -- $(python3 -c "
import socket
sockets = [socket.socket() for _ in range(3)]
for s in sockets: s.bind(('127.0.0.1', 0))
print(*(s.getsockname()[1] for s in sockets))")
host=$(hostname -s)
cat >slurm.conf <<CONF
ClusterName=gingham
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$1
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket,cred_expire=5
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool.%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.%n.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.%n.log
NodeName=n0 NodeHostname=$host NodeAddr=127.0.0.1 Port=$2 CPUs=1 State=UNKNOWN
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$3 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=n0,n1 Default=YES MaxTime=10 State=UP
CONF
mkdir state spool.n0 spool.n1
head -c 1024 /dev/urandom >munge.key
chmod 400 munge.key

munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munged.pid" \
    --log-file="$work/munged.log" --seed-file="$work/munge.seed" --num-threads=2 >munged.out 2>&1 &
daemons="$daemons $!"
for try in $(seq 100); do [ -S munge.socket ] && break; sleep 0.1; done
slurmctld -D -i >ctld.out 2>&1 &
daemons="$daemons $!"
for node in n0 n1; do
    slurmd -D -N $node -f "$SLURM_CONF" >$node.out 2>&1 &
    daemons="$daemons $!"
done
for try in $(seq 300); do
    [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ] && break
    sleep 0.1
done
if [ "$(sinfo -h -t idle -o %D)" != 2 ]; then
    tail -n 5 ctld.out n0.out n1.out slurmctld.log slurmd.n0.log munged.log 2>/dev/null
    skip "Slurm's daemons do not start on this machine"
fi
sinfo

submit() { # OUT_DIR LOGS [OPTION]... ; prints the id of the array
    sbatch --parsable --array=0-7 --output="$work/%A_%a.out" "$script" "$gingham" "$work/corpus" "$@"
}
wait_for() { # JOB
    for try in $(seq 1200); do
        [ -z "$(squeue -h -j "$1" 2>/dev/null)" ] && return
        sleep 0.1
    done
    squeue -l
    fail "job $1 should have ended"
}

make_corpus corpus
echo "== an array of eight tasks on two nodes"
start=$(now)
"$gingham" encode "$work/corpus" --out-dir reference -j 1 --quiet || fail "the reference"
middle=$(now)
report 'one process' "$start" "$middle"
job=$(submit "$work/out" "$work/logs")
wait_for "$job"
report 'eight tasks on two nodes' "$middle" "$(now)"
expect_all_done_once out logs
expect_same_streams reference out

echo "== the same array again: nothing is done twice"
job=$(submit "$work/out" "$work/again")
wait_for "$job"
[ "$(cat again/*.jsonl | grep -c '"status": "skipped"')" -eq $n_pictures ] || fail "all skipped expected"

echo "== one task is told to end, one is killed"
wait_for_line() { # LOG
    for try in $(seq 600); do
        [ ! -s "$1" ] || return 0
        sleep 0.1
    done
    fail "$1 expected"
}
job=$(submit "$work/ended" "$work/ended-logs" --backend c)
wait_for_line ended-logs/1.jsonl
scancel --signal=TERM "${job}_1" & # which takes until Slurm has heard of the end
wait_for_line ended-logs/4.jsonl
kill -KILL "$(find_worker "$work/ended" 4/8)" || fail "a worker of task 4 expected"
wait_for "$job"
grep -q 'the same command goes on from here' "$work/${job}_1.out" || fail "task 1 should have stopped between two files"
[ "$(grep -c . ended-logs/1.jsonl)" -ge 4 ] || fail "task 1 should have been queued again and gone on"
grep -q 'Killed' "$work/${job}_4.out" || fail "task 4 should have been killed"
find ended -name '.gingham-*' -delete # what a killed task leaves behind
job=$(submit "$work/ended" "$work/ended-logs")
wait_for "$job"
expect_all_done_once ended ended-logs
expect_same_streams reference ended
echo "passed"
