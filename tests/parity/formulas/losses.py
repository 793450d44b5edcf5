"""Losses: (value, gradient of the predictions), and the metric values built from the same per-sample errors."""

import numpy as np

from .activations import log_softmax, sigmoid

EPSILON = 1e-7


def same_rank(a, b):
    """Keras's squeeze_or_expand_to_same_rank: ranks that differ by one where the larger ends in 1."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[:, None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[:, None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def clip(p):
    """The clipped value, and where the gradient passes: from EPSILON to 1 - EPSILON, ends included."""
    low, high = EPSILON, 1.0 - EPSILON
    return np.clip(p, low, high), (p >= low) & (p <= high)


def binary(config, y, p):
    """Per element."""
    if config["label_smoothing"]:
        y = y * (1.0 - config["label_smoothing"]) + 0.5 * config["label_smoothing"]
    if config["from_logits"]:
        return np.maximum(p, 0) - p * y + np.log1p(np.exp(-np.abs(p))), sigmoid(p) - y
    q, passes = clip(p)
    return -(y * np.log(q) + (1 - y) * np.log(1 - q)), np.where(passes, (1 - y) / (1 - q) - y / q, 0.0)


def categorical(config, y, p):
    """Per sample, with the gradient of each element."""
    if config["label_smoothing"]:
        y = y * (1.0 - config["label_smoothing"]) + config["label_smoothing"] / y.shape[-1]
    if config["from_logits"]:
        logs = log_softmax(p)[0]
        return -(y * logs).sum(axis=-1), np.exp(logs) * y.sum(axis=-1, keepdims=True) - y
    total = p.sum(axis=-1, keepdims=True)
    q, passes = clip(p / total)  # probabilities are made to add up to 1 before the clip
    dq = np.where(passes, -y / q, 0.0)
    return -(y * np.log(q)).sum(axis=-1), (dq - (dq * p / total).sum(axis=-1, keepdims=True)) / total


def sparse(config, y, p):
    """Per sample. On probabilities: clip first, then the logarithms are taken as logits."""
    if y.ndim == p.ndim and y.shape[-1] == 1:
        y = y[..., 0]
    y = y.astype(np.int64)
    ignored = config.get("ignore_class")
    valid = np.ones(y.shape, dtype=bool) if ignored is None else y != ignored
    y = np.where(valid, y, 0)
    hot = np.eye(p.shape[-1])[y]
    if config["from_logits"]:
        logs = log_softmax(p)[0]
        values, grad = -(hot * logs).sum(axis=-1), np.exp(logs) - hot
    else:
        q, passes = clip(p)
        logs = log_softmax(np.log(q))[0]
        values, grad = -(hot * logs).sum(axis=-1), np.where(passes, (np.exp(logs) - hot) / q, 0.0)
    return np.where(valid, values, 0.0), np.where(valid[..., None], grad, 0.0), valid


def per_sample(class_name, config, y_true, y_pred):
    """Values over all axes but the last, the gradient of each value, and the mask of ignore_class or None."""
    y, p = same_rank(np.asarray(y_true, dtype=np.float64), y_pred)
    if class_name == "SparseCategoricalCrossentropy":
        values, grad, valid = sparse(config, np.asarray(y_true), y_pred)
        return values, grad, None if config.get("ignore_class") is None else valid
    if class_name == "CategoricalCrossentropy":
        return (*categorical(config, y, p), None)
    if class_name == "BinaryCrossentropy":
        values, grad = binary(config, y, p)
    elif class_name == "MeanSquaredError":
        values, grad = (y - p) ** 2, 2 * (p - y)
    elif class_name == "MeanAbsoluteError":
        values, grad = np.abs(y - p), np.sign(p - y)
    else:
        raise ValueError(f"no loss {class_name!r}")
    return values.mean(axis=-1), grad / p.shape[-1], None


def loss(class_name, config, y_true, y_pred, sample_weight=None, upstream=1.0):
    """The reduced value, and the gradient of the predictions under an upstream gradient."""
    values, grad, valid = per_sample(class_name, config, y_true, y_pred)
    mean = config["reduction"] == "sum_over_batch_size"
    weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if valid is not None:
        # The mean is over the valid samples: each of them weighs total/valid.
        mask = valid * (valid.size / valid.sum()) if mean else valid.astype(np.float64)
        weights = mask if weights is None else weights * mask
    shape = values.shape
    if weights is not None:
        values, weights = same_rank(values, weights)
        values = values * weights
    else:
        weights = np.ones(values.shape)
    out, share = values, np.asarray(upstream, dtype=np.float64)
    if config["reduction"] != "none" and values.ndim:
        out = values.sum()
        if mean:
            out, share = out / values.size, share / values.size
    share = np.broadcast_to(share * weights, values.shape).reshape(shape)
    return out, (grad * share[..., None]).reshape(y_pred.shape)
