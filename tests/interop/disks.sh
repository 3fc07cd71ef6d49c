#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Disks that are not ordinary, natively, under the sanitizers, on a QEMU without a guest:
# read-only, of 4096-byte blocks, throttled beyond any deadline, with a bad sector, with four
# queues and rings from 16 to 1024, and one that grows under load. What was written is verified in
# the disk's file.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/tests/lib/cases.sh"
source "$root/tests/interop/fixtures/qemu_machine.sh"
plan 28
scratch=$(mktemp -d)
trap '[ -z "$machine_pid" ] || stop_machine; rm -rf "$scratch"' EXIT
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

# blk VERB DEVICE[,KEYS] [OPTION...]
blk() {
	local verb=$1 device=$2
	shift 2

	native blk "$verb" "${eal[@]}" -- --dev "qtest:$machine/00:$device" "$@"
}

# perf DEVICE TEST [OPTION...]: TEST is about the results, d.
perf() {
	local device=$1 test=$2
	shift 2

	blk perf "$device" --json "$scratch/perf.json" "$@" || return
	results "$test"
}

results() {
	json "$scratch/perf.json" "$1"
}

readonly clean="d['requests'] > 0 and d['errors'] == d['resets'] == d['watchdog_kicks'] == 0"

fails_with() {
	local word=$1 text
	shift

	! text=$("$@" 2>&1) && echo "$text" && grep -qF "$word" <<<"$text"
}

# What the deadline ends are errors; the device is reset, and the run goes on to its end.
deadline_is_kept() {
	local started=$SECONDS

	blk perf 05.0 --json "$scratch/perf.json" -q 8 -t 1 --timeout 300
	echo "it took $((SECONDS - started)) s"
	[ $((SECONDS - started)) -lt 20 ] && results "d['timeouts'] > 0 and d['resets'] > 0"
}

only_sector_2048_fails() {
	fails_with 'Input/output error' blk copy 06.0 --to "$scratch/bad" &&
		fails_with 'Input/output error' blk copy 06.0 --to "$scratch/bad" --offset 1M --size 512 &&
		blk copy 06.0 --to "$scratch/good" --size 1M &&
		blk copy 06.0 --to "$scratch/good" --offset $(((2048 + 1) * 512)) --size 1M
}

# No interrupt reports it here: the program reads the capacity about once a second.
grows_under_load() {
	local load status=0

	touch "$scratch/begun"
	blk perf 08.0 --json "$scratch/perf.json" -q 8 -t 60 -w randwrite --force 2>"$scratch/perf.txt" &
	load=$!
	wait_for [ "$scratch/growing.raw" -nt "$scratch/begun" ] &&
		"$root/tests/guest/lib/verify.py" resize "$machine/qmp" growing 134217728 &&
		wait_for grep -q 'its capacity changed from 67108864 to 134217728 bytes' "$scratch/perf.txt" || status=1
	kill -TERM "$(pgrep -P "$load")"
	wait "$load" || status=1
	cat "$scratch/perf.txt"
	[ "$status" = 0 ] && results "$clean" && blk info 08.0 | tee /dev/stderr | grep -q 134217728
}

# is_zero OFFSET SIZE: of the growing disk's file, both in MiB.
is_zero() {
	cmp -n $(($2 << 20)) <(tail -c +$((($1 << 20) + 1)) "$scratch/growing.raw") /dev/zero
}

writes_zeroes() {
	blk copy 08.0 --from "$scratch/noise" --force && cmp -n 4194304 "$scratch/noise" "$scratch/growing.raw" &&
		! is_zero 1 1 && blk zero 08.0 --offset 1M --size 1M --force && is_zero 1 1 &&
		cmp -i 2097152 -n 2097152 "$scratch/noise" "$scratch/growing.raw"
}

# room_taken: KiB on the host's disk. What is still to be written is written first: its extents
# take room too.
room_taken() {
	sync "$scratch/growing.raw" && du -k "$scratch/growing.raw" | cut -f 1
}

