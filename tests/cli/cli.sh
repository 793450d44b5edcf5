#!/bin/sh
# The command as its users meet it: what it prints, where, and its exit status. cli.sh LAMINA MAKE_MODELS
set -u
lamina=$1
folder=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
"$2" "$folder" || exit 1
cd "$folder" || exit 1
bad=0

# expect STATUS WORDS COMMAND...: the exit status, and words that stderr (or, after 0, stdout) must have.
expect() {
    wanted=$1 words=$2
    shift 2
    "$@" > out 2> err
    got=$?
    if [ $got -ne "$wanted" ]; then
        echo "FAIL: $*: status $got, expected $wanted"; head -n 3 err; bad=1
    fi
    where=err
    [ "$wanted" -ne 0 ] || where=out
    if [ -n "$words" ] && ! grep -qF -e "$words" $where; then
        echo "FAIL: $*: \"$words\" is not in what it says:"; head -n 5 $where; bad=1
    fi
    if [ "$wanted" -eq 1 ] && ! grep -q '^lamina: error: ' err; then
        echo "FAIL: $*: no line begins with \"lamina: error: \""; bad=1
    fi
}

# --- the command itself
expect 2 'Usage: lamina COMMAND' "$lamina"
expect 0 'Usage: lamina COMMAND' "$lamina" --help
expect 0 'instruction level' "$lamina" --version
grep -Eq '^lamina [0-9.]+ \(instruction level [a-z0-9]+, [0-9]+ threads?, oneDNN ([0-9.]+|none), built by (gcc|clang) [0-9]+\..*\)$' out ||
    { echo 'FAIL: --version leaves something out'; cat out; bad=1; }
expect 2 'did you mean summary?' "$lamina" sumary x
for command in predict summary bench; do
    expect 0 "lamina $command " "$lamina" $command --help
    expect 0 "lamina $command " "$lamina" help $command
    expect 2 'did you mean --threads?' "$lamina" $command --thread 2
    expect 2 'expected a whole number' "$lamina" $command --threads two
    expect 2 '--seed needs a value' "$lamina" $command --seed
done
expect 1 'No space left' sh -c "'$lamina' --version > /dev/full"
expect 1 'Bad file descriptor' sh -c "'$lamina' --version >&-"

# --- predict
expect 0 '' "$lamina" predict digits.keras --input digits.x.npy --output y.npy
cmp -s y.npy digits.predicted.npy || { echo 'FAIL: predict differs from lm_predict_array'; bad=1; }
expect 0 '"shape": [6, 10], "dtype": "float32", "predictions": [[' "$lamina" predict digits.keras --input=digits.x.npy --json
expect 0 '' "$lamina" predict digits.keras --input digits.x.npy --output y1.npy --batch-size 4 --threads 1
cmp -s y1.npy y.npy || { echo 'FAIL: other batches, other predictions'; bad=1; }
expect 2 'needs a model' "$lamina" predict
expect 2 'needs --input' "$lamina" predict digits.keras
expect 2 'needs --output' "$lamina" predict digits.keras --input digits.x.npy
expect 2 'needs --output' "$lamina" predict digits.keras digits.x.npy
expect 2 'expected a whole number, 1 or more' "$lamina" predict digits.keras --batch-size 0
expect 1 "there is no file 'none.keras'" "$lamina" predict none.keras --input digits.x.npy --json
expect 1 "there is no file 'none.npy'" "$lamina" predict digits.keras --input none.npy --json
expect 1 'digits.x.npy' "$lamina" predict digits.x.npy --input digits.x.npy --json
expect 1 'ZIP archive' "$lamina" predict digits.keras --input digits.keras --json
expect 1 'pools.x.npy has shape (6, 6, 6, 3), but digits.keras takes (N, 12, 12, 1)' \
    "$lamina" predict digits.keras --input pools.x.npy --json
expect 1 'x.reshape(108, 8) would fit' "$lamina" predict dropout.keras --input digits.x.npy --json
expect 1 'No such file or directory' "$lamina" predict digits.keras --input digits.x.npy --output nowhere/y.npy
expect 1 'No space left' sh -c "'$lamina' predict digits.keras --input digits.x.npy --json > /dev/full"
head -c 3000 digits.keras > cut.keras
expect 1 'cut.keras' "$lamina" predict cut.keras --input digits.x.npy --json

# A file limit is a full disk: what was there stays, and nothing else is left.
echo old > limited.npy
said=$(sh -c "ulimit -f 0; exec '$lamina' predict digits.keras --input digits.x.npy --output limited.npy" 2>&1)
status=$?
case "$status $said" in
'1 lamina: error: '*limited.npy*) ;;
*) echo "FAIL: beyond a file limit predict says \"$said\" and exits with $status"; bad=1 ;;
esac
[ "$(cat limited.npy)" = old ] || { echo 'FAIL: the old file is gone'; bad=1; }
ls limited.npy.* > /dev/null 2>&1 && { echo 'FAIL: something half-written stays'; bad=1; }

# Files must not land on standard descriptors that are closed.
sh -c "'$lamina' predict digits.keras --input digits.x.npy --output closed.npy <&- >&- 2>&-"
cmp -s closed.npy y.npy || { echo 'FAIL: closed descriptors change the file'; bad=1; }

# --- an environment that says nothing sensible is told of, and passed over
expect 0 'conv2d' env LAMINA_THREADS=many "$lamina" summary digits.keras
grep -q 'LAMINA_THREADS=many is no number from 1 to 256; there are [0-9]' err ||
    { echo 'FAIL: no word on LAMINA_THREADS'; bad=1; }
expect 0 'conv2d' env LAMINA_ISA=fast "$lamina" summary digits.keras
grep -q 'LAMINA_ISA=fast is none of' err || { echo 'FAIL: no word on LAMINA_ISA'; bad=1; }

# --- summary
expect 0 'conv2d (Conv2D)' "$lamina" summary digits.keras
expect 0 'Memory of a training step, batches of 8' "$lamina" summary digits.keras --memory --batch-size 8
expect 0 'conv2d (Conv2D)' "$lamina" summary digits.keras --plot digits.svg
if command -v python3 > /dev/null; then
    python3 -c 'import sys, xml.dom.minidom as x; sys.exit(x.parse("digits.svg").documentElement.tagName != "svg")' ||
        { echo 'FAIL: summary --plot: digits.svg is no SVG'; bad=1; }
fi
grep -q '<image\|<g ' digits.svg || { echo 'FAIL: summary --plot draws nothing'; bad=1; }
expect 2 'must end in .png, .svg or .pdf' "$lamina" summary digits.keras --plot digits.gif
expect 1 "could not write 'none/digits.png'" "$lamina" summary digits.keras --plot none/digits.png
expect 2 'needs a model' "$lamina" summary
expect 1 'No space left' sh -c "'$lamina' summary digits.keras > /dev/full"

[ $bad -eq 0 ] && echo 'OK'
exit $bad
