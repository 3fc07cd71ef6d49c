#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# NICs whose other side is no device of QEMU's but DPDK's vhost library in a process of its own:
# polling, and asleep until it is kicked.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
plan 10
source "$(dirname "$0")/lib/vhost_nics.sh"

start_ends vhost -l 1 -- echo echo-sleeps
vhost_nic 1 2 mq=on,packed=on
vhost_nic 2 1
boot vhost --kernel small --iommu none "${vhost[@]}"
stop_ends
check "the back ends end well" test $? -eq 0
