#!/bin/bash
# tools/fuzz.sh with fuzzers that we pretend to have: `fuzz.sh TOOLS`. It must count what they did, and tell findings and
# fuzzers that broke down from a clean run.
set -euo pipefail
script=$1/fuzz.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/fuzz"
failures=0

fuzzer() {  # NAME BODY: $prefix is where it leaves inputs, $last the folder of its seeds
    printf '#!/bin/bash\nfor a; do last=$a; [[ $a == -artifact_prefix=* ]] && prefix=${a#*=}; done\n%s\n' "$2" > "$work/fuzz/fuzz_$1"
    chmod +x "$work/fuzz/fuzz_$1"
    printf '%s\n\n' "$script" > "$work/fuzz/fuzz_$1.seeds"
}
expect() {  # STATUS PATTERN
    local output status=0
    output=$("$script" "$work" 1 2>&1) || status=$?
    if [[ $status == "$1" ]] && grep -qE "$2" <<< "$output"; then return; fi
    echo "line ${BASH_LINENO[0]}: status $status, said: $output"
    failures=$((failures + 1))
}

expect 1 'there are no fuzzers'
sound='[[ -f $last/fuzz.sh ]] && echo "stat::number_of_executed_units: 77"; echo "stat::average_exec_per_sec: 7"'
fuzzer sound "$sound"
expect 0 '^sound +1 +77 +7 +0 +0$'
fuzzer broken "touch \"\${prefix}crash-1\"; $sound; exit 1"
expect 1 '^broken +1 +77 +7 +0 +1$'
fuzzer broken 'exit 1'
expect 1 '^broken +1 +- +- +0 +see log$'
((failures == 0)) && echo "fuzz.sh: ok"
exit $((failures > 0))
