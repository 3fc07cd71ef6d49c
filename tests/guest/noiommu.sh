#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What most guests have: no IOMMU, and VFIO's no-IOMMU mode. NICs, a disk and an entropy device with physical addresses.
set -uo pipefail
source "$(dirname "$0")/lib.sh"
suite=guest/noiommu

basic_machine noiommu
boot noiommu --kernel small --iommu none "${basic[@]}" -Q "-device virtio-rng-pci,rng=known,addr=0x17,disable-legacy=on"
judge_basics
