#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Options that a script still has from another program: what takes their place is named.
set -uo pipefail
source "$(dirname "$0")/../lib/cases.sh"
plan 28
blk=$root/build/apps/blk/kickless-blk

# replaced WORD TEXT ARGUMENT...: wrong usage, and TEXT is in its message about WORD.
replaced() {
	local word=$1 text=$2 output status=0
	shift 2

	output=$(timeout 20 "$blk" "$@" 2>&1 </dev/null) || status=$?
	echo "status $status: $output"
	[ "$status" = 2 ] && [[ $output == "kickless-blk: $word: not an option of this program; "*"$text"* ]]
}

# warned TEXT ARGUMENT...: it goes on, and TEXT is in a warning.
warned() {
	local text=$1 output
	shift

	output=$(timeout 20 "$blk" "$@" 2>&1 </dev/null) && [[ $output == *"warning: "*"$text"*"here it has no effect"* ]]
}

check "DPDK: -a ADDRESS" replaced -a "name the device by --dev 0000:00:10.0" perf -a 0000:00:10.0
check "DPDK: -aADDRESS" replaced -a "name the device by --dev 0000:00:10.0" perf -a0000:00:10.0
check "DPDK: -a, without a verb" replaced -a "name the device by --dev 0000:00:10.0" -a 0000:00:10.0
check "DPDK: -a in front of --" replaced -a "name the device by --dev 0000:00:10.0" perf -a 0000:00:10.0 -- -q 1
check "DPDK: --allow=ADDRESS" replaced --allow "--dev 00:10.0" perf --allow=00:10.0
check "DPDK: the old -w ADDRESS" replaced -w "--dev 0000:00:10.0" perf -w 0000:00:10.0
check "DPDK: --vdev" replaced --vdev "vhost-user:PATH" perf --vdev virtio_user0,path=/tmp/sock
check "DPDK: --vdev in front of --" replaced --vdev "vhost-user:PATH" perf --vdev=x -- -q 1
check "DPDK: -b ADDRESS" replaced -b "is not touched" perf -- -b 00:10.0
check "EAL's options without a --" replaced -l "stand in front of a --" info -l 0 --dev blk@0
check "SPDK: -r" replaced -r "vhost-user:PATH" perf -q 32 -r "trtype:PCIe traddr:0000:00:04.0"
check "fio: --filename" replaced --filename "kickless-devbind --status" perf --filename=/dev/vda
check "fio: filename=" replaced filename "kickless-devbind --status" perf filename=/dev/vda
check "fio: --rw" replaced --rw "use --workload randread" perf --rw=randread
check "fio: --iodepth" replaced --iodepth "use --depth 32" perf --iodepth 32
check "fio: --bs" replaced --bs "use --io-size 4k" perf --bs=4k
check "QEMU: -drive" replaced -drive "inside the virtual machine" perf -drive file=disk.raw
check "beside a device: -a" warned "--dev 0000:00:10.0" perf -a 0000:00:10.0 -- --dev blk@0 --dry-run
check "beside a device: --vdev" warned "vhost-user:PATH" info --vdev=x -- --dev blk@0 --dry-run
check "-w NAME is ours" "$blk" perf -w randread --dev blk@0 --dry-run
check "a file of that name is none" "$blk" copy --from filename --dev blk@0 --dry-run
check "a value of ours: filename=x" "$blk" copy --to filename=x --dev blk@0 --dry-run
check "a value of ours: filename=x behind a short name" "$blk" copy --fr filename=x --dev blk@0 --dry-run
check "a value of ours: --rw=x" "$blk" copy --dev blk@0 --to --rw=x --dry-run
check "a value of ours: -l" "$blk" copy --dev blk@0 --to -l --dry-run
check "fio: filename= behind a value" replaced filename "kickless-devbind --status" perf -q 1 filename=/dev/vda
check "a value of EAL's: filename=x" "$blk" info --file-prefix filename=x -- --dev blk@0 --dry-run
check "an unknown option is one still" refused "$blk" "unknown option" perf --no-such --dev blk@0
