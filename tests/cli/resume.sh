#!/bin/sh
# A training that is killed or interrupted, and goes on. resume.sh LAMINA SOURCE_DIR
set -u
lamina=$1 source=$2
. "$source/tests/cli/expect.sh"
small_mnist "$source" 1000 200
cp "$source/tests/data/cli/tutorial.json" net.json

run() { name=$1; shift; "$lamina" train net.json --data mnist --epochs 4 --validation-split 0.1 --save-every 5 --log "$name.jsonl" --output "$name.keras" "$@"; }

run whole > out 2> err || { fail 'the uninterrupted run fails'; cat err; }

# --- killed at three moments after the first backup
for delay in 0 0.15 0.3; do
    rm -f killed.*
    "$lamina" train net.json --data mnist --epochs 4 --validation-split 0.1 --save-every 5 --log killed.jsonl \
        --output killed.keras > out 2>&1 & pid=$!
    for _ in $(seq 400); do [ -e killed.backup.keras ] && break || sleep 0.02; done
    sleep $delay
    kill -9 $pid 2> /dev/null
    wait $pid 2> /dev/null
    if [ -e killed.backup.keras ]; then
        expect 1 '--resume goes on from it, --restart begins anew' run killed
        expect 0 'Going on from killed.backup.keras' run killed --resume
    elif [ $delay = 0 ]; then
        fail 'the run was over before it could be killed'
    fi
    cmp -s whole.keras killed.keras || fail "killed after $delay s and resumed: another file"
    sed 's/"seconds": [0-9.]*/"seconds": 0/' whole.jsonl > one
    sed 's/"seconds": [0-9.]*/"seconds": 0/' killed.jsonl | cmp -s one - || fail "killed after $delay s: another log"
    [ -e killed.backup.keras ] && fail 'the backup stays'
done

# --- nothing to go on from
rm -f fresh.*
expect 0 'There is no backup fresh.backup.keras: the training begins anew' run fresh --resume
cmp -s whole.keras fresh.keras || fail 'a run that had nothing to resume differs'

# --- Ctrl-C ends the batch, saves, says how to go on
"$lamina" train net.json --data mnist --epochs 5000 --output stopped.keras > out 2> err & pid=$!
for _ in $(seq 200); do grep -q '^Epoch 2/' out && break || sleep 0.05; done
kill -INT $pid
wait $pid
[ $? -eq 130 ] || fail 'an interrupted training does not exit with 130'
grep -q 'interrupted; the model so far is in stopped.keras' err || fail 'an interrupted training does not say so'
grep -qF 'lamina train net.json --data mnist --epochs 5000 --output stopped.keras --resume' err || fail 'it does not say how to go on'
grep -q receipt out && fail 'an interrupted training gives a receipt'
expect 0 'accuracy' "$lamina" evaluate stopped.keras --data mnist
[ -e stopped.backup.keras ] || fail 'an interrupted training leaves no backup'
expect 1 '--resume goes on from it' "$lamina" train net.json --data mnist --output stopped.keras
expect 0 '' "$lamina" train net.json --data mnist --output stopped.keras --restart
[ -e stopped.backup.keras ] && fail '--restart leaves the old backup'
expect 2 'cannot both be' "$lamina" train net.json --data mnist --output stopped.keras --restart --resume

# --- so does kill
rm -f stopped.*
"$lamina" train net.json --data mnist --epochs 5000 --output stopped.keras > out 2> err & pid=$!
for _ in $(seq 200); do grep -q '^Epoch 2/' out && break || sleep 0.05; done
kill $pid
wait $pid
[ $? -eq 130 ] || fail 'a training that is sent SIGTERM does not exit with 130'
grep -q 'interrupted; the model so far is in stopped.keras' err || fail 'SIGTERM: the training does not say that it saved'

# --- a backup that is none
echo rubbish > odd.backup.keras
expect 1 'odd.backup.keras' "$lamina" train net.json --data mnist --output odd.keras --resume
[ "$(cat odd.backup.keras)" = rubbish ] || fail 'a damaged backup does not stay'

finish
