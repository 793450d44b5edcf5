#!/bin/sh
# The Python half of docs/from-keras.md under real Keras prints what the page says of the C half: twins.sh SOURCE. Exit
# status: 77 where there can be no Keras.
set -u
source=$(cd "$1" && pwd)
python=$(sh "$source/tests/parity/python.sh") || exit
"$python" -c 'import keras' 2> /dev/null || { echo 'SKIP: this Python has no Keras'; exit 77; }
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
page=$source/docs/from-keras.md
awk '/^```python twin.py$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$page" > twin.py
awk '/^```text about$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$page" > expected
[ -s twin.py ] && [ -s expected ] || { echo "FAIL: $page has no twin.py, or says nothing of its output"; exit 1; }
KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 "$python" twin.py > out 2> err || { tail -n 20 err; exit 1; }
awk -v about=5 -f "$source/tests/docs/compare.awk" expected out || {
    echo "FAIL: Keras printed"; cat out
    exit 1
}
echo "OK: both print the same $(wc -l < out) lines"
