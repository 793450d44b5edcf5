#!/bin/sh
# Checks that the names of the interface in the documents exist: check_names.sh TREE BUILD. Every lm_… in README.md and
# docs/*.md must stand in a public header, of which some are generated in the build folder. "lm_data_*" and "lm_op_…"
# stand for a family, of which there must be a member; names of Lamina's inside
# (lm__…) and lm_X, any name, are not looked at.
set -u
tree=${1:-$(dirname "$0")/..} build=${2:-build}
cd "$tree" || exit 1
names=$(mktemp) || exit 1
trap 'rm -f "$names"' EXIT
cat include/lamina/*.h "$build"/include/lamina/*.h | grep -oE '\blm_[a-zA-Z0-9_]+' | grep -v '^lm__' | sort -u > "$names"
[ "$(wc -l < "$names")" -gt 200 ] || { echo "check_names: too few names in the headers; build first"; exit 1; }
grep -noE '\blm_[a-zA-Z0-9_]+(\*|…)?' README.md docs/*.md | grep -vE ':lm_(_|X)' | sort -u -t : -k 1,1 -k 3,3 | awk -F : '
    NR == FNR { known[$1] = 1; next }
    {
        name = $3; family = sub(/(\*|…)$/, "", name) || name ~ /_$/
        found = name in known
        if (!found && family) for (k in known) if (index(k, name) == 1) { found = 1; break }
        checked++
        if (!found) { print $1 ":" $2 ": " $3 " is in no public header"; bad = 1 }
    }
    END {
        print bad ? "check_names: names that do not exist" : "check_names: ok (" checked " names)"
        exit bad
    }' "$names" -
