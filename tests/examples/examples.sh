#!/bin/sh
# The examples as their users meet them: what they leave, what they say, and their exit status. examples.sh FOLDER
set -u
examples=$1
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
bad=0

fail() { echo "FAIL: $*"; bad=1; }

# expect STATUS WORDS COMMAND...: the exit status, and words that stdout or stderr must have.
expect() {
    wanted=$1 words=$2
    shift 2
    "$@" > out 2> err
    got=$?
    [ $got -eq "$wanted" ] || { fail "$*: status $got, expected $wanted"; head -n 3 err; }
    cat out err | grep -qF -e "$words" || fail "$*: \"$words\" is not in what it says"
}

# left FILE NAME...: metrics.json in the file's folder has every name with a finite number, and the file is there.
left() {
    [ -s "$1" ] || fail "there is no $1"
    json=$(dirname "$1")/metrics.json
    shift
    for name in "$@" seed threads wall_seconds; do
        grep -Eq "\"$name\": -?[0-9]" "$json" || fail "$json has no $name"
    done
}

for name in mnist xor regression spirals; do
    expect 0 "Usage: $name" "$examples/$name" --help
    expect 2 'did you mean --epochs?' "$examples/$name" --epoch 2
    expect 2 'expected a whole number, 1 or more' "$examples/$name" --epochs 0
    expect 1 'cannot make the folder' "$examples/$name" --out /proc/none
    expect 1 'cannot write into the folder' "$examples/$name" --out /dev/null
    expect 2 'a value is missing' "$examples/$name" --out ''
    expect 2 '--seed -1: expected a whole number, 0 or more' "$examples/$name" --seed -1
    expect 2 'at most' "$examples/$name" --epochs 3000000000
    expect 0 'Usage' "$examples/$name" --seed 3000000000 --help
    expect 1 'No space left' sh -c "'$examples/$name' --quick --out full > /dev/full"
done

# --- mnist
expect 0 'Test accuracy: 0.9' "$examples/mnist" --quick
left runs/mnist/mnist.keras test_accuracy test_loss train_accuracy seconds_per_epoch ms_per_step
head -n 1 runs/mnist/history.csv | grep -qx 'epoch,accuracy,loss' || fail 'history.csv of mnist'
page=runs/mnist/index.html
for picture in curves samples confusion filters activations model; do
    grep -q "<img [^>]*src=\"$picture.png\" width=\"[1-9][0-9]*\" height=\"[1-9]" $page || fail "no $picture on the page"
done
grep -Eo '(src|href)="[^"]*"' $page | cut -d '"' -f 2 | while read -r file; do
    [ -s "runs/mnist/$file" ] || echo "$file"
done | grep . && fail 'the page refers to files that are not there'
grep -Eq '<script|@import|url\(|<link|https?:' $page && fail 'the page needs more than itself'
for words in '<dt>Test accuracy</dt><dd>9[0-9.]* %</dd>' '<dt>Command</dt><dd>.*mnist --quick</dd>' 'taken for' \
    'conv2d (Conv2D)' 'lamina predict runs/mnist/mnist.keras'; do
    grep -q "$words" $page || fail "the page does not say $words"
done
if command -v xmllint > /dev/null; then
    xmllint --html --noout $page 2>&1 | grep -v 'Tag \(header\|main\|figure\) invalid' | grep ' : ' && fail 'the page is no HTML'
fi
"$examples/mnist" --quick --out 'a <b>&"' > /dev/null
grep -q -e '--out &#39;a &lt;b&gt;&amp;&quot;&#39;</dd>' 'a <b>&"/index.html' || fail 'the page does not escape the command'
mkdir broken && echo 'no library' > broken/libcairo.so.2
expect 0 'apt-get install libcairo2' env LD_LIBRARY_PATH="$PWD/broken" "$examples/mnist" --quick --out plain
grep -q 'apt-get install libcairo2' plain/index.html || fail 'the page does not say why it has no pictures'
grep -q '<img' plain/index.html && fail 'the page shows pictures that could not be drawn'
expect 1 'did you mean "mnist"?' "$examples/mnist" --data mnits
mkdir stopped && echo '{}' > stopped/metrics.json      # as an earlier run left it
"$examples/mnist" --epochs 50 --out stopped > out 2> err & mnist=$!
for _ in $(seq 300); do grep -q '^Epoch 1/' out && break || sleep 0.1; done     # a busy machine is slow to begin
kill -INT $mnist
wait $mnist
[ $? -eq 130 ] || fail 'an interrupted mnist does not exit with 130'
grep -q 'interrupted' err || fail 'an interrupted mnist does not say so'
[ -s stopped/mnist.keras ] || fail 'an interrupted mnist saves nothing'
[ -e stopped/metrics.json ] && fail 'an interrupted mnist keeps the figures of an earlier run'
ls stopped | grep -q tmp && fail 'something half-written stays'

