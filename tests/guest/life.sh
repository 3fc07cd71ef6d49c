#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Events of a device under load besides a kill: it is unplugged politely and torn off, its
# bus mastering and its decoding are turned off by another program, the machine and the program
# are stopped for a while. Behind root ports, since nothing can be unplugged from the root bus.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
source "$(dirname "$0")/lib/requests.sh"
plan 11

folder=$root/build/guest-tests/life
trace=$folder/trace
behind=disable-legacy=on,iommu_platform=on,ats=on
rm -rf "$folder"

# port N DEVICE...: behind a root port of its own.
machine=()
port() {
	machine+=(-Q "-device pcie-root-port,id=port$1,chassis=$((0x$1)),slot=$((0x$1)),addr=0x$1" -Q "-device $2,id=dev$1,bus=port$1,$behind")
}

for n in 5 6 7 8; do
	machine+=(-Q "-netdev hubport,id=net$n,hubid=$((n / 7 + 1))")
	port "$n" "virtio-net-pci,netdev=net$n,mac=52:54:00:00:00:0$n"
done
for n in 9 a; do
	machine+=(-Q "-drive if=none,id=disk$n,driver=null-co,size=64M,read-zeroes=on")
	port "$n" "virtio-blk-pci,drive=disk$n"
done

# When bus mastering is turned off in the middle of a chain, QEMU reads zeros where the ring was.
# shellcheck disable=SC2034
qemu_may_print=('virtio: zero sized buffers' 'virtio: bogus descriptor' 'Guest moved used index')

qmp=$(mktemp -u)
serve_requests "$folder" "$qmp" &
server=$!
boot life --kernel small --qmp "$qmp" "${machine[@]}" -Q "$fault_trace -D $trace"
kill "$server" 2>/dev/null
check "no IOMMU fault" has_no_fault "$trace"
