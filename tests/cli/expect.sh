# What the tests of the command share; read by them with "." in their first lines. They run in a folder of their own.
folder=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
bad=0

fail() { echo "FAIL: $*"; bad=1; }

# expect STATUS WORDS COMMAND...: the exit status, and words that stdout or stderr must have. After 1, stderr has a line
# that begins with "lamina: error: ".
expect() {
    wanted=$1 words=$2
    shift 2
    "$@" > out 2> err
    got=$?
    [ $got -eq "$wanted" ] || { fail "$*: status $got, expected $wanted"; head -n 3 err; }
    [ -z "$words" ] || cat out err | grep -qF -e "$words" ||
        { fail "$*: \"$words\" is not in what it says:"; head -n 8 out err; }
    [ "$wanted" -ne 1 ] || grep -q '^lamina: error: ' err || fail "$*: no line begins with \"lamina: error: \""
}

# small_mnist SOURCE EXAMPLES TESTS: a LAMINA_DATA with the first of MNIST's digits, each number below 2^16.
small_mnist() {
    mkdir -p data/mnist
    for part in "train $2" "t10k $3"; do
        set -- "$1" ${part#* } ${part%% *}
        count=$(printf '\\0\\0\\%o\\%o' $(($2 / 256)) $(($2 % 256)))
        { printf "\\0\\0\\10\\3$count\\0\\0\\0\\34\\0\\0\\0\\34"
          gzip -dc "$1/data/mnist/$3-images-idx3-ubyte.gz" | tail -c +17 | head -c $(($2 * 784)); } \
            > data/mnist/$3-images-idx3-ubyte
        { printf "\\0\\0\\10\\1$count"
          gzip -dc "$1/data/mnist/$3-labels-idx1-ubyte.gz" | tail -c +9 | head -c "$2"; } \
            > data/mnist/$3-labels-idx1-ubyte
    done
    export LAMINA_DATA="$folder/data"
}

finish() {
    [ $bad -eq 0 ] && echo OK
    exit $bad
}
