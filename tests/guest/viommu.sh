#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Behind a virtio-iommu, which does not remap interrupts: NICs, a disk and an entropy device.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
plan 20

basic_machine viommu
trace=$root/build/guest-tests/viommu/trace
boot viommu --kernel small --iommu virtio "${basic[@]}" \
	-Q "-device virtio-rng-pci,rng=known,addr=0x17,disable-legacy=on,iommu_platform=on" \
	-Q "$fault_trace -D $trace"
check_basics
check "memory was mapped for the devices" grep -q virtio_iommu_map "$trace"
check "no IOMMU fault" has_no_fault "$trace"
