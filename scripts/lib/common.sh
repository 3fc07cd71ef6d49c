# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# What every script needs: where the checkout is, where the guest kernel is
# kept, and one way to talk to the caller.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=$(realpath -m "${KICKLESS_CACHE:-$root/build/guest}")
readonly root cache

# Messages go to stderr: stdout belongs to whatever the script produces.
log() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	log "$*"
	exit 1
}

# Exit status 2 tells a caller's mistake from a failed run.
bad_usage() {
	log "$*"
	log "see ${0##*/} --help"
	exit 2
}

have() {
	command -v "$1" >/dev/null
}

# The help text of a script is the comment block at its top, so that the two
# can't drift apart.
print_help() {
	awk 'NR <= 2 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"
}

# Names every missing program at once, and how to get them: by scripts/setup with $setup_options.
setup_options=
need() {
	local program missing=()

	for program in "$@"; do
		have "$program" || missing+=("$program")
	done
	[ ${#missing[@]} -eq 0 ] || die "not found: ${missing[*]}; run scripts/setup$setup_options first"
}
