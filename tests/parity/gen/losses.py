"""Losses as objects on plain arrays (so probabilities take the clipped path): value and gradient."""

import keras
import numpy as np
import tensorflow as tf

from .common import Cases, described, grid, rng_for

REDUCTIONS = ("sum_over_batch_size", "sum", "none")


def probabilities(rng, shape, axis=-1):
    raw = rng.randint(1, 64, size=shape).astype(np.float64)
    return raw / raw.sum(axis=axis, keepdims=True)


def one_hot(labels, classes):
    return np.eye(classes)[labels]


def add_loss(cases, title, loss, y_true, y_pred, sample_weight=None, **fields):
    rng = rng_for("loss", title)
    y_true = np.asarray(y_true)
    y_pred = np.asarray(y_pred, dtype=np.float64)
    arrays = {"y_true": y_true, "y_pred": y_pred}
    if sample_weight is not None:
        arrays["sample_weight"] = np.asarray(sample_weight, dtype=np.float64)
    pred = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(pred)
        value = loss(tf.constant(y_true), pred, sample_weight=arrays.get("sample_weight"))
    upstream = grid(rng, value.shape, -1.0, 1.0) if value.shape.rank else np.float64(1.0)
    arrays["value"] = value.numpy()
    arrays["dvalue"] = upstream
    arrays["dy_pred"] = tape.gradient(value, pred, output_gradients=tf.constant(upstream)).numpy()
    cases.add(title, arrays, **described(loss), **fields)


def each_reduction(cases, title, cls, y_true, y_pred, weights, **kwargs):
    for reduction in REDUCTIONS:
        make = lambda: cls(reduction=reduction, **kwargs)  # noqa: E731
        add_loss(cases, f"{title} {reduction}", make(), y_true, y_pred)
        add_loss(cases, f"{title} {reduction} weighted", make(), y_true, y_pred, weights)


def regression(cases):
    for cls in (keras.losses.MeanSquaredError, keras.losses.MeanAbsoluteError):
        name = cls.__name__
        rng = rng_for("loss", name)
        a, b = grid(rng, (5, 3)), grid(rng, (5, 3))
        w = grid(rng, (5,), 0.0, 2.0)
        each_reduction(cases, name, cls, a, b, w)
        add_loss(cases, f"{name} weights (N,1)", cls(), a, b, w[:, None])
        add_loss(cases, f"{name} zero weights", cls(), a, b, np.zeros(5))
        add_loss(cases, f"{name} true (N,) pred (N,1)", cls(), a[:, 0], b[:, :1])
        add_loss(cases, f"{name} true (N,) pred (N,1) weighted", cls(), a[:, 0], b[:, :1], w)
        add_loss(cases, f"{name} true (N,1) pred (N,)", cls(), a[:, :1], b[:, 0])
        add_loss(cases, f"{name} both (N,)", cls(), a[:, 0], b[:, 0])
        add_loss(cases, f"{name} true (N,) pred (N,1) none", cls(reduction="none"), a[:, 0], b[:, :1])
        c, d = grid(rng, (2, 3, 4)), grid(rng, (2, 3, 4))
        add_loss(cases, f"{name} rank 3", cls(), c, d)
        add_loss(cases, f"{name} rank 3 none weights (N,T)", cls(reduction="none"), c, d, grid(rng, (2, 3), 0.0, 2.0))
        add_loss(cases, f"{name} rank 3 weights (N,T)", cls(), c, d, grid(rng, (2, 3), 0.0, 2.0))
        add_loss(cases, f"{name} integer true", cls(), rng.randint(0, 9, (5, 3)).astype(np.int32), b)
        same = b.copy()
        same[::2] += 1.0
        add_loss(cases, f"{name} some equal", cls(), same, b)


def binary(cases):
    cls = keras.losses.BinaryCrossentropy
    rng = rng_for("loss", "binary")
    y = rng.randint(0, 2, (6, 3)).astype(np.float64)
    p = grid(rng, (6, 3), 0.05, 0.95)
    z = grid(rng, (6, 3), -4.0, 4.0)
    w = grid(rng, (6,), 0.0, 2.0)
    for logits, pred in ((False, p), (True, z)):
        word = "logits" if logits else "probabilities"
        each_reduction(cases, f"BinaryCrossentropy {word}", cls, y, pred, w, from_logits=logits)
        for smoothing in (0.1, 1.0):
            loss = cls(from_logits=logits, label_smoothing=smoothing)
            add_loss(cases, f"BinaryCrossentropy {word} smoothing {smoothing}", loss, y, pred)
            loss = cls(from_logits=logits, label_smoothing=smoothing, reduction="none")
            add_loss(cases, f"BinaryCrossentropy {word} smoothing {smoothing} none weighted", loss, y, pred, w)
        loss = cls(from_logits=logits)
        add_loss(cases, f"BinaryCrossentropy {word} true (N,) pred (N,1)", loss, y[:, 0], pred[:, :1])
        add_loss(cases, f"BinaryCrossentropy {word} soft labels", loss, grid(rng, (6, 3), 0.0, 1.0), pred)
        add_loss(cases, f"BinaryCrossentropy {word} integer true", loss, y.astype(np.int64), pred)
        add_loss(
            cases, f"BinaryCrossentropy {word} uint8 true (N,1)", loss, y[:, :1].astype(np.uint8), pred[:, :1], w
        )
    exact = [[0.0, 1.0, 0.0, 1.0], [1e-9, 1 - 1e-9, 1e-7, 1 - 1e-7], [2e-7, 0.5, 1 - 2e-7, 0.25]]
    for reduction in ("sum_over_batch_size", "none"):
        for labels in (0.0, 1.0):
            loss = cls(reduction=reduction)
            add_loss(
                cases, f"BinaryCrossentropy clip labels {labels} {reduction}", loss, np.full((3, 4), labels), exact
            )
    big = [[0.0, 40.0, -40.0, 800.0], [-800.0, 20.0, -20.0, 1e-3]]
    for labels in (0.0, 1.0):
        loss = cls(from_logits=True)
        add_loss(cases, f"BinaryCrossentropy large logits labels {labels}", loss, np.full((2, 4), labels), big)


