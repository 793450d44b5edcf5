#!/bin/sh
# Prints a C file that holds a text file as the string NAME: tools/embed.sh NAME FILE
set -eu
echo "/* Made from $(basename "$2") by tools/embed.sh. */"
echo "extern const char $1[];"
echo "const char $1[] ="
sed -e 's/[\\"]/\\&/g' -e 's/?/\\?/g' -e 's/^/    "/' -e 's/$/\\n"/' "$2"
echo "    ;"