# --- mnist on new pictures
mkdir digits && "$examples/../tests/make_digits" digits && rm -f digits/one.npy
expect 0 '' "$examples/mnist" --model runs/mnist --apply digits --output answers.csv
head -n 1 answers.csv | grep -qx 'file,answer,probability' || fail "the head of answers.csv: $(head -n 1 answers.csv)"
right=$(sed -n 's/^[0-9]*-\([0-9]\)\.[a-z]*,\1,0\.[0-9]*$/&/p; s/^[0-9]*-\([0-9]\)\.[a-z]*,\1,1\.0*$/&/p' answers.csv | wc -l)
[ "$(wc -l < answers.csv)" -eq 21 ] && [ "$right" -ge 17 ] || { fail "mnist --apply: $right of 20 right"; cat answers.csv; }
one=$(ls digits | head -n 1)
expect 0 '' "$examples/mnist" --model runs/mnist --apply "digits/$one" --output one.csv
[ "$(tail -n 1 one.csv)" = "$(grep "^$one," answers.csv)" ] ||
    fail 'one picture by itself has another answer'
mkdir none && expect 1 'none holds no .png or .jpg file' "$examples/mnist" --model runs/mnist --apply none --output no.csv
expect 1 'nowhere: No such file' "$examples/mnist" --model runs/mnist --apply nowhere --output no.csv
[ ! -e no.csv ] || fail 'a failed --apply leaves a file'

# --- xor
expect 0 'd loss / d W1 =' "$examples/xor" --quick
left runs/xor/xor_deep.keras xor_shallow_loss xor_deep_loss xor_accuracy
grep -q '"xor_accuracy": 1,' runs/xor/metrics.json || fail 'xor does not learn the table'
"$examples/xor" --out one --threads 1 > /dev/null && "$examples/xor" --out two --threads 2 > /dev/null
cmp -s one/history.csv two/history.csv || fail 'another number of threads, another xor'
"$examples/xor" --seed 3 > /dev/null
cmp -s one/history.csv runs/xor/history.csv && fail 'another seed, the same xor'

# --- regression
expect 0 'net 6-32-16-1 (769 weights)' "$examples/regression"
left runs/regression/regression_small.keras test_mae linear_mae persistence_mae small_test_mae train_mae train_days
left runs/regression/regression.keras test_days
awk -F '[:,]' '{ exit !($2 < 2.3 && $4 < 2.2 && $6 > 2.3) }' runs/regression/metrics.json ||
    fail "regression's errors: $(cat runs/regression/metrics.json)"
for picture in curves network days; do
    [ -s runs/regression/$picture.png ] || grep -q "$picture.png is left out" err || fail "no $picture.png of regression"
done
head -n 1 runs/regression/history.csv | grep -qx 'epoch,loss,val_loss' || fail 'history.csv of regression'
"$examples/regression" --threads 1 --out one > /dev/null
cmp -s one/history.csv runs/regression/history.csv || fail 'another number of threads, another regression'
printf 'date,precipitation,temp_max,temp_min,wind,weather\n2016/07/01,0,30,16,2.5,sun\n2016/01/01,5,4,-1,3,snow\n' > new.csv
"$examples/regression" --model runs/regression --apply new.csv --output tomorrow.csv || fail 'regression --apply'
awk -F , 'NR == 2 { summer = $2 } NR == 3 { winter = $2 }
          END { exit !(NR == 3 && summer > 20 && summer < 35 && winter > -2 && winter < 10) }' tomorrow.csv ||
    fail "regression on new days: $(cat tomorrow.csv)"
printf 'date,rain\n2016/07/01,0\n' > bad.csv
expect 1 'bad.csv, line 1: expected date,precipitation,temp_max,temp_min,wind' "$examples/regression" --data bad.csv
printf 'date,precipitation,temp_max,temp_min,wind\n2016/07/01,0,30,16,2.5\n2016/13/01,5,4,-1,3\n' > bad.csv
expect 1 'bad.csv, line 3' "$examples/regression" --model runs/regression --apply bad.csv --output tomorrow.csv
expect 1 'cannot read none.csv' "$examples/regression" --data none.csv

# --- spirals: deep beats shallow with as many weights
expect 0 'hidden  nodes' "$examples/spirals"
left runs/spirals/spirals_4.keras depth1_test_accuracy depth1_ms_per_step depth4_test_accuracy depth4_ms_per_step
[ -s runs/spirals/spirals.png ] || fail 'spirals draws nothing'
awk -F '[:,]' '{ exit !($2 < 0.95 && $6 > 0.96 && $14 > 0.96) }' runs/spirals/metrics.json ||
    fail "accuracy on the spirals: $(cat runs/spirals/metrics.json)"
expect 1 'none.npy' "$examples/spirals" --model runs/spirals --apply none.npy --output arms.csv

[ $bad -eq 0 ] && echo 'OK'
exit $bad
