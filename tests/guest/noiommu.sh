#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# No IOMMU, as in most guests. At first there is nothing to help, neither hugepages nor
# VFIO's no-IOMMU mode, and what is missing must be named; then NICs, a disk and an entropy device
# with physical addresses.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
plan 29

basic_machine noiommu
boot noiommu --kernel small --iommu none --hugepages 0 "${basic[@]}" -Q "-device virtio-rng-pci,rng=known,addr=0x17,disable-legacy=on"
check_basics
