#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A machine without an IOMMU, where functions are given by uio_pci_generic: transitional NICs and
# disks, driven by the modern interface and by the legacy one.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
plan 25

capture=$root/build/guest-tests/uio/frames.pcap
trace=$root/build/guest-tests/uio/trace
images=$root/build/guest-tests/uio-images
rm -rf "$images" "$root/build/guest-tests/uio"
mkdir -p "$images"
truncate -s 64M "$images/scratch.raw"
head -c 3M /dev/urandom >"$images/written"

# Takes NIC 1 off the wire on request of the guest.
unplug_on_request() {
	until [ -e "$root/build/guest-tests/uio/unplug-please" ]; do
		sleep 0.2
	done
	"$verify" link "$qmp" nic1 off >"$root/build/guest-tests/uio/unplugged" 2>&1
}

qmp=$(mktemp -u)
unplug_on_request &
unplugger=$!
boot uio --no-iommu --nics 2 --nic-opts disable-legacy=off,ioeventfd=off,modern-pio-notify=on --qmp "$qmp" \
	--disk "$images/scratch.raw" --disk-opts disable-legacy=off,ioeventfd=off --modules uio_pci_generic \
	-Q "-object filter-dump,id=dump,netdev=net1,file=$capture,maxlen=2000" \
	-Q "-trace virtio_queue_notify -trace virtio_set_status -D $trace"
kill "$unplugger" 2>/dev/null

check "kicks reported equal QEMU's trace" "$verify" kicks "$trace" "$out"/*.json
check "every numbered frame on the wire is intact, none twice" "$verify" frames "$capture" 5000
check "the disk holds what was written to it" cmp -n 3145728 -i 4194304:0 "$images/scratch.raw" "$images/written"
