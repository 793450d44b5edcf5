#!/bin/sh
# Runs a script with real Keras: sh with_keras.sh SCRIPT ARGUMENT…. Python comes from LAMINA_PARITY_PYTHON, or with the
# pinned Keras from the user's cache, where it is made once. Exit status: 77 where there can be none.
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
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
script=$1
shift
"$python" "$here/$script" "$@" 2> "$log"
status=$?
[ $status -eq 0 ] || [ $status -eq 77 ] || tail -n 20 "$log" >&2
exit $status
