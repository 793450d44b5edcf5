#!/bin/bash
# Runs libFuzzer on every reader and prints what came of it: `tools/fuzz.sh BUILD [SECONDS] [RUNS]`. Each fuzzer of
# BUILD/fuzz runs for SECONDS (60), with RUNS at most for RUNS executions, as many side by side as there are CPUs. It
# begins with its seeds and with what earlier runs found worth keeping in BUILD/corpus. Inputs that broke a reader lie in
# BUILD/findings; then the exit status is 1.
set -euo pipefail
build=$1 seconds=${2:-60} runs=${3:--1}
[[ $seconds =~ ^[0-9]+$ && $runs =~ ^-?[0-9]+$ ]] ||
    { echo "fuzz: the time is whole seconds, not '$seconds', the runs a whole number, not '$runs'" >&2; exit 2; }
jobs=$(nproc 2> /dev/null || echo 2)
fuzzers=()
for file in "$build"/fuzz/fuzz_*; do [[ -f $file && -x $file ]] && fuzzers+=("$(basename "$file")"); done
((${#fuzzers[@]})) || { echo "fuzz: there are no fuzzers in $build/fuzz" >&2; exit 1; }
rm -rf "$build/findings"
mkdir -p "$build/findings" "$build/seeds"

one() {     # FUZZER: its log is BUILD/fuzz/FUZZER.log
    local name=$1
    mkdir -p "$build/corpus/$name" "$build/findings/$name"
    rm -rf "${build:?}/seeds/$name"
    mkdir -p "$build/seeds/$name"
    while read -r seed; do [[ -z $seed ]] || cp "$seed" "$build/seeds/$name/"; done < "$build/fuzz/$name.seeds"
    ASAN_OPTIONS=allocator_may_return_null=1 "$build/fuzz/$name" -max_total_time="$seconds" -runs="$runs" -max_len=65536 \
        -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$build/findings/$name/" \
        "$build/corpus/$name" "$build/seeds/$name" > "$build/fuzz/$name.log" 2>&1 || true
}

echo "fuzz: ${#fuzzers[@]} fuzzers, $seconds seconds each, $jobs at a time; results by $(date -d "+$((
    (${#fuzzers[@]} + jobs - 1) / jobs * seconds)) seconds" +%H:%M:%S)"
for name in "${fuzzers[@]}"; do
    while (($(jobs -rp | wc -l) >= jobs)); do wait -n; done
    one "$name" &
done
wait

printf '\n%-14s %7s %12s %10s %8s %9s\n' reader seeds executions 'a second' kept findings
status=0
for name in "${fuzzers[@]}"; do
    stat() { sed -n "s/^stat::$1: *//p" "$build/fuzz/$name.log" | tail -n 1; }
    found=$(find "$build/findings/$name" -type f | wc -l)
    executions=$(stat number_of_executed_units)
    # A fuzzer that ended without its figures and without an input has a fault of its own.
    [[ -n $executions ]] || { ((found)) || found='see log'; }
    [[ $found == 0 ]] || status=1
    printf '%-14s %7d %12s %10s %8d %9s\n' "${name#fuzz_}" "$(find "$build/seeds/$name" -type f | wc -l)" "${executions:--}" \
        "$(stat average_exec_per_sec | grep . || echo -)" "$(find "$build/corpus/$name" -type f | wc -l)" "$found"
done
((status == 0)) || printf '\nInputs: %s/findings; logs: %s/fuzz/*.log; again: %s/fuzz/fuzz_NAME INPUT\n' "$build" "$build" "$build"
exit $status
