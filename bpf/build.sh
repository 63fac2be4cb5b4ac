#!/bin/sh
# build.sh [FOLDER OUT]: compiles FOLDER/*.bpf.c to OUT/*.bpf.o (bpf/ to build/bpf/). Needs clang and libbpf's headers; nothing of it is
# needed where the program runs.
set -e
here=$(dirname "$(readlink -f "$0")")
cd "$here/.."
sources=${1:-bpf}
out=${2:-build/bpf}
mkdir -p "$out"
multiarch=/usr/include/$(uname -m)-linux-gnu
for source in "$sources"/*.bpf.c; do
	name=${source##*/}
	object=$out/${name%.c}.o
	clang -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Werror -I"$multiarch" -c "$source" -o "$object.new"
	if command -v llvm-strip >/dev/null; then llvm-strip -g "$object.new"; fi
	mv "$object.new" "$object"
done
