#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Usage: tests/qtest/machine.sh FOLDER [QEMU ARGUMENT...]
#
# Becomes a QEMU whose processor has nothing to do: its devices are driven from outside, by
# programs that name them qtest:FOLDER/ADDRESS. FOLDER is made, and gets
#   qtest     the socket for registers; one program at a time
#   qmp       QEMU's machine monitor
#   ram       2 GiB of memory, of which only what is used takes room
#   trace     what QEMU's -trace prints, if requested
# The machine is q35 unless an argument is -M. Whatever QEMU has to log goes to stderr.
set -euo pipefail
folder=${1:?a folder is needed; see the top of $0}
shift
machine=(-M q35)
for word in "$@"; do
	[ "$word" != -M ] || machine=()
done

mkdir -p "$folder"
# The processor starts 16 bytes below the end: cli; hlt; jmp back to the hlt.
{
	head -c $((65536 - 16)) /dev/zero
	printf '\xfa\xf4\xeb\xfd'
	head -c 12 /dev/zero
} >"$folder/halt.bin"
exec qemu-system-x86_64 -accel tcg "${machine[@]}" -nodefaults -display none -bios "$folder/halt.bin" -m 2G \
	-object "memory-backend-file,id=ram,size=2G,mem-path=$folder/ram,share=on" -machine memory-backend=ram \
	-qtest "unix:$folder/qtest,server=on,wait=off" -qtest-log /dev/null \
	-qmp "unix:$folder/qmp,server=on,wait=off" "$@"
