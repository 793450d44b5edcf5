"""Keras opens models drawn at random, predicts the same, and saves them: what comes back must be the same model.

    python keras_saves_back.py DRAWN_MODELS      the program of drawn_models.c

Exit status: 0 all well; 1 not; 77 this Python has no Keras.
"""

import os
import subprocess
import sys
import tempfile

MODELS = 12


def check(stem, ending):
    import keras
    import numpy as np

    model = keras.models.load_model(stem + ending)
    got, want = model.predict(np.load(stem + ".x.npy"), verbose=0), np.load(stem + ".p.npy")
    finite = np.isfinite(want)
    if not (np.isfinite(got) == finite).all():
        raise ValueError("other places are not finite")
    worst = np.abs(got - want)[finite].max(initial=0) / max(1, np.abs(want[finite]).max(initial=0))
    if not worst <= 1e-4:
        raise ValueError(f"predictions differ by {worst:.3g}")
    model.save(f"{stem}.back{ending}")
    return worst


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        import keras  # noqa: F401
    except ImportError as error:
        print(f"SKIP: {error}")
        return 77
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], "write", folder, str(MODELS)], check=True)
        for k in range(1, MODELS + 1):
            for ending in (".keras", ".h5"):
                try:
                    worst = check(os.path.join(folder, str(k)), ending)
                    print(f"OK {k}{ending}: predictions differ by {worst:.2g} at most")
                except Exception as error:  # whatever Keras raises on a bad file is the verdict
                    print(f"FAIL {k}{ending}: {error}")
                    failed = True
        done = subprocess.run([sys.argv[1], "compare", folder, str(MODELS)], capture_output=True, text=True)
        print(done.stderr, end="")
        failed |= done.returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
