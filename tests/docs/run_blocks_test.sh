#!/bin/sh
# The checkers of documents see what is wrong: run_blocks_test.sh BUILD.
set -u
here=$(cd "$(dirname "$0")" && pwd) build=$(cd "$1" && pwd)
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
command -v cc > /dev/null || { echo 'SKIP: there is no cc'; exit 77; }
# What fails is noted in a file: a function behind a pipe is a process of its own, whose variables go with it.
: > "$folder/bad"

# blocks STATUS NAME: the document on the standard input.
blocks() {
    cat > "$folder/page.md"
    sh "$here/run_blocks.sh" "$folder/page.md" "$here/../.." "$build" > "$folder/out" 2>&1
    got=$?
    [ $got -eq "$1" ] || { echo "FAIL: $2: status $got, expected $1" | tee -a "$folder/bad"; cat "$folder/out"; }
}
page() { printf '%s\n' '```sh' "$1" '```' "\`\`\`$2" "$3" '```'; }

page 'echo one 2.5 three' text 'one 2.5 three' | blocks 0 'equal'
page 'echo one 2.5 three' text 'one 2.51 three' | blocks 1 'another number'
page 'echo one 2.5 three' 'text about' 'one 2.51 three' | blocks 0 'a number that is near'
page 'echo one 2.5 three' 'text about' 'one 2.8 three' | blocks 1 'a number that is far'
page 'echo one 2.5 three' 'text about 20' 'one 2.8 three' | blocks 0 'a number that is near enough'
page 'echo one 2.5 three' 'text about 20' 'one 3.5 three' | blocks 1 'a number that is not'
page 'echo 25 tables' 'text about' '26 tables' | blocks 1 'whole numbers are exact'
page 'echo one 2.5 three' text 'one … three' | blocks 0 'a word left open'
page 'echo one 2.5 three' text 'one …' | blocks 0 'the rest of a line'
page 'echo one 17s 9ms/step' text 'one …s …ms/step' | blocks 0 'the ends of words'
page 'echo one 17s 9ms/step' text 'one …s …s/epoch' | blocks 1 'another end'
page 'echo a; echo b; echo c' text "$(printf 'a\n…\nc')" | blocks 0 'lines left open'
page 'echo a; echo b' text "$(printf 'a\n…\nc')" | blocks 1 'a line that does not come'
page 'echo a; echo b' text 'a' | blocks 1 'more than expected'
page 'echo a' text "$(printf 'a\nb')" | blocks 1 'less than expected'
page 'echo a; exit 3' text 'a' | blocks 1 'a command that fails'
printf 'no blocks\n' | blocks 1 'nothing to run'
{ printf '```c p.c\n#include <stdio.h>\nint main(void)\n{\n```\nmore\n```c p.c\nputs("hi"); }\n```\n'
  page 'cc p.c -o p && ./p' text 'hi'; } | blocks 0 'a program in pieces'

# links STATUS NAME TEXT and names STATUS NAME TEXT: of a tree with that README.md.
mkdir -p "$folder/tree/docs" "$folder/tree/include"
ln -s "$here/../../include/lamina" "$folder/tree/include/lamina"
printf '# One page\n\n## What `lm_fit` (and more) does\n' > "$folder/tree/docs/page.md"
tree() {
    printf '%s\n' "$4" > "$folder/tree/README.md"
    "$here/../../tools/check_$1.sh" "$folder/tree" "$build" > "$folder/out" 2>&1
    got=$?
    [ $got -eq "$2" ] || { echo "FAIL: check_$1: $3: status $got, expected $2" | tee -a "$folder/bad"; cat "$folder/out"; }
}
tree links 0 'a file' '[a](docs/page.md)'
tree links 1 'no file' '[a](docs/pages.md)'
tree links 0 'a heading' '[a](docs/page.md#what-lm_fit-and-more-does)'
tree links 1 'no heading' '[a](docs/page.md#what-lm_fit-does)'
tree links 1 'the second of a line' '[a](docs/page.md) and [b](docs/none.md)'
tree links 0 'the network' '[a](docs/page.md) [b](https://example.org/none)'
tree names 0 'a function' '`lm_fit` and `lm_data_*`'
tree names 1 'no function' '`lm_fits`'
tree names 1 'no family' '`lm_fits_*`'

[ ! -s "$folder/bad" ] || exit 1
echo 'OK'
