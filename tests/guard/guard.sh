#!/bin/sh
# What steps cost against what they cost when it was recorded: kernel calls, bytes, allocations; with "instructions"
# those that callgrind counts in twenty steps of training a small model, for each compiler. More is red; so is a figure
# that nobody recorded. Less is told. The figures depend on nothing but the code: baseline instructions, one thread.
#   guard.sh PROGRAM RECORDED counts
#   guard.sh PROGRAM RECORDED instructions COMPILER      (77: no valgrind, or no figure for this compiler)
#   guard.sh PROGRAM RECORDED record COMPILER            writes RECORDED anew; figures of other compilers stay
set -u
program=$1 recorded=$2 what=$3 compiler=${4:-}
tolerance=3                                     # percent, of instructions: other versions of the C library
export LAMINA_ISA=baseline LAMINA_THREADS=1 OMP_NUM_THREADS=1
new=$(mktemp) || exit 1
trap 'rm -f "$new"' EXIT

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=guard_steps "$program" train 2>&1 |
        sed -n 's/.*Collected *: *\([0-9]*\).*/instructions.'"$compiler"' \1/p'
}

case $what in
counts) "$program" > "$new" || exit 1 ;;
instructions)
    command -v valgrind > /dev/null || { echo 'skipped: there is no valgrind'; exit 77; }
    grep -q "^instructions.$compiler " "$recorded" || { echo "skipped: nothing is recorded for $compiler"; exit 77; }
    instructions > "$new" ;;
record)
    "$program" > "$new" || exit 1
    ! command -v valgrind > /dev/null || instructions >> "$new"
    [ ! -f "$recorded" ] || grep '^instructions' "$recorded" | while read -r name figure; do
        grep -q "^$name " "$new" || echo "$name $figure" >> "$new"
    done
    cat "$new" > "$recorded"
    echo "Recorded in $recorded:"
    cat "$recorded"
    exit ;;
esac
[ -s "$new" ] || { echo 'FAIL: nothing was measured'; exit 1; }

awk -v tolerance=$tolerance -v recorded="$recorded" '
    FILENAME == recorded { was[$1] = $2; next }
    !($1 in was) { print "FAIL: " $1 " is " $2 ", and nothing is recorded"; bad = 1; next }
    {
        limit = $1 ~ /^instructions/ ? was[$1] * (1 + tolerance / 100) : was[$1]
        if ($2 > limit) { print "FAIL: " $1 " is " $2 ", recorded " was[$1]; bad = 1 }
        least = $1 ~ /^instructions/ ? was[$1] * (1 - tolerance / 100) : was[$1]
        if ($2 < least) print "less: " $1 " is " $2 ", recorded " was[$1]
    }
    END {
        if (bad) print "If the code is meant to cost more, say why in the commit and record it: make record-guard"
        exit bad
    }' "$recorded" "$new" && echo OK
