#!/bin/sh
# lamina train as its users meet it. train.sh LAMINA SOURCE_DIR MAKE_DIGITS
set -u
lamina=$1 source=$2
. "$source/tests/cli/expect.sh"
small_mnist "$source" 1000 200
cp "$source/tests/data/cli/tutorial.json" net.json
cp "$source/tests/data/cli/tutorial_bare.json" bare.json

weights() { sed -n 's/.*weights sha256://p' "$1"; }

# --- a configuration of Keras's own becomes a model
expect 0 'pixels 0 to 255 became 0 to 1' "$lamina" train net.json --data mnist --epochs 3 --output net.keras --log log.jsonl
tail -n 1 out | grep -Eqx 'receipt: seed 0, data sha256:[0-9a-f]{64}, weights sha256:[0-9a-f]{64}' ||
    fail 'the last line is no receipt'
weights out > first
[ -e net.backup.keras ] && fail 'the backup stays when the run is done'
[ "$(wc -l < log.jsonl)" -eq 3 ] || fail 'the log does not have a line an epoch'
head -n 1 log.jsonl | grep -Eq '^\{"epoch": 1, "step": 32, "seconds": [0-9.]+, "accuracy": 0\.[0-9]+, "loss": [0-9.]+\}$' ||
    { fail 'a log line is not as DESIGN has it'; head -n 1 log.jsonl; }
"$lamina" evaluate net.keras --data mnist --json > out 2> err
awk -F'[:,}]' '{ exit !($4 > 0.85) }' out || { fail 'three epochs on 1000 digits do not reach 85 %'; cat out; }

# --- the same bytes again, other bytes with another seed
expect 0 '' "$lamina" train net.json --data mnist --epochs 3 --output again.keras --threads 1
weights out | cmp -s - first || fail 'another number of threads, other weights'
cmp -s net.keras again.keras || fail 'the same run, another file'
expect 0 'receipt: seed 7' "$lamina" train net.json --data mnist --epochs 3 --output seven.keras --seed 7
weights out | cmp -s - first && fail 'another seed, the same weights'

# --- a configuration that says no loss
expect 2 'sparse_categorical_crossentropy' "$lamina" train bare.json --data mnist --output x.keras
expect 2 'did you mean "mean_squared_error"?' "$lamina" train bare.json --data mnist --loss mean_squared_eror --output x.keras
expect 0 'accuracy: 0.' "$lamina" train bare.json --data mnist --loss sparse_categorical_crossentropy --output bare.keras
expect 2 'unknown optimizer "adm"' "$lamina" train net.json --data mnist --optimizer adm --output x.keras
expect 2 'metric "acuracy"' "$lamina" train net.json --data mnist --metrics acuracy --output x.keras
expect 0 'sparse_top_k_categorical_accuracy' "$lamina" train net.json --data mnist --optimizer sgd --learning-rate 0.1 \
    --metrics accuracy,sparse_top_k_categorical_accuracy --output x.keras

# --- training goes on from a file, in the range that the file says
expect 0 "as the model's file says" "$lamina" train net.keras --data mnist --output more.keras

# --- what is not said stays as the model has it: other metrics change nothing in what is learnt
sed 's/"loss": "sparse_categorical_crossentropy"/"loss": {"module": "keras.losses", "class_name": '\
'"SparseCategoricalCrossentropy", "config": {"from_logits": true}, "registered_name": null}/' net.json > logits.json
grep -q from_logits logits.json || fail 'tutorial.json has its loss in other words'
expect 0 '' "$lamina" train logits.json --data mnist --output l.keras
weights out > plain
expect 0 '' "$lamina" train logits.json --data mnist --output l.keras --metrics sparse_categorical_accuracy
weights out | cmp -s - plain || fail '--metrics changes the loss or the optimizer'

# --- validation, early stopping, class weights
expect 0 'val_loss' "$lamina" train net.json --data mnist --validation-split 0.2 --output v.keras
expect 0 '200 of 1000 examples, drawn at random' "$lamina" train net.json --data mnist --validation-split 0.2 --output v.keras
expect 0 'early stopping' "$lamina" train net.json --data mnist --epochs 50 --learning-rate 0.05 --early-stopping=0 \
    --output v.keras
expect 2 'a share such as 0.2' "$lamina" train net.json --data mnist --validation-split 1 --output v.keras
expect 0 '' "$lamina" train net.json --data mnist --class-weight balanced --output b.keras
expect 0 '' "$lamina" train net.json --data mnist --class-weight 0:1,1:5 --output w.keras
cmp -s b.keras w.keras && fail 'class weights make no difference'
expect 2 '"11:2" is no class and factor' "$lamina" train net.json --data mnist --class-weight 11:2 --output w.keras
expect 2 '"0=1" is no class and factor' "$lamina" train net.json --data mnist --class-weight 0=1 --output w.keras

# --- a picture of the curves
expect 0 '' "$lamina" train net.json --data mnist --epochs 2 --output p.keras --plot curves.svg
grep -q '<svg' curves.svg || fail 'no curves are drawn'

