#!/bin/sh
# TensorBoard reads the event files that a training leaves: board.sh BOARD_PROGRAM. Python with the pinned TensorBoard
# is made once in the user's cache. Exit status: 77 where there can be none.
set -u
here=$(dirname "$0")
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/lamina
sh "$here/../parity/venv.sh" "$cache/tensorboard-venv" "$here/requirements.txt" || exit
python=$cache/tensorboard-venv/bin/python
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
"$1" "$folder/logs" > "$folder/wanted" || exit 1
"$python" "$here/board.py" "$folder/logs" < "$folder/wanted" 2> "$folder/log"
status=$?
[ $status -eq 0 ] || [ $status -eq 77 ] || tail -n 20 "$folder/log" >&2
exit $status
