# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# Whether guests run on KVM or on TCG.
#
# /dev/kvm may exist, open and answer, and a stock kernel still never gets out
# of its first instructions; elsewhere QEMU aborts on a register that the host
# refuses. Only booting the very kernel that we use shows it, so we do that once
# per host kernel and remember the answer.

accel_kvm=(-accel 'kvm,kernel-irqchip=split' -cpu host)
# Under TCG the default CPU lacks SSE4, which DPDK insists on.
accel_tcg=(-accel tcg -cpu max)

readonly probe_seconds=10

# Needs the guest kernel in $cache.
boots_on_kvm() {
	local console
	console=$(timeout -k 2 "$probe_seconds" qemu-system-x86_64 "${accel_kvm[@]}" -M q35 -m 512 \
		-nodefaults -display none -no-reboot -serial stdio \
		-kernel "$cache/kernel" -initrd "$cache/initramfs.cpio" \
		-append 'console=ttyS0 quiet panic=-1 kickless_probe=1' </dev/null 2>/dev/null) || true
	[[ $console == *'kickless probe: alive'* ]]
}

# Prints kvm or tcg.
choose_accel() {
	local answer
	answer=$cache/accel-$(uname -r)

	if [ ! -w /dev/kvm ]; then
		log "no access to /dev/kvm, so the guest runs on TCG, which is slower"
		echo tcg
		return
	fi
	if [ ! -s "$answer" ]; then
		log "trying whether KVM works here (at most $probe_seconds s, only this once)"
		if boots_on_kvm; then echo kvm; else echo tcg; fi >"$answer.$$"
		mv "$answer.$$" "$answer"
	fi
	if [ "$(<"$answer")" = tcg ]; then
		log "KVM does not boot a guest here, so it runs on TCG, which is slower"
	fi
	cat "$answer"
}
