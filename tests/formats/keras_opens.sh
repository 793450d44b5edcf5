#!/bin/sh
# Real Keras opens what Lamina saved: sh keras_opens.sh MAKE_MODELS. Python with the pinned Keras comes from
# LAMINA_PARITY_PYTHON, or is made once in the user's cache. Exit status: 77 where there can be none.
set -u
here=$(dirname "$0")
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/lamina
python=${LAMINA_PARITY_PYTHON:-}
for found in "$cache/peers/keras/bin/python" /opt/peers/keras/bin/python; do
    [ -n "$python" ] || ! [ -x "$found" ] || python=$found
done
if [ -z "$python" ]; then
    sh "$here/../parity/venv.sh" "$cache/parity-venv" || exit
    python=$cache/parity-venv/bin/python
fi
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
"$1" "$folder" || exit 1
"$python" "$here/keras_opens.py" "$folder" 2> "$folder/log"
status=$?
[ $status -eq 0 ] || [ $status -eq 77 ] || tail -n 20 "$folder/log" >&2
exit $status
