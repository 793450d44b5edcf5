"""Batch sizes, fit, 1 against 2 threads, and two threads that predict with one model."""
import os
import pathlib
import struct
import sys
import tempfile
import time

import fit
import machine

HERE = pathlib.Path(__file__).resolve().parent
SIZES = 1, 4, 16, 32, 64, 128, 256, 512, 1024


def batches(arguments, notes):
    """Training seedcnn for each size, everybody in turn."""
    rows = []
    model = HERE / "seedcnn.json"
    for size in SIZES:
        found, error = machine.lines([arguments.lamina, "bench", model, "--batch-size", str(size), "--json"], HERE)
        rows += [{"who": "lamina", "batch": size, "ms_per_step": row["ms_per_step"]} for row in found]
        if error:
            notes.append(f"batch size {size}: {error}")
    for who, name in (("keras-tf", "keras"), ("torch", "torch")):
        command = [arguments.peers / name / "bin/python", HERE / "peer_batches.py", arguments.programs, name, *map(str, SIZES)]
        found, error = machine.lines(command, arguments.programs)
        rows += [{"who": who, "batch": row["batch"], "ms_per_step": row["ms_per_step"]} for row in found]
        if error:
            notes.append(f"{who} by batch size: {error}")
    return rows


def threads(arguments, notes):
    """Every workload on 1 and on 2 threads, in turn, the better of two."""
    best = {}
    for _ in range(2):
        for count in (1, 2):
            rows, error = machine.lines([arguments.lamina, "bench", "--threads", str(count), "--json"], HERE)
            if error:
                notes.append(f"{count} threads: {error}")
            for row in rows:
                key = row["name"], count
                best[key] = min(best.get(key, row["ms_per_step"]), row["ms_per_step"])
    names = [name for name, count in best if count == 1 and (name, 2) in best]
    return [{"name": name, "ms": [best[name, 1], best[name, 2]]} for name in names]


def predictors(arguments, notes):
    rows, error = machine.lines([arguments.predictors], HERE)
    if error or not rows:
        notes.append(f"two threads that predict: {error or 'no figures'}")
        return None
    return rows[-1]


def npy(rows):
    """So many pictures of 28 x 28 as the bytes of a .npy file."""
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 28, 28, 1), }" % rows
    head += b" " * (63 - (len(head) + 10) % 64) + b"\n"
    data = struct.pack(f"<{rows * 784}f", *(i % 17 / 17 for i in range(rows * 784)))
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data


def start(arguments, notes):
    """Milliseconds from the start of a process to its end with one prediction made, and what making plans takes."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "x.npy").write_bytes(npy(1))
        _, error = machine.lines([arguments.lamina, "convert", HERE / "seedcnn.json", folder / "net.keras", "--quiet"], folder)
        command = [arguments.lamina, "predict", "net.keras", "x.npy", "--output", "y.npy", "--quiet"]
        best = float("inf")
        for _ in range(20):
            begun = time.monotonic()
            _, failed = machine.lines(command, folder)
            best = min(best, 1e3 * (time.monotonic() - begun))
            error = error or failed
        plans, failed = machine.lines([arguments.lamina, "profile", "net.keras", "--json"], folder)
    if error or failed:
        notes.append(f"start: {error or failed}")
        return None
    return {"first_prediction_ms": best, "planning_ms": plans[0]["planning_ms"]}


def fits(arguments, notes):
    """fit with its bar: ms a step of both, the better of two turns."""
    best = {}
    for _ in range(2):
        ours, error = fit.lamina(arguments.lamina)
        rows, failed = machine.lines([arguments.peers / "keras/bin/python", HERE / "fit.py", arguments.programs], HERE)
        if error or failed or not rows:
            notes.append(f"fit: {error or failed or 'no figures'}")
            return None
        for who, ms in (("lamina", ours), ("keras-tf", rows[-1]["ms_per_step"])):
            best[who] = min(ms, best.get(who, ms))
    return best


def measure(arguments, notes):
    print("appendix: batch sizes, fit, threads", file=sys.stderr, flush=True)
    result = {"batches": batches(arguments, notes), "start": start(arguments, notes),
              "fit": fits(arguments, notes)}
    if len(os.sched_getaffinity(0)) > 1:
        result["threads"] = threads(arguments, notes)
        result["predictors"] = predictors(arguments, notes)
    return result
