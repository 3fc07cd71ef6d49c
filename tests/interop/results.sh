#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The file of --json, of each program, however a run ends: it is what it was before, or a whole
# object. One of a run that failed has the error.
set -uo pipefail
source "$(dirname "$0")/../lib/cases.sh"
plan 47
scratch=$(mktemp -d)
testpmd=$root/build/apps/testpmd/kickless-testpmd
blk=$root/build/apps/blk/kickless-blk
devbind=$root/build/apps/devbind/kickless-devbind
file=$scratch/results.json
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$scratch"' EXIT

# run PROGRAM ARGUMENT...: with the status in $status, stdout and stderr in files.
run() {
	status=0
	timeout 60 "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
	echo "status $status"
	cat "$scratch/err"
}

# Nothing lies beside the file.
is_alone() {
	[ -z "$(find "$scratch" -name 'results.json.*')" ]
}

# is_untouched STATUS COMMAND...: neither made nor changed.
is_untouched() {
	local expected=$1
	shift

	rm -f "$file"
	run "$@"
	[ "$status" = "$expected" ] && [ ! -e "$file" ] && is_alone || return
	echo kept >"$file"
	run "$@"
	[ "$status" = "$expected" ] && [ "$(cat "$file")" = kept ] && is_alone
}

# has_error STATUS TEXT COMMAND...: a whole object, in a new file and in one that was there.
has_error() {
	local expected=$1 text=$2
	shift 2

	rm -f "$file"
	for _ in 1 2; do
		run "$@"
		[ "$status" = "$expected" ] && is_alone &&
			json "$file" "d['exit_status'] == $expected and '$text' in d['error']" || return
	done
}

# The object has stdout for itself.
has_error_on_stdout() {
	local expected=$1 text=$2
	shift 2

	run "$@"
	[ "$status" = "$expected" ] && json "$scratch/out" "d['exit_status'] == $expected and '$text' in d['error']"
}

# refuses_place PATH COMMAND...: it ends before it has begun.
refuses_place() {
	local path=$1
	shift

	run "$@" --json "$path"
	[ "$status" = 1 ] && grep -F "can't write results to $path" "$scratch/err" && ! grep -F "$nowhere" "$scratch/err"
}

# Whether the run has written to the disk.
has_written() {
	[ "$scratch/disk.raw" -nt "$file" ]
}

# Whether the run has sent packets, by the peer's answer to an earlier call.
has_sent() {
	echo "show port stats 0" >&5
	grep -E "RX-packets: [1-9]" "$scratch/net.log"
}

# ends_by SIGNAL STATUS TEST BEGUN COMMAND...: from BEGUN on, and while it runs, the file is as it
# was.
ends_by() {
	local signal=$1 expected=$2 test=$3 begun=$4 job
	shift 4

	status=0
	echo kept >"$file"
	"$@" >"$scratch/out" 2>"$scratch/err" </dev/null &
	job=$!
	wait_for "$begun" && [ "$(cat "$file")" = kept ] || { kill -KILL "$job"; return 1; }
	kill -s "$signal" "$job"
	wait "$job" 2>/dev/null || status=$?
	echo "status $status"
	cat "$scratch/err" "$file"
	[ "$status" = "$expected" ] && is_alone || return
	[ "$signal" = KILL ] && [ "$(cat "$file")" = kept ] || json "$file" "$test"
}

keeps_link_and_mode() {
	mkdir -p "$scratch/elsewhere"
	echo old >"$scratch/elsewhere/target.json"
	chmod 640 "$scratch/elsewhere/target.json"
	ln -sf elsewhere/target.json "$scratch/link.json"
	run "${good[@]}" --json "$scratch/link.json"
	[ "$status" = 0 ] && [ -L "$scratch/link.json" ] && [ "$(stat -c %a "$scratch/elsewhere/target.json")" = 640 ] &&
		json "$scratch/elsewhere/target.json" "d['exit_status'] == 0"
}

has_usual_mode() {
	rm -f "$file"
	(umask 027 && run "${good[@]}" --json "$file")
	[ "$(stat -c %a "$file")" = 640 ]
}

# As a shell's >(...) is one.
takes_pipe() {
	"${good[@]}" --json >(cat >"$scratch/piped.json") && wait_for json "$scratch/piped.json" "d['exit_status'] == 0"
}

takes_full_device() {
	run "${good[@]}" --json /dev/full
	[ "$status" = 1 ] && grep -F "can't write results to /dev/full: No space left on device" "$scratch/err"
}

# Such a file is written in place, after a rename was tried or where that would be wrong.
in_place() {
	local target=$1 number
	shift

	number=$(stat -c %i "$target")
	run "$@"
	[ "$status" = 0 ] && [ "$(stat -c %i "$target")" = "$number" ] && is_alone && json "$target" "d['exit_status'] == 0"
}

as_root() {
	[ "$(id -u)" = 0 ] || { echo "this needs root"; return 1; }
}

