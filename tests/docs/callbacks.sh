#!/bin/sh
# The program of docs/callbacks.md compiles without a warning and does what the page says: callbacks.sh SOURCE BUILD.
# Exit status 77 where there is no compiler.
set -u
source=$1 build=$2
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
fail() { echo "FAIL: $1"; exit 1; }
awk '/^```c$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$source/docs/callbacks.md" > run.c
command -v gcc > /dev/null || { echo "SKIP: no gcc"; exit 77; }
gcc -Wall -Wextra -Werror "-I$source/include" "-I$build/include" run.c "-L$build/lib" "-Wl,-rpath,$build/lib" -llamina \
    -o run_digits || fail "gcc refuses it"

# It is killed once its first backup is there, and goes on.
./run_digits > first.txt 2>&1 &
child=$!
while [ ! -s run/backup.keras ] && kill -0 $child 2> /dev/null; do sleep 0.02; done
kill -9 $child 2> /dev/null
wait $child 2> /dev/null
./run_digits > out.txt 2> err.txt || { cat err.txt; fail "it exits with $?"; }
cat out.txt
[ ! -s err.txt ] || { cat err.txt; fail "it complains"; }
grep -q 'Going on from run/backup.keras: epoch' out.txt || fail "it does not go on"
grep -q 'epoch 2: 0.9' out.txt || fail "its own callback says nothing"
[ "$(wc -l < run/log.jsonl)" -eq 2 ] || fail "run/log.jsonl has other than two lines"
[ -s run/best.keras ] || fail "no run/best.keras"
[ ! -e run/backup.keras ] || fail "the backup is still there"
ls run/logs/train/events.out.tfevents.* run/logs/validation/events.out.tfevents.* > /dev/null || fail "no event files"

# Every callback stands in the page's table.
sed -n 's/^LM_CALLBACK(\(.*\))$/\1/p' "$source/src/train/callbacks/callbacks.def" > names.txt
while read -r name; do
    grep -q "^| \`$name\` |" "$source/docs/callbacks.md" || fail "docs/callbacks.md does not name $name"
done < names.txt
echo "OK: it is killed, goes on, and leaves what the page says"
