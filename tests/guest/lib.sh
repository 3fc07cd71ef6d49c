# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What the tests that boot a guest share: one line a case, a folder per boot, and QEMU's stderr as an oracle.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# check NAME COMMAND...: the command's output is shown when it fails.
check() {
	local name=$1 output
	shift

	if output=$("$@" 2>&1); then
		echo "ok $suite: $name"
	else
		printf '%s\n' "$output" | tail -n 40
		echo "not ok $suite: $name: see above"
	fi
}

# refused PROGRAM WORD ARGUMENT...: it fails, without a signal, and says WORD.
refused() {
	local program=$1 word=$2 text status=0
	shift 2

	text=$(timeout 20 "$program" "$@" 2>&1 </dev/null) || status=$?
	echo "status $status: $text"
	[ "$status" -ge 1 ] && [ "$status" -le 2 ] && [[ $text == *"$word"* ]]
}

# boot NAME [scripts/guest options]: runs tests/guest/NAME.guest in a guest, which prints cases of its own. What
# it leaves is in $out, writable from both sides.
boot() {
	local name=$1 status=0
	shift

	out=$root/build/guest-tests/$name
	rm -rf "$out"
	mkdir -p "$out"
	timeout 600 "$root/scripts/guest" --timeout 400 --share "$out" --stderr "$out/qemu.stderr" "$@" \
		-- "$root/tests/guest/$name.guest" "$root" "$out" 2>"$out/stderr" || status=$?
	[ "$status" -eq 0 ] || tail -n 20 "$out/stderr"
	check "boot of $name ends well" test "$status" -eq 0
	check "QEMU has nothing to say ($name)" qemu_is_quiet "$out/qemu.stderr"
}

# Any line about virtio or the guest is a complaint; that a hub has no way out is meant to be so.
qemu_is_quiet() {
	! grep -v 'hub 1 is not connected to host network' "$1"
}
