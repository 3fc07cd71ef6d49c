# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# What every way to reach a device has to pass, in a guest with two NICs, a disk of 64 MiB and an
# entropy device at 17. Needs root and out, and other names or EAL options in physical, nics, disk
# and entropy where these don't fit; what it leaves is verified by check_basics in boot.sh.

devbind=$root/build/apps/devbind/kickless-devbind
testpmd=$root/build/apps/testpmd/kickless-testpmd
blk=$root/build/apps/blk/kickless-blk
numbered=$root/build/tests/guest/numbered
drawn=$root/build/tests/guest/drawn
physical=()
nics=(0000:00:05.0 0000:00:06.0)
disk=blk:serial=scratch1
entropy=rng@0
functions=("${nics[@]}" 0000:00:10.0 0000:00:17.0)

frames() {
	timeout 120 "$numbered" -l 0 "${physical[@]}" "${@:2}" -- "${nics[@]}" "$1"
}

forwards() {
	timeout 60 "$testpmd" -l 0,1 "${physical[@]}" -- --dev "${nics[0]}" --dev "${nics[1]}" --forward-mode=io --tx-first --duration 3 --json "$out/io.json" &&
		json "$out/io.json" "all(p['rx_packets'] > 500 and
			all(q['watchdog_kicks'] == 0 and q['bad_used'] == 0 for q in p['queues']) for p in d['ports'])"
}

killed_and_restarted() {
	"$testpmd" -l 0,1 "${physical[@]}" -- --dev "${nics[0]}" --dev "${nics[1]}" --forward-mode=io --tx-first --duration 60 >/dev/null 2>&1 &
	local victim=$!
	sleep 3
	kill -9 "$victim"
	wait "$victim" 2>/dev/null
	frames 1000
}

basics() {
	check "5,000 frames each way" frames 5000
	check "forwarding by io" forwards
	check "killed under load, restarted at once" killed_and_restarted
	check "a disk verifies" timeout 120 "$blk" verify -l 0 "${physical[@]}" -- --dev "$disk" --size 32M
	check "a file is copied to it" timeout 60 "$blk" copy -l 0 "${physical[@]}" -- --dev "$disk" --force \
		--from "$root/build/guest-tests/$(basename "$0" .guest)-images/entropy"
	check "20,000 random bytes" timeout 60 "$drawn" -l 0 "${physical[@]}" -- "$entropy" 20000 "$out/drawn" 10000
}
