"""Metrics: each is a weighted mean of per-sample values, kept as total and count."""

import numpy as np

from . import losses


def binary_accuracy(config, y, p):
    y, p = losses.same_rank(y, p)
    return (y == (p > config["threshold"])).astype(np.float64)


def sparse_accuracy(config, y, p):
    if y.ndim == p.ndim and y.shape[-1] == 1:
        y = y[..., 0]
    return (y == p.argmax(axis=-1)).astype(np.float64)


def in_top_k(y, p, k):
    """Classes strictly more probable than the true one, fewer than k: equal scores all count as in."""
    true = np.take_along_axis(p, y[..., None].astype(np.int64), axis=-1)
    return ((p > true).sum(axis=-1) < k).astype(np.float64)


def sparse_top_k(config, y, p):
    shape = y.shape
    return in_top_k(y.reshape(-1), p.reshape(-1, p.shape[-1]), config["k"]).reshape(shape)


def values_of(class_name, config, y, p):
    y, p = np.asarray(y), np.asarray(p)
    if class_name == "Accuracy":
        y, p = losses.same_rank(y.astype(p.dtype), p)
        return (y == p).astype(np.float64)
    if class_name == "BinaryAccuracy":
        return binary_accuracy(config, y, p)
    if class_name == "CategoricalAccuracy":
        return (y.argmax(axis=-1) == p.argmax(axis=-1)).astype(np.float64)
    if class_name == "SparseCategoricalAccuracy":
        return sparse_accuracy(config, y, p)
    if class_name == "TopKCategoricalAccuracy":
        return in_top_k(y.argmax(axis=-1), p, config["k"])
    if class_name == "SparseTopKCategoricalAccuracy":
        return sparse_top_k(config, y, p)
    if class_name == "SparseCategoricalCrossentropy":
        return losses.per_sample(class_name, config, y, p)[0]
    return losses.per_sample(class_name, {}, y, p.astype(np.float64))[0]


class Mean:
    def __init__(self):
        self.total = self.count = 0.0

    def update(self, values, weights=None):
        values = np.asarray(values, dtype=np.float64)
        if weights is not None:
            weights = np.asarray(weights, dtype=np.float64)
            values, weights = losses.same_rank(values, weights)
            if values.ndim > weights.ndim:
                values = values.mean(axis=tuple(range(weights.ndim, values.ndim)))
            weights = np.broadcast_to(weights, values.shape)
            values = values * weights
            weights = weights.mean(axis=tuple(range(1, weights.ndim)))
        values = values.mean(axis=tuple(range(1, values.ndim)))
        self.total += values.sum()
        self.count += values.size if weights is None else weights.sum()

    def result(self):
        return self.total / self.count if self.count else 0.0


def resolve_accuracy(true_shape, pred_shape):
    if pred_shape[-1] == 1:
        return "BinaryAccuracy"
    if len(true_shape) < len(pred_shape) or true_shape[-1] == 1:
        return "SparseCategoricalAccuracy"
    return "CategoricalAccuracy"
