#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two NICs on a hub behind the vIOMMU: traffic both ways, every frame decoded by tshark, every kick
# compared with QEMU's own count, and every register access between start and stop known.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
plan 41

capture=$root/build/guest-tests/net/frames.pcap
trace=$root/build/guest-tests/net/trace
boot net --nics 2 --nic-opts ioeventfd=off --modules virtio_net \
	-Q "-object filter-dump,id=dump,netdev=net1,file=$capture,maxlen=2000" \
	-Q "-trace virtio_queue_notify -trace virtio_set_status -trace memory_region_ops_read" \
	-Q "-trace memory_region_ops_write $fault_trace -D $trace"

check "kicks reported equal QEMU's trace" "$verify" kicks "$trace" "$out"/*.json
check "steady state touches doorbells only" "$verify" accesses "$trace"
check "no IOMMU fault" has_no_fault "$trace"
check "every numbered frame on the wire is intact, none twice" "$verify" frames "$capture" 20000
