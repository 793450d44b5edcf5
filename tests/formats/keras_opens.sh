#!/bin/sh
# Real Keras opens what Lamina saved: sh keras_opens.sh MAKE_MODELS. Exit status: 77 where there can be no Keras.
set -u
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
"$1" "$folder" || exit 1
sh "$(dirname "$0")/with_keras.sh" keras_opens.py "$folder"
