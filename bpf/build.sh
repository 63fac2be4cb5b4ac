#!/bin/sh
# Compiles bpf/*.bpf.c to build/bpf/*.bpf.o. Needs clang and libbpf's headers; nothing of it is needed where the program runs.
set -e
cd "$(dirname "$(readlink -f "$0")")"
out=../build/bpf
mkdir -p "$out"
multiarch=/usr/include/$(uname -m)-linux-gnu
for source in *.bpf.c; do
	object=$out/${source%.c}.o
	clang -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Werror -I"$multiarch" -c "$source" -o "$object.new"
	if command -v llvm-strip >/dev/null; then llvm-strip -g "$object.new"; fi
	mv "$object.new" "$object"
done
