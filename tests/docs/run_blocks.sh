#!/bin/sh
# Does what a document shows, and holds its output against what the document says: run_blocks.sh FILE.md SOURCE BUILD.
#
#   ```c NAME.c       is appended to the file NAME.c; likewise for other languages with a file's name behind them
#   ```sh             is run, in a folder that looks like a built source tree
#   ```text           is what the sh block before it printed: word by word, where "…" is any word, or the rest of
#                     the line at its end, "…s" any word that ends so, and a line of "…" alone any number of lines
#   ```text about     likewise, but numbers with a decimal point may be 5 % off, or 0.02: machines round differently;
#                     "about 20" says 20 %
#
# Blocks of other kinds are only looked at by people. Exit status: 0, 1 with what differs, 77 without a C compiler.
set -u
document=$1 source=$(cd "$2" && pwd) build=$(cd "$3" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
case $document in /*) ;; *) document=$(pwd)/$document ;; esac
command -v cc > /dev/null || { echo 'SKIP: there is no cc'; exit 77; }
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
mkdir blocks tree
# Blocks as files: 001.sh, 002.text, 003.about; programs go where they belong.
awk '
    /^ *```/ && !inside {
        fence = $0; sub(/```.*/, "", fence)
        line = $0; sub(/^ *```/, "", line)
        n = split(line, word, " ")
        kind = word[1]; inside = 1; file = ""
        if (kind == "sh") file = sprintf("blocks/%03d.sh", ++count)
        else if (kind == "text") file = sprintf("blocks/%03d.%s", ++count, word[2] == "about" ? (n > 2 ? word[3] : 5) "about" : "text")
        else if (n > 1) file = "tree/" word[2]
        next
    }
    /^ *```/ { inside = 0; next }
    inside && file != "" { sub("^" fence, ""); print >> file }
' "$document" || exit 1

cd tree || exit 1
for name in include build data examples docs; do
    case $name in build) ln -s "$build" build ;; *) ln -s "$source/$name" $name ;; esac
done
ran=0
: > ../out
for block in ../blocks/*; do
    [ -e "$block" ] || { echo "FAIL: $document has no blocks"; exit 1; }
    case $block in
    *.sh)
        ran=$((ran + 1))
        sh -e "$block" > ../out 2>&1
        status=$?
        [ $status -eq 0 ] || { echo "FAIL: status $status from:"; cat "$block"; cat ../out; exit 1; }
        ;;
    *)
        about=${block##*.}
        case $about in *about) about=${about%about} ;; *) about=0 ;; esac
        awk -v about="$about" -f "$here/compare.awk" "$block" ../out || {
            echo "FAIL: the document says"; cat "$block"; echo "but it printed"; cat ../out
            exit 1
        }
        ;;
    esac
done
[ $ran -gt 0 ] || { echo "FAIL: $document runs nothing"; exit 1; }
echo "OK: $ran blocks of $(basename "$document") do what it says"
