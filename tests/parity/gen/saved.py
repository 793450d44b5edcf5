"""models/NAME.keras as real Keras writes them; models/NAME.npz with inputs, outputs, weights and optimizer state."""

import contextlib
import datetime
import json
import os
from unittest import mock

import keras
import numpy as np

from .common import grid, plain, rng_for, set_precision
from .models import batch_norm_net, initial_weights, tutorial_net

L = keras.layers
O = keras.optimizers
WHEN = datetime.datetime(2025, 1, 1, 12, 0, 0)


@contextlib.contextmanager
def repeatable():
    """Keras stamps the time into metadata.json and the weights' zip entry, and addresses into shared_object_id."""
    clock = mock.Mock(wraps=datetime.datetime)
    clock.now.return_value = WHEN
    numbers = {}

    def number(obj):
        return numbers.setdefault(id(obj), 140_000_000_000_000 + 16 * len(numbers))

    with (
        mock.patch("keras.src.saving.serialization_lib.id", number, create=True),
        mock.patch("keras.src.saving.saving_lib.datetime.datetime", clock),
        mock.patch("time.time", lambda: WHEN.timestamp()),
        mock.patch("time.localtime", lambda *_: WHEN.timetuple()),
    ):
        yield


def every_layer_net():
    return [
        L.Rescaling(1.0 / 255, offset=-0.5),
        L.Conv2D(4, (3, 2), padding="same", activation="silu"),
        L.BatchNormalization(),
        L.Conv2D(4, 3, groups=2, dilation_rate=2, use_bias=False),
        L.LeakyReLU(negative_slope=0.25),
        L.MaxPooling2D(2, padding="same"),
        L.AveragePooling2D((1, 2), strides=1),
        L.ReLU(max_value=6.0),
        L.Reshape((-1, 4)),
        L.Dense(6, kernel_initializer="he_normal"),
        L.Activation("selu"),
        L.Flatten(),
        L.Dropout(0.25),
        L.Dense(5, bias_initializer=keras.initializers.Constant(0.125)),
        L.Softmax(),
    ]


def dense_net():
    return [
        L.Dense(6, activation="relu", name="hidden"),
        L.Dropout(0.5, name="drop"),
        L.Dense(3, activation="softmax"),
    ]


def mixed_net():
    return [
        L.Conv2D(8, 3, activation="relu"),
        L.BatchNormalization(),
        L.MaxPooling2D(2),
        L.Flatten(),
        L.Dense(16, activation="tanh"),
        L.Dense(3, activation="softmax", dtype="float32"),
    ]


def recipe():
    """name, layers, input shape, outputs, compile arguments (None: never compiled), dtype."""
    sparse = "sparse_categorical_crossentropy"
    yield "dense_adam", dense_net, (5,), 3, dict(optimizer=O.Adam(0.01), loss=sparse, metrics=["accuracy"]), "float32"
    sgd = dict(optimizer=O.SGD(0.05, momentum=0.9, nesterov=True), loss=sparse, metrics=["accuracy"])
    yield "tutorial_sgd", tutorial_net, (10, 10, 1), 3, sgd, "float32"
    rmsprop = dict(optimizer=O.RMSprop(0.01, momentum=0.5, centered=True), loss=sparse, metrics=["accuracy"])
    yield "batchnorm_rmsprop", batch_norm_net, (8, 8, 1), 3, rmsprop, "float32"
    adamw = dict(
        optimizer=O.AdamW(0.01, amsgrad=True, clipnorm=1.0),
        loss=keras.losses.MeanSquaredError(),
        metrics=[keras.metrics.MeanAbsoluteError(), "mse"],
    )
    yield "regression_adamw", lambda: [L.Dense(4, activation="tanh"), L.Dense(1)], (3,), 0, adamw, "float32"
    yield "every_layer", every_layer_net, (9, 8, 3), 5, None, "float32"
    plain_sgd = dict(optimizer="sgd", loss=sparse)
    yield "mixed_bfloat16", mixed_net, (10, 10, 1), 3, dict(optimizer=O.Adam(0.01), loss=sparse), "mixed_bfloat16"
    yield "dense_float64", lambda: [L.Dense(4, activation="gelu"), L.Dense(3)], (5,), 3, plain_sgd, "float64"


def save_one(folder, name, layers, shape, classes, compile_args, floatx):
    if floatx == "mixed_bfloat16":
        set_precision("float32")
        keras.config.set_dtype_policy(floatx)
        floatx = "float32"
    else:
        set_precision(floatx)
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    rng = rng_for("saved", name)
    model = keras.Sequential([keras.Input(shape)] + layers(), name=name)
    model.set_weights(initial_weights(model, rng))
    x = grid(rng, (12,) + shape, 0.0, 255.0 if name == "every_layer" else 1.0)
    if compile_args:
        model.compile(**compile_args)
        y = rng.randint(0, classes, 12) if classes else grid(rng, (12, 1))
        model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    x = x[:5].astype(floatx)
    arrays = {"x": x, "y": model.predict(x, verbose=0)}
    arrays.update({f"w{i}": w for i, w in enumerate(model.get_weights())})
    if compile_args:
        arrays.update({f"o{i}": v.numpy() for i, v in enumerate(model.optimizer.variables)})
    text = json.dumps(
        {
            "name": name,
            "model_json": model.to_json(),
            "compile_config": plain(model.get_compile_config()) if compile_args else None,
            "weights": [{"path": v.path, "shape": list(v.shape), "trainable": v.trainable} for v in model.weights],
            "optimizer_variables": [v.path for v in model.optimizer.variables] if compile_args else [],
        }
    )
    arrays["manifest"] = np.frombuffer(text.encode(), dtype=np.uint8)
    with repeatable():
        model.save(os.path.join(folder, name + ".keras"))
        if name == "dense_adam":
            model.save_weights(os.path.join(folder, name + ".weights.h5"))
    np.savez_compressed(os.path.join(folder, name + ".npz"), **arrays)


def save_all(folder):
    os.makedirs(folder, exist_ok=True)
    for name, layers, shape, classes, compile_args, floatx in recipe():
        save_one(folder, name, layers, shape, classes, compile_args, floatx)
        print(f"{folder}/{name}.keras: {os.path.getsize(os.path.join(folder, name + '.keras'))} bytes")
    set_precision("float64")
