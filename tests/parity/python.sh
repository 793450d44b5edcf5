#!/bin/sh
# Prints the Python that has real Keras: LAMINA_PARITY_PYTHON, that of the peers, or one with the pinned versions, made
# once in the user's cache. Exit status: 77 where there can be none.
set -u
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/lamina
python=${LAMINA_PARITY_PYTHON:-}
for found in "$cache/peers/keras/bin/python" /opt/peers/keras/bin/python; do
    [ -n "$python" ] || ! [ -x "$found" ] || python=$found
done
if [ -z "$python" ]; then
    sh "$(dirname "$0")/venv.sh" "$cache/parity-venv" >&2 || exit
    python=$cache/parity-venv/bin/python
fi
echo "$python"
