#!/bin/sh
# show, diff and convert as their users meet them. tools.sh LAMINA MAKE_MODELS
set -u
lamina=$1
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
"$2" "$folder" || exit 1
cd "$folder" || exit 1
bad=0

# expect STATUS WORDS COMMAND...: the exit status, and words that stdout or stderr must have.
expect() {
    wanted=$1 words=$2
    shift 2
    "$@" > out 2> err
    got=$?
    [ $got -eq "$wanted" ] || { echo "FAIL: $*: status $got, expected $wanted"; head -n 3 err; bad=1; }
    [ -z "$words" ] || cat out err | grep -qF -e "$words" ||
        { echo "FAIL: $*: \"$words\" is not in what it says:"; head -n 5 out err; bad=1; }
}

# --- show
expect 0 'digits.keras: 6 layers, ' "$lamina" show digits.keras
expect 0 'rescaling (Rescaling)' "$lamina" show digits.keras
expect 0 '  kernel_size           [3, 3]' "$lamina" show digits.keras conv2d
expect 0 '  kernel_initializer    GlorotUniform' "$lamina" show digits.keras conv2d
expect 0 'conv2d/kernel: (3, 3, 1, 4), float32, 36 numbers' "$lamina" show digits.keras conv2d/kernel
expect 1 'has no layer "conv" (did you mean conv2d?)' "$lamina" show digits.keras conv
expect 1 'has no weight "kernal" (did you mean kernel?); it has: kernel, bias' "$lamina" show digits.keras conv2d/kernal
expect 1 'has no weight "kernel"; it has: none' "$lamina" show digits.keras flatten/kernel
expect 2 '--output writes one weight' "$lamina" show digits.keras conv2d --output w.npy
expect 2 'needs a model' "$lamina" show
expect 1 'there is no file' "$lamina" show none.keras
expect 0 '"shape": [4], "dtype": "float32", "mean": ' "$lamina" show digits.keras conv2d/bias --json
expect 0 '' "$lamina" show digits.keras dense/kernel --output w.npy
if command -v python3 > /dev/null; then
    for what in '' dense dense/kernel; do
        "$lamina" show digits.keras $what --json > out.json 2> err && python3 -m json.tool out.json > /dev/null ||
            { echo "FAIL: show $what --json is no JSON"; bad=1; }
    done
    python3 - << 'END' || { echo 'FAIL: what show prints and what it writes disagree'; bad=1; }
import json, struct
data = open("w.npy", "rb").read()
begin = 10 + struct.unpack("<H", data[8:10])[0]
written = [v for v, in struct.iter_unpack("<f", data[begin:])]
shown = json.load(open("out.json"))
printed = [v for row in shown["values"] for v in row]
close = lambda a, b: abs(a - b) <= 1e-6 * (1 + abs(b))
assert len(written) == len(printed) and all(map(close, printed, written))
mean = sum(written) / len(written)
assert close(shown["mean"], mean) and close(shown["min"], min(written)) and close(shown["max"], max(written))
assert close(shown["std"], (sum((v - mean) ** 2 for v in written) / len(written)) ** 0.5)
END
fi

# --- convert: round trips keep everything, and what cannot be kept is said.
expect 0 'the configuration is not part of it' "$lamina" convert digits.keras digits.weights.h5
expect 0 'the weights are not part of it' "$lamina" convert digits.keras digits.json
expect 0 'the model of digits.keras, 6 layers' "$lamina" convert digits.keras digits.h5
expect 0 'fresh ones' "$lamina" convert digits.json fresh.keras
expect 0 '' "$lamina" convert digits.json whole.keras --weights digits.weights.h5
expect 0 '' "$lamina" convert digits.h5 back.keras --quiet
[ -s err ] && { echo 'FAIL: convert --quiet speaks'; bad=1; }
expect 0 'its model begins with fresh weights' "$lamina" convert digits.keras main.c
grep -q 'lm_conv2d(.filters = 4, .kernel_size = {3, 3}' main.c || { echo 'FAIL: main.c has no convolution'; bad=1; }
[ "$(stat -c %a main.c)" = "$(stat -c %a out)" ] || { echo 'FAIL: main.c has an odd mode'; bad=1; }
expect 2 'the ending says what is wanted' "$lamina" convert digits.keras digits.onyx
expect 2 'needs two files' "$lamina" convert digits.keras
expect 1 'holds weights, but no layers' "$lamina" convert digits.weights.h5 x.keras
expect 1 'a compiler reads it' "$lamina" convert main.c x.keras
expect 1 'it cannot be written' "$lamina" convert digits.keras nowhere/main.c
expect 1 'there is no file' "$lamina" convert none.keras main.c
cp main.c kept.c
expect 1 '' sh -c "ulimit -f 0; exec '$lamina' convert digits.keras kept.c"
cmp -s main.c kept.c || { echo 'FAIL: a full disk spoils the old file'; bad=1; }
ls kept.c.* > /dev/null 2>&1 && { echo 'FAIL: something half-written stays'; bad=1; }

# --- diff
expect 0 '' "$lamina" diff digits.keras digits.keras
expect 0 '' "$lamina" diff digits.keras digits.h5
expect 0 '' "$lamina" diff digits.keras back.keras
expect 0 '' "$lamina" diff digits.keras whole.keras
[ -s out ] && { echo 'FAIL: diff speaks of equal models'; bad=1; }
expect 1 '  kernel: 36 of 36 numbers differ, by up to ' "$lamina" diff digits.keras fresh.keras
expect 0 '' "$lamina" diff digits.keras fresh.keras --tolerance 1000
expect 1 '' "$lamina" diff digits.keras fresh.keras --quiet
[ -s out ] && { echo 'FAIL: diff --quiet speaks'; bad=1; }
expect 1 ': only in ' "$lamina" diff digits.keras pools.keras
sed 's/"filters": *4/"filters": 5/; s/"pool_size": *\[2, *2\]/"pool_size": [3, 3]/; s/"strides": *\[2, *2\]/"strides": [3, 3]/' \
    digits.json > other.json
expect 1 '  filters: 4 | 5' "$lamina" diff digits.json other.json
expect 1 '  kernel: shape (3, 3, 1, 4) | (3, 3, 1, 5)' "$lamina" diff digits.json other.json --weights-only
expect 2 'there is no file' "$lamina" diff digits.keras none.keras
expect 2 'expected a number' "$lamina" diff digits.keras digits.keras --tolerance x
expect 2 'needs two models' "$lamina" diff digits.keras

[ $bad -eq 0 ] && echo 'OK'
exit $bad
