# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Cases in shell scripts, in TAP: a plan first, then one line a case. scripts/test puts the part's
# name in front of each.

[ -n "${root:-}" ] || root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# In front of the names of cases, for scripts that run the same ones more than once.
title=

# plan N: how many cases follow. A script that runs fewer or more of them has failed.
plan() {
	echo "1..$1"
}

# skip_part WHY: instead of a plan, where this machine lacks what the script needs.
skip_part() {
	echo "1..0 # SKIP $1"
	exit 0
}

# check NAME COMMAND...: the command's output is shown when it fails.
check() {
	local name=$title$1 output
	shift

	if output=$("$@" 2>&1); then
		echo "ok $name"
	else
		printf '%s\n' "$output" | tail -n 40
		echo "not ok $name"
	fi
}

# refused PROGRAM WORD ARGUMENT...: it fails, without a signal, and prints WORD.
refused() {
	local program=$1 word=$2 text status=0
	shift 2

	text=$(timeout 20 "$program" "$@" 2>&1 </dev/null) || status=$?
	echo "status $status: $text"
	[ "$status" -ge 1 ] && [ "$status" -le 2 ] && [[ $text == *"$word"* ]]
}

# has_no PATTERN FILE CONTROL: no line of a file matches PATTERN, and one matches CONTROL. Without
# the second an unreadable file, or a trace that is not written, would pass.
has_no() {
	local pattern=$1 file=$2 control=$3

	[ -r "$file" ] || { echo "$file: can't be read"; return 1; }
	grep -qE -e "$control" "$file" || { echo "$file: no line matches the control '$control'"; return 1; }
	! grep -E -e "$pattern" "$file"
}

# wait_for COMMAND...: until it succeeds, 20 s at most.
wait_for() {
	for _ in $(seq 200); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

# wait_for_socket PATH: until a program listens there, 10 s at most.
wait_for_socket() {
	for _ in $(seq 100); do
		[ ! -S "$1" ] || return 0
		sleep 0.1
	done
	echo "no program listens on $1 after 10 s"
	return 1
}

# json FILE EXPRESSION: a condition about the object d in a JSON file, in Python.
json() {
	"$root/tests/lib/json_check.py" "$@"
}

# Whether a function may write to memory: our programs allow it as long as they have it open.
is_master() {
	(($(setpci -s "$1" COMMAND | sed 's/^/0x/') & 4))
}
