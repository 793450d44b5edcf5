#!/bin/sh
# Follows the recipes of CONTRIBUTING.md in a copy of the tree: recipes.sh SOURCE_DIR. A block "```c FILE" is written to
# FILE, a block "```add FILE" is lines for the registry FILE. Then the new op must pass the gradient check, the new
# layer must be in the registry and in .keras files, the new command in --help. Exit status 77 without cmake and ninja.
set -u
source=$1
command -v cmake > /dev/null && command -v ninja > /dev/null || exit 77
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/tree" || exit 1
cd "$source" || exit 1
# The builds, and what users left in runs/, stay behind; so does the data, which nothing here reads.
tar -cf - --exclude='./build*' --exclude=./runs --exclude=./.git --exclude=./data/mnist . | tar -xf - -C "$folder/tree"
cd "$folder/tree" || exit 1

awk '
    /^```(c|add) / { file = $2; adds = /^```add/; if (adds) added[file] = 1; else { print file > "../new"; printf "" > file }; next }
    /^```/ { file = ""; next }
    file == "" { next }
    adds { print $0 > ("../added." ++lines); print file > ("../added." lines ".to"); next }
    { print > file }' CONTRIBUTING.md
[ "$(wc -l < ../new)" -eq 4 ] || { echo "FAIL: expected 4 new files in CONTRIBUTING.md:"; cat ../new; exit 1; }
while read -r file; do
    [ ! -e "$source/$file" ] || { echo "FAIL: $file exists: the recipe needs another example"; exit 1; }
done < ../new
for line in ../added.?; do
    file=$(cat "$line.to")
    # In its place in the alphabet: before the first entry that is greater, as a person would put it.
    awk -v new="$(cat "$line")" 'BEGIN { kind = substr(new, 1, index(new, "(")) }
        !done && index($0, kind) == 1 && $0 > new { print new; done = 1 } { print } END { if (!done) print new }' \
        "$file" > ../sorted && cp ../sorted "$file"
    grep -qxF "$(cat "$line")" "$file" || { echo "FAIL: no line was added to $file"; exit 1; }
done
# The rest of the tree has tests of its own.
{ tools/check_includes.sh || true; tools/check_sizes.sh . columns || true; } > ../log
! grep -F -f ../new ../log || { echo 'FAIL: the new files break the house rules'; exit 1; }

cat > ../layer.c << 'END'
#include <lamina/lamina.h>
#include <stdio.h>
#include <string.h>

static int same(const lm_model *a, const lm_model *b)
{
    lm_tensor *x = lm_tensor_copy_of(LM_F32, 2, (int64_t[]){1, 3}, (float[]){1, -2, 3});
    lm_tensor *p = lm_predict_array(a, x), *q = lm_predict_array(b, x);
    int result = lm_tensor_size(p) == 2 && lm_tensor_size(q) == 2;
    for (size_t i = 0; i < 2; i++) result &= lm_tensor_get(p, i) == lm_tensor_get(q, i);
    lm_free(x), lm_free(p), lm_free(q);
    return result;
}

int main(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_gain(.gain_initializer = "random_normal"), lm_dense(.units = 2));
    lm_layer *l = lm_layer_from_config("Gain", "{\"name\": \"louder\"}");
    lm_save(m, "gain.keras");
    lm_model *again = lm_load("gain.keras");
    int right = !lm_failed(m) && !lm_failed(l) && !lm_failed(again) && !strcmp(lm_layer_name(l), "louder") &&
                !strcmp(lm_layer_class(lm_model_layer(again, 0)), "Gain") && lm_parameters(again, true) == 3 + 8 &&
                same(m, again);
    if (!right) fprintf(stderr, "%s %s %s\n", lm_error(m), lm_error(l), lm_error(again));
    lm_free(m), lm_free(l), lm_free(again);
    return !right;
}
END

# Unoptimised: this is about what is found, not how fast it runs.
cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Debug > ../log 2>&1 || { cat ../log; exit 1; }
cmake --build build --target lamina test_registry test_gradients test_every_op > ../log 2>&1 ||
    { echo 'FAIL: it does not build'; grep -E 'error:|warning:|undefined|multiple|^FAILED' ../log | head -n 20; exit 1; }
! grep -E 'warning:' ../log || { echo 'FAIL: the recipes build with warnings'; exit 1; }
for test in test_registry test_gradients test_every_op; do
    build/tests/$test > ../log 2>&1 || { echo "FAIL: $test"; tail -n 20 ../log; exit 1; }
done
grep -q 'lm_op_exp2' build/include/lamina/ops.h || { echo 'FAIL: ops.h has no lm_op_exp2'; exit 1; }
libraries=$(sed -n 's/^Requires.private: //p' build/lamina.pc)
# shellcheck disable=SC2086,SC2046
cc -Iinclude -Ibuild/include ../layer.c build/lib/liblamina.a $(pkg-config --libs $libraries) -lstdc++ -lpthread -lm -ldl \
    -o ../layer || { echo 'FAIL: a program with the layer does not build'; exit 1; }
cd "$folder" || exit 1
./layer || { echo 'FAIL: the layer is not kept by .keras'; exit 1; }
lamina=tree/build/bin/lamina
$lamina --help | grep -q '^ *parameters  *how many parameters a model has$' || { echo 'FAIL: --help does not list parameters'; exit 1; }
$lamina parameters --help | grep -q '^Usage: lamina parameters MODEL' || { echo 'FAIL: parameters has no help'; exit 1; }
[ "$($lamina parameters gain.keras)" = 11 ] || { echo 'FAIL: lamina parameters counts wrong'; exit 1; }
$lamina parameters 2> log; [ $? -eq 2 ] || { echo 'FAIL: lamina parameters without a model does not exit with 2'; exit 1; }
echo 'OK: op, layer and command as CONTRIBUTING.md has them'
