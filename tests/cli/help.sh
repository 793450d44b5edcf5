#!/bin/sh
# Help, the manual page and completion say the same as the commands understand. help.sh LAMINA SOURCE_DIR
set -u
lamina=$1 source=$2
. "$source/tests/cli/expect.sh"

"$lamina" --help > help || fail 'lamina --help fails'
commands=$(sed -n 's/^  \([a-z]\{1,\}\)  *[a-z].*/\1/p' help | grep -vx lamina)
[ "$(echo "$commands" | wc -w)" -ge 10 ] || { fail 'the help lists too few commands:'; echo "$commands"; }
awk 'length > 100 { print FILENAME ": " $0; bad = 1 } END { exit bad }' help || fail 'lamina --help is too wide'

# Every option of a command is in its help, and every option in its help is one that it has.
"$lamina" completion fish > fish || fail 'no completion for fish'
for command in $commands; do
    expect 0 "lamina $command" "$lamina" $command --help
    grep -oE '^ {2}--[a-z][a-z-]*' out | tr -d ' ' | sort -u > told
    sed -n "s/.*__fish_seen_subcommand_from $command' -l \([a-z-]*\).*/--\1/p" fish | sort -u > has
    echo --help >> has
    sort -u has | diff told - > differ || { fail "the help of $command (<) and its options (>) differ:"; cat differ; }
    awk '{ gsub(/[\200-\277]/, "") } length > 112 { print; bad = 1 } END { exit bad }' out ||
        fail "the help of $command is too wide"
    expect 0 "lamina $command" "$lamina" help $command
    expect 2 'did you mean --threads?' "$lamina" $command --thread 2
    expect 2 'expected a whole number' "$lamina" $command --threads two
    expect 2 '--seed needs a value' "$lamina" $command --seed
    "$lamina" completion bash | grep -q "^    $command)" || fail "completion of bash does not know $command"
done

# --- completion works in bash, and is sound
"$lamina" completion bash > bash.sh && "$lamina" completion zsh > zsh.sh || fail 'no completion'
complete() {
    bash -c '. ./bash.sh; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lamina; echo "${COMPREPLY[@]}"' - "$@"
}
if command -v bash > /dev/null; then
    [ "$(complete lamina tra)" = train ] || fail "bash completes tra to \"$(complete lamina tra)\""
    [ "$(complete lamina train --val)" = --validation-split ] || fail 'bash does not complete --val'
    [ "$(complete lamina train --loss sparse)" = sparse_categorical_crossentropy ] || fail 'bash does not complete a loss'
    [ "$(complete lamina evaluate x --data mni)" = mnist ] || fail 'bash does not complete a dataset'
    [ "$(complete lamina datasets sh)" = show ] || fail 'bash does not complete datasets show'
fi
expect 2 'completion for which shell?' "$lamina" completion
expect 2 'did you mean bash?' "$lamina" completion bsh

# --- the manual page
expect 0 '.SH SYNOPSIS' "$lamina" --man
for command in $commands; do grep -q "^.SH LAMINA $command" out || fail "the manual does not tell of $command"; done
if command -v man > /dev/null && command -v groff > /dev/null; then
    cp out lamina.1
    LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=120 man --warnings -E UTF-8 -l lamina.1 2> err > /dev/null
    [ -s err ] && { fail 'man complains'; head -n 3 err; }
fi

finish
