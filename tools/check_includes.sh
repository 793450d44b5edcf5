#!/bin/bash
# Checks who includes whom: `tools/check_includes.sh [TREE]`. Every #include "…" in src/ must be an edge of the first
# table; cli/ and examples/ see include/ only; public headers include public headers only.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

# folder: the other folders of src/ that it may include. The longest name that fits a file counts; an entry with a dot
# is one file.
edges='
base:
tensor:      base
kernels:     base
kernels/ref: base/philox.h kernels/random.h
graph:       base tensor kernels
ops:         base tensor kernels graph
plan:        base tensor kernels graph ops
nn:          base tensor kernels graph ops plan
codec:       base tensor
text:        base tensor
data:        base tensor codec text
dist:        base
train:       base tensor kernels graph ops plan nn data dist
formats:     base tensor kernels graph ops plan nn data dist train codec text
rl:          base tensor kernels graph ops plan nn data dist train codec text
api:         base tensor kernels graph ops plan nn data dist train codec text formats rl
plot:        base tensor train
'

# Folders that know no models: the public headers they may include.
public='
base:    args object runtime status tensor
tensor:  args object runtime status tensor
kernels: args object runtime status tensor
'

# Lines "FILE INCLUDED" of the #includes with the given quote in the given folders.
includes() {
    local quote=$1; shift
    local folders=()
    for folder; do [[ -d $folder ]] && folders+=("$folder"); done
    ((${#folders[@]})) || return 0
    grep -rHoE --include='*.[ch]' --include='*.cc' --include='*.def' "^ *# *include *${quote}[^\">]+" "${folders[@]}" |
        sed -E "s/: *# *include *${quote}/ /" || true
}

{
    includes '"' src | awk -v edges="$edges" '
        BEGIN {
            n = split(edges, line, "\n")
            for (i = 1; i <= n; i++) {
                if (split(line[i], part, ":") < 2) continue
                known[part[1]] = 1
                m = split(part[2], names, " ")
                for (k = 1; k <= m; k++) allowed[part[1], names[k]] = 1
            }
        }
        function folder_of(path) {              # the longest known name that path begins with
            while (path != "" && !(path in known)) if (!sub("/[^/]*$", "", path)) path = ""
            return path
        }
        {
            from = folder_of(substr($1, 5)); to = folder_of($2)
            if (from == "") print $1 ": its folder is not in the table"
            else if ($2 !~ "/" || $2 ~ /^\.|\/\./) print $1 ": \"" $2 "\" is not named from src/ on"
            else if (to == "") print $1 ": \"" $2 "\" is in no folder of the table"
            else if (from != to && !((from, to) in allowed) && !((from, $2) in allowed))
                print $1 ": " from " may not include \"" $2 "\""
        }'
    includes '<' src | awk -v table="$public" '
        BEGIN {
            n = split(table, line, "\n")
            for (i = 1; i <= n; i++) {
                if (split(line[i], part, ":") < 2) continue
                limited[part[1]] = 1
                m = split(part[2], names, " ")
                for (k = 1; k <= m; k++) allowed[part[1], "lamina/" names[k] ".h"] = 1
            }
        }
        $2 ~ /^lamina\// {
            split($1, path, "/")
            if (path[2] in limited && !((path[2], $2) in allowed)) print $1 ": " path[2] " may not include <" $2 ">"
        }'
    includes '"' cli serve examples include | awk '{
        split($1, path, "/"); inside = $2 !~ /\//   # a file beside it
        if (path[1] == "include" || !inside) print $1 ": \"" $2 "\": " path[1] "/ sees only <lamina/…>" }'
} | {
    if grep .; then
        echo "check_includes: the include graph is broken (the tables are in tools/check_includes.sh)"
        exit 1
    fi
    echo "check_includes: ok"
}
