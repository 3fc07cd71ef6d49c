# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Commands of QEMU's monitor that a guest requests by files in the folder which both see. Outside
# serve_requests is started before the boot, in the background; in the guest qemu has one done.

# serve_requests FOLDER SOCKET: what the command printed is in FOLDER/answer.
serve_requests() {
	local request

	while sleep 0.1; do
		for request in "$1"/please-*; do
			[ -e "$request" ] || continue
			"$root/tests/guest/lib/verify.py" qmp "$2" "$(<"$request")" >"$1/answer" 2>&1
			mv "$request" "${request/please-/done-}"
		done
	done
}

# qemu COMMAND KEY=VALUE...: in the guest, whose folder is $out.
qemu() {
	echo "$*" >"$out/request"
	mv "$out/request" "$out/please-$1"
	wait_for test -e "$out/done-$1" || return
	rm "$out/done-$1"
}

# Takes the slot's power away, without a request to the system. PCI Express: slot control, power
# indicator and controller off.
tear_off() {
	setpci -s "00:$1.0" CAP_EXP+18.w=0700:0700
}

# What is in the slot behind the root port at N.
behind() {
	basename "$(echo /sys/bus/pci/devices/0000:00:"$1".0/0000:*)"
}

# Otherwise the kernel waits a minute for one that was torn off to come out of a reset.
without_reset() {
	echo >"/sys/bus/pci/devices/$1/reset_method"
}
