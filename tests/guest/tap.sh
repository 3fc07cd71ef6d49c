#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The kernel of a guest uses a NIC through kickless-testpmd and a TAP interface; at the other end
# is this machine's kernel, in a network of its own. Both kernels verify the checksums, and what
# TCP carries is compared.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"

[ -e /dev/net/tun ] || skip_part "this machine has no /dev/net/tun"
[ "${KICKLESS_NETWORK:-}" = own ] || KICKLESS_NETWORK=own exec unshare --net "$0" "$@"
plan 26

trace=$root/build/guest-tests/tap-trace
qmp=$(mktemp -u)
mkdir -p "$root/build/guest-tests"
rm -rf "$trace" "$root/build/guest-tests/tap"
ip link set lo up
ip tuntap add dev wire mode tap vnet_hdr
ip address add 10.9.0.1/24 dev wire
ip link set wire up
"$root/tests/guest/lib/peer.py" "$qmp" wire "$root/build/guest-tests/tap" &
helpers=$!
iperf3 --server >/dev/null 2>&1 &
helpers+=" $!"
# The second pair has an MTU of the device's; the guest's kernel drives the other end of it.
boot tap --modules tun --qmp "$qmp" \
	-Q "-netdev hubport,id=net2,hubid=9 -device virtio-net-pci,netdev=net2,addr=0x6,host_mtu=1500,disable-legacy=on,iommu_platform=on,ats=on" \
	-Q "-netdev hubport,id=net3,hubid=9 -device virtio-net-pci,netdev=net3,addr=0x7,host_mtu=1500,disable-legacy=on,iommu_platform=on,ats=on" \
	-Q "-netdev tap,id=net1,ifname=wire,script=no,downscript=no" \
	-Q "-device virtio-net-pci,id=nic1,netdev=net1,addr=0x5,mac=52:54:00:00:00:01,packed=on,disable-legacy=on,iommu_platform=on,ats=on" \
	-Q "-trace virtio_net_handle_announce -D $trace"
# shellcheck disable=SC2086
kill $helpers
# shellcheck disable=SC2086
wait $helpers 2>/dev/null

check "QEMU has its announcement acknowledged" grep virtio_net_handle_announce "$trace"
check "this machine's kernel finds no wrong checksum" "$root/tests/lib/no_wrong_sums.py"
