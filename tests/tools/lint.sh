#!/bin/bash
# The checkers must find what they are for: `lint.sh TOOLS`. A small sound tree passes; each fault put into it is
# reported.
set -euo pipefail
tools=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# A tree without faults.
reset() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree"/{src/base,src/tensor,src/kernels/ref,src/graph,include/lamina,cli}
    printf '#include <lamina/status.h>\n/* exit(1) and free(x) */\nint f(void)\n{\n    return 0;\n}\n' > "$tree/src/base/a.c"
    printf '#include "base/a.h"\nstatic const char *s = "abort()"; int g(char *p) { return lm__free(p), h.free(p); }\n' \
        > "$tree/src/tensor/b.c"
    printf '#include "base/philox.h"\n#include "kernels/ref/all.h"\n' > "$tree/src/kernels/ref/c.c"
    printf '#include "cli.h"\n#include <lamina/model.h>\n' > "$tree/cli/main.c"
}

# expect CHECKER PIECE: the checker fails and says PIECE; an empty PIECE: it passes.
expect() {
    local output status=0
    output=$("$tools/$1.sh" "$tree" columns 2>&1) || status=$?
    if [[ -z $2 && $status == 0 ]] || [[ -n $2 && $status == 1 && $output == *"$2"* ]]; then return; fi
    echo "$1: expected '${2:-success}', got status $status: $output"
    failures=$((failures + 1))
}

# fault FILE LINE CHECKER PIECE: the tree with this line as the whole of this file.
fault() {
    reset
    mkdir -p "$(dirname "$tree/$1")"
    printf '%s\n' "$2" > "$tree/$1"
    expect "$3" "$4"
}

reset; expect check_includes ''; expect check_sizes ''
fault src/base/bad.c '#include "graph/node.h"' check_includes 'base may not include "graph/node.h"'
fault src/kernels/ref/bad.c '#include "tensor/b.h"' check_includes 'kernels/ref may not include'
fault src/kernels/ref/bad.c '#include "base/alloc.h"' check_includes 'kernels/ref may not include'
fault src/kernels/bad.h '#include "tensor/b.h"' check_includes 'kernels may not include'
fault src/base/bad.c '#  include "a.h"' check_includes 'not named from src/ on'
fault src/base/bad.c '#include "../graph/a.h"' check_includes 'not named from src/ on'
fault src/new/a.c '#include "base/a.h"' check_includes 'not in the table'
fault src/kernels/bad.c '#include <lamina/layers.h>' check_includes 'kernels may not include <lamina/layers.h>'
fault cli/bad.c '#include "nn/layer.h"' check_includes 'cli/ sees only'
fault include/lamina/bad.h '#include "status.h"' check_includes 'include/ sees only'

for call in 'abort()' 'exit (1)' 'printf("x")' 'free(p)' 'q = malloc(3)' 'strdup(p)' 'assert(p)'; do
    reset; printf 'void f(char *p)\n{\n    /* a */ %s; /* b\n*/\n}\n' "$call" > "$tree/src/graph/bad.c"
    expect check_sizes 'src/graph/bad.c:3:'
done
reset; for i in {1..801}; do echo "int a$i;"; done > "$tree/src/base/long.c"; expect check_sizes 'long.c: 801 lines'
reset; { printf 'int f(void)\n{\n'; for i in {1..79}; do echo '    f();'; done; echo '}'; } > "$tree/src/base/long.c"
expect check_sizes 'a function of 81 lines'
fault src/base/wide.h "$(printf 'int %0130d;' 0)" check_sizes 'wide.h:1: more than 118 columns'
fault src/base/tab.h $'int\ta;' check_sizes 'tab.h:1:'
((failures == 0)) && echo "lint.sh: ok"
exit $((failures > 0))
