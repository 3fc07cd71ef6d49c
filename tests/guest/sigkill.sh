#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two NICs on a wire and a disk behind a virtio-iommu: the programs that drive them are killed
# under load, and some while they start, at instants that follow from a fixed seed, and started
# again at once. KILLS sets how often under load (20), RESTART_MS how soon each restart must be at
# work (10000, since the machine may have other work). When each was started and killed, and when
# its device had the first packet or request, is all in QEMU's trace.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
plan 8

basic_machine sigkill
trace=$root/build/guest-tests/sigkill/trace
KILLS=${KILLS:-20}
RESTART_MS=${RESTART_MS:-10000}
echo "$KILLS" >"$images/kills"
boot sigkill --timeout $((200 + 4 * KILLS)) --kernel small --iommu virtio --nics 2 --nic-link wire --disk "$images/disk.raw" \
	-Q "-msg timestamp=on -trace pci_cfg_write -trace virtio_set_status -trace virtio_queue_notify" \
	-Q "-trace virtio_blk_req_complete $fault_trace -D $trace"

restart_times() { "$root/tests/guest/lib/kill.py" check "$trace" "$KILLS" "$RESTART_MS"; }
check "each restart is at work within $RESTART_MS ms" restart_times
restart_times 2>/dev/null | sed 's/^/# /'
check "memory was mapped for the devices" grep -q virtio_iommu_map "$trace"
check "no IOMMU fault" has_no_fault "$trace"
