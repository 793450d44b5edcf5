"""Activations: name -> (y, dy -> dx), with the slopes at the kinks as TensorFlow has them."""

import math

import numpy as np

from .constants import constant

SELU_SCALE = 1.0507009873554804934193349852946
SELU_SCALE_ALPHA = 1.7580993408473768599402175208123
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def leaky(x, slope):
    """TensorFlow carries the slope as a float32 attribute."""
    slope = constant(slope)
    return np.where(x > 0, x, slope * x), lambda dy: np.where(x > 0, dy, slope * dy)


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    y = e / e.sum(axis=axis, keepdims=True)
    return y, lambda dy: (dy - (dy * y).sum(axis=axis, keepdims=True)) * y


def log_softmax(x, axis=-1):
    z = x - x.max(axis=axis, keepdims=True)
    y = z - np.log(np.exp(z).sum(axis=axis, keepdims=True))
    return y, lambda dy: dy - np.exp(y) * dy.sum(axis=axis, keepdims=True)


def gelu(x):
    t = x * constant(math.sqrt(0.5))
    cdf = 0.5 * _erfc(-t)
    return x * cdf, lambda dy: dy * (cdf + t * np.exp(-t * t) / math.sqrt(math.pi))


def silu(x):
    s = sigmoid(x)
    return x * s, lambda dy: dy * s * (1 + x * (1 - s))


def elu(x):
    y = np.where(x < 0, np.expm1(np.minimum(x, 0)), x)
    return y, lambda dy: np.where(y < 0, dy * (y + 1), dy)


def selu(x):
    y = np.where(x < 0, SELU_SCALE_ALPHA * np.expm1(np.minimum(x, 0)), SELU_SCALE * x)
    return y, lambda dy: np.where(y < 0, dy * (y + SELU_SCALE_ALPHA), dy * SELU_SCALE)


def hard_sigmoid(x):
    t = x + 3.0
    return np.clip(t, 0, 6) / 6, lambda dy: np.where((t > 0) & (t < 6), dy / 6, 0.0)


def relu_layer(x, max_value=None, negative_slope=0.0, threshold=0.0):
    """keras.layers.ReLU with all of its arguments."""
    if negative_slope and max_value is None and not threshold:
        return leaky(x, negative_slope)
    y = np.where(x > threshold, x, 0.0)
    slope = np.where(x > threshold, 1.0, 0.0)
    if max_value is not None:
        # At max_value itself the gradient passes, but not where relu6 does the work.
        beyond = y >= 6 if max_value == 6 and not threshold else y > max_value
        y, slope = np.clip(y, 0.0, max_value), np.where(beyond, 0.0, slope)
    if negative_slope:
        y = y - negative_slope * np.maximum(threshold - x, 0)
        slope = slope + np.where(threshold - x > 0, negative_slope, 0.0)
    return y, lambda dy: dy * slope


def tanh(x):
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y * y)


def apply(name, x):
    simple = {
        "relu": lambda: relu_layer(x),
        "leaky_relu": lambda: leaky(x, 0.2),
        "elu": lambda: elu(x),
        "selu": lambda: selu(x),
        "gelu": lambda: gelu(x),
        "silu": lambda: silu(x),
        "tanh": lambda: tanh(x),
        "softmax": lambda: softmax(x),
        "log_softmax": lambda: log_softmax(x),
        "hard_sigmoid": lambda: hard_sigmoid(x),
        "linear": lambda: (x, lambda dy: dy),
    }
    if name in simple:
        return simple[name]()
    if name == "sigmoid":
        y = sigmoid(x)
        return y, lambda dy: dy * y * (1 - y)
    if name == "softplus":
        return softplus(x), lambda dy: dy * sigmoid(x)
    if name == "softsign":
        return x / (1 + np.abs(x)), lambda dy: dy / (1 + np.abs(x)) ** 2
    if name == "exponential":
        y = np.exp(x)
        return y, lambda dy: dy * y
    raise ValueError(f"no activation {name!r}")
