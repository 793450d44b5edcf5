#!/bin/sh
# Checks that links in the documents lead somewhere: check_links.sh [TREE]. Files must exist, and so must the headings
# that anchors name, by GitHub's rule (lower case, spaces to hyphens, no punctuation). Addresses of the network are not
# looked at.
set -u
cd "${1:-$(dirname "$0")/..}" || exit 1
for file in *.md docs/*.md docs/decisions/*.md data/*.md tests/parity/*.md; do [ -e "$file" ] && echo "$file"; done |
awk '
    # What GitHub makes of a heading.
    function slug(text) {
        gsub(/`/, "", text); gsub(/\]\([^)]*\)/, "", text); sub(/[ \t]+$/, "", text)
        text = tolower(text)
        gsub(/[][.,:;!?()"\/*+=<>&%$#@^{}|~\\'\'']/, "", text)
        gsub(/ /, "-", text)
        return text
    }
    # The headings of a file, outside of its blocks, read once.
    function read_anchors(file,   line, fence, text, other) {
        if (file in seen) return
        seen[file] = 1; fence = 0
        other = "./" file                   # another name: the file may be open for its links
        while ((getline line < other) > 0) {
            if (line ~ /^ *```/) fence = !fence
            else if (!fence && line ~ /^#+ /) {
                sub(/^#+ +/, "", line); text = slug(line)
                while ((file, text) in anchor) text = text "-1"
                anchor[file, text] = 1
            }
        }
        close(other)
    }
    function exists(path,   line) {
        return system("test -e \"" path "\"") == 0
    }
    function wrong(file, number, target, what) { print file ":" number ": " target ": " what; bad = 1 }
    function check(file, number, target,   path, name, folder) {
        if (target ~ /^[a-z]+:/) return
        checked++
        path = target; name = ""
        if (match(target, /#/)) { path = substr(target, 1, RSTART - 1); name = substr(target, RSTART + 1) }
        if (path == "") path = file
        else {
            folder = file
            if (!sub(/\/[^\/]*$/, "/", folder)) folder = ""
            path = folder path
            while (sub(/[^\/]+\/\.\.\//, "", path)) ;
        }
        if (path != file && !exists(path)) { wrong(file, number, target, "there is no such file"); return }
        if (name == "") return
        read_anchors(path)
        if (!((path, name) in anchor)) wrong(file, number, target, "there is no such heading")
    }
    {
        file = $0; number = 0; fence = 0
        while ((getline line < file) > 0) {
            number++
            if (line ~ /^ *```/) fence = !fence
            if (fence) continue
            gsub(/`[^`]*`/, "", line)
            while (match(line, /\]\([^)]+\)/)) {
                target = substr(line, RSTART + 2, RLENGTH - 3)
                line = substr(line, RSTART + RLENGTH)
                check(file, number, target)
            }
        }
        close(file)
    }
    END {
        if (!checked) { print "there are no links"; bad = 1 }
        print bad ? "check_links: links lead nowhere" : "check_links: ok (" checked " links)"
        exit bad
    }'
