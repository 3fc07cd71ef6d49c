# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# Debian's own kernel for the guests, unpacked and never installed.

readonly home=$cache
# What is made; version last, for its presence means that all is complete.
readonly parts=(root kernel version)
# The cloud flavour would be smaller, but it has no 9p.
readonly metapackage=linux-image-amd64
# Reaching the root file system, the caller, and the devices under test.
readonly modules=(
	virtio_pci 9pnet_virtio 9p virtio_console
	vfio-pci vfio_iommu_type1 uio_pci_generic
)
# A guest on a serial console needs none of these, half of the package's bulk.
readonly left_out=(
	./boot/System.map* ./usr
	'./lib/modules/*/kernel/sound' './lib/modules/*/kernel/drivers/gpu'
	'./lib/modules/*/kernel/drivers/media' './lib/modules/*/kernel/drivers/net/wireless'
	'./lib/modules/*/kernel/drivers/infiniband' './lib/modules/*/kernel/drivers/staging'
	'./lib/modules/*/kernel/drivers/iio' './lib/modules/*/kernel/drivers/usb'
)
readonly package_size='70 MB'

need_for_build() { need apt-cache apt-get depmod modprobe python3 dpkg-deb; }

# The metapackage depends on the package that really carries the kernel. Nothing when apt does not
# know it.
package_name() {
	{ LC_ALL=C apt-cache depends "$metapackage" 2>/dev/null || true; } |
		sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1
}

look_elsewhere() { false; }

is_up_to_date() { [ -d "$home/root" ]; }

build_kernel() {
	local folder=$1 version

	log "unpacking it"
	mkdir "$folder/root"
	dpkg-deb --fsys-tarfile "$folder"/*.deb |
		tar -x -C "$folder/root" --no-same-owner --wildcards "${left_out[@]/#/--exclude=}"
	version=$(ls "$folder/root/lib/modules")
	depmod -b "$folder/root" "$version"
	if ! python3 "$root/scripts/lib/unpack-kernel" "$folder/root/boot/vmlinuz-$version" "$folder/kernel"; then
		log "starting the packed kernel instead, which is slower"
		cp "$folder/root/boot/vmlinuz-$version" "$folder/kernel"
	fi
	printf '%s\n' "$version" >"$folder/version"
}

# Prints the files to load, each after those that it depends on.
modules_in_order() {
	local module

	for module in "${modules[@]}"; do
		modprobe -d "$home/root" -S "$(<"$home/version")" --show-depends "$module" ||
			die "this kernel has no module $module"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}

# Only a kernel that took long to build is kept.
reuse_kernel() { false; }
keep_kernel() { :; }
forget_kernel() { :; }
