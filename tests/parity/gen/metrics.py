"""Metrics: several updates with batches of unequal size; result, total and count after each, as rows."""

import keras
import numpy as np

from .common import Cases, described, grid, rng_for

M = keras.metrics
BATCHES = (4, 1, 7)
ALL_KINDS = ("none", "vector", "column", "zero")


def variable(metric, name):
    return next(v.numpy() for v in metric.variables if v.name == name)


def add_metric(cases, title, metric, updates, **fields):
    arrays = {}
    results, totals, counts = [], [], []
    for t, update in enumerate(updates):
        for name, value in zip(("y_true", "y_pred", "sample_weight"), update):
            if value is not None:
                arrays[f"{name}{t}"] = value
        metric.update_state(*update)
        results.append(float(metric.result()))
        totals.append(float(variable(metric, "total")))
        counts.append(float(variable(metric, "count")))
    arrays["results"] = np.array([results, totals, counts]).T
    cases.add(title, arrays, **described(metric), updates=len(updates), **fields)


def weights_for(rng, n, kind):
    if kind == "none":
        return None
    if kind == "zero":
        return np.zeros(n)
    values = grid(rng, (n,), 0.0, 2.0)
    return values[:, None] if kind == "column" else values


def both(cases, title, make, batch, kinds=("none", "vector"), **fields):
    """Without weights and with weights (N,); ALL_KINDS adds (N,1) and a first batch whose weights are all zero."""
    for kind in kinds:
        rng = rng_for("metric", f"{title} {kind}")
        updates = []
        for t, n in enumerate(BATCHES):
            now = "vector" if kind == "zero" and t > 0 else kind
            updates.append((*batch(rng, n), weights_for(rng, n, now)))
        add_metric(cases, f"{title} {kind}", make(), updates, **fields)


def integers(rng, shape, classes):
    return rng.randint(0, classes, size=shape)


def one_hot(rng, n, classes):
    return np.eye(classes)[integers(rng, n, classes)]


def accuracies(cases):
    both(cases, "Accuracy", M.Accuracy, lambda r, n: (integers(r, n, 3), integers(r, n, 3)))
    both(
        cases,
        "Accuracy floats",
        M.Accuracy,
        lambda r, n: (integers(r, (n, 2), 3) * 0.5, integers(r, (n, 2), 3) * 0.5),
    )
    half = lambda r, n: (integers(r, (n, 1), 2), grid(r, (n, 1), 0.0, 1.0, 8))  # noqa: E731
    both(cases, "BinaryAccuracy", M.BinaryAccuracy, half, ALL_KINDS)
    both(cases, "BinaryAccuracy threshold 0.25", lambda: M.BinaryAccuracy(threshold=0.25), half)
    both(
        cases,
        "BinaryAccuracy three outputs",
        M.BinaryAccuracy,
        lambda r, n: (integers(r, (n, 3), 2).astype(np.float64), grid(r, (n, 3), 0.0, 1.0)),
        ALL_KINDS,
    )
    both(
        cases,
        "BinaryAccuracy true (N,)",
        M.BinaryAccuracy,
        lambda r, n: (integers(r, n, 2).astype(np.uint8), grid(r, (n, 1), 0.0, 1.0)),
    )
    both(
        cases,
        "CategoricalAccuracy",
        M.CategoricalAccuracy,
        lambda r, n: (one_hot(r, n, 4), grid(r, (n, 4))),
        ALL_KINDS,
    )
    both(
        cases,
        "CategoricalAccuracy ties",
        M.CategoricalAccuracy,
        lambda r, n: (one_hot(r, n, 4), integers(r, (n, 4), 2) / 2),
    )
    rank3 = lambda r, n: (np.eye(3)[integers(r, (n, 2), 3)], grid(r, (n, 2, 3)))  # noqa: E731
    both(cases, "CategoricalAccuracy rank 3", M.CategoricalAccuracy, rank3, ALL_KINDS)
    sparse = M.SparseCategoricalAccuracy
    both(cases, "SparseCategoricalAccuracy", sparse, lambda r, n: (integers(r, n, 4), grid(r, (n, 4))), ALL_KINDS)
    both(
        cases, "SparseCategoricalAccuracy true (N,1)", sparse, lambda r, n: (integers(r, (n, 1), 4), grid(r, (n, 4)))
    )
    both(
        cases, "SparseCategoricalAccuracy float true", sparse, lambda r, n: (integers(r, n, 4) * 1.0, grid(r, (n, 4)))
    )
    both(cases, "SparseCategoricalAccuracy rank 3", sparse, lambda r, n: (integers(r, (n, 2), 3), grid(r, (n, 2, 3))))


