#!/bin/sh
# Makes the pinned Python environment of the parity tests once: sh venv.sh DIR [REQUIREMENTS], then DIR/bin/python.
# Exit status: 0 it is there; 77 it can't be had on this machine (the tests skip); 1 the installation failed; 2 usage.
set -u

if [ $# -ne 1 ] && [ $# -ne 2 ]; then
    echo "usage: venv.sh DIR [REQUIREMENTS] (a folder outside the source tree)" >&2
    exit 2
fi
dir=$1
wanted=${2:-$(dirname "$0")/requirements.txt}
stamp=$dir/lamina-parity.txt # a copy of the requirements, written last
log=$dir.log

skip() {
    echo "venv.sh: skipped: $1" >&2
    exit 77
}

cmp -s "$wanted" "$stamp" && exit 0
command -v python3 >/dev/null || skip "there is no python3"

mkdir -p "$(dirname "$dir")" || exit 1
lock=$dir.lock # two tests may ask at once: the second waits for the first
waited=0
until mkdir "$lock" 2>/dev/null; do
    waited=$((waited + 1))
    [ "$waited" -le 900 ] || { echo "venv.sh: $lock is held for 15 minutes; remove it if nobody installs" >&2; exit 1; }
    sleep 1
done
trap 'rmdir "$lock"' EXIT
trap 'exit 1' INT TERM HUP
cmp -s "$wanted" "$stamp" && exit 0

rm -rf "$dir"
python3 -m venv "$dir" >"$log" 2>&1 || skip "python3 -m venv fails (Debian: install python3-venv); see $log"
if ! "$dir/bin/python" -m pip install --disable-pip-version-check --no-input --retries 2 --timeout 20 \
    -r "$wanted" >>"$log" 2>&1; then
    if grep -Eq 'from versions: none|connection|Max retries|timed out|resolve|ProxyError|SSLError' "$log"; then
        skip "PyPI can't be reached; see $log"
    fi
    tail -n 5 "$log" >&2
    echo "venv.sh: pip could not install $wanted; see $log" >&2
    exit 1
fi
cp "$wanted" "$stamp"
