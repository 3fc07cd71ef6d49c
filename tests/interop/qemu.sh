#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Our drivers natively, under the sanitizers, against QEMU's devices without a guest.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/tests/lib/cases.sh"
source "$root/tests/interop/fixtures/qemu_machine.sh"
plan 25
scratch=$(mktemp -d)
trap '[ -z "$machine_pid" ] || stop_machine; rm -rf "$scratch"' EXIT
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

# The types behind each transport, and the names that they have there.
pci_machine() {
	local generation=$1

	start_machine -drive "if=none,id=disk,file=$scratch/disk.raw,format=raw" \
		-device "virtio-blk-pci,drive=disk,addr=3,$generation" \
		-netdev hubport,id=a,hubid=1 -device "virtio-net-pci,netdev=a,addr=4,$generation" \
		-netdev hubport,id=b,hubid=1 -device "virtio-net-pci,netdev=b,addr=5,$generation"
	disk=$machine/00:03.0 port_a=$machine/00:04.0 port_b=$machine/00:05.0
}

mmio_machine() {
	start_machine -M microvm,acpi=on -global "virtio-mmio.force-legacy=$1" \
		-drive "if=none,id=disk,file=$scratch/disk.raw,format=raw" -device virtio-blk-device,drive=disk \
		-netdev hubport,id=a,hubid=1 -device virtio-net-device,netdev=a \
		-netdev hubport,id=b,hubid=1 -device virtio-net-device,netdev=b
	# Slots are filled from the last one down.
	disk=$machine/mmio:0xfeb02e00 port_a=$machine/mmio:0xfeb02c00 port_b=$machine/mmio:0xfeb02a00
}

# try_machine TRANSPORT STARTER ARGUMENT
try_machine() {
	local transport=$1
	shift

	truncate -s 0 "$scratch/disk.raw"
	truncate -s 16M "$scratch/disk.raw"
	"$@"
	check "$transport: QEMU runs without a guest" machine_runs
	check "$transport: a disk keeps a pattern" native blk verify "${eal[@]}" -- \
		--dev "qtest:$disk" -q 16 -o 64k
	check "$transport: it is that transport" has_transport "$transport"
	check "$transport: 70,000 numbered frames each way" native numbered "${eal[@]}" -- \
		"qtest:$port_a" "qtest:$port_b" 70000
	stop_machine
	check "$transport: QEMU complains of nothing" machine_is_quiet
}

has_transport() {
	native blk info "${eal[@]}" -- --dev "qtest:$disk" | grep -F ", $1, "
}

try_machine pci-modern pci_machine disable-legacy=on
try_machine pci-legacy pci_machine disable-modern=on,disable-legacy=off
# Without ANY_LAYOUT, with and without mergeable buffers and indirect tables.
check_framing() {
	local one=disable-modern=on,disable-legacy=off,any_layout=off other=$1

	truncate -s 16M "$scratch/disk.raw"
	start_machine -drive "if=none,id=disk,file=$scratch/disk.raw,format=raw" \
		-device "virtio-blk-pci,drive=disk,addr=3,$one" \
		-netdev hubport,id=a,hubid=1 -device "virtio-net-pci,netdev=a,addr=4,$one" \
		-netdev hubport,id=b,hubid=1 -device "virtio-net-pci,netdev=b,addr=5,$one,$other"
	disk=$machine/00:03.0 port_a=$machine/00:04.0 port_b=$machine/00:05.0
	check "any_layout=off: QEMU runs without a guest" machine_runs
	check "any_layout=off: a disk keeps a pattern" native blk verify "${eal[@]}" -- \
		--dev "qtest:$disk" -q 16 -o 64k
	check "any_layout=off: 20,000 numbered frames each way" native numbered "${eal[@]}" -- \
		"qtest:$port_a" "qtest:$port_b" 20000
	check "any_layout=off: commands reach the device" has_commands
	stop_machine
	check "any_layout=off: QEMU complains of nothing" machine_is_quiet
}

# QEMU answers a command whose parts it can't tell apart with an error.
has_commands() {
	printf '%s\n' 'mcast_addr add 0 01:00:5e:00:00:01' 'mac_addr add 0 52:54:00:00:00:77' \
		'set allmulti 0 on' 'rx_vlan add 5 0' 'show port 0 macs' 'show port 0 mcast_macs' quit |
		native testpmd "${eal[@]/#0/0,1}" -- --dev "qtest:$port_a" --rx-offloads=0x200 -i >"$scratch/commands" 2>&1
	cat "$scratch/commands"
	! grep -i -e refuses -e error -e failed -e 'not possible' "$scratch/commands" && grep -i '52:54:00:00:00:77' "$scratch/commands"
}

check_framing mrg_rxbuf=off,indirect_desc=off
try_machine mmio mmio_machine false
try_machine mmio-legacy mmio_machine true
