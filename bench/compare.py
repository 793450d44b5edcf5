"""Runs `lamina bench` and the peers' programs in turn and prints tables; see run.sh. Nothing but the standard library."""
import argparse
import collections
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import appendix
import chart
import machine
import tables

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = "keras-tf", "torch", "torch-compile"


def runners(arguments):
    """Each program by its name: a function that runs it once and gives its rows."""
    torch = [arguments.peers / "torch/bin/python", arguments.programs / "peer_torch.py"]
    keras = [arguments.peers / "keras/bin/python", arguments.programs / "peer_keras.py"]
    compiling = {"MODE": "compile", "TORCHINDUCTOR_CACHE_DIR": str(arguments.peers / "inductor")}
    lamina = [arguments.lamina, "bench", "--bound", "--json"]
    return {
        "lamina": lambda: machine.lines(lamina, ROOT),
        "keras-tf": lambda: machine.lines(keras, arguments.programs),
        "torch": lambda: machine.lines(torch, arguments.programs),
        "torch-compile": lambda: machine.lines(torch, arguments.programs, compiling),
    }


def take(best, who, row):
    """Keeps a program's best time of a workload, the least bound, and the losses of its first run."""
    old = best[row["name"]].get(who)
    if not old:
        best[row["name"]][who] = row
        return
    if "bound_ms" in row:
        old["bound_ms"] = min(old["bound_ms"], row["bound_ms"])
    for key in ("ms_per_step", "items_per_second"):
        if row["ms_per_step"] < old["ms_per_step"]:
            old[key], row[key] = row[key], old[key]


def rounds(arguments, notes):
    """workload -> program -> its row: the best of all rounds."""
    best = collections.defaultdict(dict)
    programs = runners(arguments)
    for turn in range(arguments.rounds):
        for who, run in list(programs.items()):
            busy = machine.busy(arguments.watch)
            if busy > 0.05:
                notes.append(f"the machine was {100 * busy:.0f} % busy with something else before {who} in round {turn + 1}")
            print(f"round {turn + 1}/{arguments.rounds}: {who}", file=sys.stderr, flush=True)
            machine.warm(arguments.watch)
            begun = time.monotonic()
            rows, error = run()
            for row in rows:
                if row.get("ms_per_step"):
                    take(best, who, row)
                elif row.get("error"):
                    notes.append(f"{who} cannot do {row['name']}: {row['error']}")
            if error and who == "lamina":
                sys.exit(f"bench: error: {error}")
            if error:
                notes.append(f"{who} did not end well, and is left out from here on: {error}")
                del programs[who]
            print(f"  {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    return {name: best[name] for name in best if "lamina" in best[name]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--peers", type=pathlib.Path, required=True)
    parser.add_argument("--lamina", type=pathlib.Path, default=ROOT / "build/bin/lamina")
    parser.add_argument("--predictors", type=pathlib.Path, default=ROOT / "build/bin/bench_predictors")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench/results")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--watch", type=float, default=1, help="seconds to see whether the machine is idle")
    parser.add_argument("--no-appendix", action="store_true", help="leave out batch sizes and threads")
    arguments = parser.parse_args()
    machine.clean_environment()
    notes = []
    best = rounds(arguments, notes)
    more = {} if arguments.no_appendix else appendix.measure(arguments, notes)
    result = {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "machine": machine.describe(),
        "versions": machine.versions(arguments),
        "rounds": arguments.rounds,
        "notes": notes,
        "workloads": [tables.summary(name, rows) for name, rows in best.items()],
        "rows": [{"who": who, **row} for rows in best.values() for who, row in rows.items()],
        **more,
    }
    tables.show(result)
    arguments.results.mkdir(exist_ok=True)
    path = arguments.results / f"{time.strftime('%Y%m%d-%H%M')}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    chart.draw(result, path.with_suffix(".svg"))
    print(f"\nWritten to {path} and {path.with_suffix('.svg').name}")


if __name__ == "__main__":
    main()
