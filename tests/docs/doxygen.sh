#!/bin/sh
# The reference of the public headers is written without a warning, and has in it what it is for: doxygen.sh SOURCE_DIR
# BUILD_DIR. Exit status 77 without Doxygen.
set -u
source=$1 build=$2
command -v doxygen > /dev/null || exit 77
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/include"
cp -r "$build/include/lamina" "$folder/include/" || exit 1
"$source/tools/docs.sh" "$source" "$folder" > "$folder/log" 2>&1 || { echo 'FAIL: Doxygen warns:'; head -n 20 "$folder/log"; exit 1; }
bad=0
html=$folder/docs/html
# has FILE WORDS: the page's text, without its marks, has the words.
has() {
    sed 's/<[^>]*>//g; s/&quot;/"/g; s/&#160;/ /g' "$html/$1" | tr -s ' \n' '  ' | grep -qF "$2" ||
        { echo "FAIL: $1 does not say \"$2\""; bad=1; }
}
has index.html 'Keyword arguments'
has group__layers.html 'Arguments by name, each a field of lm_dense_args. Defaults: LM_LAYER_DEFAULTS, .use_bias = true'
has group__layers.html 'Dense: y = activation(x · kernel + bias), over the last axis.'
has structlm__dense__args.html 'size of the output, required'
has structlm__dense__args.html 'int64_t input_shape [LM_MAX_RANK]'
has group__object.html 'Gives one reference back; frees the object with the last.'
has group__status.html 'LM_NOT_FINITE'
for header in "$source"/include/lamina/*.h "$build"/include/lamina/*.h; do
    name=$(basename "$header" .h)
    [ -e "$html/group__$name.html" ] || { echo "FAIL: $name.h is no group: does its first comment begin with lamina/$name.h:?"; bad=1; }
done
[ $bad -ne 0 ] || echo "OK: $(find "$html" -name '*.html' | wc -l) pages"
exit $bad
