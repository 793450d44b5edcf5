#!/bin/sh
# lamina datasets, examples and bench. lists.sh LAMINA SOURCE_DIR
set -u
lamina=$1 source=$2
. "$source/tests/cli/expect.sh"

# --- datasets
expect 0 'handwritten digits' "$lamina" datasets
expect 0 'licence' "$lamina" datasets
expect 0 '"name": "mnist", "title": "' "$lamina" datasets --json
small_mnist "$source" 300 100
expect 0 'mnist: 300 examples for training, 100 for testing' "$lamina" datasets show mnist --count 2
grep -q '█' out || fail 'no picture is drawn'
[ "$(grep -c -- '-> ' out)" -eq 2 ] || fail 'not as many examples as asked for'
printf 'a,b,kind\n1,2,no\n3,4,yes\n5,6,no\n7,8,yes\n9,1,no\n' > t.csv
expect 0 'classes: no, yes' "$lamina" datasets show t.csv --target kind
# Pictures of numbers that are none, and of no pixels at all.
if command -v python3 > /dev/null; then
    python3 - << 'END'
import struct, zipfile
def array(kind, shape, data):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (kind, shape)
    return b"\x93NUMPY\x01\0" + struct.pack("<H", 118) + head.ljust(117).encode() + b"\n" + data
for name, side, pixels in ("nan", 4, struct.pack("<f", float("nan")) * 160), ("empty", 0, b""):
    with zipfile.ZipFile(name + ".npz", "w") as z:
        z.writestr("x.npy", array("<f4", (10, 4, side), pixels))
        z.writestr("y.npy", array("|u1", (10,), bytes(i % 2 for i in range(10))))
END
    expect 0 '????' "$lamina" datasets show nan.npz --count 1
    expect 0 'x  float32 (4, 0)' "$lamina" datasets show empty.npz --count 1
fi
expect 1 'did you mean "mnist"?' "$lamina" datasets show mnits
expect 2 'did you mean show?' "$lamina" datasets shw mnist
expect 2 'show what?' "$lamina" datasets show
expect 1 '' "$lamina" datasets download nonsense
expect 0 'mnist is here already' "$lamina" datasets download mnist

# --- examples
expect 0 'exclusive or' "$lamina" examples
for name in mnist xor; do grep -q "^$name " out || fail "examples does not list $name"; done
expect 0 'xor_deep.keras' "$lamina" examples run xor -- --quick --out xor
[ -s xor/metrics.json ] || fail 'the example did not run'
expect 2 'did you mean xor?' "$lamina" examples run xorr
expect 2 'lamina examples run xor' "$lamina" examples xor
expect 2 'run what?' "$lamina" examples run
expect 2 'did you mean --epochs?' "$lamina" examples run xor -- --epoch 3

# --- bench, on all of MNIST
unset LAMINA_DATA
expect 2 'did you mean seedcnn?' "$lamina" bench sedcnn
expect 2 'workloads are seedcnn, seedcnn_infer_1, seedcnn_infer_256' "$lamina" bench nonsense
# Its help, completion and messages come from the workloads themselves.
"$lamina" bench --help > help
workloads=$(sed -n 's/^WORKLOAD(\(.*\))$/\1/p' "$source/cli/workloads.def")
[ -n "$workloads" ] || fail 'there are no workloads'
for name in $workloads; do
    grep -q "^  $name  *[a-zA-Z0-9]" help || fail "the help of bench does not tell of $name"
    "$lamina" completion bash | grep "operands='seedcnn " | grep -qw "$name" || fail "bash does not complete $name"
done
grep -q '@' help && fail 'a mark stays in the help of bench'
"$lamina" --man | grep -q '^  seedcnn_infer_256  *the same' || fail 'the manual does not tell of the workloads'
expect 2 "are for models' files" "$lamina" bench seedcnn --batch-size 4
expect 0 '{"name":"seedcnn_infer_1","ms_per_step":' "$lamina" bench seedcnn_infer_1 --json
cp "$source/tests/data/cli/tutorial.json" net.json
expect 0 '{"name":"net","ms_per_step":' "$lamina" bench net.json --batch-size 8
for key in items_per_second flops_per_step peak_rss_mb loss_first loss_last; do
    grep -q "\"$key\":" out || fail "bench prints no $key"
done
grep -q '"loss_first":2\.' out || fail 'the loss of ten classes does not begin near ln 10'
expect 0 '"loss_first":null' "$lamina" bench net.json --batch-size 1 --inference
[ "$(wc -l < out)" -eq 1 ] || fail 'bench prints more than one line'
expect 1 'says no loss' "$lamina" bench "$source/tests/data/cli/tutorial_bare.json"
timeout --preserve-status -s INT 0.4 "$lamina" bench seedcnn --json > out 2> err
[ $? -eq 130 ] || fail 'an interrupted bench does not exit with 130'

# --- summary fits on a screen
expect 0 'Memory of a training step' "$lamina" summary net.json --memory
awk '{ gsub(/[\200-\277]/, "") } length > 100 { print; bad = 1 } END { exit bad }' out ||
    fail 'summary --memory is wider than 100 columns'
finish
