# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
#
# Building and running fuzz targets, for tests/fuzz/run and scripts/fuzz.
source "$root/scripts/lib/build.sh"

export ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=16 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
fuzz_build=build-fuzz

# With less optimization, since the bursts' templates take minutes with coverage
# and both sanitizers.
# build_fuzzers [TARGET...]
build_fuzzers() {
	fuzz_build=build-fuzz
	targets=(fuzzers)
	[ $# -eq 0 ] || targets=("${@/#/tests/fuzz/fuzz-}")
	CC=clang build_into $fuzz_build -Dfuzz=true -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false \
		-Dbuildtype=debugoptimized -Doptimization=1 -Dasserts=true
}

# The rings without sanitizers, for how fast the code itself is. They follow edges only: a call at
# each comparison, to learn from what it compares, took as long as everything else.
build_plain_fuzzers() {
	fuzz_build=build-fuzz-plain
	targets=(tests/fuzz/fuzz-ring-split tests/fuzz/fuzz-ring-packed)
	CC=clang build_into $fuzz_build -Dfuzz=true -Dwerror=true -Dasserts=true \
		-Dc_args=-fno-sanitize-coverage=trace-cmp
}

fuzz_targets() {
	find "$root/$fuzz_build/tests/fuzz" -maxdepth 1 -type f -perm -u+x -name 'fuzz-*' -printf '%f\n' | sed 's/^fuzz-//' | sort
}

# fuzz NAME SECONDS FOLDER [OPTION...]: starts from the corpus that is kept, puts what is new into
# FOLDER, and the log and what was found beside it. $fuzz_summary is a summary of it.
fuzz() {
	local name=$1 seconds=$2 folder=$3 status=0 runs edges kept=$root/tests/fuzz/corpus/$1 TIMEFORMAT='%U %S' cpu
	shift 3

	[ -d "$kept" ] || kept=
	{ time timeout $((seconds * 3 + 300)) "$root/$fuzz_build/tests/fuzz/fuzz-$name" -max_total_time="$seconds" -max_len=512 \
		-timeout=20 -rss_limit_mb=2000 -print_final_stats=1 -artifact_prefix="$folder.finding-" "$@" \
		"$folder" ${kept:+"$kept"} >"$folder.log" 2>&1; } 2>"$folder.time" || status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder.log")
	edges=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$folder.log" | tail -n 1)
	cpu=$(awk -v n="${runs:-0}" '{ t = $1 + $2; printf("%d", (t > 0) ? n / t : 0) }' "$folder.time")
	fuzz_summary="${runs:-0} runs, $cpu a second of CPU time, ${edges:-0} edges"
	return $status
}
