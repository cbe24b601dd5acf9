# Help and version: on stdout, status 0.
. "$(dirname "$0")/lib.sh"

for arguments in --help -h help 'help help'; do
    run $arguments
    expect_status 0
    expect_stdout '^Usage: gingham COMMAND'
    expect_no_stderr
done

for command in encode decode info model eval compare bdrate bench completion; do
    run $command --help
    expect_status 0
    expect_stdout "^Usage: gingham $command"
    expect_no_stderr
    cp "$out" ../complete
    run help $command
    expect_same "$out" ../complete
    run $command -h
    expect_status 0
    expect_stdout "^Usage: gingham $command"
    awk 'length > 79 { exit 1 }' ../complete || failed 'lines of at most 79 columns expected'
done

run encode -h
expect_stdout '--quality Q'
grep -q -e --limit-pixels "$out" && failed '-h should be short'
run encode --help
expect_stdout '--limit-pixels N'
expect_stdout 'default: 60'

for arguments in --version -V; do
    run $arguments
    expect_status 0
    head -n 1 "$out" | grep -Eqx 'gingham [0-9]+\.[0-9]+\.[0-9]+' || failed 'gingham X.Y.Z expected first'
    expect_stdout '^reads: PNG, JPEG.* or PNM$'
    expect_stdout '^backends: c'
    expect_stdout '^profiles: .*fast'
    expect_stdout '^weights: .* [0-9a-f]\{16\}'
done

expect_folder
finish
