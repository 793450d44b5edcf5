#!/bin/sh
# The page of a running training: tests/cli/dashboard.sh LAMINA TREE. What a browser shows is looked at in headless
# Chromium, where it can be had (77: it cannot); the server itself is asked without, and a fault of it is a failure.
set -eu
lamina=$1
tree=$2
work=$(mktemp -d)
train=
trap 'test -n "$train" && kill "$train" 2> /dev/null; rm -rf "$work"' EXIT
cd "$work"

fail() { echo "dashboard: $*" >&2; exit 1; }

python=
for p in /usr/bin/python3 python3; do
    if "$p" -c 'import selenium' 2> /dev/null; then python=$p; break; fi
done
if test -z "$python" || ! command -v chromedriver > /dev/null; then
    "$tree/tools/install-deps.sh" browser > install.log 2>&1 || true
    /usr/bin/python3 -c 'import selenium' 2> /dev/null && python=/usr/bin/python3
fi

# A port that is in use, and one that is none.
cat > net.json <<'JSON'
{"class_name": "Sequential", "config": {"name": "digits", "layers": [
 {"class_name": "InputLayer", "config": {"batch_shape": [null, 28, 28, 1], "dtype": "float32", "name": "input"}},
 {"class_name": "Conv2D", "config": {"name": "conv", "filters": 8, "kernel_size": [3, 3], "activation": "relu"}},
 {"class_name": "Flatten", "config": {"name": "flat"}},
 {"class_name": "Dense", "config": {"name": "answer", "units": 10, "activation": "softmax"}}]}}
JSON
start() {       # PORT EPOCHS: begins a training, sets train and url
    "$lamina" train net.json --data mnist --epochs "$2" --loss sparse_categorical_crossentropy --metrics accuracy \
        --optimizer adam --output net.keras --validation-split 0.1 "--dashboard=$1" > out.txt 2> err.txt &
    train=$!
    for i in $(seq 600); do
        url=$(sed -n 's/.*\(http:\/\/127.0.0.1:[0-9]*\).*/\1/p' out.txt | head -1)
        test -n "$url" && break
        kill -0 "$train" 2> /dev/null || fail "the training ended: $(cat err.txt)"
        sleep 0.1
    done
    test -n "$url" || fail "no address was printed"
}

start 0 100
port=${url##*:}
status=0
"$lamina" train net.json --data mnist --epochs 1 --loss sparse_categorical_crossentropy --optimizer adam \
    --output other.keras "--dashboard=$port" > taken.txt 2>&1 || status=$?
test $status = 1 || fail "a port in use gave status $status"
grep -q "port $port is in use" taken.txt || fail "a port in use: $(cat taken.txt)"
test ! -e other.keras || fail "a port in use left a model"
status=0
"$lamina" train net.json --data mnist --loss mse --output other.keras --dashboard=70000 > taken.txt 2>&1 || status=$?
test $status = 2 || fail "port 70000 gave status $status"

test -n "$python" || python=$(command -v python3) || { echo "dashboard: no Python to ask the server with; skipped"; exit 77; }
looked=0
"$python" "$tree/tests/cli/dashboard.py" "$url" || looked=$?
test $looked = 0 || test $looked = 77 || fail "the page is not right"

# The button of the page has stopped it: the model is whole, and the status is that of an interrupted command.
status=0
wait "$train" || status=$?
train=
test $status = 130 || fail "stopped from the page: status $status: $(cat err.txt)"
"$lamina" evaluate net.keras --data mnist --json > result.json || fail "what was saved cannot be used"
grep -q '"accuracy"' result.json || fail "no accuracy: $(cat result.json)"
test $looked = 0 || exit 77
echo "dashboard: ok"
