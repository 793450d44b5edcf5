"""Runs `lamina bench` and the peers' programs in turn and prints one table; see run.sh."""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORKLOADS = ["seedcnn", "seedcnn_infer_1", "seedcnn_infer_256"]


def idle():
    """Whether the machine has nothing else to do: its load over the last minute."""
    return os.getloadavg()[0] < 0.5


def lines(command, environment=None, folder=None):
    """The JSON objects that a program prints, one a line."""
    done = subprocess.run(command, env={**os.environ, **(environment or {})}, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench: error: {' '.join(map(str, command))} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def runners(arguments):
    # On some processors OpenBLAS is told to use an older core here; the peers must not be slowed by that.
    clean = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    for k in set(os.environ) - set(clean):
        del os.environ[k]
    torch = [arguments.peers / "torch/bin/python", arguments.programs / "peer_torch.py", "seed"]
    keras = [arguments.peers / "keras/bin/python", arguments.programs / "peer_keras.py", "seed"]
    return {
        "lamina": lambda: lines([ROOT / "build/bin/lamina", "bench", *WORKLOADS, "--json"]),
        "keras-tf": lambda: lines(keras, folder=arguments.programs),
        "torch": lambda: lines(torch, folder=arguments.programs),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--peers", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    best = {}
    was_idle = idle()
    for turn in range(arguments.rounds):
        for who, run in runners(arguments).items():
            print(f"round {turn + 1}/{arguments.rounds}: {who}", file=sys.stderr, flush=True)
            for row in run():
                if row.get("name") in WORKLOADS:
                    key = row["name"], who
                    best[key] = min(best.get(key, row), row, key=lambda r: r["ms_per_step"])
    result = {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "machine": {"cpu": cpu(), "cores": os.cpu_count(), "idle_before": was_idle},
        "rounds": arguments.rounds,
        "rows": [{"who": who, **row} for (_, who), row in sorted(best.items())],
    }
    show(best, was_idle)
    folder = ROOT / "bench/results"
    folder.mkdir(exist_ok=True)
    path = folder / f"{time.strftime('%Y%m%d-%H%M')}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\nWritten to {path.relative_to(ROOT)}")


def cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def show(best, was_idle):
    if not was_idle:
        print("Note: the machine was not idle when this began; the ratios are less sure.")
    print(f"\n{'workload':<20}{'lamina':>10}{'keras-tf':>10}{'torch':>10}   ms per step; ratio of the faster peer to Lamina")
    for name in WORKLOADS:
        ms = {who: best[name, who]["ms_per_step"] for who in ("lamina", "keras-tf", "torch") if (name, who) in best}
        if len(ms) < 3:
            continue
        peer = min(ms["keras-tf"], ms["torch"])
        print(f"{name:<20}{ms['lamina']:>10.3f}{ms['keras-tf']:>10.3f}{ms['torch']:>10.3f}   {peer / ms['lamina']:.2f}x")


if __name__ == "__main__":
    main()
