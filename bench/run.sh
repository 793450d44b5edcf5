#!/usr/bin/env bash
# make bench: Lamina and its peers on the same work, in turn, several rounds, in one run. Usage: bench/run.sh [ROUNDS]
# (default 3). The peers are installed outside the tree, in $LAMINA_PEERS (default: ~/.cache/lamina/peers); their
# programs are those of ../shared/bench.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=$(cd .. && pwd)/shared/bench
peers=${LAMINA_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/lamina/peers}
if [ ! -f "$programs/peer_torch.py" ]; then
  echo "bench: error: the peers' programs are not in $programs" >&2
  exit 1
fi
echo "Peers: $peers (installing what is missing)"
mkdir -p "$peers"
bash "$programs/setup.sh" "$peers"
cmake --build build --target bench_predictors > /dev/null
exec "$peers/torch/bin/python" bench/compare.py --programs "$programs" --peers "$peers" --rounds "${1:-3}"
