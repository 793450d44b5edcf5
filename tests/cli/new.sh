#!/bin/sh
# lamina new: what it writes builds and runs at once. new.sh LAMINA MAKE_MODELS
set -u
lamina=$1
. "$(dirname "$0")/expect.sh"
"$2" . || exit 1
# An installed Lamina must not be what is tested.
PKG_CONFIG_LIBDIR=$(pkg-config --variable pc_path pkg-config)
export PKG_CONFIG_LIBDIR
pkg-config --exists lamina && { echo 'SKIP: Lamina is installed on this machine'; exit 77; }

expect 0 'Next: cd digits && make run' "$lamina" new digits
expect 0 'Test accuracy: 0.9' make -s -C digits run CFLAGS='-O2 -Werror -Wno-unused'
[ -s digits/digits.keras ] || fail 'the program leaves no model'
expect 0 'conv2d (Conv2D)' "$lamina" summary digits/digits.keras
grep -qx '/digits' digits/.gitignore || fail 'the program is not ignored by git'
expect 0 '' make -s -C digits clean
[ -e digits/digits ] && fail 'make clean leaves the program'
cp digits/main.c kept.c
expect 1 'is not empty' "$lamina" new digits
cmp -s digits/main.c kept.c || fail 'a second new has changed main.c'

expect 0 'model.weights.h5' "$lamina" new mine --from digits.keras
expect 0 'Total params' make -s -C mine run
grep -q 'lm_load_weights(model, "model.weights.h5")' mine/main.c || fail 'the weights are not read'
mkdir 'odd name'
expect 0 '' "$lamina" new 'odd name'
grep -qx 'PROGRAM = program' 'odd name/Makefile' || fail 'a name with a blank reaches the Makefile'
expect 1 'cannot be made' "$lamina" new nowhere/deep
expect 1 'there is no file' "$lamina" new other --from none.keras
[ -e other ] && fail 'a folder is made though the model is not there'
expect 1 'Not a directory' "$lamina" new kept.c
expect 2 'needs a folder' "$lamina" new

finish
