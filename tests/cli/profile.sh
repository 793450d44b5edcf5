#!/bin/sh
# lamina profile, and bench --bound and --without. profile.sh LAMINA SOURCE_DIR
set -u
lamina=$1 source=$2
. "$source/tests/cli/expect.sh"
cp "$source/tests/data/cli/tutorial.json" net.json

# --- the table
expect 0 'kernel calls, the best of' "$lamina" profile net.json --batch-size 4
cp out table
for words in 'bound  ' 'ms   share  GFLOP/s' 'conv2d_pool (simd)' 'by kind' 'products, convolutions, ' 'by layer' 'optimizer, ' \
    '(--top 0 lists all)'; do
    grep -qF "$words" table || fail "the table lacks \"$words\""
done
awk '{ gsub(/[\200-\277]/, "") } length > 160 { print; bad = 1 } END { exit bad }' table || fail 'the table is too wide'
expect 0 '' "$lamina" profile net.json --batch-size 4 --top 0
grep -qF 'lists all' out && fail '--top 0 does not list all'
[ "$(grep -c '^ .*(.*) .*%\|^ .* ([a-z]*) ' out)" -ge 25 ] || fail '--top 0 lists too few calls'
expect 0 'plan: ' "$lamina" profile net.json --batch-size 4 --inference --plan
grep -qF 'optimizer' out && fail 'a prediction has an optimizer'

# --- JSON, and the trace
if command -v python3 > /dev/null; then
    "$lamina" profile net.json --batch-size 4 --json --trace trace.json > out.json 2> err || { fail 'no JSON'; cat err; }
    python3 - << 'END' || fail 'JSON and trace are not what they should be'
import json
whole = json.load(open("out.json"))
steps = whole["steps"]
assert whole["name"] == "net" and whole["runs"] >= 5 and whole["threads"] >= 1 and len(steps) > 10, whole.keys()
total = sum(s["ms"] for s in steps)
assert 0 < total <= whole["ms_per_step"] * 1.001
assert abs(sum(s["flops"] for s in steps) - whole["flops_per_step"]) <= 1
for groups in whole["kinds"], whole["layers"]:
    assert abs(sum(g["ms"] for g in groups) - total) < 1e-3 * total + 1e-4
    assert sum(g["calls"] for g in groups) == len(steps)
products = whole["bound_products_ms"]
assert 0 < products < whole["bound_ms"] and whole["bound_bytes"] > 0
assert {"op", "kernel", "layer", "arrays", "ms", "flops", "bytes", "bound_ms"} <= set(steps[0])

trace = json.load(open("trace.json"))
events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
assert [e["name"] for e in events] == [s["op"] for s in steps]
end = 0
for e in events:
    assert e["pid"] == 1 and e["tid"] == 1 and e["dur"] >= 0 and e["ts"] >= end - 0.002, e
    end = e["ts"] + e["dur"]
assert end / 1e3 <= whole["ms_per_step"] * 1.001
assert any(e["ph"] == "M" and e["args"]["name"] == "net" for e in trace["traceEvents"])
END
fi

# --- a workload; mistakes
expect 0 'seedcnn_infer_1: ' "$lamina" profile seedcnn_infer_1
expect 2 'did you mean seedcnn?' "$lamina" profile sedcnn
expect 2 "are for models' files" "$lamina" profile seedcnn --inference
expect 2 'profile needs a model' "$lamina" profile
expect 2 'did you mean fuse?' "$lamina" profile net.json --without fuze
expect 1 'it cannot be written' "$lamina" profile net.json --trace nowhere/trace.json
mkfifo pipe && cat pipe > piped &
reader=$!
sleep 0.2
expect 0 '' "$lamina" profile net.json --trace pipe --top 1
[ -p pipe ] || fail 'profile --trace puts a file in the place of a pipe'
kill $reader 2> /dev/null
wait $reader 2> /dev/null
grep -q displayTimeUnit piped || fail 'profile --trace does not write to a pipe'
expect 1 'says no loss' "$lamina" profile "$source/tests/data/cli/tutorial_bare.json"

# --- models of several inputs or outputs
tensor() { printf '{"class_name": "__keras_tensor__", "config": {"keras_history": ["%s", 0, 0]}}' $1; }
input() {
    printf '{"class_name": "InputLayer", "name": "%s", "config": {"name": "%s", "batch_shape": [null, 4]}, ' $1 $1
    printf '"inbound_nodes": []}'
}
graph() {
    cat << END
{"class_name": "Functional", "config": {"name": "two", "layers": [$(input a), $(input b), {"class_name": "$1",
 "name": "sum", "config": {"name": "sum"}, "inbound_nodes": [{"args": [[$(tensor $2), $(tensor $3)]], "kwargs": {}}]}],
 "input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [["sum", 0, 0]]}}
END
}
graph Add a b > two.json
graph Subtract a b > less.json
graph Subtract b a > more.json
expect 0 '' "$lamina" diff less.json less.json
"$lamina" diff less.json more.json > out 2> err && fail 'diff does not compare how layers are connected'
[ "$(cat out)" = 'what sum takes: a b | b a' ] || { fail 'diff tells connections wrongly:'; cat out err; }
expect 0 'Connected to' "$lamina" summary two.json
expect 1 'takes 2 inputs and gives 1 output, but lamina bench works with' "$lamina" bench two.json --inference
expect 1 'but lamina train works with models of one input' \
    "$lamina" train two.json --data mnist --loss mse --output two.keras
expect 1 'but lamina profile works with models' "$lamina" profile two.json --inference

# --- bench --bound, --without
expect 0 '"bound_ms":' "$lamina" bench net.json --batch-size 4 --bound
grep -q '"bound_ms":null' out && fail 'the bound is no number'
expect 0 '"bound_ms":0' "$lamina" bench net.json --batch-size 4 --inference --bound
expect 0 '' "$lamina" bench net.json --batch-size 4
grep -q bound out && fail 'bench tells a bound that nobody asked for'
expect 2 'did you mean epilogue?' "$lamina" bench net.json --without epilog
for command in profile bench; do
    "$lamina" $command --help | grep -q '^    epilogue  *[a-z]' || fail "the help of $command lists no passes"
done
calls() { "$lamina" profile net.json --batch-size 4 "$@" | sed -n 's/^net: \([0-9]*\) kernel calls.*/\1/p'; }
[ "$(calls --without fuse,epilogue)" -gt $((2 * $(calls))) ] || fail '--without leaves nothing out'

# --- --tune: the file is made, read again, and refused where it is another one
expect 0 '' "$lamina" bench net.json --batch-size 4 --tune tuned.json
grep -q '"lamina_tuning": 1' tuned.json || fail 'bench --tune leaves no file'
for command in 'profile net.json' 'bench net.json' 'train net.json --data mnist --output net.keras'; do
    expect 1 '--tune net.json: net.json is no tuning file' "$lamina" $command --tune net.json
    expect 1 'could not write' "$lamina" $command --tune nowhere/tuned.json
done
small_mnist "$source" 64 32
expect 0 'receipt' "$lamina" train net.json --data mnist --output net.keras --tune tuned.json
expect 0 '' "$lamina" predict net.keras "$source/tests/data/pictures/grey8.png" --tune new.json
grep -q '"lamina_tuning": 1' new.json || fail 'predict --tune leaves no file'
expect 1 'is no tuning file' "$lamina" predict net.keras "$source/tests/data/pictures/grey8.png" --tune net.json
finish
