# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154
#
# What a user needs who is not root: the file of one VFIO group, and so much memory that may be locked. Sourced by a
# guest's script after basics, whose names it uses.

user=65534
home=/tmp/ordinary
# The pages of --no-huge -m 64, and what DPDK and the rings take besides.
enough=$((160 << 20))

as_user() {
	local memlock=$1
	shift

	timeout 120 prlimit --memlock="$memlock" setpriv --reuid="$user" --regid="$user" --clear-groups --inh-caps=-all \
		--bounding-set=-all env HOME="$home" XDG_RUNTIME_DIR="$home" "$@"
}

sends_as_user() {
	as_user "$1" "$testpmd" -l 0 --no-huge -m 64 -- --dev "${nics[0]}" --forward-mode=txonly --duration 2 \
		--json "$home/sent.json"
}

user_may_send() {
	sends_as_user "$enough" &&
		python3 -c "import json,sys; d=json.load(open('$home/sent.json')); sys.exit(d['ports'][0]['tx_packets'] == 0)"
}

# The command fails, and says WORD.
says_why() {
	local word=$1 text
	shift

	! text=$("$@" 2>&1 </dev/null) || return
	echo "$text"
	[[ $text == *"$word"* ]]
}

ordinary_user() {
	local group
	group=/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/${nics[0]}/iommu_group")")

	rm -rf "$home"
	mkdir -m 700 "$home"
	chown "$user" "$home"
	check "a user without the group's file is told so" says_why "$group" sends_as_user "$enough"
	chown "$user" "$group"
	check "a user with it sends, with $((enough >> 20)) MiB that may be locked" user_may_send
	check "one with 1 MiB is told how much it takes" says_why memlock sends_as_user $((1 << 20))
}
