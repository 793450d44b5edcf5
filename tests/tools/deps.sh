#!/bin/bash
# tools/install-deps.sh on machines that we pretend to have: `deps.sh TOOLS`. apt-get, sudo and id are ours and only
# take notes.
set -euo pipefail
script=$1/install-deps.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# A machine with nothing but the shell's own needs; further commands are made by `give NAME BODY`.
fresh() {
    rm -rf "${work:?}"/*
    mkdir "$work/bin"
    local name
    for name in bash env sort ls; do ln -s "$(command -v $name)" "$work/bin/$name"; done
    give id 'echo 0'
    give apt-get 'echo "apt-get $*" >> "$NOTES"'
}
give() {
    printf '#!%s\n%s\n' "$(command -v bash)" "$2" > "$work/bin/$1"
    chmod +x "$work/bin/$1"
}

# expect STATUS PIECE NOTE: the status, a piece of what it says, and a piece of what apt-get was asked ('-': nothing).
expect() {
    local output status=0 notes
    : > "$work/notes"
    output=$(NOTES="$work/notes" PATH="${path:-$work/bin}" "$work/bin/bash" "$script" "${sets[@]}" 2>&1 < /dev/null) || status=$?
    notes=$(< "$work/notes")
    if [[ $status == "$1" && $output == *"$2"* ]] && { [[ $3 == - && -z $notes ]] || [[ $3 != - && $notes == *"$3"* ]]; }
    then return; fi
    echo "line ${BASH_LINENO[0]}: status $status, said: $output; asked: $notes"
    failures=$((failures + 1))
}

sets=(build)
fresh; expect 0 'installing build-essential cmake' 'apt-get update'
# Every package that the set names, in one go.
all=$(sed -n '/^    build)/,/;;/s/.*need \([^ ]*\) .*/\1/p' "$script" | sort -u | tr '\n' ' ')
fresh; expect 0 '' "install -y -qq --no-install-recommends ${all% }"
fresh; rm "$work/bin/apt-get"; expect 1 'no apt-get' -
fresh; give id 'echo 1000'; expect 1 '  cmake' -
fresh; give id 'echo 1000'; give sudo '[[ $1 == -n ]] && exit 0; echo "sudo $1" >> "$NOTES"; "$@"'
expect 0 '' 'sudo env'
fresh; give id 'echo 1000'; give sudo 'exit 1'; expect 1 'no right' -
fresh; give apt-get 'exit 100'; expect 100 'installing' -
fresh; for name in cc c++ make cmake ninja; do give $name 'cat > /dev/null; exit 0'; done; ln -s "$(command -v cat)" "$work/bin/cat"
give pkg-config '[[ $2 != jansson ]]'; expect 0 'installing libjansson-dev' 'recommends libjansson-dev'
give pkg-config 'exit 0'; expect 0 '' -
sets=(tsan valgrind); fresh; expect 0 'installing clang libclang-rt-dev valgrind' 'install'
sets=(fuzz); fresh; expect 0 'installing clang libclang-rt-dev' 'install'
sets=(docs); fresh; expect 0 'installing doxygen' 'install'
sets=(nonsense); fresh; expect 2 'unknown set' -
sets=(build); fresh; path="$work/bin:$PATH" expect 0 '' -      # here: all is there, since this test was built
((failures == 0)) && echo "deps.sh: ok"
exit $((failures > 0))
