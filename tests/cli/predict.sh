#!/bin/sh
# lamina predict on pictures as a person has them. predict.sh LAMINA MNIST MAKE_DIGITS MAKE_MODELS PICTURES
set -u
lamina=$1 pictures=$5
. "$(dirname "$0")/expect.sh"
mkdir digits empty mixed run
"$2" --epochs 1 --out run > log 2>&1 || { echo 'FAIL: no model was trained'; tail -n 3 log; exit 1; }
"$3" digits && "$4" . || exit 1
mv digits/one.npy one.npy
cp run/mnist.keras .

# --- twenty digits, enlarged, shifted, every other one dark on light: at least nineteen are read right.
expect 0 'Picture          Answer  Probability  Runner-up' "$lamina" predict mnist.keras digits
right=$(sed -n 's/^digits\/[0-9]*-\([0-9]\)\.[a-z]*  *\1 .*/\1/p' out | wc -l)
[ "$right" -ge 19 ] || { fail "only $right of 20 digits are read right:"; cat out; }
[ "$(wc -l < out)" -eq 21 ] || fail 'the table has not a line for each picture'
[ "$(sed 1d out | sort | head -n 20)" = "$(sed 1d out)" ] || fail 'the pictures are not in order'
grep -qF '10 pictures: turned from dark on light' err || fail 'it does not say that pictures were turned'
[ "$(wc -l < err)" -eq 2 ] || { fail 'what was done is not told once a kind'; cat err; }
cp out table

