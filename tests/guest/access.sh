#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The two ways to a function that vfio-pci has, by its group and by its own file with iommufd:
# behind an IOMMU of 39 bits that remaps interrupts, and behind a virtio-iommu, which does not. Each
# way also makes a fault of the IOMMU on purpose, which QEMU's trace must show.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
plan 50

# What QEMU prints about the faults.
# shellcheck disable=SC2034
qemu_may_print=('virtio: bogus descriptor or out of resources' 'vtd_iova_to_slpte: .*(iova=0x200000....,'
	'vtd_iommu_translate: .*iova=0x200000....)' 'New fault is not recorded due to compression of faults' 'virtio_iommu_translate no mapping for 0x200000.... ')

# try_iommu KIND
try_iommu() {
	local trace

	# shellcheck disable=SC2034
	title="$1-iommu: "
	basic_machine access
	"$root/tests/guest/lib/known_disk.py" "$images/known.raw" 16
	trace=$images/trace
	boot access --kernel small --iommu "$1" "${basic[@]}" --disk "$images/known.raw" \
		-Q "-device virtio-rng-pci,rng=known,addr=0x17,disable-legacy=on,iommu_platform=on" \
		-Q "$fault_trace -D $trace"
	check "the bad reads are faults, and there is no other" has_faults "$trace" 2 '0x200000[0-9a-f]{4}'
	check "QEMU complains of them alone" test "$(grep -c 'bogus descriptor' "$out/qemu.stderr")" -eq 2
}

try_iommu intel
try_iommu virtio
