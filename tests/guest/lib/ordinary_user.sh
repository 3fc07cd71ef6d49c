# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The rights that a user other than root needs: the file of a VFIO group, or of a device and of
# iommufd, and so much memory that may be locked. ordinary_user uses the names of basics.

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

# A folder of the user's with a program in it: the checkout may lie where only root can go.
install_for_user() {
	rm -rf "$home"
	mkdir -m 700 "$home"
	install -m 755 "$1" "$home/"
	chown "$user" "$home"
}

group_file() {
	echo "/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/$1/iommu_group")")"
}

# give_to_user FUNCTION WAY: by its group or by its own file.
give_to_user() {
	case $2 in
	group) chown "$user" "$(group_file "$1")" ;;
	cdev) chown "$user" "/dev/vfio/devices/$(basename /sys/bus/pci/devices/"$1"/vfio-dev/vfio*)" /dev/iommu ;;
	esac
}

sends_as_user() {
	as_user "$1" "$home/kickless-testpmd" -l 0 --no-huge -m 64 -- --dev "${nics[0]}" --forward-mode=txonly --duration 2 \
		--json "$home/sent.json"
}

user_may_send() {
	sends_as_user "$enough" &&
		json "$home/sent.json" "d['ports'][0]['tx_packets'] > 0"
}

# fails_with_text WORD COMMAND...: it fails, and prints WORD.
fails_with_text() {
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
	# The checkout may lie where only root can go.
	install -m 755 "$testpmd" "$home/kickless-testpmd"
	chown "$user" "$home"
	check "a user without the group's file learns so" fails_with_text "$group" sends_as_user "$enough"
	chown "$user" "$group"
	check "a user with it sends, with $((enough >> 20)) MiB that may be locked" user_may_send
	check "one with 1 MiB learns how much it takes" fails_with_text memlock sends_as_user $((1 << 20))
}
