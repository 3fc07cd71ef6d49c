#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sending as fast as it goes, ours and DPDK's own testpmd in turn in one boot: what the two
# report, and how often each rang a doorbell by QEMU's count.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
plan 7

trace=$root/build/guest-tests/txonly/trace
boot txonly --nics 2 --nic-link wire --nic-opts ioeventfd=off \
	-Q "-msg timestamp=on -trace virtio_queue_notify -trace virtio_set_status -trace pci_cfg_write -D $trace"

check "kicks reported equal QEMU's trace" "$verify" kicks "$trace" "$out"/ours-*.json
"$verify" compare "$trace" "$out"