takes_longest_name() {
	local name
	name=$(printf 'n%.0s' $(seq 255))

	run "$devbind" --json="$scratch/$name" && [ "$status" = 0 ] && json "$scratch/$name" "d['exit_status'] == 0" || return
	run "$devbind" --json="$scratch/$name"
	[ "$status" = 0 ] && rm "$scratch/$name" && [ -z "$(find "$scratch" -name 'nnn*')" ]
}

# As docker -v FILE:FILE makes one: a rename ends with EBUSY.
takes_bind_mount() {
	as_root || return
	: >"$scratch/mounted.json"
	echo old >"$scratch/below.json"
	# shellcheck disable=SC2016 # for the shell in the namespace
	in_place "$scratch/below.json" unshare -m sh -c 'mount --bind "$1" "$2" && exec "$3" --json="$2"' sh \
		"$scratch/below.json" "$scratch/mounted.json" "$devbind"
}

# takes_file_of OWNER MODE FOLDER_MODE: as the user 65534. In a sticky folder a rename ends with
# EPERM.
takes_file_of() {
	local folder=$scratch/shared
	as_root || return

	mkdir -p "$folder"
	chmod "$3" "$folder"
	cp "$devbind" "$folder/devbind"
	chmod 755 "$scratch" "$folder/devbind"
	echo old >"$folder/results.json"
	chown "$1" "$folder/results.json"
	chmod "$2" "$folder/results.json"
	in_place "$folder/results.json" setpriv --reuid=65534 --regid=65534 --clear-groups "$folder/devbind" \
		--json="$folder/results.json" && [ "$(stat -c %u:%g:%a "$folder/results.json")" = "$1:$2" ]
}

keeps_owner() {
	as_root || return
	echo old >"$file"
	chown 12:34 "$file"
	chmod 640 "$file"
	run "$devbind" --json="$file"
	[ "$status" = 0 ] && [ "$(stat -c %u:%g:%a "$file")" = 12:34:640 ] && json "$file" "d['exit_status'] == 0"
}

keeps_second_name() {
	echo old >"$scratch/first.json"
	ln -f "$scratch/first.json" "$scratch/second.json"
	in_place "$scratch/second.json" "$devbind" --json="$scratch/first.json"
}

# ends_with_object OUTPUT: behind what else was printed to the same file.
ends_with_object() {
	sed -n '/^{$/,$p' "$1" >"$scratch/object.json"
	grep -E "ADDRESS|no virtio PCI function" "$1" && json "$scratch/object.json" "d['exit_status'] == 0"
}

keeps_output() {
	local number

	: >"$scratch/output"
	number=$(stat -c %i "$scratch/output")
	"$devbind" "--json=$1" >"$scratch/output" && ends_with_object "$scratch/output" &&
		[ "$(stat -c %i "$scratch/output")" = "$number" ]
}

# The file must not become the output that the program does not have.
takes_no_output() {
	echo old >"$file"
	"$devbind" --json="$file" >&-
	json "$file" "'functions' in d"
}

# shows_name COMMAND...: of a socket, without a byte that controls a terminal.
shows_name() {
	run "$@"
	[ "$status" = 0 ] && grep -F 'odd\x1b[2J.sock' "$scratch/out" && ! LC_ALL=C grep -P '[\x00-\x08\x0b-\x1f]' "$scratch/out"
}

no_name_controls_a_terminal() {
	local odd=$scratch/odd$'\e[2J'.sock
	ln -s disk.sock "$odd"
	set -- "${eal[@]}" -- --dev "vhost-user:$odd,type=blk"

	shows_name "$blk" info "$@" && shows_name "$blk" perf "$@" -t 0.1 && shows_name "$blk" verify "$@" --size 1M &&
		shows_name "$blk" perf "$@" --dry-run
}

nowhere=$scratch/nowhere.sock
disk=vhost-user:$scratch/disk.sock,type=blk
eal=(-l 0 --no-huge -m 64)
truncate -s 64M "$scratch/disk.raw"
qemu-storage-daemon --blockdev "driver=file,node-name=f0,filename=$scratch/disk.raw" \
	--export "type=vhost-user-blk,id=e0,node-name=f0,addr.type=unix,addr.path=$scratch/disk.sock,writable=on" \
	>"$scratch/disk.log" 2>&1 &
# Its prompt ends it when its input does.
mkfifo "$scratch/peer.fifo"
exec 5<>"$scratch/peer.fifo"
dpdk-testpmd -l 0,1 --no-huge -m 256 --no-pci --no-shconf --file-prefix=results$$ \
	--vdev "net_vhost0,iface=$scratch/net.sock" -- --total-num-mbufs=4096 -i -a --forward-mode=rxonly \
	<"$scratch/peer.fifo" >"$scratch/net.log" 2>&1 &
port=vhost-user:$scratch/net.sock,type=net
good=("$blk" info "${eal[@]}" -- --dev "$disk")

