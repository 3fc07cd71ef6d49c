#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A NIC with four queue pairs behind the vIOMMU, on a TAP interface of this machine, in a network
# of its own: RSS over all queues, packets that go back by all of them, address filters, and an
# interrupt for each queue.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"

[ -e /dev/net/tun ] || skip_part "this machine has no /dev/net/tun"
[ "${KICKLESS_NETWORK:-}" = own ] || KICKLESS_NETWORK=own exec unshare --net "$0" "$@"
plan 7

back=$root/build/guest-tests/mq-flows
go=$root/build/guest-tests/mq/go
mkdir -p "$root/build/guest-tests"
rm -f "$back" "$go"
ip tuntap add dev wire mode tap multi_queue vnet_hdr
echo 1 >/proc/sys/net/ipv6/conf/wire/disable_ipv6
ip link set wire up
"$root/tests/guest/lib/flows.py" wire "$go" "$back" &
sender=$!
boot mq --cpus 3 \
	-Q "-netdev tap,id=mq,ifname=wire,script=no,downscript=no,queues=4" \
	-Q "-device virtio-net-pci,id=mq1,netdev=mq,addr=0x2,mac=52:54:00:00:00:01,mq=on,vectors=10,rss=on,hash=on,packed=on,disable-legacy=on,iommu_platform=on,ats=on"
kill "$sender"
wait "$sender"

check "each of 32 flows came back" json "$back" "set(range(32)) <= set(d)"
