# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# A small kernel for the guests, built from Debian's sources: it has what Debian's own leaves out,
# and no modules.

readonly home=$cache/small
readonly parts=(config kernel version)
readonly package_size='140 MB'
readonly config=$root/scripts/lib/kernel-small.config
# Built once for all checkouts of this user, since it depends on nothing but its configuration.
readonly kept=${XDG_CACHE_HOME:-~/.cache}/kickless/small-kernel
# As many does a build compile, about.
readonly compiled_files=1390

package_name() { apt-cache show --no-all-versions linux-source-6.1 2>/dev/null | sed -n 's/^Package: //p'; }

# It is as good as the configuration that it was built from.
is_up_to_date() { cmp -s "$home/config" "$config"; }

reuse_kernel() {
	cmp -s "$kept/config" "$config" && cp "${parts[@]/#/$kept/}" "$1/" && log "taking the one in $kept"
}

keep_kernel() {
	mkdir -p "${kept%/*}" && rm -rf "$kept" "$kept.new" && mkdir "$kept.new" && cp "${parts[@]/#/$1/}" "$kept.new/" && mv "$kept.new" "$kept"
}

forget_kernel() { rm -rf "$kept"; }

make_in() {
	local folder=$1
	shift

	nice make -C "$folder/linux-source-6.1" O="$folder/objects" ARCH=x86_64 -j"$(nproc)" "$@"
}

configure() {
	local folder=$1

	make_in "$folder" tinyconfig &&
		"$folder/linux-source-6.1/scripts/kconfig/merge_config.sh" -m -O "$folder/objects" "$folder/objects/.config" "$config" &&
		make_in "$folder" olddefconfig
}

# A message from time to time, as long as this script lives.
log_progress() {
	local log=$1

	while sleep 30 >/dev/null 2>&1 && kill -0 $$; do
		log "compiled $(grep -c '^  CC ' "$log") of about $compiled_files files"
	done
}

compile() {
	local folder=$1 log=$1/log teller status=0

	log "compiling it (5 minutes on 2 cores)"
	configure "$folder" >"$log" 2>&1 || status=$?
	log_progress "$log" &
	teller=$!
	[ $status -ne 0 ] || make_in "$folder" vmlinux >>"$log" 2>&1 || status=$?
	kill "$teller"
	[ $status -eq 0 ] || { tail -n 30 "$log" >&2; die "the small kernel does not build"; }
}

# The options that the configuration requests and did not get, for lack of a dependency.
check_config() {
	local missing

	missing=$(grep -v '^#' "$config" | grep . | grep -vxFf "$1/objects/.config" || true)
	[ -z "$missing" ] || die "this kernel can't have: $missing"
}

build_kernel() {
	local folder=$1

	need make gcc flex bison bc xz objcopy
	log "unpacking it"
	dpkg-deb --fsys-tarfile "$folder"/*.deb | tar -x -O ./usr/src/linux-source-6.1.tar.xz | tar -x -J -C "$folder" --no-same-owner
	mkdir "$folder/objects"
	compile "$folder"
	check_config "$folder"
	# QEMU starts this form directly.
	objcopy -S "$folder/objects/vmlinux" "$folder/kernel"
	cp "$config" "$folder/config"
	printf '%s small\n' "$(<"$folder/objects/include/config/kernel.release")" >"$folder/version"
}

modules_in_order() { :; }
