# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The virtual machine: QEMU's command line, gathered in the array qemu out of
# the options that scripts/guest has parsed.
#
# Slots on the root bus: 05-0f NICs, 10-19 disks, 1a-1e what the guest itself
# needs; 01 a virtio-iommu; 02-04 are free for --qemu devices.

# QEMU splits option values at commas; a doubled one stands for itself.
quoted() {
	printf '%s' "${1//,/,,}"
}

# Properties that put a virtio device behind the vIOMMU, if there is one.
modern=disable-legacy=on
use_iommu() {
	case $iommu in
	none) return ;;
	intel) qemu+=(-device 'intel-iommu,intremap=on,device-iotlb=on') ;;
	virtio) qemu+=(-device 'virtio-iommu-pci,addr=0x1') ;;
	esac
	modern+=,iommu_platform=on,ats=on
}

declare -A machines=([q35]=q35 [microvm]="microvm,acpi=on,pcie=on,pit=on,pic=on,rtc=on")

add_machine() {
	local home=$cache parameters="console=ttyS0 quiet loglevel=4 panic=-1 oops=panic softlockup_panic=1"

	# The guest lives for seconds and trusts itself. Clearing each page before
	# use would cost 3 s of boot under TCG, where no clock needs checking either.
	parameters+=" init_on_alloc=0 mitigations=off tsc=reliable no_timer_check"
	parameters+=" hugepages=$hugepages"
	[ "$iommu" != intel ] || parameters+=" intel_iommu=on"
	[ "$kernel" = debian ] || home=$cache/$kernel
	parameters+=" kickless_main=\"$root/scripts/lib/guest-main\" kickless_run=\"$run\"$append"

	# Its clock can't be calibrated early, and the kernel then calls it unstable.
	[ "$machine" = q35 ] || parameters+=" tsc_early_khz=2000000"
	[ "$machine" = q35 ] || qemu+=(-global virtio-mmio.force-legacy=off)
	qemu+=(-M "${machines[$machine]}" -m "$memory" -smp "$cpus" -nodefaults -display none -no-reboot
		-kernel "$home/kernel" -initrd "$home/initramfs.cpio" -append "$parameters"
		-serial "file:$(quoted "$run/console")")
}

# A PCI address on the root bus.
slot() {
	printf '0x%x' "$1"
}

# The guest's own needs live at the top of the bus, away from what is tested.
add_file_systems() {
	local i

	qemu+=(-fsdev 'local,id=root,path=/,security_model=none,readonly=on,multidevs=remap'
		-device "virtio-9p-pci,addr=0x1e,fsdev=root,mount_tag=root,$modern")
	for i in "${!shares[@]}"; do
		qemu+=(-fsdev "local,id=share$i,path=$(quoted "${shares[i]}"),security_model=none,multidevs=remap"
			-device "virtio-9p-pci,addr=$(slot $((0x1a + i))),fsdev=share$i,mount_tag=share$i,$modern")
	done
}

add_ports() {
	qemu+=(-device "virtio-serial-pci,addr=0x1d,$modern"
		-chardev "file,id=status,path=$run/status"
		-device 'virtserialport,chardev=status,name=kickless.status')
	if [ "$interactive" = yes ]; then
		qemu+=(-chardev 'stdio,id=terminal,mux=on,signal=off' -device 'virtconsole,chardev=terminal')
		return
	fi
	qemu+=(-chardev "file,id=stdout,path=/dev/fd/$to_stdout"
		-device 'virtserialport,chardev=stdout,name=kickless.stdout'
		-chardev "file,id=stderr,path=/dev/fd/$to_stderr"
		-device 'virtserialport,chardev=stderr,name=kickless.stderr')
}

# The ends of a wire are neighbours: 1 and 2, 3 and 4, ...
nic_back_end() {
	local port=$((wire_base + $1)) peer=$((wire_base + ($1 % 2 == 1 ? $1 + 1 : $1 - 1)))

	if [ "$nic_link" = hub ]; then
		echo "hubport,id=net$1,hubid=1"
		return
	fi
	echo "dgram,id=net$1,local.type=inet,local.host=127.0.0.1,local.port=$port,remote.type=inet,remote.host=127.0.0.1,remote.port=$peer"
}

add_nics() {
	# Below the ports that the kernel gives away by itself; another guest has another place.
	local i wire_base=$((20000 + $$ % 600 * 20))

	for ((i = 1; i <= nics; i++)); do
		qemu+=(-netdev "$(nic_back_end "$i")"
			-device "virtio-net-pci,id=nic$i,netdev=net$i,addr=$(slot $((i + 4))),mac=$(printf '52:54:00:00:00:%02x' "$i"),$modern$nic_opts")
	done
}

add_disks() {
	local i n drive

	for i in "${!disks[@]}"; do
		n=$((i + 1))
		case ${disks[i]} in
		null-co) drive='driver=null-co,size=1G,read-zeroes=on' ;;
		*.qcow2) drive="driver=qcow2,discard=unmap,file.filename=$(quoted "${disks[i]}")" ;;
		*) drive="driver=raw,discard=unmap,file.filename=$(quoted "${disks[i]}")" ;;
		esac
		qemu+=(-drive "if=none,id=disk$n,$drive"
			-device "virtio-blk-pci,id=blk$n,drive=disk$n,addr=$(slot $((i + 0x10))),serial=scratch$n,$modern$disk_opts")
	done
}

add_accel() {
	[ "$accel" != auto ] || accel=$(choose_accel)
	case $accel in
	kvm) qemu+=("${accel_kvm[@]}") ;;
	tcg) qemu+=("${accel_tcg[@]}") ;;
	esac
}

assemble() {
	qemu=(timeout --foreground -k 5 "$timeout" qemu-system-x86_64)
	add_accel
	add_machine
	use_iommu
	add_file_systems
	add_ports
	add_nics
	add_disks
	[ -z "$monitor" ] || qemu+=(-monitor "unix:$(quoted "$monitor"),server=on,wait=off")
	[ -z "$qmp" ] || qemu+=(-qmp "unix:$(quoted "$qmp"),server=on,wait=off")
	qemu+=("${extra[@]}")
}
