#!/bin/bash
# Draws the pictures of the documents anew, by running the examples: `tools/docs_images.sh BUILD` (default: build).
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}")
out=$PWD/docs/images
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT
mkdir -p "$out"

"$build/examples/mnist" --out "$runs/mnist" > "$runs/log" || { tail "$runs/log" >&2; exit 1; }
for picture in curves samples confusion filters activations; do
    cp "$runs/mnist/$picture.png" "$out/mnist_$picture.png"
done
"$build/bin/lamina" summary "$runs/mnist/mnist.keras" --plot "$out/mnist_model.svg" > /dev/null

"$build/examples/spirals" --out "$runs/spirals" > "$runs/log" || { tail "$runs/log" >&2; exit 1; }
cp "$runs/spirals/spirals.png" "$out/spirals.png"
"$build/examples/regression" --out "$runs/regression" > "$runs/log" || { tail "$runs/log" >&2; exit 1; }
cp "$runs/regression/days.png" "$out/days.png"
cmake --build "$build" --target tutorial_images > "$runs/log" || { tail "$runs/log" >&2; exit 1; }
"$build/bin/tutorial_images" "$out"
ls -l "$out"
