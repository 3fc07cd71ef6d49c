#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A microvm whose devices have MMIO registers, of version 2 and then of version 1: NICs, a disk
# and an entropy device, reached by physical address.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
source "$(dirname "$0")/lib/requests.sh"
plan 50

images=$root/build/guest-tests/mmio-images
# When a program is killed nothing stops an MMIO device. What it was in the middle of it goes on
# with, in memory that the next program was given by then, and cleared, and has not published yet.
# shellcheck disable=SC2034
qemu_may_print=('virtio: zero sized buffers' 'Guest moved used index')

qmp=$(mktemp -u)

# try_version N FORCE-LEGACY TRANSPORT
try_version() {
	# shellcheck disable=SC2034
	title="version $1: "
	rm -rf "$images"
	mkdir -p "$images"
	truncate -s 64M "$images/disk.raw"
	head -c 1M /dev/urandom >"$images/entropy"
	serve_requests "$root/build/guest-tests/mmio" "$qmp" &
	server=$!
	boot mmio --machine microvm --iommu none --modules virtio_mmio --qmp "$qmp" \
		-Q "-global virtio-mmio.force-legacy=$2" \
		-Q "-netdev hubport,id=net1,hubid=1 -device virtio-net-device,bus=virtio-mmio-bus.0,netdev=net1,mac=52:54:00:00:00:01" \
		-Q "-netdev hubport,id=net2,hubid=1 -device virtio-net-device,bus=virtio-mmio-bus.1,netdev=net2,mac=52:54:00:00:00:02" \
		-Q "-drive if=none,id=disk1,format=raw,file=$images/disk.raw" \
		-Q "-device virtio-blk-device,bus=virtio-mmio-bus.2,drive=disk1,serial=scratch1" \
		-Q "-device virtio-rng-device,bus=virtio-mmio-bus.3,rng=known" \
		-Q "-object filter-dump,id=dump,netdev=net1,file=$images/frames.pcap,maxlen=2000" \
		-Q "-object rng-random,id=known,filename=$images/entropy"
	kill "$server" 2>/dev/null
	check "the transport was $3" grep -q "\"transport\": \"$3\"" "$out/io.json"
	check_basics
}

try_version 2 false mmio
try_version 1 true mmio-legacy
