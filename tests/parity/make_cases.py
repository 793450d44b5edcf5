"""Writes cases/KIND.npz and models/ from real Keras: what the C tests compare Lamina with. See README.md."""

import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from gen import callbacks, common, defaults, gan, initializers, layers, losses, metrics  # noqa: E402
from gen import models, optimizers, recurrent, saved, transformer, transposed  # noqa: E402

KINDS = {
    "layer": layers.make,
    "conv2d_transpose": transposed.make,
    "loss": losses.make,
    "metric": metrics.make,
    "optimizer": optimizers.make,
    "initializer": initializers.make,
    "default": defaults.make,
    "model": models.make,
    "callback": callbacks.make,
    "transformer": transformer.make,
    "gan": gan.make,
    "recurrent": recurrent.make,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [*KINDS, "saved"]
    parser.add_argument("--out", default=HERE, help="folder that gets cases/ and models/")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"any of {', '.join(names)}; all when none is given")
    args = parser.parse_args()
    unknown = [kind for kind in args.kinds if kind not in names]
    if unknown:
        parser.error(f"unknown kind {unknown[0]!r}; there are {', '.join(names)}")
    cases = os.path.join(args.out, "cases")
    os.makedirs(cases, exist_ok=True)
    common.start()
    for kind in args.kinds or names:
        if kind == "saved":
            saved.save_all(os.path.join(args.out, "models"))
        else:
            KINDS[kind]().save(cases)


if __name__ == "__main__":
    main()
