#!/bin/sh
# What the shared library exports is what the public headers declare, no more and no less: exports.sh SOURCE_DIR BUILD_DIR
# Exit status 77 without gcc, which lists the declarations.
set -eu
source=$1 build=$2
command -v gcc > /dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for header in "$source"/include/lamina/*.h "$build"/include/lamina/*.h; do
    echo "#include <lamina/$(basename "$header")>"
done > "$folder/all.c"
gcc -fsyntax-only -aux-info "$folder/declared" "-I$source/include" "-I$build/include" "$folder/all.c"
# A line of it: /* FILE:LINE:NC */ extern TYPE NAME (PARAMETERS); the name is what stands before the first "(" that
# does not belong to a function pointer.
grep -F /include/lamina/ "$folder/declared" | sed -E 's|^/\*[^*]*\*/ ||; s/^([^(]*) \(.*/\1/; s/.*[ *]//' | sort -u > "$folder/headers"
nm -D --defined-only "$build/lib/liblamina.so" | awk '{ print $3 }' | sort -u > "$folder/exported"
[ "$(wc -l < "$folder/headers")" -gt 200 ] || { echo 'FAIL: hardly a declaration was found'; exit 1; }
comm -23 "$folder/headers" "$folder/exported" | sed 's/$/ is declared in a public header, but not exported/' > "$folder/faults"
comm -13 "$folder/headers" "$folder/exported" | sed 's/$/ is exported, but in no public header/' >> "$folder/faults"
cat "$folder/faults"
[ ! -s "$folder/faults" ] || exit 1
echo "OK: $(wc -l < "$folder/headers") functions"
