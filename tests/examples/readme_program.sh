#!/bin/sh
# Takes the program out of README.md, compiles it with every compiler at hand without a warning, and runs it:
# readme_program.sh SOURCE_DIR BUILD_DIR. Exit status 77 where there is no compiler.
set -u
source=$1 build=$2
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
awk '/^```c$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$source/README.md" > digits.c
grep -q 'lm_sequential' digits.c || { echo "README.md holds no program"; exit 1; }
tried=
for compiler in gcc clang; do
    command -v "$compiler" > /dev/null || { echo "SKIP $compiler: it is not here"; continue; }
    tried=$tried$compiler
    "$compiler" -Wall -Wextra -Werror "-I$source/include" "-I$build/include" digits.c "-L$build/lib" \
        "-Wl,-rpath,$build/lib" -llamina -o "digits_$compiler" || { echo "FAIL: $compiler refuses it"; exit 1; }
    echo "OK: $compiler compiles it"
done
[ -n "$tried" ] || exit 77

# One of them is run: it must learn, print, and save.
program=./digits_gcc
[ -x "$program" ] || program=./digits_clang
"$program" > out.txt 2> err.txt || { echo "FAIL: it exits with $?"; cat err.txt; exit 1; }
cat out.txt
[ ! -s err.txt ] || { echo "FAIL: it complains"; cat err.txt; exit 1; }
for line in 'Epoch 1/2' 'Epoch 2/2' '1875/1875 ━' '313/313 ━' 'Test accuracy: 0.9[78]'; do
    grep -q "$line" out.txt || { echo "FAIL: nothing like \"$line\" in its output"; exit 1; }
done
[ "$(grep -c '^ *\[*\[[0-9. ]*\]' out.txt)" -ge 5 ] || { echo "FAIL: no five rows of probabilities"; exit 1; }
[ -s mnist.keras ] || { echo "FAIL: no mnist.keras"; exit 1; }
echo "OK: it runs"
