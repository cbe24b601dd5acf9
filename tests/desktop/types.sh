# 'file' and shared-mime-info know a stream by its first bytes.
#
#   sh types.sh GINGHAM IMAGES DESKTOP
. "$(dirname "$0")/../cli/lib.sh"
desktop=$3

run encode "$images/rgb.png" photo.ghm
cp photo.ghm nameless
if command -v file >/dev/null; then
    last='file -m gingham.magic nameless'
    file -m "$desktop/gingham.magic" nameless >"$out" 2>"$err"
    expect_stdout '^nameless: Gingham image data, version 1$'
    expect_no_stderr
    [ "$(file -b --mime-type -m "$desktop/gingham.magic" nameless)" = image/x-gingham ] || failed 'image/x-gingham expected'
    file -m "$desktop/gingham.magic" "$images/rgb.png" >"$out"
    grep -q Gingham "$out" && failed 'a PNG is not a Gingham image'
    run encode "$images/alpha-translucent.png" alpha.ghm
    file -m "$desktop/gingham.magic" alpha.ghm >"$out"
    expect_stdout 'with alpha'
else
    echo "skipped: file is not installed"
fi

if command -v update-mime-database >/dev/null; then
    export XDG_DATA_HOME="$work/data" XDG_DATA_DIRS="$work/data"
    mkdir -p "$XDG_DATA_HOME/mime/packages"
    cp "$desktop/gingham-mime.xml" "$XDG_DATA_HOME/mime/packages/"
    last=update-mime-database
    update-mime-database "$XDG_DATA_HOME/mime" >"$out" 2>"$err" || failed 'the database should be made'
    grep -q 'image/x-gingham:\*\.ghm' "$XDG_DATA_HOME/mime/globs2" || failed 'the suffix expected'
    if command -v gio >/dev/null; then
        last='gio info nameless'
        gio info -a standard::content-type nameless >"$out" 2>"$err"
        expect_stdout 'image/x-gingham'
    fi
else
    echo "skipped: shared-mime-info is not installed"
fi

finish
