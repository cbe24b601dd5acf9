# Completion: bash completes with what the script offers; zsh and fish parse theirs, where they are installed.
. "$(dirname "$0")/lib.sh"

run completion bash
expect_status 0
expect_no_stderr
cp "$out" completion.bash
mkdir folder
: >folder.ghm

# What bash offers for the words, the last of which is being typed; read from the function as readline calls it.
offers() {
    last="completing: gingham $*"
    bash -c '
        compopt() { :; }
        . ./completion.bash
        COMP_WORDS=(gingham "$@")
        COMP_CWORD=$#
        _gingham
        printf "%s\n" "${COMPREPLY[@]}"' bash "$@" >"$out" 2>"$err"
    status=$?
    expect_status 0
    expect_no_stderr
}
expect_words() {
    [ "$(tr '\n' ' ' <"$out" | sed 's/ *$//')" = "$*" ] || failed "'$*' expected"
}

offers enc
expect_words encode
offers de
expect_words decode
offers help bd
expect_words bdrate
offers encode --no-p
expect_words --no-picture-hash
offers decode --format pn
expect_words png
offers decode --format = j
expect_words jpeg
offers decode a.ghm --backend bl
expect_words blas
offers model info --backend avx
expect_words avx2 avx512 avxvnni
offers encode --backend ne
expect_words neon
offers encode --profile fa
expect_words fast
offers eval --profile fa
expect_words fast
offers encode --output fol
expect_words
offers model l
expect_words list
offers model in
expect_words info
offers completion ''
expect_words bash zsh fish
offers encode pic
expect_words

# Every option that --help lists, and no other.
for command in encode decode info model eval compare bdrate bench; do
    offers $command --
    sort "$out" >offered
    "$gingham" $command --help | sed -n 's/^  .\{4\}\(--[a-z-]*\).*/\1/p' | sort >listed
    last="completing: gingham $command --"
    expect_same offered listed
done

run completion zsh
expect_stdout '^#compdef gingham'
if command -v zsh >/dev/null; then zsh -n "$out" || failed 'zsh should parse it'; fi
run completion fish
expect_stdout '^complete -c gingham'
if command -v fish >/dev/null; then
    fish -n "$out" || failed 'fish should parse it'
    cp "$out" completion.fish
    offered=$(fish -c 'source completion.fish; complete -C "gingham decode --format j"' | cut -f1)
    [ "$offered" = jpeg ] || failed "fish should offer formats, not '$offered'"
fi

run completion tcsh
expect_failure 2 'bash, zsh and fish'
run completion
expect_failure 2 'bash, zsh and fish'

finish
