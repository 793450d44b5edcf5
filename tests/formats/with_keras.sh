#!/bin/sh
# Runs a script with real Keras: sh with_keras.sh SCRIPT ARGUMENT…. Exit status: 77 where there can be none.
set -u
here=$(dirname "$0")
python=$(sh "$here/../parity/python.sh") || exit
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
script=$1
shift
"$python" "$here/$script" "$@" 2> "$log"
status=$?
[ $status -eq 0 ] || [ $status -eq 77 ] || tail -n 20 "$log" >&2
exit $status
