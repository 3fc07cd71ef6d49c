#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Disks that hardly are any, natively, on a QEMU without a guest: with control characters in the
# serial number, empty, smaller than a block, without an interrupt, and one that shrinks to nothing.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/tests/lib/cases.sh"
source "$root/tests/interop/fixtures/qemu_machine.sh"
plan 17
scratch=$(mktemp -d)
trap '[ -z "$machine_pid" ] || stop_machine; rm -rf "$scratch"' EXIT

# blk VERB DEVICE [OPTION...]
blk() {
	local verb=$1 device=$2
	shift 2

	timeout 60 "$root/build/tests/qtest/qtest-blk" "$verb" "${eal[@]}" -- --dev "qtest:$machine/00:$device" "$@"
}

# ends STATUS TEXT COMMAND...: with that status, and prints TEXT.
ends() {
	local expected=$1 word=$2 status=0 text
	shift 2

	text=$("$@" 2>&1) || status=$?
	echo "status $status: $text"
	[ "$status" = "$expected" ] && [[ $text == *"$word"* ]]
}

# No byte of the output controls a terminal, and all of it is UTF-8.
is_harmless() {
	"$@" >"$scratch/out" 2>&1 || return
	iconv -f UTF-8 -t UTF-8 "$scratch/out" >/dev/null && ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$scratch/out"
}

shown='a\x1b[31mb\x9b\xff"'

info_is_harmless() {
	is_harmless blk info 03.0 --json "$scratch/info.json" && grep -F "$shown" "$scratch/out" &&
		json "$scratch/info.json" "d['serial'] == r'$shown' and d['exit_status'] == 0"
}

id_is_harmless() {
	is_harmless blk id 03.0 --json - && grep -F "$shown" "$scratch/out"
}

info_has() {
	local device=$1 text=$2 test=$3

	blk info "$device" --json "$scratch/info.json" | tee "$scratch/out" && grep -F "$text" "$scratch/out" &&
		json "$scratch/info.json" "$test"
}

resize() {
	"$root/tests/guest/lib/verify.py" resize "$machine/qmp" "$1" "$2"
}

# begin_load VERB DEVICE [OPTION...]: in the background, with its process in $load. Not before the
# next call is_written can hold.
begin_load() {
	touch "$scratch/begun"
	blk "$@" 2>"$scratch/log" &
	load=$!
}

# is_written FILE: by the load.
is_written() {
	[ "$1" -nt "$scratch/begun" ]
}

# grows_without_interrupt STATUS VERB DEVICE [OPTION...]: it ends with that status, by a signal.
grows_without_interrupt() {
	local load status=0 expected=$1
	shift

	begin_load "$@"
	wait_for is_written "$scratch/quiet.raw" && resize quiet 134217728 &&
		wait_for grep "its capacity changed from 67108864 to 134217728 bytes" "$scratch/log" || expected=none
	kill -TERM "$(pgrep -P "$load")"
	wait "$load" || status=$?
	cat "$scratch/log"
	[ "$status" = "$expected" ]
}

# It ends soon after it has shrunk, not after its 40 s.
shrinks_to_nothing() {
	local load status=0 started

	begin_load perf 07.0 -t 40 -w randwrite --force --json "$scratch/perf.json"
	wait_for is_written "$scratch/shrinking.raw" || return
	started=$SECONDS
	resize shrinking 0
	wait "$load" || status=$?
	cat "$scratch/log"
	[ "$status" = 1 ] && [ $((SECONDS - started)) -lt 20 ] &&
		json "$scratch/perf.json" "d['exit_status'] == 1 and 'resized to 0 bytes' in d['error'] and d['requests'] > 0"
}

head -c 8192 /dev/urandom >"$scratch/noise"
: >"$scratch/empty.raw"
truncate -s 512 "$scratch/small.raw"
truncate -s 4608 "$scratch/tail.raw"
truncate -s 64M "$scratch/quiet.raw" "$scratch/shrinking.raw"
start_machine \
	-drive if=none,id=named,driver=null-co,size=64M,read-zeroes=on \
	-device $'virtio-blk-pci,drive=named,addr=3,disable-legacy=on,serial=a\e[31mb\x9b\xff"' \
	-drive "if=none,id=empty,format=raw,file=$scratch/empty.raw" \
	-device virtio-blk-pci,drive=empty,addr=4,disable-legacy=on \
	-drive "if=none,id=small,format=raw,file=$scratch/small.raw" \
	-device virtio-blk-pci,drive=small,addr=5,disable-legacy=on,logical_block_size=4096,physical_block_size=4096 \
	-drive "if=none,id=quiet,format=raw,file=$scratch/quiet.raw" \
	-device virtio-blk-pci,drive=quiet,addr=6,disable-legacy=on,vectors=0 \
	-drive "if=none,id=shrinking,format=raw,file=$scratch/shrinking.raw" \
	-device virtio-blk-pci,drive=shrinking,addr=7,disable-legacy=on \
	-drive "if=none,id=tail,format=raw,file=$scratch/tail.raw" \
	-device virtio-blk-pci,drive=tail,addr=8,disable-legacy=on,logical_block_size=4096,physical_block_size=4096
check "QEMU runs without a guest" machine_runs
check "a serial number can't control a terminal" info_is_harmless
check "nor does id let it" id_is_harmless
check "info of an empty disk" info_has 04.0 "the disk is empty" "d['capacity_bytes'] == 0 == d['tail_bytes']"
for verb in "perf -t 1" verify "copy --from $scratch/noise" "zero --force"; do
	# shellcheck disable=SC2086
	set -- $verb
	check "$1 of an empty disk" ends 1 "the disk is empty" blk "$1" 04.0 "${@:2}"
done
check "flush of an empty disk" blk flush 04.0
check "info of a disk smaller than a block" info_has 05.0 "512 bytes at the end, less than a block: the disk has no block" \
	"d['capacity_bytes'] == 0 and d['tail_bytes'] == 512"
check "perf of a disk smaller than a block" ends 1 "the disk has 512 bytes, less than one block of 4096" blk perf 05.0 -t 1
check "a part of a block at the end is not used" info_has 08.0 "unused       512 bytes at the end" \
	"d['capacity_bytes'] == 4096 and d['tail_bytes'] == 512"
check "a block that is no more" ends 2 "--offset=4096: the disk has only 4096 bytes; allowed: 0 to 0" \
	blk copy 08.0 --to "$scratch/back" --offset 4096
check "more blocks than there are" ends 2 "--size=8192: the disk has only 4096 bytes from --offset=0 on" \
	blk copy 08.0 --to "$scratch/back" --size 8192
check "without an interrupt: it grows while perf runs" grows_without_interrupt 0 perf 06.0 -t 50 -w randwrite --force
resize quiet 67108864
check "without an interrupt: it grows while verify runs" grows_without_interrupt 1 verify 06.0 --size 4M -t 50
check "a disk that shrinks to nothing while perf runs" shrinks_to_nothing
