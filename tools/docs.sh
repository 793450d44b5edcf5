#!/bin/sh
# Writes the reference of the public headers: `tools/docs.sh SOURCE BUILD` makes BUILD/docs/html/index.html. Fails at any
# warning. The generated headers must be there (target lamina_headers).
set -eu
LM_SOURCE=$(cd "$1" && pwd)
LM_BUILD=$(cd "$2" && pwd)
LM_VERSION=$(sed -n 's/^#define LAMINA_VERSION "\(.*\)"/\1/p' "$LM_SOURCE/include/lamina/runtime.h")
export LM_SOURCE LM_BUILD LM_VERSION
mkdir -p "$LM_BUILD/docs"
doxygen "$LM_SOURCE/docs/Doxyfile"
echo "docs: $LM_BUILD/docs/html/index.html"
