#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Numbered packets through DPDK's net_vhost and back, over each format of ring: all come back
# once, in order and intact, also when the back end is killed meanwhile. SEQUENCE_PACKETS sets how
# many, 1000000 unless given; a long run takes 100000000.
set -uo pipefail
source "$(dirname "$0")/../lib/cases.sh"
plan 17
sequence=$root/build/tests/interop/sequence
packets=${SEQUENCE_PACKETS:-1000000}

# numbered QUEUES KILLS KEYS
numbered() {
	timeout $((120 + packets / 50000)) "$sequence" -l 0 --no-huge -m 256 --log-level=error -- "$packets" "$@"
}

for format in packed=0,in_order=0 packed=0,in_order=1 packed=1,in_order=0 packed=1,in_order=1; do
	check "numbered packets, $format" numbered 1 0 ",$format"
	check "numbered packets, $format, back end killed three times" numbered 1 3 ",$format"
	check "numbered packets, $format, four queue pairs, back end killed once" numbered 4 1 ",$format"
	check "numbered packets, $format, without merged buffers, indirect tables and event index" \
		numbered 1 0 ",$format,mrg_rxbuf=0,indirect=0,event_idx=0"
done
check "numbered packets, we listen" numbered 1 0 ",server=1"
