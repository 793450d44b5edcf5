#!/bin/bash
# Checks the house's limits: `tools/check_sizes.sh [TREE] [columns]`. A file has at most 800 lines (400 are usual), a
# function 80 (60); the library neither ends the process nor prints by itself, and takes memory through base/alloc.h
# only. With `columns` also: at most 118 columns, and no tabs.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"
export LC_ALL=C.UTF-8
most_lines=800 most_function=80 most_columns=118

ending='abort|exit|_exit|quick_exit|assert|printf|vprintf|puts|putchar|perror'
memory='malloc|calloc|realloc|reallocarray|free|aligned_alloc|posix_memalign|strdup|strndup|asprintf|vasprintf|getline'

folders=()
for folder in src include cli serve examples tests bench tools; do [[ -d $folder ]] && folders+=("$folder"); done
mapfile -t files < <(find "${folders[@]}" -name '*.[ch]' -o -name '*.cc' -o -name '*.def' -o -name '*.sh' | sort)
((${#files[@]})) || { echo "check_sizes: there are no sources in $PWD"; exit 1; }

# Code without comments and the insides of strings, one line for one, so that words in them are no calls.
strip() {
    awk '{
        out = ""; text = $0
        while (text != "") {
            if (comment) {
                at = index(text, "*/")
                if (!at) break
                text = substr(text, at + 2); comment = 0
            } else if (match(text, /"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047|\/\/.*|\/\*/)) {
                token = substr(text, RSTART, RLENGTH)
                out = out substr(text, 1, RSTART - 1)
                text = substr(text, RSTART + RLENGTH)
                if (token == "/*") comment = 1
                else if (token ~ /^"/) out = out "\"\""
            } else { out = out text; text = "" }
        }
        print out
    }' "$1"
}

{
    awk -v most=$most_lines 'FNR == 1 { file = FILENAME } { lines[FILENAME] = FNR }
        END { for (f in lines) if (lines[f] > most) print f ": " lines[f] " lines; " most " are allowed" }' "${files[@]}"
    if [[ ${2:-} == columns ]]; then
        grep -nHP ".{$((most_columns + 1)),}|\t" "${files[@]}" | grep -vE '^[^:]*\.sh:' |
            sed -E "s/^([^:]*:[0-9]+):.*/\1: more than $most_columns columns, or a tab/" || true
    fi
    awk -v most=$most_function '/^\{/ { begin = FNR }
        /^\}/ && begin { if (FNR - begin + 1 > most)
            print FILENAME ":" begin ": a function of " FNR - begin + 1 " lines; " most " are allowed"; begin = 0 }
        FNR == 1 { begin = 0 }' "${files[@]}"
    for file in "${files[@]}"; do
        [[ $file == src/*.c || $file == src/*.cc ]] || continue
        words=$ending
        [[ $file == src/base/alloc.c ]] || words+="|$memory"
        strip "$file" | grep -nE "(^|[^A-Za-z0-9_.>])($words) *\(" | sed "s|^|$file:|; s|\$|   <- not in src/|" || true
    done
} | {
    if grep .; then
        echo "check_sizes: limits are broken"
        exit 1
    fi
    echo "check_sizes: ok (${#files[@]} files)"
}
