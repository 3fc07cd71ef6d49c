#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Memory of the application's own behind an IOMMU of 39 bits: registrations in every phase, with
# hugepages and without, by groups and by iommufd; the limit of an ordinary user; a disk that is
# torn off and plugged in again; and cycles of open, use and close, CYCLES of them in each of four
# ways (25). Every word that is read is compared, and the IOMMU has no fault.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
source "$(dirname "$0")/lib/requests.sh"
plan 47

images=$root/build/guest-tests/memory-images
folder=$root/build/guest-tests/memory
trace=$images/trace
rm -rf "$images" "$folder"
mkdir -p "$images"
"$root/tests/guest/lib/known_disk.py" "$images/known.raw" 16
"$root/tests/guest/lib/known_disk.py" "$images/again.raw" 16
echo "${CYCLES:=25}" >"$images/cycles"

# The drive is QEMU's own, so that it outlives the device.
qmp=$(mktemp -u)
serve_requests "$folder" "$qmp" &
server=$!
# The kernel itself looks for what comes into a slot, as on real hardware.
boot memory --timeout $((400 + 4 * CYCLES)) --kernel small --qmp "$qmp" --disk "$images/known.raw" \
	-Q "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off" \
	-Q "-device pcie-root-port,id=port5,chassis=5,slot=5,addr=0x5" \
	-Q "-blockdev driver=file,filename=$images/again.raw,node-name=again" \
	-Q "-device virtio-blk-pci,drive=again,bus=port5,id=dev5,disable-legacy=on,iommu_platform=on,ats=on" \
	-Q "$fault_trace -D $trace"
kill "$server" 2>/dev/null
check "no IOMMU fault" has_no_fault "$trace"