# --- the ways to name them
expect 0 '' "$lamina" predict mnist.keras digits/*.png digits/*.jpg --quiet
[ -s err ] && fail 'predict --quiet speaks'
for line in 's/^digits.00/x/p' 's/^digits.19/x/p'; do
    [ "$(sed -n "$line" out | cut -d' ' -f 5-)" = "$(sed -n "$line" table | cut -d' ' -f 5-)" ] ||
        fail 'an answer depends on what else was asked'
done
one=digits/00-7.png other=digits/01-2.png
expect 0 '' "$lamina" predict mnist.keras --input $one,$other --quiet
[ "$(wc -l < out)" -eq 3 ] || fail '--input with a list does not take both'
cp $one 'a,b.png'
expect 0 'a,b.png' "$lamina" predict mnist.keras --input a,b.png
expect 0 'standard input: light on dark' sh -c "'$lamina' predict mnist.keras - < $one"
grep -q '^- *7 ' out || { fail 'a picture from the standard input is not read'; cat out; }
expect 0 '{"shape": [20, 10], ' sh -c "cat one.npy | '$lamina' predict mnist.keras - --json"
expect 0 'Runners-up' "$lamina" predict mnist.keras $one --top 3
expect 0 '' "$lamina" predict mnist.keras $one --top 1
grep -q 'Runner' out && fail '--top 1 has a runner-up'

# One digit needs no library that takes long to open.
LD_DEBUG=files "$lamina" predict mnist.keras $one > out 2> opened
grep -q libpng opened || fail 'LD_DEBUG does not tell what is opened'
grep -oE 'lib(dnnl|cairo|curl|microhttpd)' opened | sort -u | while read -r library; do
    echo "FAIL: predict opens $library for one digit"; done | grep . && bad=1

# --- what it writes
expect 0 '"file": "digits/00-7.png", "class": "7", "probability": 0.' "$lamina" predict mnist.keras $one --json
expect 0 '' "$lamina" predict mnist.keras digits --output y.npy --quiet
[ -s out ] && fail 'predict --output prints too'
expect 0 '' "$lamina" predict mnist.keras digits --output y.csv --quiet
[ "$(wc -l < y.csv)" -eq 21 ] || fail 'the .csv has not a line for each picture'
[ "$(head -n 1 y.csv)" = 'file,class,probability,0,1,2,3,4,5,6,7,8,9' ] || { fail 'the head of the .csv:'; head -n 1 y.csv; }
grep -q '^digits/00-7.png,7,0\.' y.csv || fail 'the .csv does not tell the answer'
expect 0 '' "$lamina" predict mnist.keras --input $one,$other --layer conv2d --output inner.npy
expect 0 '"values": [[[' "$lamina" predict mnist.keras $one --layer conv2d --json
expect 2 '--layer gives many numbers' "$lamina" predict mnist.keras $one --layer conv2d
expect 1 'conv' "$lamina" predict mnist.keras $one --layer conv --json
expect 2 'predictions go to a file' "$lamina" predict mnist.keras $one --output -
[ -e ./- ] && fail 'there is a file called "-"'
odd=$(printf 'caf\303\251 \303 \355\240\200 \360\237\230\200 \377.png')
cp $one "$odd"
if command -v python3 > /dev/null; then
    expect 0 '' "$lamina" predict mnist.keras "$odd" --json --quiet
    python3 -c 'import json; name = json.load(open("out", encoding="utf-8"))[0]["file"]
assert name == "caf\u00e9 \ufffd \ufffd\ufffd\ufffd \U0001f600 \ufffd.png", name' || fail 'a name that is no UTF-8 makes no JSON'
    "$lamina" predict mnist.keras digits --json --quiet > list.json
    python3 - << 'END' || fail 'list.json, y.npy and inner.npy are not what they should be'
import json, struct
answers = json.load(open("list.json"))
assert len(answers) == 20 and all(len(a["probabilities"]) == 10 for a in answers)
assert all(abs(max(a["probabilities"]) - a["probability"]) < 1e-6 for a in answers)
assert b"(20, 10)" in open("y.npy", "rb").read(128)
assert b"(2, 26, 26, 32)" in open("inner.npy", "rb").read(128)
END
fi

expect 0 '' "$lamina" predict mnist.keras digits --picture answers.png --quiet
[ "$(head -c 4 answers.png | tail -c 3)" = PNG ] || fail '--picture writes no PNG'
# Of more than a hundred the first hundred are drawn, however the last batch of them falls.
mkdir many
for i in $(seq 104); do ln -s "../$one" "many/$i.png"; done
for size in 1 32 200; do
    expect 0 '' "$lamina" predict mnist.keras many --picture many$size.png --batch-size $size --quiet
    cmp many1.png many$size.png || fail "--batch-size $size draws other pictures"
done

# --- arrays as ever, and as a table on request
expect 2 'needs --output' "$lamina" predict mnist.keras one.npy
expect 0 '{"shape": [20, 10], "dtype": "float32", "predictions": [[' "$lamina" predict mnist.keras --input one.npy --json
expect 0 'Row  Answer  Probability  Runner-up' "$lamina" predict mnist.keras one.npy --top 2
expect 1 'has one input, but 2 files came' "$lamina" predict mnist.keras --input one.npy,one.npy --json
expect 2 'ask about one kind at a time' "$lamina" predict mnist.keras one.npy $one --json
expect 2 '--picture needs pictures' "$lamina" predict mnist.keras one.npy --json --picture x.png
expect 2 '--skip needs a table' "$lamina" predict mnist.keras one.npy --json --skip x

# --- tables: dropout.keras takes eight numbers
printf 'a,b,c,d,e,f,g,h,kind\n1,2,3,4,5,6,7,8,x\n0,0,0,0,0,0,0,0,y\n' > t.csv
expect 0 'Row  Output' "$lamina" predict dropout.keras t.csv --skip kind
[ "$(wc -l < out)" -eq 3 ] || fail 'the table has not a line for each row'
cut -d, -f 1-8 t.csv > u.csv
expect 0 '"shape": [2, ' "$lamina" predict dropout.keras u.csv --json
expect 0 '' "$lamina" predict dropout.keras u.csv --output u.out.csv
head -n 1 u.out.csv | grep -q '^row,' || fail 'the .csv of a table has no rows'
expect 1 '"x" is no number' "$lamina" predict dropout.keras t.csv
cut -d, -f 1-7 t.csv > v.csv
expect 1 'v.csv has 7 columns of numbers, but dropout.keras takes 8' "$lamina" predict dropout.keras v.csv
expect 1 'kin' "$lamina" predict dropout.keras t.csv --skip kin

# --- pictures of every kind are read; those that cannot be are named, and the others answered
for name in grey16.png palette.png cmyk.jpg animated.png one.png rgba8.png progressive.jpg; do
    cp "$pictures/$name" mixed/ || exit 1
    "$lamina" predict mnist.keras "mixed/$name" > out 2> err
    status=$?
    if [ $status -eq 1 ]; then
        grep -q "blank" err || { fail "$name: it is neither read nor blank"; cat err; }
    elif [ $status -ne 0 ]; then fail "$name: status $status"; fi
done
rm mixed/*
head -c 700 $one > mixed/cut.png
echo 'I am no picture.' > mixed/text.png
: > mixed/nothing.png
ln -s /nonexistent mixed/dangling.png
mkdir mixed/folder.png
# 100000 x 100000 pixels, says its head
printf '\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\001\206\240\000\001\206\240\010\000\000\000\000\215\071\124\024' \
    > mixed/enormous.png
cp $one $other mixed
expect 1 'of 7 pictures could not be read' "$lamina" predict mnist.keras mixed
for name in cut text nothing dangling enormous; do
    grep -q "^lamina: error: .*mixed/$name.png" err || { fail "$name.png is not named:"; cat err; }
done
for name in 00-7 01-2; do grep -q "^mixed/$name.png" out || { fail "$name.png is not answered"; cat out; }; done
expect 1 'no file in this folder ends in .png' "$lamina" predict mnist.keras empty
expect 1 'there is no file' "$lamina" predict mnist.keras none.png
expect 1 '[]' "$lamina" predict mnist.keras none.png --json
expect 1 'standard input' sh -c ": | '$lamina' predict mnist.keras -"

expect 1 "there is no file 'scanz', and no folder: No such file" "$lamina" predict mnist.keras scanz

# --- pictures of other kinds are refused by their names, not taken for arrays
printf 'GIF89a..........' > moving.gif
expect 1 'moving.gif is a GIF picture' "$lamina" predict mnist.keras moving.gif

# --- models that take no pictures, or answer otherwise
expect 1 "which is no picture's shape" "$lamina" predict dropout.keras $one
expect 2 'needs --input' "$lamina" predict mnist.keras
expect 2 'needs a model' "$lamina" predict
expect 1 'No space left' sh -c "'$lamina' predict mnist.keras $one > /dev/full"

finish
