"""Layers: forward(class_name, config, weights, x, training) -> Result(y, backward, weights after the call)."""

from typing import Any, NamedTuple

import numpy as np

from . import activations
from .constants import constant


class Result(NamedTuple):
    y: np.ndarray
    backward: Any  # dy -> (dx, {place in weights: gradient})
    weights: list


def same_padding(size, window, stride, dilation=1):
    """Cells before and after; the odd one comes last."""
    out = -(-size // stride)
    total = max((out - 1) * stride + (window - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def pads(x, window, strides, padding, dilation=(1, 1)):
    if padding == "valid":
        return (0, 0), (0, 0)
    return tuple(same_padding(x.shape[1 + i], window[i], strides[i], dilation[i]) for i in range(2))


def windows(x, window, strides, dilation=(1, 1)):
    """For each place (i, j) of the window: the strided view of x that it meets, and its index expression."""
    out = [(x.shape[1 + i] - (window[i] - 1) * dilation[i] - 1) // strides[i] + 1 for i in range(2)]
    for i in range(window[0]):
        for j in range(window[1]):
            a, b = i * dilation[0], j * dilation[1]
            rows = slice(a, a + (out[0] - 1) * strides[0] + 1, strides[0])
            columns = slice(b, b + (out[1] - 1) * strides[1] + 1, strides[1])
            yield i, j, (slice(None), rows, columns)


def unpad(x, pad, like):
    return x[:, pad[0][0] : pad[0][0] + like.shape[1], pad[1][0] : pad[1][0] + like.shape[2]]


def with_activation(name, z):
    return activations.apply(name, z)


def dense(config, weights, x):
    kernel = weights[0]
    z = x @ kernel + (weights[1] if config["use_bias"] else 0.0)
    y, slope = with_activation(config["activation"], z)

    def backward(dy):
        dz = slope(dy)
        flat = dz.reshape(-1, dz.shape[-1])
        grads = {0: x.reshape(-1, x.shape[-1]).T @ flat}
        if config["use_bias"]:
            grads[1] = flat.sum(axis=0)
        return dz @ kernel.T, grads

    return Result(y, backward, weights)


def conv2d(config, weights, x):
    kernel, groups = weights[0], config["groups"]
    strides, dilation = config["strides"], config["dilation_rate"]
    pad = pads(x, kernel.shape[:2], strides, config["padding"], dilation)
    padded = np.pad(x, ((0, 0), *pad, (0, 0)))
    depth, units = kernel.shape[2], kernel.shape[3] // groups
    taps = list(windows(padded, kernel.shape[:2], strides, dilation))
    z = 0.0
    for i, j, at in taps:
        parts = [
            padded[at][..., g * depth : (g + 1) * depth] @ kernel[i, j, :, g * units : (g + 1) * units]
            for g in range(groups)
        ]
        z = z + np.concatenate(parts, axis=-1)
    if config["use_bias"]:
        z = z + weights[1]
    y, slope = with_activation(config["activation"], z)

    def backward(dy):
        dz = slope(dy)
        dx, dk = np.zeros_like(padded), np.zeros_like(kernel)
        for i, j, at in taps:
            for g in range(groups):
                cin, cout = slice(g * depth, (g + 1) * depth), slice(g * units, (g + 1) * units)
                dx[at][..., cin] += dz[..., cout] @ kernel[i, j, :, cout].T
                dk[i, j, :, cout] = np.einsum("nhwc,nhwo->co", padded[at][..., cin], dz[..., cout])
        grads = {0: dk}
        if config["use_bias"]:
            grads[1] = dz.sum(axis=(0, 1, 2))
        return unpad(dx, pad, x), grads

    return Result(y, backward, weights)


def transposed_size(n, k, stride, padding, more):
    if padding == "same":
        return n * stride if more is None else (n - 1) * stride + k % 2 + more
    return (n - 1) * stride + k + (max(k, stride) - k if more is None else more)


def conv2d_transpose(config, weights, x):
    """What conv2d's gradient does to its image, on an image of the output's size."""
    kernel, strides, dilation = weights[0], config["strides"], config["dilation_rate"]
    more = config["output_padding"] or (None, None)
    size = [
        transposed_size(x.shape[1 + i], (kernel.shape[i] - 1) * dilation[i] + 1, strides[i], config["padding"], more[i])
        for i in (0, 1)
    ]
    image = np.zeros((len(x), *size, kernel.shape[2]))
    pad = pads(image, kernel.shape[:2], strides, config["padding"], dilation)
    padded = np.pad(image, ((0, 0), *pad, (0, 0)))
    taps = list(windows(padded, kernel.shape[:2], strides, dilation))
    for i, j, at in taps:
        padded[at] += x @ kernel[i, j].T
    z = unpad(padded, pad, image)
    if config["use_bias"]:
        z = z + weights[1]
    y, slope = with_activation(config["activation"], z)

    def backward(dy):
        dz = slope(dy)
        wide = np.pad(dz, ((0, 0), *pad, (0, 0)))
        dx, dk = np.zeros_like(x), np.zeros_like(kernel)
        for i, j, at in taps:
            dx += wide[at] @ kernel[i, j]
            dk[i, j] = np.einsum("nhwo,nhwc->oc", wide[at], x)
        grads = {0: dk}
        if config["use_bias"]:
            grads[1] = dz.sum(axis=(0, 1, 2))
        return dx, grads

    return Result(y, backward, weights)


def max_pooling(config, weights, x):
    pad = pads(x, config["pool_size"], config["strides"], config["padding"])
    padded = np.pad(x, ((0, 0), *pad, (0, 0)), constant_values=-np.inf)
    taps = list(windows(padded, config["pool_size"], config["strides"]))
    stack = np.stack([padded[at] for _, _, at in taps])
    first = stack.argmax(axis=0)  # of equal values the first in row-major order gets the gradient

    def backward(dy):
        dx = np.zeros_like(padded)
        for k, (_, _, at) in enumerate(taps):
            dx[at] += np.where(first == k, dy, 0.0)
        return unpad(dx, pad, x), {}

    return Result(stack.max(axis=0), backward, weights)


def average_pooling(config, weights, x):
    pad = pads(x, config["pool_size"], config["strides"], config["padding"])
    padded = np.pad(x, ((0, 0), *pad, (0, 0)))
    ones = np.pad(np.ones_like(x), ((0, 0), *pad, (0, 0)))
    taps = list(windows(padded, config["pool_size"], config["strides"]))
    count = sum(ones[at] for _, _, at in taps)  # padding is not counted

    def backward(dy):
        dx = np.zeros_like(padded)
        for _, _, at in taps:
            dx[at] += dy / count
        return unpad(dx, pad, x), {}

    return Result(sum(padded[at] for _, _, at in taps) / count, backward, weights)


def global_pooling(config, weights, x, maximum):
    keep = config["keepdims"]
    y = x.max(axis=(1, 2), keepdims=True) if maximum else x.mean(axis=(1, 2), keepdims=True)
    # Equal maxima share the gradient evenly (unlike MaxPooling2D).
    share = (x == y).astype(x.dtype) if maximum else np.ones_like(x)
    share = share / share.sum(axis=(1, 2), keepdims=True)
    out = y if keep else y[:, 0, 0]
    return Result(out, lambda dy: (share * dy.reshape(y.shape), {}), weights)


def batch_norm(config, weights, x, training):
    names = [n for n, used in (("gamma", config["scale"]), ("beta", config["center"])) if used]
    values = dict(zip(names + ["moving_mean", "moving_variance"], weights))
    axis = config["axis"] % x.ndim
    over = tuple(i for i in range(x.ndim) if i != axis)
    wide = lambda v: v.reshape([-1 if i == axis else 1 for i in range(x.ndim)])  # noqa: E731
    after = list(weights)
    if training:
        mean, variance = x.mean(axis=over), x.var(axis=over)  # divided by the count, not by the count - 1
        m = config["momentum"]
        after[-2] = values["moving_mean"] * m + mean * (1.0 - m)
        after[-1] = values["moving_variance"] * m + variance * (1.0 - m)
    else:
        mean, variance = values["moving_mean"], values["moving_variance"]
    root = 1.0 / np.sqrt(variance + config["epsilon"])
    normal = (x - wide(mean)) * wide(root)
    gamma = values.get("gamma", np.ones_like(mean))
    y = normal * wide(gamma) + wide(values.get("beta", np.zeros_like(mean)))

    def backward(dy):
        grads = {"gamma": (dy * normal).sum(axis=over), "beta": dy.sum(axis=over)}
        dn = dy * wide(gamma)
        if training:
            n = x.size // x.shape[axis]
            shared = (dn.sum(axis=over), (dn * normal).sum(axis=over))
            dn = dn - wide(shared[0]) / n - normal * wide(shared[1]) / n
        return dn * wide(root), {i: grads[name] for i, name in enumerate(names)}

    return Result(y, backward, after)


def normalization(config, weights, x):
    axes = sorted(a % x.ndim for a in config["axis"])
    wide = [x.shape[i] if i in axes else 1 for i in range(x.ndim)]
    if config["mean"] is None:
        mean, variance = (w.reshape(wide) for w in weights[:2])
    else:
        mean, variance = np.array(config["mean"]), np.array(config["variance"])
        sizes = [1] * x.ndim
        for i in range(1, mean.ndim + 1):
            sizes[axes[-i]] = mean.shape[-i]
        mean, variance = mean.reshape(sizes), variance.reshape(sizes)
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    if config["invert"]:
        return Result(mean + x * deviation, lambda dy: (dy * deviation, {}), weights)
    return Result((x - mean) / deviation, lambda dy: (dy / deviation, {}), weights)


def elementwise(pair, weights):
    y, slope = pair
    return Result(y, lambda dy: (slope(dy), {}), weights)


def forward(class_name, config, weights, x, training=False):
    if class_name == "Dense":
        return dense(config, weights, x)
    if class_name == "Conv2D":
        return conv2d(config, weights, x)
    if class_name == "Conv2DTranspose":
        return conv2d_transpose(config, weights, x)
    if class_name == "MaxPooling2D":
        return max_pooling(config, weights, x)
    if class_name == "AveragePooling2D":
        return average_pooling(config, weights, x)
    if class_name in ("GlobalMaxPooling2D", "GlobalAveragePooling2D"):
        return global_pooling(config, weights, x, class_name == "GlobalMaxPooling2D")
    if class_name == "BatchNormalization":
        return batch_norm(config, weights, x, training)
    if class_name == "Normalization":
        return normalization(config, weights, x)
    if class_name in ("Flatten", "Reshape"):
        shape = config["target_shape"] if class_name == "Reshape" else (-1,)
        return elementwise((x.reshape(len(x), *shape), lambda dy: dy.reshape(x.shape)), weights)
    if class_name == "Rescaling":
        scale, offset = constant(config["scale"]), constant(config["offset"])
        return elementwise((x * scale + offset, lambda dy: dy * scale), weights)
    if class_name == "Dropout":
        if training and config["rate"]:
            raise ValueError("dropout in training is random")
        return elementwise((x, lambda dy: dy), weights)
    if class_name == "Activation":
        return elementwise(activations.apply(config["activation"], x), weights)
    if class_name == "ReLU":
        args = {k: config[k] for k in ("max_value", "negative_slope", "threshold")}
        return elementwise(activations.relu_layer(x, **args), weights)
    if class_name == "LeakyReLU":
        return elementwise(activations.leaky(x, config["negative_slope"]), weights)
    if class_name == "Softmax":
        return elementwise(activations.softmax(x, config["axis"]), weights)
    raise ValueError(f"no layer {class_name!r}")
