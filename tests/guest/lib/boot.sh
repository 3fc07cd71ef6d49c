# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What the tests that boot a guest share: one line a case, a folder per boot, and QEMU's stderr as an oracle.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)

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

# wait_for COMMAND...: until it succeeds, 20 s at most.
wait_for() {
	for _ in $(seq 200); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

# Whether a function may write to memory: our programs allow it as long as they have it open.
is_master() {
	(($(setpci -s "$1" COMMAND | sed 's/^/0x/') & 4))
}

# Of the kernel, in this network, since it is there: the line of names, then that of numbers.
no_wrong_sums() {
	python3 - <<'END'
rows = [line.split() for line in open("/proc/net/snmp")]
wrong = {names[0]: int(values[names.index("InCsumErrors")]) for names, values in zip(rows[::2], rows[1::2]) if "InCsumErrors" in names}
print(wrong)
raise SystemExit(any(wrong.values()) or len(wrong) < 3)
END
}

# boot NAME [scripts/guest options]: runs tests/guest/NAME.guest in a guest, which prints cases of its own. What
# it leaves is in $out, writable from both sides.
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
	check "QEMU has nothing to say ($name)" qemu_is_quiet "$out/qemu.stderr"
}

# Any line about virtio or the guest is a complaint; that a hub has no way out is meant to be so, and that QEMU computes
# RSS itself, and what a test gives a reason for.
qemu_may_say=()
qemu_is_quiet() {
	! grep -iv -e 'hub [0-9]* is not connected to host network' -e bpf "${qemu_may_say[@]/#/-e}" "$1"
}

# The devices that tests/guest/lib/basics.sh works on, as options for boot, and the judgement of what was left behind.
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

judge_basics() {
	check "every numbered frame on the wire is intact, none twice" "$root/tests/guest/lib/verify.py" frames "$images/frames.pcap" 5000
	check "the disk holds the file" cmp -n 1048576 "$images/entropy" "$images/disk.raw"
	check "random bytes are those that the device gave" cmp -n 20000 "$images/entropy" "$out/drawn"
}
