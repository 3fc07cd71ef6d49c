#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Rights that a running program leaves to others: it waits for a back end, with a umask that
# forbids nothing, so that every mode that is seen is its own choice. Its own output is
# the caller's business.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/tests/lib/cases.sh"
plan 5
scratch=$(mktemp -d)
own=$scratch/own
testpmd=
trap 'kill $testpmd 2>/dev/null; wait; rm -rf "$scratch"' EXIT

mkdir "$own"
(umask 0 && cd "$own" && exec "$root/build/apps/testpmd/kickless-testpmd" -l 0 -m 64 -- \
	--dev "vhost-user:$own/socket,type=net,server=1" --forward-mode=rxonly) </dev/null >"$scratch/output" 2>&1 &
testpmd=$!

socket_is_ours() {
	[ "$(stat -c %a "$own/socket")" = 600 ] || { stat "$own/socket"; return 1; }
}

nothing_else_is_written() {
	[ "$(ls -A "$own")" = socket ] || { ls -lA "$own"; return 1; }
}

# Memory that it shares with back ends and devices has no name, or is a file of its own.
memory_is_ours() {
	local path bad=0

	grep -qE 'memfd|hugepage|dev/zero' "/proc/$testpmd/maps" || { echo "no shared memory is mapped"; return 1; }
	while read -r path; do
		[ ! -e "$path" ] || [ "$(stat -c %a "$path")" = 600 ] || { ls -l "$path"; bad=1; }
	done < <(awk '$2 ~ /^.w.s/ && $6 ~ /^\// { print $6 }' "/proc/$testpmd/maps" | sort -u)
	return $bad
}

# An ordinary user's rights are enough, or its caller's are: it never has more.
programs_raise_nothing() {
	local program bad=0

	for program in "$root"/build/apps/*/kickless-*; do
		[ -f "$program" ] && [ -x "$program" ] || continue
		[ ! -u "$program" ] && [ ! -g "$program" ] && [ -z "$(getcap "$program" 2>/dev/null)" ] ||
			{ ls -l "$program"; bad=1; }
		nm -D --undefined-only "$program" >"$scratch/symbols"
		has_no ' (set(res|re|e)?[ug]id|setgroups|capset)(@|$)' "$scratch/symbols" ' malloc(@|$)' || bad=1
	done
	return $bad
}

check "a program listens" wait_for [ -S "$own/socket" ]
check "nobody else may connect to its socket" socket_is_ours
check "it writes nothing else" nothing_else_is_written
check "its memory can be opened by nobody else" memory_is_ours
check "no program has or takes more rights than its caller" programs_raise_nothing
