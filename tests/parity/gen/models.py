"""Small Sequential models through compile, fit, evaluate, predict and train_on_batch."""

import json

import keras
import numpy as np

from .common import FLOAT32_TRAINING, Cases, grid, plain, rng_for, set_precision
from .optimizers import BETAS

L = keras.layers
FLOAT32_TOLERANCE = 1e-4


def blobs(rng, n, features, classes):
    """Points around a centre for each class, so that there is something to learn."""
    centres = grid(rng, (classes, features), -1.0, 1.0)
    labels = rng.randint(0, classes, n)
    return centres[labels] + grid(rng, (n, features), -0.75, 0.75), labels


def pictures(rng, n, size, classes):
    """Noise with a bright bar whose row tells the class."""
    x = grid(rng, (n, size, size, 1), 0.0, 0.5)
    labels = rng.randint(0, classes, n)
    for i, label in enumerate(labels):
        x[i, 1 + 2 * label, :, 0] += 0.5
    return x, labels


def initial_weights(model, rng):
    values = []
    for v in model.weights:
        shape = tuple(v.shape)
        if len(shape) >= 2:
            limit = (6.0 / (np.prod(shape[:-1]) + shape[-1])) ** 0.5
            values.append(grid(rng, shape, -limit, limit))
        elif v.name in ("gamma", "moving_variance"):
            values.append(grid(rng, shape, 0.5, 1.5))
        else:
            values.append(grid(rng, shape, -0.125, 0.125))
    return values


