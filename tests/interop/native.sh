#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Our programs natively against back ends that serve vhost-user sockets: a disk of
# qemu-storage-daemon's and a port of DPDK's net_vhost.
set -uo pipefail
source "$(dirname "$0")/../lib/cases.sh"
plan 13
scratch=$(mktemp -d)
testpmd=$root/build/apps/testpmd/kickless-testpmd
blk=$root/build/apps/blk/kickless-blk
daemon=
trap 'kill $daemon $(jobs -p) 2>/dev/null; rm -rf "$scratch"' EXIT

# In a chroot or a container that lacks it, DPDK prints that it has no lcore 0, and all its options.
without_sysfs() {
	refused unshare 'mount -t sysfs sysfs /sys' --mount sh -c 'mount -t tmpfs none /sys && exec "$@"' sh \
		"$blk" info -l 0 --no-huge -- --dev vhost-user:none,type=blk
}

serve_disk() {
	truncate -s 1100M "$scratch/disk.raw"
	qemu-storage-daemon --blockdev "driver=file,node-name=f0,filename=$scratch/disk.raw" \
		--export "type=vhost-user-blk,id=e0,node-name=f0,addr.type=unix,addr.path=$scratch/disk.sock,writable=on,num-queues=2" \
		>"$scratch/disk.log" 2>&1 &
	daemon=$!
	# The shell prints nothing when it ends.
	disown "$daemon"
}

is_isolated() {
	local expected=$1

	shift
	"$blk" info -l 0 --no-huge -- --dev "$disk" "$@" --json "$scratch/info.json" >"$scratch/info.txt" || return
	json "$scratch/info.json" "d['is_isolated'] is $expected" &&
		[ "$(grep -c '^reached by .*, isolated$' "$scratch/info.txt")" = "$([ "$expected" = True ] && echo 1 || echo 0)" ]
}

is_isolated_by_option() {
	is_isolated True && is_isolated True --isolate on && is_isolated False --isolate off &&
		! "$blk" info -l 0 --no-huge -- --dev "$disk" --isolate yes 2>"$scratch/refused.txt" &&
		grep -q "allowed: auto, on, off" "$scratch/refused.txt" &&
		timeout 300 "$blk" verify -l 0 --no-huge -- --dev "$disk" --size 8M --isolate off &&
		timeout 300 "$blk" verify -l 0 --no-huge -- --dev "$disk" --size 8M --read-only
}

# On one core, so that the daemon has the other.
uses_two_queues() {
	timeout 60 "$blk" perf -l 0 --no-huge -- --dev "$disk" -P 2 -q 8 -o 4k -w randread -t 2 \
		--json "$scratch/perf.json" || return
	json "$scratch/perf.json" "d['requests'] > 100 and d['errors'] == 0 and d['watchdog_kicks'] == 0"
}

# What a kill cut off is written or read once more, and in the end every block is right.
verifies_through_kills() {
	local job status=0

	timeout 300 "$blk" verify -l 0 --no-huge -- --dev "$disk" --size 256M -o 64k -q 16 -t 10 &
	job=$!
	for _ in 1 2 3; do
		sleep 2
		kill -9 "$daemon"
		rm -f "$scratch/disk.sock"
		sleep 0.5
		serve_disk
	done
	wait "$job" || status=$?
	kill -9 "$daemon"
	return "$status"
}

serve_packets() {
	# Its prompt ends it when its input does.
	mkfifo "$scratch/peer.fifo"
	exec 6<>"$scratch/peer.fifo"
	dpdk-testpmd -l 0,1 --no-huge -m 256 --no-pci --no-shconf --file-prefix=peer$$ \
		--vdev "net_vhost0,iface=$scratch/net.sock" -- --total-num-mbufs=4096 -i -a --forward-mode=rxonly \
		<"$scratch/peer.fifo" >"$scratch/net.log" 2>&1 &
}

sends_packets() {
	timeout 60 "$testpmd" -l 0 --no-huge -m 128 -- --dev "vhost-user:$scratch/net.sock,type=net" \
		--forward-mode=txonly --duration 2 --json "$scratch/net.json" || return
	json "$scratch/net.json" "sum(q['packets'] for q in d['ports'][0]['queues']) > 1000 and
		not any(q['watchdog_kicks'] or q['bad_used'] for q in d['ports'][0]['queues'])"
}

# serve_changes net|disk: what is written to descriptor 5 is its input.
serve_changes() {
	changes=$scratch/$1-changes
	mkfifo "$changes.fifo"
	exec 5<>"$changes.fifo"
	"$root/build/tests/interop/vhost_config" -l 0 --no-huge -m 64 --no-pci --no-shconf --no-telemetry -- \
		"$changes.sock" "$1" <"$changes.fifo" >"$changes.txt" 2>"$changes.log" &
}

# changes_to CHANGE LINE: the back end waits for the answer to its report, and we print the line.
changes_to() {
	echo "$1" >&5
	wait_for grep -q "^$1: 0 within" "$changes.txt" && wait_for grep -q "$2" "$scratch/changed.txt"
}

# sees_changes SIGNAL CHECK COMMAND...: while the command runs, CHECK succeeds.
sees_changes() {
	local signal=$1 check=$2 job status=0
	shift 2

	timeout 60 "$@" >"$scratch/changed.txt" 2>&1 &
	job=$!
	wait_for grep -q 'ready for processing' "$changes.log" && "$check" || status=1
	kill "-$signal" "$job"
	wait "$job" || status=1
	cat "$changes.txt" "$scratch/changed.txt"
	return "$status"
}

link_goes_down_and_up() {
	changes_to down '^Port 0 Link down' && changes_to up '^Port 0 Link up'
}

follows_the_link() {
	sees_changes INT link_goes_down_and_up "$testpmd" -l 0 --no-huge -m 128 -- --dev "vhost-user:$changes.sock" \
		--forward-mode=rxonly --duration 40
}

disk_grows_and_shrinks() {
	changes_to 4096 'its capacity changed from 1048576 to 2097152 bytes' &&
		changes_to 3072 'its capacity changed from 2097152 to 1572864 bytes'
}

# While requests are in flight. This back end does not follow a ring that it maps once more, which
# isolation makes it do.
follows_the_size() {
	sees_changes TERM disk_grows_and_shrinks "$blk" perf -l 0 --no-huge -- --dev "vhost-user:$changes.sock" \
		-q 8 -o 4k -w randread -t 40 --isolate off --json "$scratch/perf.json"
	json "$scratch/perf.json" "d['requests'] > 100 and d['errors'] == 0"
}

disk=vhost-user:$scratch/disk.sock,type=blk
serve_disk
check "qemu-storage-daemon serves a disk" wait_for_socket "$scratch/disk.sock"
check "without /sys the remedy is named" without_sysfs
check "info" "$blk" info -l 0 --no-huge -- --dev "$disk"
check "isolated, but for --isolate=off" is_isolated_by_option
check "verify over 1 GiB" timeout 300 "$blk" verify -l 0 --no-huge -- --dev "$disk" --size 1G -o 256k -q 16
check "two queues" uses_two_queues
check "verify, while the daemon is killed three times" verifies_through_kills
serve_packets
check "DPDK's net_vhost serves a port" wait_for_socket "$scratch/net.sock"
check "packets reach it" sends_packets
serve_changes net
check "DPDK's library serves a port with a link" wait_for_socket "$changes.sock"
check "its changes are reported, and answered" follows_the_link
serve_changes disk
check "DPDK's library serves a disk that changes" wait_for_socket "$changes.sock"
check "its sizes are reported, and seen under load" follows_the_size
