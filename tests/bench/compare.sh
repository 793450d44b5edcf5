#!/bin/sh
# bench/compare.py on programs that print what they are told: the best of the rounds, ratios, goals, notes, JSON and the
# picture. compare.sh SOURCE_DIR. Exit status 77 without python3.
set -u
source=$1
command -v python3 > /dev/null || exit 77
. "$source/tests/cli/expect.sh"

# A program that prints the lines of a file, another one at each call: say NAME LINE…; the last one is repeated.
say() {
    name=$1
    mkdir -p "$(dirname "$name")"
    shift
    count=0
    for line; do count=$((count + 1)); printf '%s\n' "$line" > "$name.$count"; done
    cat > "$name" << END
#!/bin/sh
case "\$*" in
*--version*) echo "lamina 9 (fake)"; exit ;;
*importlib*) echo 1.2; exit ;;
*peer_batches*) echo '{"batch": 4, "ms_per_step": 2.5}'; exit ;;
*convert*|*predict*) exit ;;
*profile*) echo '{"planning_ms": 4.5}'; exit ;;
*--batch-size*) echo '{"name": "seedcnn", "ms_per_step": 0.5}'; exit ;;
*--threads\ 1*) echo '{"name": "seedcnn", "ms_per_step": 1.9}'; exit ;;
*--threads\ 2*) echo '{"name": "seedcnn", "ms_per_step": 1.0}'; exit ;;
esac
[ "\${MODE:-}" != compile ] || { echo "no compiler" >&2; exit 1; }
n=\$(cat "$PWD/$name.n" 2> /dev/null || echo 0); n=\$((n + 1)); echo \$n > "$PWD/$name.n"
[ -f "$PWD/$name.\$n" ] || n=$count
cat "$PWD/$name.\$n"
END
    chmod +x "$name"
}
row() { echo "{\"name\": \"$1\", \"ms_per_step\": $2, \"items_per_second\": 1, \"flops_per_step\": 1e9, \"peak_rss_mb\": 99, \"loss_first\": $3, \"loss_last\": $4${5:+, \"bound_ms\": $5}}"; }

say lamina "$(row seedcnn 1.2 2.3 0.1 0.7; row gpt 10 4 3 5; row odd 3 null null 1)" "$(row seedcnn 1.0 2.3 0.1 0.6; row gpt 11 4 3 5)"
say peers/torch/bin/python "$(row seedcnn 4 2.3 0.1; row gpt 30 4 3)"
say peers/keras/bin/python "$(row seedcnn 5.5 2.3 0.1; row gpt 25 4 4.5)" "$(row seedcnn 3.0 2.3 0.1; echo '{"name": "gpt", "error": "no room"}')"
say predictors '{"name": "predictors", "batch": 1, "one": 10, "two": 19.5, "ratio": 1.95}'
mkdir programs

compare() {
    python3 "$source/bench/compare.py" --programs programs --peers "$folder/peers" --lamina "$folder/lamina" --watch 0.01 \
        --predictors "$folder/predictors" --results results --rounds 2 "$@"
}
expect 0 'lamina 9 (fake)' compare
cp out table
has() { tr -s ' ' < table | grep -qF -e "$1" || { fail "the table lacks \"$1\":"; tr -s ' ' < table; }; }
has 'seedcnn 1.000 3.000 4.000 - 3.00x 5x 1000 0.600 60 % no'
has 'gpt 10.000 25.000 30.000 - 2.50x 2x 100 5.000 50 % yes, by its ratio'
has 'odd 3.000 - - - - - 333 1.000 33 % no'
has 'Note: torch-compile did not end well, and is left out from here on'
has 'no compiler'
has 'Note: keras-tf cannot do gpt: no room.'
has 'Not measured: seedcnn_infer_1, seedcnn_infer_256, charlstm, autoencoder, resnet20, dcgan'
has 'gpt lamina 4.0000 -> 3.0000 keras-tf 4.0000 -> 4.5000 (!)'
has 'seedcnn 1.900 1.000 1.90 times'
has 'against one (1 picture a call): 1.95 times'
has 'planning seedcnn: 4.5 ms'
has 'Peak memory of training seedcnn: 99 MB'
has 'keras-tf - 2.500 -'
grep -q 'Note: torch-compile.*round 2' table && fail 'a program that failed is tried again'

json=$(ls results/*.json) && python3 - "$json" "${json%.json}.svg" << 'END' || fail 'JSON or picture are not what they should be'
import json, sys, xml.etree.ElementTree as tree
result = json.load(open(sys.argv[1]))
by = {w["name"]: w for w in result["workloads"]}
assert by["gpt"]["reached"] == ["ratio"] and not by["gpt"]["losses_fall"] and by["seedcnn"]["losses_fall"]
assert by["seedcnn"]["fastest_peer"] == "keras-tf" and by["odd"]["ratio"] is None
assert result["machine"]["cpu"] and result["machine"]["caches"] is not None and result["versions"]["torch"] == "1.2"
assert len(result["rows"]) == 7 and result["rounds"] == 2 and result["predictors"]["ratio"] == 1.95
words = "".join(tree.parse(sys.argv[2]).getroot().itertext())
assert "seedcnn" in words and "Keras/TF" in words and "2.5×" in words, words
END

# Near its bound counts as reached; when Lamina fails, so does the run.
rm -rf results lamina.?
say lamina "$(row seedcnn 1.0 2.3 0.1 0.76)"
expect 0 '' compare --no-appendix
tr -s ' ' < out | grep -q '76 % yes, by its bound' || fail 'a workload near its bound is not reached'
rm -rf results lamina.?
say lamina "$(row seedcnn 1.0 2.3 0.1 1.2)"
expect 0 'the bound of seedcnn was measured at a worse moment' compare --no-appendix
tr -s ' ' < out | grep -q '120 % no' || fail 'a bound that was disturbed counts'
printf '#!/bin/sh\necho broken >&2\nexit 1\n' > lamina
compare --no-appendix > out 2> err && fail 'a failing lamina goes unnoticed'
grep -q 'bench: error: .*broken' err || fail 'a failing lamina says nothing'
finish
