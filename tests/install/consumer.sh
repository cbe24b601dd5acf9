#!/bin/sh
# Install into a folder of our own, build the consumer there by find_package and one example by pkg-config, run them:
# consumer.sh CMAKE BUILD SOURCE CC SANITIZERS (with which there is no C++: its compiler may have others)
set -eu
cmake=$1 build=$2 source=$3 cc=$4 sanitize=$(printf %s "$5" | tr ';' ',')
here=$source/tests/install
work=$(mktemp -d "${TMPDIR:-/tmp}/gingham-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
flags=${sanitize:+-fsanitize=$sanitize}

"$cmake" --install "$build" --prefix "$work/tree" >"$work/log"
"$cmake" -S "$here/consumer" -B "$work/build" "-DCMAKE_PREFIX_PATH=$work/tree" "-DCMAKE_C_COMPILER=$cc" "-DEXAMPLES=$source/codec/examples" \
    "-DCMAKE_C_FLAGS=$flags" "-DWITH_CXX=$([ -n "$sanitize" ] && echo OFF || echo ON)" >>"$work/log" || { cat "$work/log"; exit 1; }
"$cmake" --build "$work/build" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
if grep -i 'warning:' "$work/log"; then exit 1; fi
LD_LIBRARY_PATH=$(dirname "$(find "$work/tree" -name 'libgingham.*' | head -n 1)")
export LD_LIBRARY_PATH
sh "$here/examples.sh" "$work/build" "$source/testdata/images"
[ ! -x "$work/build/example_one_call_cxx" ] || "$work/build/example_one_call_cxx"

# Paths inside the .pc file are those of the configured prefix; a moved tree says so.
pc=$(find "$work/tree" -name gingham.pc)
PKG_CONFIG_PATH=$(dirname "$pc") && export PKG_CONFIG_PATH
cflags=$(pkg-config --define-variable=prefix="$work/tree" --cflags gingham)
libs=$(pkg-config --define-variable=prefix="$work/tree" --static --libs gingham)
"$cc" -std=c99 $flags $cflags "$source/codec/examples/one_call.c" -o "$work/one_call" $libs
"$work/one_call"
# Each public header compiles alone.
for header in "$work"/tree/include/gingham/*.h; do
    "$cc" -std=c99 -Wall -Wextra -pedantic-errors -Werror -fsyntax-only -x c $cflags "$header"
    [ -z "$(command -v c++)" ] || c++ -Wall -Wextra -Werror -fsyntax-only -x c++ $cflags "$header"
done
