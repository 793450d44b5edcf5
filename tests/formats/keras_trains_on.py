"""Training that changes hands: begun in Keras, continued in Lamina, ended in Keras, against Keras alone.

    python keras_trains_on.py check TRAIN_ON      runs all of it; TRAIN_ON is the program of train_on.c
    python keras_trains_on.py store DIR           the first part and what Keras alone then does, for test_keras_training.c

Float32, fixed batches. Each step's loss must agree with Keras alone to 1e-6 (of the loss, where it is above 1).
Exit status: 0 all well; 1 not; 77 this Python has no Keras.
"""

import os
import subprocess
import sys
import tempfile

BEGIN, MIDDLE, END, BATCH = 6, 8, 6, 16
STEPS = BEGIN + MIDDLE + END
TOLERANCE = 1e-6


def optimizers():
    from keras import optimizers as o

    return {
        "sgd": lambda: o.SGD(0.05, momentum=0.9, nesterov=True),
        "rmsprop": lambda: o.RMSprop(0.002, momentum=0.5, centered=True),
        "adam": lambda: o.Adam(0.005),
        "adamw": lambda: o.AdamW(0.005, weight_decay=0.02, clipnorm=1.0),
    }


def build(name):
    import keras
    from keras import layers

    keras.utils.set_random_seed(sorted(optimizers()).index(name) + 1)
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu", name="look"),
            layers.BatchNormalization(momentum=0.9),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.0),
            layers.Dense(6, activation="tanh"),
            layers.Dense(3, activation="softmax", name="answer"),
        ],
        name="passed_on",
    )
    model.compile(optimizers()[name](), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def batches():
    import numpy as np

    rng = np.random.default_rng(5)
    y = rng.integers(0, 3, (STEPS, BATCH)).astype("int64")
    x = rng.integers(0, 256, (STEPS, BATCH, 6, 6, 1)) // 2
    x[..., :2, :, :] += 40 * y[:, :, None, None, None]
    return x.astype("uint8"), y


def train(model, x, y, begin, end):
    losses = []
    for step in range(begin, end):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x[step], y[step])[0]))
    return losses


def compare(what, got, want):
    worst = max(abs(a - b) / max(1, abs(b)) for a, b in zip(got, want))
    if len(got) != len(want) or not worst <= TOLERANCE:
        raise ValueError(f"{what}: losses {got} against {want} of Keras alone")
    return worst


def store(folder):
    import numpy as np

    x, y = batches()
    for name in optimizers():
        model = build(name)
        losses = train(model, x, y, 0, BEGIN)
        model.save(os.path.join(folder, f"{name}.keras"))
        model.save(os.path.join(folder, f"{name}.h5"))
        model.save_weights(os.path.join(folder, f"{name}.weights.h5"))
        losses += train(model, x, y, BEGIN, STEPS)
        answers = model.predict(x[0], verbose=0)
        np.savez(os.path.join(folder, f"{name}.npz"), losses=np.array(losses), answers=answers)
    np.savez(os.path.join(folder, "batches.npz"), x=x, y=y, begin=np.int64(BEGIN))
    store_chain(folder, x)


def store_chain(folder, x):
    """A Functional model that is a plain chain, and one that is none."""
    import keras
    import numpy as np
    from keras import layers

    keras.utils.set_random_seed(9)
    picture = keras.Input((6, 6, 1), name="picture")
    features = layers.Flatten()(layers.Conv2D(3, 3, activation="relu")(layers.Rescaling(1 / 255)(picture)))
    answer = layers.Dense(2, activation="softmax")(layers.Dropout(0.2)(layers.Dense(4)(features)))
    model = keras.Model(picture, answer, name="chain")
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    model.train_on_batch(x[0], np.eye(2, dtype="float32")[np.arange(BATCH) % 2])
    model.save(os.path.join(folder, "chain.keras"))
    model.save(os.path.join(folder, "chain.h5"))
    np.savez(os.path.join(folder, "chain.npz"), start=model.predict(x[0], verbose=0))
    branched = keras.Model(picture, layers.Concatenate()([features, layers.Dense(2)(features)]))
    with open(os.path.join(folder, "branched.json"), "w") as file:
        file.write(branched.to_json())


def load_h5(path, name):
    """Keras opens a whole model, but 3.15 builds its optimizer for no variables at all and cannot train on (its own
    files neither): so the state goes into a fresh model by hand, in the order of the file's list."""
    import h5py
    import keras

    loaded = keras.models.load_model(path)
    model = load_fresh(name)
    model.set_weights(loaded.get_weights())
    with h5py.File(path) as file:
        group = file["optimizer_weights"]
        names = list(group.attrs["weight_names"])
        if len(names) != len(model.optimizer.variables):
            raise ValueError(f"{len(names)} variables of the optimizer, not {len(model.optimizer.variables)}")
        for variable, written in zip(model.optimizer.variables, names):
            variable.assign(group[written][()])
    return model


def load_fresh(name):
    model = build(name)
    model.optimizer.build(model.trainable_variables)
    return model


def load(path, name):
    import keras

    if path.endswith(".weights.h5"):
        model = load_fresh(name)
        model.load_weights(path)
        return model
    return load_h5(path, name) if path.endswith(".h5") else keras.models.load_model(path)


def pass_on(program, folder, name, ending, x, y):
    """One way through both; the worst difference of a loss."""
    alone = train(build(name), x, y, 0, STEPS)
    there, back = (os.path.join(folder, f"{name}_{way}.{ending}") for way in ("there", "back"))
    model = build(name)
    losses = train(model, x, y, 0, BEGIN)
    if ending == "weights.h5":
        model.save_weights(there)
        with open(there + ".json", "w") as file:
            file.write(model.to_json())
    else:
        model.save(there)
    steps = [str(BEGIN), str(BEGIN + MIDDLE)]
    done = subprocess.run([program, there, back, folder, *steps], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{program}: {done.stderr}")
    losses += [float(line) for line in done.stdout.split()]
    model = load(back, name)
    losses += train(model, x, y, BEGIN + MIDDLE, STEPS)
    counted = int(model.optimizer.iterations.numpy())
    if counted != STEPS:
        raise ValueError(f"the optimizer counted {counted} steps of {STEPS}")
    return compare(name, losses, alone)


def check(program):
    import numpy as np

    failed = False
    x, y = batches()
    with tempfile.TemporaryDirectory() as folder:
        np.save(os.path.join(folder, "x.npy"), x)
        np.save(os.path.join(folder, "y.npy"), y)
        for name in optimizers():
            for ending in ("keras", "h5", "weights.h5"):
                try:
                    worst = pass_on(program, folder, name, ending, x, y)
                    print(f"OK {name}.{ending}: {STEPS} losses differ by {worst:.2g} at most")
                except Exception as error:  # whatever Keras raises is the verdict
                    print(f"FAIL {name}.{ending}: {error}")
                    failed = True
    return failed


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("check", "store"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        import keras  # noqa: F401
    except ImportError as error:
        print(f"SKIP: {error}")
        return 77
    return int(check(sys.argv[2])) if sys.argv[1] == "check" else store(sys.argv[2])


if __name__ == "__main__":
    sys.exit(main())
