"""Files as Keras 2 (tf.keras) leaves them, for test_keras_training.c: python make_keras2.py DIR, with tf_keras from PyPI.

Each model was trained for a few steps before it was saved; the .npz has the losses of the steps that Keras 2 made
after it, and what it then answered. One file has its strings in fixed length, as older h5py wrote them; in one the
lists of names are cut into parts, as Keras cuts those that exceed an attribute.
"""

import os
import sys

import h5py
import numpy as np
import tf_keras as keras

BEGIN, END, BATCH = 4, 10, 8


def model_of(kind):
    keras.utils.set_random_seed(3)
    layers, optimizers = keras.layers, keras.optimizers
    model = keras.Sequential(
        [
            layers.Conv2D(3, 3, activation="relu", input_shape=(6, 5, 2), name="look"),
            layers.BatchNormalization(momentum=0.9),
            layers.Flatten(),
            layers.Dropout(0.0),
            layers.Dense(5, activation="tanh"),
            layers.Dense(3),
        ]
    )
    optimizer = {
        "adam": lambda: optimizers.Adam(0.01),
        "sgd": lambda: optimizers.SGD(0.05, momentum=0.9),
        "old_adam": lambda: optimizers.legacy.Adam(0.01),
        "old_rmsprop": lambda: optimizers.legacy.RMSprop(0.002),
    }[kind]()
    loss = keras.losses.CategoricalCrossentropy(from_logits=True) if kind != "sgd" else "mse"
    model.compile(optimizer, loss, metrics=["accuracy", "mae"])
    return model


def rewrite(path, change):
    """All attributes that are lists of names through a function of (attributes, name, list)."""
    with h5py.File(path, "r+") as file:
        groups = [file[g] for g in ("model_weights", "optimizer_weights")]
        groups += [g for g in file["model_weights"].values()]
        for group in groups:
            for name in ("layer_names", "weight_names"):
                if name in group.attrs and len(group.attrs[name]):
                    change(group.attrs, name, [str(text) for text in group.attrs[name]])
        if change is fixed:
            for name in ("model_config", "training_config"):
                file.attrs[name] = np.bytes_(file.attrs[name].encode())


def fixed(attributes, name, texts):
    attributes[name] = np.array([text.encode() for text in texts])


def cut(attributes, name, texts):
    del attributes[name]
    for part, at in enumerate(range(0, len(texts), 2)):
        attributes[f"{name}{part}"] = texts[at : at + 2]


def main(folder):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(END, BATCH, 6, 5, 2)).astype("float32")
    y = np.eye(3, dtype="float32")[rng.integers(0, 3, (END, BATCH))]
    np.savez(os.path.join(folder, "keras2_batches.npz"), x=x, y=y, begin=np.int64(BEGIN))
    for kind in ("adam", "sgd", "old_adam", "old_rmsprop"):
        model = model_of(kind)
        stem = os.path.join(folder, "keras2_" + kind)
        for step in range(BEGIN):
            model.train_on_batch(x[step], y[step], reset_metrics=True)
        model.save(stem + ".h5")
        if kind == "adam":
            model.save_weights(stem + "_weights.h5")
            with open(stem + ".json", "w") as file:
                file.write(model.to_json())
        start = model.predict(x[0], verbose=0)
        losses = [model.train_on_batch(x[s], y[s], reset_metrics=True)[0] for s in range(BEGIN, END)]
        np.savez(stem + ".npz", losses=np.array(losses, dtype="float64"), start=start)
    rewrite(os.path.join(folder, "keras2_sgd.h5"), fixed)
    rewrite(os.path.join(folder, "keras2_adam.h5"), cut)


if __name__ == "__main__":
    main(sys.argv[1])
