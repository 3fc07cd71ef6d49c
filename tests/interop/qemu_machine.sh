# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154
#
# QEMU without a guest for the tests of this folder: one machine at a time, in the folder $machine.

machine=
machine_pid=

# start_machine [QEMU ARGUMENT...]; not inside of check, whose output it would hold open.
start_machine() {
	machine=$(mktemp -d "$scratch/machine.XXXX")
	"$root/tests/qtest/machine.sh" "$machine" "$@" >"$machine/stderr" 2>&1 &
	machine_pid=$!
}

machine_runs() {
	wait_for_socket "$machine/qtest" && wait_for_socket "$machine/qmp" && return
	cat "$machine/stderr"
	return 1
}

stop_machine() {
	kill "$machine_pid" 2>/dev/null
	wait "$machine_pid" 2>/dev/null
	rm -f "$machine/ram"
}

# QEMU breaks off with a message what it takes for a driver's fault; beyond that it talks only of hubs, and of
# its own end.
machine_is_quiet() {
	! grep -v -e 'is not connected to host network' -e 'terminating on signal 15' -e 'g_timer_elapsed' \
		"$machine/stderr"
}

# native PROGRAM [ARGUMENT...]: runs qtest-PROGRAM under the sanitizers; what follows a -- is its own.
native() {
	local program=$1
	shift

	timeout 300 "$root/build-sanitized/tests/qtest/qtest-$program" "$@"
}

# What EAL needs for its memory to be a part of QEMU's.
eal=(-l 0 --no-huge -m 64 --base-virtaddr=0x40000000)

wait_for_socket() {
	for _ in $(seq 100); do
		[ ! -S "$1" ] || return 0
		sleep 0.1
	done
	echo "nobody listens on $1 after 10 s"
	return 1
}
