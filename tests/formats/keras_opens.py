"""Real Keras opens what Lamina saved, predicts the same, and trains on: python keras_opens.py DIR, as make_models left it.

Exit status: 0 all well; 1 not; 77 this Python has no Keras.
"""

import os
import sys
import types
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
import check_saved  # noqa: E402

STEPS = 3
TOLERANCES = {"mixed": 1e-2}  # bfloat16 has 8 bits, and Keras rounds after every op


def train_on(path, x, y, expected):
    """One step more in Keras: quiet, and with the weights that Lamina's own next step gives."""
    import numpy as np

    model = check_saved.load_quietly(path)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model.train_on_batch(x, y)
    if said:
        raise ValueError("Keras warned while training: " + "; ".join(str(w.message) for w in said))
    if int(model.optimizer.iterations.numpy()) != STEPS + 1:
        raise ValueError("the optimizer did not go on counting")
    if expected is None:
        return "trains on"
    got = np.concatenate([np.ravel(w) for layer in model.layers for w in layer.get_weights()])
    difference = check_saved.check_output("weights after the next step", got, expected, 1e-4)
    return f"after one step more weights differ by {difference:.3g} at most"


def check(folder, name):
    import numpy as np

    stem = os.path.join(folder, name)
    args = types.SimpleNamespace(
        model=stem + ".keras",
        x=stem + ".x.npy",
        y=stem + ".predicted.npy",
        tolerance=TOLERANCES.get(name, 1e-5),
        compiled=True,
        iterations=STEPS,
    )
    said = check_saved.run(args)
    following = np.load(stem + ".next.npy") if os.path.exists(stem + ".next.npy") else None
    return said + "; " + train_on(args.model, np.load(args.x), np.load(stem + ".y.npy"), following)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        import keras  # noqa: F401
    except ImportError as error:
        print(f"SKIP: {error}")
        return 77
    names = sorted(f[: -len(".keras")] for f in os.listdir(sys.argv[1]) if f.endswith(".keras"))
    failed = not names
    for name in names:
        try:
            print(f"OK {name}: {check(sys.argv[1], name)}")
        except Exception as error:  # whatever Keras raises on a bad file is the verdict
            print(f"FAIL {name}: {error}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
