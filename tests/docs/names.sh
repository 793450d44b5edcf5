#!/bin/bash
# What the documents name exists: names.sh SOURCE_DIR BUILD_DIR. In backquotes: paths of the tree, and lm_…, lm__… and LM_… names.
# Also: docs/architecture.md has a line for each folder of src/; THIRD-PARTY.md has each library that is linked or opened;
# the version is the same everywhere.
set -euo pipefail
source=$(cd "$1" && pwd) build=$(cd "$2" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$source"
documents=(README.md CONTRIBUTING.md SECURITY.md THIRD-PARTY.md CHANGELOG.md docs/*.md data/README.md bench/README.md)

# Every word of the code that may be a name of ours.
grep -rhoE '\b(lm__?|LM_)[A-Za-z0-9_]+' src include cli examples tests "$build/include" CMakeLists.txt cmake tools | sort -u > "$work/words"

{
    for document in "${documents[@]}"; do
        # A line for each piece in backquotes outside of code blocks, cut into words.
        awk '/^```/ { code = !code; next } !code' "$document" | tr '\n' ' ' | grep -oE '`[^`]+`' | tr -d '`' |
            tr ' ;()=' '\n\n\n\n\n' | sed 's/,$//' | grep -v '^$' | sort -u > "$work/pieces" || true
        while read -r piece; do
            [[ $piece != *[…\*\<\$]* && $piece != *NAME* && $piece != *X* && $piece != *[A-Z]_\** ]] || continue
            if [[ $piece =~ ^(lm__?|LM_)[A-Za-z0-9_]+$ ]]; then
                grep -qxF "$piece" "$work/words" || echo "$document: there is no $piece"
            elif [[ $piece =~ ^(src|include|cli|tests|tools|docs|examples|bench|cmake|data)/ ]]; then
                found=0
                for name in $(eval "echo $(printf '%s' "$piece" | tr -cd 'A-Za-z0-9_./{},-')"); do
                    [[ -e $name || -e $build/$name ]] && found=1
                done
                # What a recipe makes is not there yet.
                ((found)) || grep -qxF "\`\`\`c $piece" "$document" || echo "$document: there is no $piece"
            elif [[ $document == docs/architecture.md && $piece =~ ^[a-z]+/[a-z0-9_/.]+\.(c|h|cc|def|sh)$ ]]; then
                [[ -e src/$piece || -e $piece ]] || echo "$document: there is no src/$piece"
            fi
        done < "$work/pieces"
    done
    for folder in src/*/; do
        grep -q "^|.*\`${folder%/}\`" docs/architecture.md || echo "docs/architecture.md: no line of its table has \`${folder%/}\`"
    done
    for package in $(sed -n 's/^set(LM_PACKAGES \(.*\))/\1/p' CMakeLists.txt) \
        $(grep -rhoE '"lib[a-z]+[-a-z0-9]*\.so[.0-9]*"' src cli | tr -d '"' | sed 's/\.so.*//' | sort -u); do
        grep -qi "$package" THIRD-PARTY.md || echo "THIRD-PARTY.md: $package is not in it"
    done
    version=$(sed -n 's/^#define LAMINA_VERSION "\(.*\)"/\1/p' include/lamina/runtime.h)
    grep -q "project(lamina VERSION $version " CMakeLists.txt || echo "CMakeLists.txt: the version is not $version as in runtime.h"
    grep -q "^## $version" CHANGELOG.md || echo "CHANGELOG.md: no section for $version"
} > "$work/faults"
cat "$work/faults"
[[ ! -s $work/faults ]] || exit 1
echo "names.sh: ok"
