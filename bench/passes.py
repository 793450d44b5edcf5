"""What each pass of the plan gains: every workload with one pass left out, against the whole plan, in turn, the best of
several rounds. Usage: bench/passes.py [ROUNDS] [WORKLOAD…] (default: 2 rounds, all workloads). Figures for
docs/performance.md; prints a table in its form."""
import json
import pathlib
import re
import subprocess
import sys

LAMINA = pathlib.Path(__file__).resolve().parent.parent / "build/bin/lamina"


def passes():
    """The names that the command's help lists."""
    text = subprocess.run([LAMINA, "bench", "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^    ([a-z]+) ", text.partition("Passes for --without:")[2], re.MULTILINE)


def times(names, off):
    command = [LAMINA, "bench", *names, "--json", *(["--without", off] if off else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {row["name"]: row["ms_per_step"] for row in map(json.loads, done.stdout.splitlines())}


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    names, best = sys.argv[2:], {}
    shown = [off for off in passes() if off != "fast"]      # reference kernels take minutes, and the answer is clear
    for turn in range(rounds):
        for off in [""] + shown:
            print(f"round {turn + 1}/{rounds}: {'without ' + off if off else 'the whole plan'}", file=sys.stderr)
            for name, ms in times(names, off).items():
                best[name, off] = min(ms, best.get((name, off), ms))
    workloads = list(dict.fromkeys(name for name, _ in best))
    print("| workload | ms | " + " | ".join(shown) + " |")
    print("|---" * (len(shown) + 2) + "|")
    for name in workloads:
        whole = best[name, ""]
        print(f"| {name} | {whole:.3g} | " + " | ".join(f"{100 * (best[name, off] / whole - 1):+.0f} %" for off in shown) + " |")


if __name__ == "__main__":
    main()
