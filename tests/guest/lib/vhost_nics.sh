# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# NICs with vhost-user back ends by tests/guest/vhost_ends, for a guest that is booted with
# the options "${vhost[@]}".

vhost=()

# start_ends NAME [PROGRAM OPTIONS] -- KIND...: a back end of each kind for vhost_nic 1, 2, ...;
# what they report is in $reports.
start_ends() {
	local folder=$root/build/guest-tests/$1-ends options=() kinds=() i
	shift

	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	sockets=$(mktemp -d)
	for ((i = 1; i <= $#; i++)); do
		kinds+=("${!i}:$sockets/$i")
	done
	mkdir -p "$folder"
	reports=$folder/reports
	(umask 077 && exec timeout 600 "$root/build/tests/guest/vhost_ends" "${options[@]}" --no-huge -m 256 --no-pci \
		--no-shconf --no-telemetry --log-level=lib.vhost:error -- "${kinds[@]}") >"$reports" 2>"$folder/stderr" &
	ends=$!
	wait_for grep -q ready "$reports" || cat "$folder/stderr"
	# The back ends see the guest's memory, so that it is a file which QEMU gives them.
	vhost=(-Q "-object memory-backend-memfd,id=shared,size=2048M,share=on -machine memory-backend=shared")
}

# vhost_nic N QUEUES [PROPERTIES]: at 00:05.0, 00:06.0, ... QEMU 7.2 under TCG doesn't survive a
# vhost-user NIC with MSI-X.
vhost_nic() {
	vhost+=(-Q "-chardev socket,id=end$1,path=$sockets/$1 -netdev vhost-user,id=net$1,chardev=end$1,queues=$2"
		-Q "-device virtio-net-pci,id=nic$1,netdev=net$1,addr=0x$((4 + $1)),mac=52:54:00:00:00:0$1,vectors=0,disable-legacy=on${3:+,$3}")
}

stop_ends() {
	local status=0

	kill "$ends"
	wait "$ends" || status=$?
	rm -rf "$sockets"
	return "$status"
}
