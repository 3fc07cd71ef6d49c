#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Devices from before virtio 1.0 through VFIO: disks that know nothing else, and NICs that know
# both ways, so that they can be driven by either; two more have no ANY_LAYOUT. Such a device
# can't be behind the vIOMMU, which it passes by: bus addresses are physical ones.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
plan 24

capture=$root/build/guest-tests/legacy/frames.pcap
trace=$root/build/guest-tests/legacy/trace
images=$root/build/guest-tests/legacy-images
mkdir -p "$images"
rm -f "$images"/*
truncate -s 64M "$images/scratch.raw"
head -c 3M /dev/urandom >"$images/written"
old=disable-modern=on,disable-legacy=off,any_layout=off,iommu_platform=off,ats=off,ioeventfd=off

boot legacy --nics 2 --nic-opts disable-legacy=off,iommu_platform=off,ats=off,ioeventfd=off,page-per-vq=on \
	--disk "$images/scratch.raw" --disk null-co \
	--disk-opts disable-legacy=off,disable-modern=on,iommu_platform=off,ats=off,ioeventfd=off \
	-Q "-object filter-dump,id=dump,netdev=net1,file=$capture,maxlen=2000" \
	-Q "-netdev hubport,id=old1,hubid=7 -device virtio-net-pci,netdev=old1,addr=0x8,$old" \
	-Q "-netdev hubport,id=old2,hubid=7 -device virtio-net-pci,netdev=old2,addr=0x9,$old,mrg_rxbuf=off,indirect_desc=off" \
	-Q "-trace virtio_queue_notify -trace virtio_set_status $fault_trace -D $trace"

check "kicks reported equal QEMU's trace" "$verify" kicks "$trace" "$out"/*.json
check "no IOMMU fault" has_no_fault "$trace"
check "every numbered frame on the wire is intact, none twice" "$verify" frames "$capture" 5000
check "the disk holds what was written to it" cmp -n 3145728 -i 4194304:0 "$images/scratch.raw" "$images/written"
