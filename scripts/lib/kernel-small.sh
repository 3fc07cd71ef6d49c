# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# A small kernel for the guests, built from Debian's sources: it has what Debian's own leaves out,
# and no modules.

readonly home=$cache/small
readonly parts=(config kernel version)
readonly package_size='150 MB'
# In bookworm-security, in bookworm-backports, and in Debian 13.
readonly source_package=linux-source-6.12
readonly config=$root/scripts/lib/kernel-small.config
# Built once for all checkouts of this user, since it depends on nothing but its source and its
# configuration.
readonly kept=${XDG_CACHE_HOME:-~/.cache}/kickless/small-$source_package
# As many does a build compile, about.
readonly compiled_files=1590

setup_options=' --small-kernel'

need_for_build() {
	need apt-cache apt-get make gcc flex bison bc xz objcopy dpkg-deb
	echo '#include <libelf.h>' | gcc -E - >/dev/null 2>&1 ||
		die "not found: libelf.h; run scripts/setup$setup_options first"
}

# Nothing when apt does not know it.
package_name() {
	{ apt-cache "${apt_options[@]}" show --no-all-versions "$source_package" 2>/dev/null || true; } | sed -n 's/^Package: //p'
}

# What it is built from, as a part of it: it is up to date as long as that is the same.
print_config() {
	echo "# $source_package"
	grep '^CONFIG_' "$config"
}

is_made_from_this() { print_config | cmp -s - "$1/config"; }

is_up_to_date() { is_made_from_this "$home"; }

reuse_kernel() {
	is_made_from_this "$kept" && cp "${parts[@]/#/$kept/}" "$1/" && log "taking the one in $kept"
}

# The archives to look in besides those that the machine reads, "URI SUITE" a line: beside the
# release of Debian there are its security updates and its backports.
print_other_archives() {
	# The names are apt's.
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' |
		sort -u |
		awk '$3 == "Debian" && $2 ~ /^[a-z]+$/ {
			sub("/$", "", $1)
			print $1 "-security", $2 "-security"
			print $1, $2 "-backports"
		}'
}

# look_elsewhere FOLDER: with lists of this script's own there, apt finds the source for a machine
# whose own lists lack it. Those are left as they are.
look_elsewhere() {
	local folder=$1/apt uri suite keyring=/usr/share/keyrings/debian-archive-keyring.gpg

	while read -r uri suite; do
		rm -rf "$folder"
		mkdir -p "$folder"/{lists,cache}/partial
		echo "deb [signed-by=$keyring] $uri $suite main" >"$folder/sources.list"
		apt_options=(-o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null
			-o Dir::State::lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root)
		log "looking for $source_package in $suite"
		apt-get -q "${apt_options[@]}" update -o Acquire::http::Timeout=60 -o Acquire::https::Timeout=60 >&2 || continue
		[ -z "$(package_name)" ] || return 0
	done < <(print_other_archives)
	apt_options=()
	return 1
}

keep_kernel() {
	mkdir -p "${kept%/*}" && rm -rf "$kept" "$kept.new" && mkdir "$kept.new" && cp "${parts[@]/#/$1/}" "$kept.new/" && mv "$kept.new" "$kept"
}

forget_kernel() { rm -rf "$kept"; }

make_in() {
	local folder=$1
	shift

	nice make -C "$folder/$source_package" O="$folder/objects" ARCH=x86_64 -j"$(nproc)" "$@"
}

configure() {
	local folder=$1

	make_in "$folder" tinyconfig &&
		"$folder/$source_package/scripts/kconfig/merge_config.sh" -m -O "$folder/objects" "$folder/objects/.config" "$config" &&
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

	log "compiling it (6 minutes on 2 cores)"
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

	log "unpacking it"
	dpkg-deb --fsys-tarfile "$folder"/*.deb | tar -x -O "./usr/src/$source_package.tar.xz" | tar -x -J -C "$folder" --no-same-owner
	mkdir "$folder/objects"
	compile "$folder"
	check_config "$folder"
	# QEMU starts this form directly.
	objcopy -S "$folder/objects/vmlinux" "$folder/kernel"
	print_config >"$folder/config"
	printf '%s small\n' "$(<"$folder/objects/include/config/kernel.release")" >"$folder/version"
}

modules_in_order() { :; }
