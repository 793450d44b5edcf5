#!/bin/sh
# The guard goes red when a step costs more than was recorded. red.sh PROGRAM RECORDED
set -u
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
guard="$(dirname "$0")/guard.sh" bad=0
red() {
    sh "$guard" "$folder/program" "$folder/recorded" counts > "$folder/out" 2>&1 &&
        { echo "FAIL: not red: $1"; bad=1; }
    grep -qF "$2" "$folder/out" || { echo "FAIL: $1: does not say \"$2\""; cat "$folder/out"; bad=1; }
}
printf '#!/bin/sh\ncat %s/figures\n' "$folder" > "$folder/program"
chmod +x "$folder/program"
cp "$2" "$folder/recorded"
grep -v '^instructions' "$2" > "$folder/figures"
sh "$guard" "$folder/program" "$folder/recorded" counts > /dev/null || { echo 'FAIL: red without a reason'; bad=1; }
for figure in tutorial.training.calls tutorial.training.bytes tutorial.training.allocations letters.prediction.calls; do
    grep -v '^instructions' "$2" | awk -v f=$figure '$1 == f { $2++ } { print }' > "$folder/figures"
    red "one more $figure" "FAIL: $figure is "
done
echo 'odd.training.calls 3' > "$folder/figures"
red 'a figure that is not recorded' 'nothing is recorded'
: > "$folder/figures"
red 'no figures' 'nothing was measured'
# Instructions: 3 % more are allowed, and a compiler that nobody recorded is skipped.
printf '#!/bin/sh\necho "==1== Collected : $(cat %s/count)" >&2\n' "$folder" > "$folder/valgrind"
chmod +x "$folder/valgrind"
echo 'instructions.abacus-1 1000' >> "$folder/recorded"
for case in '1030 0' '1031 1' '960 0'; do
    echo "${case% *}" > "$folder/count"
    PATH="$folder:$PATH" sh "$guard" "$folder/program" "$folder/recorded" instructions abacus-1 > "$folder/out" 2>&1
    [ $? -eq "${case#* }" ] || { echo "FAIL: $case"; cat "$folder/out"; bad=1; }
done
grep -q 'less: instructions.abacus-1 is 960' "$folder/out" || { echo 'FAIL: less is not told'; bad=1; }
PATH="$folder:$PATH" sh "$guard" "$folder/program" "$folder/recorded" instructions other-1 > "$folder/out" 2>&1
[ $? -eq 77 ] || { echo 'FAIL: another compiler is not skipped'; bad=1; }

# Recording brings it back, and forgets no other compiler.
grep -v '^instructions' "$2" | awk '{ print $1, $2 + 5 }' > "$folder/figures"
PATH=/usr/bin:/bin sh "$guard" "$folder/program" "$folder/recorded" record none-1 > /dev/null 2>&1
grep -q '^instructions.abacus-1 1000$' "$folder/recorded" || { echo 'FAIL: another compiler is forgotten'; bad=1; }
sh "$guard" "$folder/program" "$folder/recorded" counts > /dev/null || { echo 'FAIL: red after recording'; bad=1; }
[ $bad -eq 0 ] && echo OK
exit $bad
