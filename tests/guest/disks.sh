#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Disks that are not ordinary: read-only, of 4096-byte blocks, slow beyond any deadline,
# throttled, with a bad sector, with four queues, with rings from 16 to 1024, and one that
# grows under load. Beside them an entropy device that gives what is known here, 8192 bytes
# each half second.
set -uo pipefail
source "$(dirname "$0")/lib/boot.sh"
plan 25

images=$root/build/guest-tests/disks-images
rm -rf "$images" "$root/build/guest-tests/disks"
mkdir -p "$images"
truncate -s 64M "$images/wide.raw" "$images/bad.raw" "$images/growing.raw" "$images/throttled.raw"
head -c 1M /dev/urandom >"$images/entropy"
# Sector 2048 can't be read.
printf '[inject-error]\nevent = "none"\niotype = "read"\nerrno = "5"\nsector = "2048"\n' >"$images/bad.conf"

# Lets the disk grow when the guest is at work on it.
grow_on_request() {
	until [ -e "$root/build/guest-tests/disks/grow-please" ]; do
		sleep 0.2
	done
	"$verify" resize "$qmp" growing 134217728 >"$root/build/guest-tests/disks/grown" 2>&1
}

behind=disable-legacy=on,iommu_platform=on,ats=on
qmp=$(mktemp -u)
grow_on_request &
grower=$!
boot disks --qmp "$qmp" \
	-Q "-drive if=none,id=ro,driver=null-co,size=64M,read-zeroes=on,read-only=on" \
	-Q "-device virtio-blk-pci,drive=ro,addr=0x10,serial=readonly,$behind" \
	-Q "-drive if=none,id=wide,driver=raw,file.filename=$images/wide.raw" \
	-Q "-device virtio-blk-pci,drive=wide,addr=0x11,logical_block_size=4096,physical_block_size=4096,$behind" \
	-Q "-drive if=none,id=slow,driver=null-co,size=64M,latency-ns=4000000000" \
	-Q "-device virtio-blk-pci,drive=slow,addr=0x12,$behind" \
	-Q "-drive if=none,id=bad,driver=blkdebug,config=$images/bad.conf,image.driver=file,image.filename=$images/bad.raw" \
	-Q "-device virtio-blk-pci,drive=bad,addr=0x13,rerror=report,werror=report,$behind" \
	-Q "-drive if=none,id=many,driver=null-co,size=64M,read-zeroes=on" \
	-Q "-device virtio-blk-pci,drive=many,addr=0x14,num-queues=4,queue-size=1024,$behind" \
	-Q "-drive if=none,id=growing,driver=raw,file.driver=file,file.filename=$images/growing.raw" \
	-Q "-device virtio-blk-pci,drive=growing,addr=0x15,$behind" \
	-Q "-drive if=none,id=throttled,driver=raw,file.driver=file,file.filename=$images/throttled.raw,throttling.iops-total=200" \
	-Q "-device virtio-blk-pci,drive=throttled,addr=0x16,$behind" \
	-Q "-object rng-random,id=known,filename=$images/entropy" \
	-Q "-device virtio-rng-pci,rng=known,max-bytes=8192,period=500,addr=0x17,$behind"
kill "$grower" 2>/dev/null
check "QEMU let the disk grow" grep -q "done" "$out/grown"
check "random bytes are those that the device gave" bash -c "cmp <(head -c 60000 '$images/entropy') '$out/drawn'"
