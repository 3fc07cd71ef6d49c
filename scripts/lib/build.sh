# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Building into one folder per flavour, quietly unless it fails.

# build_into FOLDER [MESON-OPTION...]; the environment's CC chooses the compiler, and the array
# targets what is built, empty for everything.
targets=()
build_into() {
	local folder=$root/$1 log
	shift

	mkdir -p "$folder"
	log=$folder/build.log
	if [ ! -f "$folder/build.ninja" ]; then
		meson setup "$folder" "$root" "$@" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
	fi
	ninja -C "$folder" "${targets[@]}" >"$log" 2>&1 || { tail -n 60 "$log" >&2; return 1; }
}

# The builds that tests run, see FLAVOURS in parts.py.
build_flavour() {
	case $1 in
	gcc) build_into build ;;
	clang) CC=clang build_into build-clang -Dwerror=true ;;
	sanitized) build_into build-sanitized -Dwerror=true -Db_sanitize=address,undefined -Dbuildtype=debugoptimized \
		-Dasserts=true ;;
	*) echo "no build is called $1" >&2; return 1 ;;
	esac
}