def top_k(cases):
    """TensorFlow's in_top_k takes float32 predictions only, so these predictions are float32."""
    f = np.float32
    for k in (1, 2, 5, 9):
        dense = lambda r, n: (one_hot(r, n, 6).astype(f), grid(r, (n, 6)).astype(f))  # noqa: E731
        both(cases, f"TopKCategoricalAccuracy k={k}", lambda kk=k: M.TopKCategoricalAccuracy(k=kk), dense)
        sparse = lambda r, n: (integers(r, n, 6).astype(np.int32), grid(r, (n, 6)).astype(f))  # noqa: E731
        both(
            cases, f"SparseTopKCategoricalAccuracy k={k}", lambda kk=k: M.SparseTopKCategoricalAccuracy(k=kk), sparse
        )
    ties = lambda r, n: (integers(r, n, 6).astype(np.int32), (integers(r, (n, 6), 3) / 2).astype(f))  # noqa: E731
    both(cases, "SparseTopKCategoricalAccuracy ties", lambda: M.SparseTopKCategoricalAccuracy(k=2), ties)
    rank3 = lambda r, n: (integers(r, (n, 2), 5).astype(np.int32), grid(r, (n, 2, 5)).astype(f))  # noqa: E731
    both(cases, "SparseTopKCategoricalAccuracy rank 3", lambda: M.SparseTopKCategoricalAccuracy(k=2), rank3)
    column = lambda r, n: (integers(r, (n, 1), 5).astype(np.int32), grid(r, (n, 5)).astype(f))  # noqa: E731
    both(cases, "SparseTopKCategoricalAccuracy true (N,1)", lambda: M.SparseTopKCategoricalAccuracy(k=2), column)


def errors(cases):
    for cls in (M.MeanSquaredError, M.MeanAbsoluteError):
        name = cls.__name__
        both(cases, name, cls, lambda r, n: (grid(r, (n, 3)), grid(r, (n, 3))), ALL_KINDS)
        both(cases, f"{name} true (N,) pred (N,1)", cls, lambda r, n: (grid(r, (n,)), grid(r, (n, 1))))
        both(cases, f"{name} rank 3", cls, lambda r, n: (grid(r, (n, 2, 3)), grid(r, (n, 2, 3))))
    rng = rng_for("metric", "MeanSquaredError rank 3 weights (N,T)")
    updates = [(grid(rng, (n, 2, 3)), grid(rng, (n, 2, 3)), grid(rng, (n, 2), 0.0, 2.0)) for n in BATCHES]
    add_metric(cases, "MeanSquaredError rank 3 weights (N,T)", M.MeanSquaredError(), updates)


def resolved(cases):
    """What metrics=["accuracy"] becomes, by the shapes of the first batch."""
    from keras.src.trainers.compile_utils import get_metric

    shapes = {
        "true (N,) pred (N,1)": ((6,), (6, 1)),
        "true (N,1) pred (N,1)": ((6, 1), (6, 1)),
        "true (N,3) pred (N,1)": ((6, 3), (6, 1)),
        "true (N,) pred (N,4)": ((6,), (6, 4)),
        "true (N,1) pred (N,4)": ((6, 1), (6, 4)),
        "true (N,4) pred (N,4)": ((6, 4), (6, 4)),
        "true (N,T) pred (N,T,4)": ((6, 2), (6, 2, 4)),
        "true (N,T,4) pred (N,T,4)": ((6, 2, 4), (6, 2, 4)),
        "true (N,T,1) pred (N,T,4)": ((6, 2, 1), (6, 2, 4)),
        "true (N,T,1) pred (N,T,1)": ((6, 2, 1), (6, 2, 1)),
    }
    for title, (true_shape, pred_shape) in shapes.items():
        rng = rng_for("metric", title)
        classes = pred_shape[-1]
        if classes == 1:
            y_true = integers(rng, true_shape, 2).astype(np.float64)
        elif true_shape == pred_shape:
            y_true = np.eye(classes)[integers(rng, true_shape[:-1], classes)]
        else:
            y_true = integers(rng, true_shape, classes).astype(np.float64)
        y_pred = grid(rng, pred_shape, 0.0, 1.0)
        for identifier in ("accuracy", "acc"):
            metric = get_metric(identifier, y_true, y_pred)
            add_metric(cases, f"{identifier}: {title}", metric, [(y_true, y_pred)], identifier=identifier)


def make():
    cases = Cases("metric")
    for group in (accuracies, top_k, errors, resolved):
        group(cases)
    return cases