class BatchLogs(keras.callbacks.Callback):
    """What the progress bar is told after each training batch."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def on_train_batch_end(self, batch, logs=None):
        self.rows.append([float(logs[name]) for name in sorted(logs)])


def add_model(cases, title, layers, compile_args, data, fit, floatx="float64", eager=True, **fields):
    """layers, compile_args: makers, since every case needs its own objects; data: x, y and what fit may take."""
    set_precision(floatx)
    keras.backend.clear_session()
    rng = rng_for("model", title.removesuffix(" float32"))
    data = {k: v for k, v in data(rng).items() if v is not None}
    x, y = data["x"], data["y"]
    model = keras.Sequential([keras.Input(x.shape[1:])] + layers(), name="model")
    model.compile(run_eagerly=eager, **compile_args())
    first = initial_weights(model, rng)
    model.set_weights(first)
    arrays = dict(data)
    arrays.update({f"w{i}": w for i, w in enumerate(first)})
    logs = BatchLogs()
    extra = {}
    if "val_x" in data:
        extra["validation_data"] = tuple(data[k] for k in ("val_x", "val_y", "val_sample_weight") if k in data)
    history = model.fit(
        x, y, sample_weight=data.get("sample_weight"), shuffle=False, verbose=0, callbacks=[logs], **extra, **fit
    ).history
    arrays["history"] = np.array([history[k] for k in history], dtype=np.float64).T
    arrays["batch_logs"] = np.array(logs.rows, dtype=np.float64)
    arrays.update({f"f{i}": w for i, w in enumerate(model.get_weights())})
    arrays.update({f"o{i}": v.numpy() for i, v in enumerate(model.optimizer.variables)})
    weight = data.get("sample_weight")
    results = model.evaluate(x, y, sample_weight=weight, batch_size=7, verbose=0, return_dict=True)
    arrays["evaluate"] = np.array([results[k] for k in results], dtype=np.float64)
    arrays["predict"] = model.predict(x, batch_size=6, verbose=0)
    step = model.train_on_batch(x[:5], y[:5], return_dict=True)
    arrays["train_on_batch"] = np.array([step[k] for k in step], dtype=np.float64)
    arrays.update({f"t{i}": w for i, w in enumerate(model.get_weights())})
    cases.add(
        title,
        arrays,
        floatx=floatx,
        run_eagerly=eager,
        class_name="Sequential",
        config=plain(model.get_config()),
        serialized=json.loads(model.to_json()),
        model_json=model.to_json(),
        compile_config=plain(model.get_compile_config()),
        fit=plain({**fit, "shuffle": False}),
        history=list(history),
        batch_logs=sorted(results),
        evaluate=list(results),
        evaluate_batch_size=7,
        predict_batch_size=6,
        train_on_batch=list(step),
        weights=[{"path": v.path, "shape": list(v.shape), "trainable": v.trainable} for v in model.weights],
        **fields,
    )


def classes_data(n, features, classes, hot=False, **more):
    def data(rng):
        x, labels = blobs(rng, n, features, classes)
        y = np.eye(classes)[labels] if hot else labels
        out = {"x": x, "y": y}
        if "val" in more:
            vx, vl = blobs(rng, more["val"], features, classes)
            out.update(val_x=vx, val_y=np.eye(classes)[vl] if hot else vl)
        if more.get("weighted"):
            out["sample_weight"] = grid(rng, (n,), 0.0, 2.0)
            if "val" in more:
                out["val_sample_weight"] = grid(rng, (more["val"],), 0.0, 2.0)
        return out

    return data


def regression_data(n, features, outputs=1, flat=True, weighted=False):
    def data(rng):
        x = grid(rng, (n, features))
        y = np.sin(x @ grid(rng, (features, outputs), -1.0, 1.0)) + grid(rng, (n, outputs), -0.125, 0.125)
        out = {"x": x, "y": y[:, 0] if flat else y}
        if weighted:
            out["sample_weight"] = grid(rng, (n,), 0.0, 2.0)
        return out

    return data


def picture_data(n, size, classes, val=0):
    def data(rng):
        x, y = pictures(rng, n, size, classes)
        out = {"x": x, "y": y}
        if val:
            out["val_x"], out["val_y"] = pictures(rng, val, size, classes)
        return out

    return data


def dense_net(classes, activation="softmax"):
    return lambda: [L.Dense(7, activation="relu"), L.Dense(classes, activation=activation)]


def tutorial_net():
    return [
        L.Conv2D(4, (3, 3), activation="relu"),
        L.MaxPooling2D((2, 2)),
        L.Flatten(),
        L.Dense(8, activation="relu"),
        L.Dense(3, activation="softmax"),
    ]


def batch_norm_net():
    return [
        L.Conv2D(4, 3, padding="same", use_bias=False),
        L.BatchNormalization(momentum=0.8),
        L.ReLU(),
        L.AveragePooling2D(2),
        L.Conv2D(5, 3, strides=2, use_bias=False),
        L.BatchNormalization(scale=False),
        L.Activation("tanh"),
        L.GlobalAveragePooling2D(),
        L.Dense(3),
        L.Softmax(),
    ]


def recipe():
    """(title, layers, compile arguments, data, fit arguments, also in float32)."""
    O, X = keras.optimizers, keras.losses
    sparse = "sparse_categorical_crossentropy"
    yield (
        "dense adam sparse validation data",
        dense_net(3),
        lambda: dict(optimizer=O.Adam(0.01, **BETAS), loss=sparse, metrics=["accuracy"]),
        classes_data(23, 5, 3, val=9),
        dict(epochs=3, batch_size=8),
        True,
    )
    yield (
        "dense nesterov one-hot smoothing validation split",
        dense_net(4, "softmax"),
        lambda: dict(
            optimizer=O.SGD(0.1, momentum=0.875, nesterov=True),
            loss=X.CategoricalCrossentropy(label_smoothing=0.1),
            metrics=["accuracy", "categorical_accuracy", keras.metrics.MeanSquaredError(name="brier")],
        ),
        classes_data(25, 4, 4, hot=True),
        dict(epochs=3, batch_size=6, validation_split=0.3),
        False,
    )
    yield (
        "binary rmsprop class weight",
        dense_net(1, "sigmoid"),
        lambda: dict(optimizer=O.RMSprop(0.01), loss="binary_crossentropy", metrics=["accuracy"]),
        classes_data(21, 4, 2),
        dict(epochs=2, batch_size=5, class_weight={0: 0.5, 1: 2.0}),
        False,
    )
    yield (
        "regression sgd sample weight",
        lambda: [L.Dense(6, activation="tanh"), L.Dense(1)],
        lambda: dict(
            optimizer=O.SGD(0.05), loss="mean_squared_error", metrics=["mae", "mse"], weighted_metrics=["mae"]
        ),
        regression_data(19, 3, weighted=True),
        dict(epochs=3, batch_size=5),
        True,
    )
    yield (
        "regression adamw clipnorm two outputs",
        lambda: [L.Dense(6, activation="silu"), L.Dense(2)],
        lambda: dict(
            optimizer=O.AdamW(0.02, weight_decay=0.0625, clipnorm=0.5, **BETAS),
            loss="mean_absolute_error",
            metrics=[keras.metrics.MeanAbsoluteError(), "mean_squared_error"],
        ),
        regression_data(16, 3, outputs=2, flat=False),
        dict(epochs=3, batch_size=4, validation_split=0.25),
        False,
    )
    yield (
        "tutorial net adam",
        tutorial_net,
        lambda: dict(optimizer="adam", loss=sparse, metrics=["accuracy"]),
        picture_data(22, 10, 3, val=6),
        dict(epochs=2, batch_size=8),
        True,
    )
    yield (
        "batch norm net adam",
        batch_norm_net,
        lambda: dict(optimizer=O.Adam(0.01, **BETAS), loss=sparse, metrics=["accuracy"]),
        picture_data(18, 8, 3, val=6),
        dict(epochs=3, batch_size=6),
        True,
    )
    yield (
        "logits weighted metrics",
        dense_net(3, None),
        lambda: dict(
            optimizer=O.SGD(0.1, momentum=0.5),
            loss=X.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            weighted_metrics=["accuracy", "sparse_categorical_crossentropy"],
        ),
        classes_data(17, 4, 3, val=7, weighted=True),
        dict(epochs=2, batch_size=5),
        False,
    )
    yield (
        "clipped probabilities behind a reshape",
        lambda: [L.Dense(7, activation="relu"), L.Dense(3), L.Softmax(), L.Reshape((3,))],
        lambda: dict(optimizer=O.SGD(0.2), loss=sparse, metrics=["accuracy"]),
        classes_data(17, 4, 3),
        dict(epochs=2, batch_size=5),
        False,
    )
    yield (
        "adam amsgrad moving average of weights",
        dense_net(3),
        lambda: dict(
            optimizer=O.Adam(0.02, amsgrad=True, use_ema=True, ema_momentum=0.9, **BETAS),
            loss=sparse,
            metrics=["acc"],
        ),
        classes_data(20, 4, 3, val=8),
        dict(epochs=3, batch_size=6),
        False,
    )
    yield (
        "gradient accumulation",
        dense_net(3),
        lambda: dict(optimizer=O.SGD(0.1, momentum=0.875, gradient_accumulation_steps=2), loss=sparse),
        classes_data(20, 4, 3),
        dict(epochs=3, batch_size=6),
        False,
    )


def make():
    cases = Cases("model")
    for title, layers, compile_args, data, fit, also_float32 in recipe():
        rounds = {"tol": FLOAT32_TRAINING} if compile_args()["optimizer"] == "adam" else {}
        add_model(cases, title, layers, compile_args, data, fit, **rounds)
        if also_float32:
            name, graph = title + " float32", dict(floatx="float32", eager=False, tol=FLOAT32_TOLERANCE)
            add_model(cases, name, layers, compile_args, data, fit, **graph)
    set_precision("float64")
    return cases
