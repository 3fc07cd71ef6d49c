#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Programs in surroundings that lack something: what a container's profile leaves out, folders that
# can be written, rights, the first CPU, room for the output. Each case is the input of a public
# report, see tests/reports.md.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/tests/lib/cases.sh"
[ "$(uname -m)" = x86_64 ] || skip_part "the numbers of system calls are those of x86-64"
plan 6
scratch=$(mktemp -d)
blk=$root/build/apps/blk/kickless-blk
disk=vhost-user:$scratch/disk.sock,type=blk
daemon=
trap 'kill $daemon 2>/dev/null; wait; rm -rf "$scratch"' EXIT

truncate -s 64M "$scratch/disk.raw"
qemu-storage-daemon --blockdev "driver=file,node-name=f0,filename=$scratch/disk.raw" \
	--export "type=vhost-user-blk,id=e0,node-name=f0,addr.type=unix,addr.path=$scratch/disk.sock,writable=on" \
	>"$scratch/disk.log" 2>&1 &
daemon=$!
wait_for [ -S "$scratch/disk.sock" ] || exit 1

verifies() {
	timeout 60 "$@" "$blk" verify --no-huge -- --dev "$disk" --size 2M \
		>"$scratch/out" 2>"$scratch/err" || { cat "$scratch/out" "$scratch/err"; return 1; }
	has_no "^error" "$scratch/out" "all good"
}

# mbind, set_mempolicy, get_mempolicy, migrate_pages, move_pages, perf_event_open, userfaultfd,
# membarrier, io_uring_setup and set_mempolicy_home_node. libnuma would print an error for each.
without_calls_of_a_profile() {
	verifies "$root/tests/interop/fixtures/deny.py" 237,238,239,256,279,298,323,324,425,450 &&
		! grep -iE "mempolicy|mbind|not permitted" "$scratch/err"
}

# Of the folders that programs write to by habit, none.
# shellcheck disable=SC2016 # the inner shell expands these
without_writable_folders() {
	verifies env -u HOME -u XDG_RUNTIME_DIR -u TMPDIR unshare --mount sh -c \
		'for folder in /run /dev/shm; do mount -t tmpfs -o ro none "$folder" || exit 9; done; exec "$@"' sh
}

without_rights() {
	(ulimit -l 64 && ulimit -n 48 &&
		verifies setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all --no-new-privs)
}

on_the_last_cpu() {
	verifies taskset -c "$(($(nproc --all) - 1))"
}

# fails_at_full_disk PROGRAM...: it prints that, and the caller learns of it.
fails_at_full_disk() {
	local status=0

	timeout 60 "$@" >/dev/full 2>"$scratch/err" </dev/null || status=$?
	cat "$scratch/err"
	[ "$status" = 1 ] && grep -q "its output can't be written: No space left on device" "$scratch/err"
}

all_fail_at_full_disk() {
	fails_at_full_disk "$blk" info --no-huge -- --dev "$disk" && fails_at_full_disk "$blk" --help &&
		fails_at_full_disk "$root/build/apps/devbind/kickless-devbind" --status &&
		fails_at_full_disk "$root/build/apps/testpmd/kickless-testpmd" --version
}

# "| head -1" is no error of the program's: it ends by SIGPIPE, without a word.
ends_quietly_at_a_closed_pipe() {
	local status=0

	# A pipe whose reader has gone before anything is written.
	rm -f "$scratch/pipe"
	mkfifo "$scratch/pipe"
	exec 7<>"$scratch/pipe" 8>"$scratch/pipe" 7>&-
	timeout 60 env --default-signal=PIPE "$blk" --help >&8 2>"$scratch/err" || status=$?
	exec 8>&-
	echo "status $status"
	cat "$scratch/err"
	[ "$status" = $((128 + $(kill -l PIPE))) ] && [ ! -s "$scratch/err" ]
}

check "without the system calls that a container's profile refuses" without_calls_of_a_profile
check "without folders that can be written" without_writable_folders
check "without capabilities, with 64 KiB of locked memory and 48 files" without_rights
check "on the last CPU alone" on_the_last_cpu
check "output that can't be written is an error" all_fail_at_full_disk
check "a closed pipe is none" ends_quietly_at_a_closed_pipe
