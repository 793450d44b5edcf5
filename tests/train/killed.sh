#!/bin/bash
# Kills a run with SIGKILL at random moments, lets it go on each time, and compares what it ends with to the run that
# was left alone, byte for byte: killed.sh KILLED_PROGRAM. LAMINA_KILLS: how many kills (8).
set -u
program=$1 wanted=${LAMINA_KILLS:-8} pause=8
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
fail() { echo "FAIL: $1"; exit 1; }
without_seconds() { sed -E 's/"seconds": [0-9.]+//' "$1/log.jsonl"; }

mkdir "$folder/whole"
begun=$(date +%s%N)
"$program" "$folder/whole" $pause || fail "the run that is left alone fails"
whole=$((($(date +%s%N) - begun) / 1000000))
[ -e "$folder/whole/backup.keras" ] && fail "a run that has ended leaves its backup"

kills=0 runs=0
while [ $kills -lt "$wanted" ]; do
    runs=$((runs + 1)) dir=$folder/run$runs
    mkdir "$dir"
    for ((attempt = 0; attempt < 40; attempt++)); do
        "$program" "$dir" $pause &
        child=$!
        moment=$((RANDOM * whole / 32768 / 2 + 3))
        sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
        if kill -9 $child 2> /dev/null; then kills=$((kills + 1)); fi
        wait $child 2> /dev/null
        status=$?
        [ $status -eq 137 ] || break
        [ $kills -ge "$wanted" ] && { "$program" "$dir" 0; status=$?; break; }
    done
    [ $status -eq 137 ] && { "$program" "$dir" 0; status=$?; }
    [ $status -eq 0 ] || fail "run $runs ends with status $status"
    cmp "$folder/whole/result.txt" "$dir/result.txt" || fail "run $runs ends with other bytes"
    cmp "$folder/whole/log.csv" "$dir/log.csv" || fail "run $runs leaves another log.csv"
    [ "$(without_seconds "$folder/whole")" = "$(without_seconds "$dir")" ] || fail "run $runs leaves another log.jsonl"
    [ -z "$(find "$dir" -name '.lamina-*.tmp' -newer "$dir/result.txt")" ] || fail "run $runs leaves temporary files"
done
echo "OK: $kills kills in $runs runs; each ended with the bytes of the run that was left alone ($whole ms)"