# --- wrong usage, wrong files
expect 2 '--plot curves.gif: the name must end in' "$lamina" train net.json --data mnist --output x.keras --plot curves.gif
expect 2 '1 to 256' "$lamina" train net.json --data mnist --output x.keras --threads 257
expect 2 '--metrics ,: expected names' "$lamina" train net.json --data mnist --output x.keras --metrics ,
expect 2 'needs a model or a configuration' "$lamina" train
expect 2 'needs --data' "$lamina" train net.json --output x.keras
expect 2 'needs --output' "$lamina" train net.json --data mnist
expect 2 'one argument too many' "$lamina" train net.json other.json --data mnist --output x.keras
expect 2 '--epochs 0: expected a whole number' "$lamina" train net.json --data mnist --epochs 0 --output x.keras
expect 2 '--learning-rate fast: expected a number' "$lamina" train net.json --data mnist --learning-rate fast --output x.keras
expect 2 'did you mean --epochs?' "$lamina" train net.json --data mnist --epoch 2 --output x.keras
expect 2 'must be more than 0' "$lamina" train net.json --data mnist --learning-rate 0 --output x.keras
expect 2 'must end in .keras' "$lamina" train net.json --data mnist --output x.json
expect 1 'the name is too long' "$lamina" train net.json --data mnist --output "$(printf 'x%.0s' $(seq 245)).keras"
expect 1 "none.json" "$lamina" train none.json --data mnist --output x.keras
expect 1 'did you mean "mnist"?' "$lamina" train net.json --data mnits --output x.keras
expect 1 'there is no none.npz' "$lamina" train net.json --data none.npz --output x.keras
expect 1 'the folder nowhere: No such file' "$lamina" train net.json --data mnist --output nowhere/x.keras
mkdir folder.keras
expect 1 'it is a folder' "$lamina" train net.json --data mnist --output folder.keras
sed 's/\[null, 28, 28, 1\]/[null, 32, 32, 3]/g' net.json > wide.json
expect 1 'mnist has examples of shape (N, 28, 28, 1), but wide.json takes (N, 32, 32, 3); a model that begins with Input((28, 28, 1)) would fit' \
    "$lamina" train wide.json --data mnist --output x.keras
sed 's/"units": 10/"units": 5/' net.json > few.json
expect 1 'mnist has 10 classes, but few.json has 5 outputs; it fits if it ends in Dense(10)' \
    "$lamina" train few.json --data mnist --output x.keras
echo kept > old.keras
expect 1 '' "$lamina" train wide.json --data mnist --output old.keras
[ "$(cat old.keras)" = kept ] || fail 'a run that fails changes the old file'
if [ "$(id -u)" -ne 0 ]; then
    mkdir shut && chmod a-w shut
    expect 1 'Permission denied' "$lamina" train net.json --data mnist --output shut/x.keras
fi

# --- a rehearsal writes nothing
rm -f out err && ls > before
expect 0 'Nothing was written' "$lamina" train net.json --data mnist --dry-run --output dry.keras --log dry.jsonl
grep -Eq 'time +[0-9.]+ m?s a step, 32 steps an epoch' out || fail 'a dry run does not say how long a step takes'
rm -f out err && ls | grep -vx after | cmp -s before - || fail 'a dry run leaves files'
expect 1 'would fit' "$lamina" train wide.json --data mnist --dry-run
expect 2 'is no class and factor' "$lamina" train net.json --data mnist --class-weight 1-2 --dry-run

# --- pictures of one's own: a table with a column of text
{ echo 'a,b,kind'; for i in $(seq 60); do echo "$i,$((i % 7)),$([ $((i % 2)) -eq 0 ] && echo even || echo odd)"; done; } > t.csv
printf '%s' '{"class_name": "Sequential", "config": {"name": "t", "layers": [{"class_name": "Dense", "config": {"units": 2, "activation": "softmax"}}]}}' > t.json
expect 0 '12 of 60 examples, drawn at random' "$lamina" train t.json --data t.csv --target kind \
    --loss sparse_categorical_crossentropy --output t.keras
expect 0 'the last' "$lamina" evaluate t.keras --data t.csv --target kind --ordered
# columns that are no numbers are left out, and the way to test it is said so that a shell takes it
{ echo 'day,a,b,kind'; for i in $(seq 60); do echo "2026-01-$i,$i,$((i % 7)),$((i % 2))"; done; } > 'my days.csv'
expect 1 'leave out the column (.skip, in the shell --skip)' "$lamina" train t.json --data 'my days.csv' --target kind \
    --loss sparse_categorical_crossentropy --dry-run
expect 0 "lamina evaluate days.keras --data 'my days.csv' --target kind --skip day" "$lamina" train t.json \
    --data 'my days.csv' --target kind --skip day --loss sparse_categorical_crossentropy --output days.keras
expect 0 '12 of 60 examples' "$lamina" evaluate days.keras --data 'my days.csv' --target kind --skip day
expect 1 'has no column "dya" (did you mean "day"?)' "$lamina" evaluate days.keras --data 'my days.csv' --target kind \
    --skip dya
expect 1 'which column is to be predicted? Name it with .target, in the shell --target, such as "kind"' \
    "$lamina" train t.json --data t.csv --loss mse --dry-run
expect 2 '--target is for tables' "$lamina" train net.json --data mnist --target kind --dry-run
expect 2 '--skip is for tables' "$lamina" evaluate t.keras --data mnist --skip kind
expect 1 'puts 0 aside and leaves 48 to train on' "$lamina" train t.json --data t.csv --target kind --loss mse \
    --validation-split 0.001 --dry-run
expect 1 'has no column "sort"' "$lamina" train t.json --data t.csv --target sort --loss mse --output t.keras

# --- pictures in folders
mkdir pictures
"$3" pictures > /dev/null || fail 'no pictures'
for f in pictures/*-*.*; do
    class=${f##*-}; class=${class%.*}
    [ "$class" -lt 3 ] && mkdir -p "own/c$class" && mv "$f" "own/c$class/"
done
sed 's/"units": 10/"units": 3/' net.json > three.json
expect 0 'are for testing' "$lamina" train three.json --data own --output own.keras
expect 0 'accuracy' "$lamina" evaluate own.keras --data own --json

finish
