# lib.sh - sourced by every test of the command line.
#
#   sh THEME.sh GINGHAM IMAGES
#
# A test runs the command through `run`, then states what it expects of $status, the files `out` and `err`, and the
# folder. The first unmet expectation is not the end: all are counted and the script's exit status says whether any.

gingham=$1
images=$2
if [ ! -x "$gingham" ] || [ ! -d "$images" ]; then
    echo "usage: $0 GINGHAM IMAGES" >&2
    exit 2
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/gingham-cli.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/folder"
cd "$work/folder" || exit 2
out=$work/out err=$work/err
failures=0 last='' status=0

# Run the command; its stdin is empty unless redirected.
run() {
    last="gingham $*"
    "$gingham" "$@" >"$out" 2>"$err" </dev/null
    status=$?
}

failed() {
    failures=$((failures + 1))
    {
        printf 'FAILED: %s\n  command: %s\n  status:  %s\n' "$1" "$last" "$status"
        sed 's/^/  stdout:  /' "$out" | head -n 5
        sed 's/^/  stderr:  /' "$err" | head -n 5
    } >&2
}

expect_status() { [ "$status" -eq "$1" ] || failed "exit status $1 expected"; }
expect_stdout() { grep -q -e "$1" "$out" || failed "'$1' expected on stdout"; }
expect_stderr() { grep -q -e "$1" "$err" || failed "'$1' expected on stderr"; }
expect_no_stdout() { [ ! -s "$out" ] || failed "nothing expected on stdout"; }
expect_no_stderr() { [ ! -s "$err" ] || failed "nothing expected on stderr"; }
expect_file() { [ -s "$1" ] || failed "file $1 expected"; }
expect_same() { cmp -s "$1" "$2" || failed "$1 and $2 should be equal"; }

# The folder holds exactly these names, hidden ones included.
expect_folder() {
    found=$(find . -mindepth 1 | sed 's,^\./,,' | LC_ALL=C sort | tr '\n' ' ')
    wanted=$(for name in "$@"; do echo "$name"; done | LC_ALL=C sort | tr '\n' ' ')
    [ "$found" = "$wanted" ] || failed "folder holds '$found', expected '$wanted'"
}

# A failure with this status and one line of explanation, naming $2, and nothing on stdout.
expect_failure() {
    expect_status "$1"
    expect_stderr "^gingham: .*$2"
    expect_no_stdout
    [ "$(wc -l <"$err")" -eq 1 ] || failed "one line expected on stderr"
}

empty_folder() { find . -mindepth 1 -delete; }

finish() {
    [ "$failures" -eq 0 ] || echo "$0: $failures expectation(s) unmet" >&2
    [ "$failures" -eq 0 ]
    exit
}