# To the bounds of a file system that keeps its own blocks beside the file's, 64 KiB at most.
discards() {
	local before after

	before=$(room_taken)
	blk discard 08.0 --offset 2M --size 2M --force && is_zero 2 2 || return
	after=$(room_taken)
	echo "it took $before KiB, it takes $after KiB"
	[ "$after" -le $((before - 2048 + 64)) ]
}

head -c 4M /dev/urandom >"$scratch/noise"
truncate -s 16M "$scratch/wide.raw" "$scratch/throttled.raw" "$scratch/bad.raw"
truncate -s 64M "$scratch/growing.raw"
printf '[inject-error]\nevent = "none"\niotype = "read"\nerrno = "5"\nsector = "2048"\n' >"$scratch/bad.conf"
start_machine \
	-drive if=none,id=ro,driver=null-co,size=64M,read-zeroes=on,read-only=on \
	-device virtio-blk-pci,drive=ro,addr=3,disable-legacy=on \
	-drive "if=none,id=wide,format=raw,file=$scratch/wide.raw" \
	-device virtio-blk-pci,drive=wide,addr=4,disable-legacy=on,logical_block_size=4096,physical_block_size=4096 \
	-drive "if=none,id=throttled,format=raw,file=$scratch/throttled.raw,throttling.iops-total=10" \
	-device virtio-blk-pci,drive=throttled,addr=5,disable-legacy=on \
	-drive "if=none,id=bad,driver=blkdebug,config=$scratch/bad.conf,image.driver=file,image.filename=$scratch/bad.raw" \
	-device virtio-blk-pci,drive=bad,addr=6,disable-legacy=on,rerror=report,werror=report \
	-drive if=none,id=many,driver=null-co,size=64M,read-zeroes=on \
	-device virtio-blk-pci,drive=many,addr=7,disable-legacy=on,num-queues=4,queue-size=1024,packed=on \
	-drive "if=none,id=growing,format=raw,file=$scratch/growing.raw,discard=unmap" \
	-device virtio-blk-pci,drive=growing,addr=8,disable-legacy=on
check "QEMU runs without a guest" machine_runs
check "a read-only disk is read" perf 03.0 "$clean" -t 0.3
check "a write to it is refused" fails_with read-only blk perf 03.0 -w write -t 1 --force
check "blocks of 4096 bytes keep a pattern" blk verify 04.0
check "512 bytes are refused there" fails_with 4096 blk perf 04.0 -o 512 -t 1
check "blocks of 512 bytes keep a pattern" blk verify 08.0 --size 1M -o 512 -q 64
check "only the bad sector fails" only_sector_2048_fails
for ring in packed=0 packed=1; do
	for size in 16 64 256 1024; do
		check "$ring, a ring of $size, as deep" perf "07.0,$ring,queue_size=$size" \
			"$clean and d['ring_size'] == $size" -q "$size" -t 0.3
	done
	check "$ring, four queues" perf "07.0,$ring" "$clean and d['queues'] == 4" -P 4 -q 8 -t 0.5
done
check "packed=1, a ring of 100" perf 07.0,packed=1,queue_size=100 "$clean and d['ring_size'] == 100" -q 100 -t 0.3
check "writes that complete stable" perf 08.0 "$clean" -w write -q 8 -t 0.3 --fua --force
check "flushes" perf 08.0 "$clean" -w flush -q 4 -t 0.3
check "zeroes are written where they should be" writes_zeroes
check "what is discarded takes no room" discards
check "discards, many at once" perf 08.0 "$clean" -w discard -q 16 -t 0.3 --force
check "zeroes, many at once" perf 08.0 "$clean" -w write_zeroes -q 16 -t 0.3 --force
check "a throttled disk" perf 05.0 "$clean" -q 4 -t 1
check "10 requests a second and a deadline of 300 ms" deadline_is_kept
check "a disk that grows under load" grows_under_load
stop_machine
check "QEMU complains of nothing" machine_is_quiet