def categorical(cases):
    cls = keras.losses.CategoricalCrossentropy
    rng = rng_for("loss", "categorical")
    labels = rng.randint(0, 4, 6)
    y = one_hot(labels, 4)
    p = probabilities(rng, (6, 4))
    z = grid(rng, (6, 4), -4.0, 4.0)
    w = grid(rng, (6,), 0.0, 2.0)
    for logits, pred in ((False, p), (True, z)):
        word = "logits" if logits else "probabilities"
        each_reduction(cases, f"CategoricalCrossentropy {word}", cls, y, pred, w, from_logits=logits)
        for smoothing in (0.1, 1.0):
            loss = cls(from_logits=logits, label_smoothing=smoothing)
            add_loss(cases, f"CategoricalCrossentropy {word} smoothing {smoothing}", loss, y, pred)
            add_loss(cases, f"CategoricalCrossentropy {word} smoothing {smoothing} weighted", loss, y, pred, w)
        loss = cls(from_logits=logits)
        add_loss(cases, f"CategoricalCrossentropy {word} soft labels", loss, probabilities(rng, (6, 4)), pred)
        loss = cls(from_logits=logits, reduction="none")
        shape = (2, 3, 4)
        weights = grid(rng, (2, 3), 0.0, 2.0)
        add_loss(
            cases, f"CategoricalCrossentropy {word} rank 3", loss, y.reshape(shape), pred.reshape(shape), weights
        )
    loss = cls()
    add_loss(cases, "CategoricalCrossentropy not normalised", loss, y, p * grid(rng, (6, 1), 0.5, 3.0))
    exact = [[0.0, 1.0, 0.0, 0.0], [1e-9, 1 - 2e-9, 1e-9, 0.0], [2e-7, 0.5, 0.25, 0.25 - 2e-7]]
    for k in range(4):
        add_loss(cases, f"CategoricalCrossentropy clip class {k}", loss, one_hot([k] * 3, 4), exact)
    add_loss(cases, "CategoricalCrossentropy clip smoothed", cls(label_smoothing=0.2), one_hot([0, 1, 2], 4), exact)
    big = [[800.0, 0.0, -800.0], [0.0, -1.0, -40.0], [1000.0, 1000.0, 999.0]]
    for k in range(3):
        loss = cls(from_logits=True)
        add_loss(cases, f"CategoricalCrossentropy large logits class {k}", loss, one_hot([k] * 3, 3), big)


def sparse(cases):
    cls = keras.losses.SparseCategoricalCrossentropy
    rng = rng_for("loss", "sparse")
    y = rng.randint(0, 4, 6)
    p = probabilities(rng, (6, 4))
    z = grid(rng, (6, 4), -4.0, 4.0)
    w = grid(rng, (6,), 0.0, 2.0)
    for logits, pred in ((False, p), (True, z)):
        word = "logits" if logits else "probabilities"
        name = f"SparseCategoricalCrossentropy {word}"
        each_reduction(cases, name, cls, y, pred, w, from_logits=logits)
        loss = cls(from_logits=logits)
        add_loss(cases, f"{name} true (N,1)", loss, y[:, None], pred, w)
        for dtype in (np.uint8, np.int32, np.float32):
            add_loss(cases, f"{name} {dtype.__name__} true", loss, y.astype(dtype), pred)
        loss = cls(from_logits=logits, reduction="none")
        weights = grid(rng, (2, 3), 0.0, 2.0)
        add_loss(cases, f"{name} rank 3", loss, y.reshape(2, 3), pred.reshape(2, 3, 4), weights)
        add_loss(cases, f"{name} rank 3 true (N,T,1)", loss, y.reshape(2, 3, 1), pred.reshape(2, 3, 4))
        add_loss(cases, f"{name} ignore_class", cls(from_logits=logits, ignore_class=1), y, pred)
        add_loss(cases, f"{name} ignore_class -1 weighted", cls(from_logits=logits, ignore_class=-1), y - 1, pred, w)
    loss = cls()
    add_loss(cases, "SparseCategoricalCrossentropy not normalised", loss, y, p * grid(rng, (6, 1), 0.125, 0.75))
    exact = [[0.0, 1.0, 0.0, 0.0], [1e-9, 1 - 2e-9, 1e-9, 0.0], [2e-7, 0.5, 0.25, 0.25 - 2e-7]]
    for k in range(4):
        add_loss(cases, f"SparseCategoricalCrossentropy clip class {k}", loss, [k] * 3, exact)
    big = [[800.0, 0.0, -800.0], [0.0, -1.0, -40.0], [1000.0, 1000.0, 999.0]]
    for k in range(3):
        add_loss(cases, f"SparseCategoricalCrossentropy large logits class {k}", cls(from_logits=True), [k] * 3, big)


def make():
    cases = Cases("loss")
    for group in (regression, binary, categorical, sparse):
        group(cases)
    return cases
