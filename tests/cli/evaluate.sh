#!/bin/sh
# lamina evaluate as its users meet it. evaluate.sh LAMINA SOURCE_DIR
set -u
lamina=$1 source=$2
. "$source/tests/cli/expect.sh"
small_mnist "$source" 600 200
cp "$source/tests/data/cli/tutorial.json" net.json
cp "$source/tests/data/cli/tutorial_bare.json" bare.json
"$lamina" train net.json --data mnist --epochs 3 --output net.keras > out 2> err || { fail 'no model'; cat err; }

# --- numbers, as text and as JSON; what was done is said, beside the JSON on stderr
expect 0 "mnist: pixels 0 to 255 became 0 to 1, as the model's file says" "$lamina" evaluate net.keras --data mnist
grep -Eq '^loss [0-9.]+$' out && grep -Eq '^accuracy 0\.[0-9]+$' out || { fail 'loss and accuracy are not there'; cat out; }
expect 0 '' "$lamina" evaluate net.keras --data mnist --json
grep -Eqx '\{"loss": [0-9.]+, "accuracy": 0\.[0-9]+\}' out || { fail 'the JSON is not as it should be'; cat out; }
grep -q 'as the model.s file says' err || fail 'with --json nothing is said on stderr'
cp out first
expect 0 '' "$lamina" evaluate net.keras --data mnist --json --batch-size 7 --threads 1
cut -d, -f2 first > a; cut -d, -f2 out | cmp -s a - || fail 'other batches, another accuracy'

# --- a model that scales its input itself gets what it wants
sed 's/{"module": "keras.layers", "class_name": "Conv2D"/{"module": "keras.layers", "class_name": "Rescaling", "config": {"name": "rescaling", "scale": 0.00392156862745098, "offset": 0.0}}, &/' net.json > raw.json
expect 0 'pixels stay 0 to 255, since the model begins by scaling them itself' \
    "$lamina" train raw.json --data mnist --epochs 3 --output raw.keras
expect 0 "pixels stay 0 to 255, as the model's file says" "$lamina" evaluate raw.keras --data mnist --json
awk -F'[:,}]' '{ exit !($4 > 0.8) }' out || { fail 'the model with Rescaling does badly'; cat out; }

# --- wrong usage, wrong files
expect 2 'needs a model' "$lamina" evaluate
expect 2 'needs --data' "$lamina" evaluate net.keras
expect 2 'did you mean --json?' "$lamina" evaluate net.keras --data mnist --jsn
expect 1 "none.keras" "$lamina" evaluate none.keras --data mnist
expect 1 'there is no none.csv' "$lamina" evaluate net.keras --data none.csv
expect 0 '' "$lamina" convert bare.json bare.keras
expect 1 'says no loss' "$lamina" evaluate bare.keras --data mnist
expect 1 'net.json is a configuration: it has no weights yet' "$lamina" evaluate net.json --data mnist
expect 1 'net.json is a configuration: it has no weights yet' "$lamina" predict net.json x.png
sed 's/\[null, 28, 28, 1\]/[null, 14, 14, 1]/g' net.json > half.json
expect 0 '' "$lamina" convert half.json half.keras
expect 1 'half.keras takes (N, 14, 14, 1)' "$lamina" evaluate half.keras --data mnist
head -c 100 data/mnist/t10k-images-idx3-ubyte > cut && mv cut data/mnist/t10k-images-idx3-ubyte
expect 1 't10k-images-idx3-ubyte' "$lamina" evaluate net.keras --data mnist
expect 1 'No space left' sh -c "'$lamina' datasets > /dev/full"

finish
