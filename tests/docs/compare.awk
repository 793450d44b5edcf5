# compare.awk: awk -v about=PERCENT -f compare.awk EXPECTED GOT; see run_blocks.sh. Exit status 1 where they differ.
function trimmed(line) { sub(/[ \t\r]+$/, "", line); return line }
FNR == NR { want[++wants] = trimmed($0); next }
{ got[++gots] = trimmed($0) }

function near(a, b,   d, size) {
    d = a - b; if (d < 0) d = -d
    size = a < 0 ? -a : a
    return d <= 0.02 || d <= about / 100 * size
}

# Words are equal; or the same around a number with a decimal point, which is near; or what "…" leaves open.
function same_word(w, g,   at, number, rest) {
    if (w == g) return 1
    at = index(w, "…")
    if (at) {
        rest = substr(w, at + length("…"))
        return length(g) >= at - 1 + length(rest) && substr(g, 1, at - 1) == substr(w, 1, at - 1) &&
               (rest == "" || substr(g, length(g) - length(rest) + 1) == rest)
    }
    if (!about || !match(w, /-?[0-9]+\.[0-9]*/)) return 0
    number = substr(w, RSTART, RLENGTH)
    rest = substr(w, RSTART + RLENGTH)
    at = substr(w, 1, RSTART - 1)
    if (!match(g, /-?[0-9]+\.[0-9]*/) || substr(g, 1, RSTART - 1) != at || substr(g, RSTART + RLENGTH) != rest) return 0
    return near(number + 0, substr(g, RSTART, RLENGTH) + 0)
}

function same_line(w, g,   n, m, a, b, i) {
    # Space around brackets says nothing: [ 0.5 is [0.5.
    gsub(/\[ +/, "[", w); gsub(/\[ +/, "[", g); gsub(/ +\]/, "]", w); gsub(/ +\]/, "]", g)
    n = split(w, a, " "); m = split(g, b, " ")
    if (n && a[n] == "…" && m > n) m = n            # at the end of a line it is the rest of it
    if (n != m) return 0
    for (i = 1; i <= n; i++) if (!same_word(a[i], b[i])) return 0
    return 1
}

END {
    g = 1
    for (w = 1; w <= wants; w++) {
        if (want[w] == "…") {
            if (w == wants) exit 0
            while (g <= gots && !same_line(want[w + 1], got[g])) g++
            continue
        }
        if (g > gots) { print "line " w ": there is no more output, expected: " want[w]; exit 1 }
        if (!same_line(want[w], got[g])) {
            print "line " w ":\n  expected: " want[w] "\n  printed:  " got[g]
            exit 1
        }
        g++
    }
    if (g <= gots) { print "more output than expected: " got[g]; exit 1 }
}
