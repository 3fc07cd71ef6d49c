# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# Booting guests for tests: a folder per boot, and QEMU's stderr as an oracle.

source "$(dirname "${BASH_SOURCE[0]}")/../../lib/cases.sh"
verify=$root/tests/guest/lib/verify.py

# boot NAME [scripts/guest options]: runs tests/guest/NAME.guest in a guest, which prints cases of
# its own. What it leaves is in $out, writable from both sides.
boot() {
	local name=$1 status=0
	shift

	out=$root/build/guest-tests/$name
	rm -rf "$out"
	mkdir -p "$out"
	timeout 1800 "$root/scripts/guest" --timeout 400 --share "$out" --stderr "$out/qemu.stderr" "$@" \
		-- "$root/tests/guest/$name.guest" "$root" "$out" 2>"$out/stderr" || status=$?
	[ "$status" -eq 0 ] || tail -n 20 "$out/stderr"
	check "boot of $name ends well" test "$status" -eq 0
	check "QEMU complains of nothing ($name)" qemu_is_quiet "$out/qemu.stderr"
}

# Any line about virtio or the guest is a complaint; that a hub has no way out is meant to be so,
# and that QEMU computes RSS itself, and what a test gives a reason for.
qemu_may_print=()
qemu_is_quiet() {
	[ -r "$1" ] || { echo "$1: can't be read"; return 1; }
	! grep -iv -e 'hub [0-9]* is not connected to host network' -e bpf "${qemu_may_print[@]/#/-e}" "$1"
}

# Words for QEMU that let it trace the faults of an IOMMU, and that it translates at all.
fault_trace='-trace vtd_dmar_enable -trace vtd_dmar_fault -trace virtio_iommu_map -trace virtio_iommu_report_fault'
readonly iommu_fault='vtd_dmar_fault|virtio_iommu_report_fault'

# has_no_fault TRACE: that one would be there is shown by tests/guest/access.sh, which makes some.
has_no_fault() {
	has_no "$iommu_fault" "$1" 'vtd_dmar_enable|virtio_iommu_map'
}

# has_faults TRACE COUNT ADDRESSES: so many or more, and all of them at such addresses.
has_faults() {
	local here="($iommu_fault).*addr[^0-9]*($3)\\b" count

	count=$(grep -cE "$here" "$1")
	echo "$count faults are at $3"
	[ "$count" -ge "$2" ] && ! grep -E "$iommu_fault" "$1" | grep -vE "$here"
}

# The devices that tests/guest/lib/basics.sh works on, as options for boot, and the checks of what
# was left behind.
basic_machine() {
	images=$root/build/guest-tests/$1-images
	rm -rf "$images"
	mkdir -p "$images" "$root/build/guest-tests/$1"
	truncate -s 64M "$images/disk.raw"
	head -c 1M /dev/urandom >"$images/entropy"
	basic=(--nics 2 --disk "$images/disk.raw"
		-Q "-object filter-dump,id=dump,netdev=net1,file=$images/frames.pcap,maxlen=2000"
		-Q "-object rng-random,id=known,filename=$images/entropy")
}

check_basics() {
	check "every numbered frame on the wire is intact, none twice" "$verify" frames "$images/frames.pcap" 5000
	check "the disk holds the file" cmp -n 1048576 "$images/entropy" "$images/disk.raw"
	check "random bytes are those that the device gave" cmp -n 20000 "$images/entropy" "$out/drawn"
}