check "blk: an option behind --json is wrong" is_untouched 2 "$blk" perf -- --dev "$disk" --json "$file" --no-such
check "blk: an option before --json is wrong" is_untouched 2 "$blk" perf -- --no-such --json "$file" --dev "$disk"
check "blk: a value is wrong" is_untouched 2 "$blk" perf -- --json "$file" --dev "$disk" -t none
check "blk: --dry-run writes nothing" is_untouched 0 "$blk" perf -- --json "$file" --dev "$disk" --dry-run
check "testpmd: an option behind --json is wrong" is_untouched 2 "$testpmd" -- --dev "$port" --json "$file" --no-such
check "devbind: an option behind --json is wrong" is_untouched 2 "$devbind" --json="$file" --no-such

check "blk: EAL does not start" has_error 2 "DPDK does not accept its options" "$blk" info -l 9999 -- --dev "$disk" --json "$file"
check "blk: no such device" has_error 1 "$nowhere" "$blk" info "${eal[@]}" -- --dev "vhost-user:$nowhere,type=blk" --json "$file"
check "blk: what is no device's name" has_error 1 "not the name of a device" "$blk" info "${eal[@]}" -- --dev nonsense --json "$file"
check "blk: a name that is not UTF-8" has_error 1 '\\x' "$blk" info "${eal[@]}" -- --dev $'a\xffb\e[31m' --json "$file"
check "blk: no such device, on stdout" has_error_on_stdout 1 "$nowhere" "$blk" info "${eal[@]}" -- \
	--dev "vhost-user:$nowhere,type=blk" --json -
check "testpmd: no such device" has_error 1 "$nowhere" "$testpmd" "${eal[@]}" -- --dev "vhost-user:$nowhere,type=net" --json "$file"
check "testpmd: no such device, on stdout" has_error_on_stdout 1 "$nowhere" "$testpmd" "${eal[@]}" -- \
	--dev "vhost-user:$nowhere,type=net" --json -
check "devbind: no such function" has_error 1 "0000:00:1f.7" "$devbind" -u 0000:00:1f.7 --json="$file"
check "devbind: no such function, on stdout" has_error_on_stdout 1 "0000:00:1f.7" "$devbind" -u 0000:00:1f.7 --json=-
for program in blk testpmd devbind; do
	case $program in
	blk) command=("$blk" info "${eal[@]}" -- --dev "vhost-user:$nowhere,type=blk") ;;
	testpmd) command=("$testpmd" "${eal[@]}" -- --dev "vhost-user:$nowhere,type=net") ;;
	devbind) command=("$devbind") ;;
	esac
	check "$program: a folder that is not there" refuses_place "$scratch/none/results.json" "${command[@]}"
	check "$program: a folder in the file's place" refuses_place "$scratch" "${command[@]}"
	check "$program: a folder that does not exist in the file's place" refuses_place "$scratch/new/" "${command[@]}"
done
check "blk: an empty name" refused "$blk" 'results to "": the name is empty' info "${eal[@]}" -- --dev "$disk" --json ""
check "devbind: an empty name" refused "$devbind" 'results to "": the name is empty' --json=
check "devbind: a name that is too long" refused "$devbind" "File name too long" --json="$scratch/$(printf 'n%.0s' $(seq 256))"
check "the longest name" takes_longest_name
check "a mounted file" takes_bind_mount
check "another user's file in a folder like /tmp" takes_file_of 0:0 666 1777
check "another user's file elsewhere" takes_file_of 0:65534 660 777
check "the owner stays" keeps_owner
check "a second name stays" keeps_second_name
check "what stdout writes, by /dev/stdout" keeps_output /dev/stdout
check "what stdout writes, by its name" keeps_output "$scratch/output"
check "without a stdout" takes_no_output

wait_for_socket "$scratch/disk.sock" >&2
# shellcheck disable=SC2016 # for eval
check "blk: a good run" eval 'run "${good[@]}" --json "$file"; [ "$status" = 0 ] && json "$file" "d[\"exit_status\"] == 0 and \"error\" not in d"'
check "no device's name controls a terminal" no_name_controls_a_terminal
check "a link stays a link, a mode stays" keeps_link_and_mode
check "a new file has the mode that any has" has_usual_mode
check "a pipe" takes_pipe
check "a device without room" takes_full_device
check "blk: an error in the middle" has_error 1 "no-such-file" "$blk" copy "${eal[@]}" -- --dev "$disk" --from "$scratch/no-such-file" --json "$file"
for signal in INT TERM; do
	check "blk: $signal" ends_by "$signal" 0 "d['exit_status'] == 0 and d['requests'] > 0" has_written \
		"$blk" perf "${eal[@]}" -- --dev "$disk" -w randwrite --force -t 60 --json "$file"
done
check "blk: KILL leaves the old file" ends_by KILL 137 "" has_written "$blk" perf "${eal[@]}" -- --dev "$disk" -w randwrite --force -t 60 --json "$file"
wait_for_socket "$scratch/net.sock" >&2
check "testpmd: TERM" ends_by TERM 0 "d['exit_status'] == 0 and d['ports'][0]['tx_packets'] > 0" has_sent \
	"$testpmd" "${eal[@]}" -- --dev "$port" --forward-mode=txonly --duration 60 --json "$file"
