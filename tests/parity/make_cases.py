"""Writes cases/KIND.npz from real Keras: what the C tests compare Lamina with. See README.md.

Usage: make_cases.py [--out DIR] [KIND...]
"""

import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from gen import common, initializers, layers, losses, metrics, models, optimizers  # noqa: E402

KINDS = {
    "layer": layers.make,
    "loss": losses.make,
    "metric": metrics.make,
    "optimizer": optimizers.make,
    "initializer": initializers.make,
    "model": models.make,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=os.path.join(HERE, "cases"), help="folder for the npz files")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"any of {', '.join(KINDS)}; all when none is given")
    args = parser.parse_args()
    unknown = [kind for kind in args.kinds if kind not in KINDS]
    if unknown:
        parser.error(f"unknown kind {unknown[0]!r}; there are {', '.join(KINDS)}")
    os.makedirs(args.out, exist_ok=True)
    common.start()
    for kind in args.kinds or KINDS:
        KINDS[kind]().save(args.out)


if __name__ == "__main__":
    main()
