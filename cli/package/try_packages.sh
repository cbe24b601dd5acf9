#!/bin/sh
# Install the packages in a fresh Debian and use them: try_packages.sh FOLDER_OF_DEBS [CHROOT]. Needs root and debootstrap. Without
# CHROOT, an empty folder for one, a temporary one is made. Prints what the installation weighs. Where lintian is installed it looks at
# the packages first.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
debs=$(cd "$1" && pwd)
chroot=${2:-$(mktemp -d)}
[ -x "$chroot/usr/bin/dpkg" ] || debootstrap --variant=minbase bookworm "$chroot" http://deb.debian.org/debian >/dev/null
[ -n "${2:-}" ] || trap 'rm -rf "$chroot"' EXIT
mkdir -p "$chroot/debs" "$chroot/images"
cp "$debs"/*.deb "$chroot/debs/"
cp "$root"/testdata/images/kodim20.png "$chroot/images/"
inside() { chroot "$chroot" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }
installed_kib() { inside dpkg-query -W -f '${Installed-Size} ${Package}\n' | LC_ALL=C sort; }
added() { LC_ALL=C comm -13 "$chroot/before" "$chroot/after"; }

# Not looked for: addresses, which whoever distributes the packages gives by -DGHM_MAINTAINER, and bugs of Debian's that a first upload closes.
if command -v lintian >/dev/null; then
    echo "== lintian"
    lintian --fail-on error,warning --allow-root \
        --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog,initial-upload-closes-no-bugs "$debs"/*.deb
fi

echo "== the command: gingham and libgingham1 with what they depend on"
inside apt-get update -qq
installed_kib >"$chroot/before"
inside sh -c 'apt-get install -y -qq --no-install-recommends /debs/gingham_*.deb /debs/libgingham[0-9]*_*.deb' >/dev/null
installed_kib >"$chroot/after"
echo "packages added, KiB:"
added | sort -rn
added | awk '{ sum += $1 } END { printf "together %.1f MiB\n", sum / 1024 }'
inside sh -c 'for package in gingham libgingham1; do # what is stated, and what is there
    stated=$(dpkg-query -W -f "\${Installed-Size}" $package)
    found=$(dpkg-query -L $package | while read -r f; do [ -f "$f" ] && [ ! -L "$f" ] && stat -c %s "$f"; done |
        awk "{ kib += int((\$1 + 1023) / 1024) } END { print kib }")
    echo "$package: $stated KiB stated, $found KiB in files"
    [ "$stated" -ge "$found" ] && [ "$stated" -le $((found + 40)) ] || exit 1
done'
inside gingham --version
inside sh -c 'cd /images && gingham encode kodim20.png --verify && gingham decode kodim20.png.ghm && gingham compare kodim20.png kodim20.png.png'
inside sh -c 'test -s /usr/share/man/man1/gingham.1* || test ! -d /usr/share/man'
inside sh -c 'test -s /usr/share/bash-completion/completions/gingham && test -s /usr/share/mime/packages/gingham-mime.xml'

echo "== types, gdk-pixbuf, Python and development"
inside sh -c 'apt-get install -y -qq --no-install-recommends /debs/*.deb libgdk-pixbuf2.0-bin shared-mime-info file libglib2.0-bin gcc libc6-dev \
    pkg-config' >/dev/null
inside sh -ec 'cp /images/kodim20.png.ghm /images/without-suffix
    file -b -m /usr/share/gingham/gingham.magic /images/without-suffix
    [ "$(file -b --mime-type -m /usr/share/gingham/gingham.magic /images/without-suffix)" = image/x-gingham ]
    gio info -a standard::content-type /images/without-suffix | grep -q image/x-gingham'
inside gdk-pixbuf-thumbnailer -s 128 file:///images/kodim20.png.ghm /images/thumbnail.png
inside test -s /images/thumbnail.png
inside python3 -c "
import gingham
stream = open('/images/kodim20.png.ghm', 'rb').read()
print('python:', gingham.version(), gingham.decode(stream).shape, gingham.info(stream)['bpp'])"
inside sh -c 'cd /tmp && printf "#include <gingham/gingham.h>\n#include <stdio.h>\nint main(void) { puts(ghm_version()); }\n" >v.c &&
    cc v.c $(pkg-config --cflags --libs gingham) -o v && ./v'

echo "== removal leaves nothing"
inside sh -c 'apt-get purge -y -qq gingham libgingham1 libgingham-dev gingham-gdk-pixbuf python3-gingham' >/dev/null
left=$(find "$chroot/usr" -name '*gingham*' -not -path '*/__pycache__*')
[ -z "$left" ] || { echo "left behind: $left" >&2; exit 1; }
echo "passed"
