"""Loads a .keras that Lamina wrote with real Keras and compares what it predicts.

Exit status: 0 same predictions; 1 not; 2 wrong usage; 77 this Python has no Keras.
"""

import argparse
import os
import sys
import warnings

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="the .keras file")
    parser.add_argument("x", help="X.npy, or X.npy,X2.npy… in the order of the model's inputs")
    parser.add_argument("y", help="Y.npy, or Y.npy,Y2.npy…: what Lamina predicted")
    parser.add_argument("--tolerance", type=float, default=1e-5, help="of the largest absolute value and of 1")
    parser.add_argument("--compiled", action="store_true", help="demand an optimizer with its state")
    parser.add_argument("--iterations", type=int, help="demand this count of optimizer steps")
    return parser.parse_args()


def load_quietly(path):
    """The model, or a reason. Keras only warns when it skips an optimizer's state; here that is a failure."""
    import keras

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model = keras.saving.load_model(path)
    if said:
        raise ValueError("Keras warned while loading: " + "; ".join(str(w.message) for w in said))
    return model


def check_optimizer(model, compiled, iterations):
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        if compiled or iterations is not None:
            raise ValueError("the file holds no optimizer")
        return "not compiled"
    steps = int(optimizer.iterations.numpy())
    if iterations is not None and steps != iterations:
        raise ValueError(f"the optimizer stands at step {steps}, expected {iterations}")
    return f"{type(optimizer).__name__} at step {steps} with {len(optimizer.variables)} variables"


def check_output(name, got, expected, tolerance):
    """The largest difference, in units of the largest value (1 at least)."""
    import numpy as np

    if got.shape != expected.shape:
        raise ValueError(f"{name}: Keras predicts the shape {got.shape}, Lamina {expected.shape}")
    if not np.array_equal(np.isfinite(got), np.isfinite(expected)):
        raise ValueError(f"{name}: NaN or infinity at different places")
    finite = np.isfinite(got)
    wide, other = got[finite].astype(np.float64), expected[finite].astype(np.float64)
    if not wide.size:
        raise ValueError(f"{name}: nothing finite to compare")
    difference = float(np.max(np.abs(wide - other)) / max(1.0, float(np.max(np.abs(wide)))))
    if difference > tolerance:
        raise ValueError(f"{name}: predictions differ by {difference:.3g}, allowed {tolerance:.3g}")
    return difference


def run(args):
    import numpy as np

    model = load_quietly(args.model)
    state = check_optimizer(model, args.compiled, args.iterations)
    inputs = [np.load(path) for path in args.x.split(",")]
    expected = [np.load(path) for path in args.y.split(",")]
    got = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    got = list(got) if isinstance(got, (list, tuple)) else [got]
    if len(got) != len(expected):
        raise ValueError(f"Keras predicts {len(got)} outputs, Lamina {len(expected)}")
    worst = max(check_output(p, g, e, args.tolerance) for p, g, e in zip(args.y.split(","), got, expected))
    return f"{model.count_params()} parameters, {state}, {len(inputs[0])} samples differ by {worst:.3g} at most"


def main():
    args = arguments()
    try:
        import keras  # noqa: F401
    except ImportError as error:
        print(f"SKIP {args.model}: {error}")
        return 77
    try:
        print(f"OK {args.model}: {run(args)}")
        return 0
    except Exception as error:  # whatever Keras raises on a bad file is the verdict
        print(f"FAIL {args.model}: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
