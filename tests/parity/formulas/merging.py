"""Layers of several inputs: forward(class_name, config, inputs) -> (y, backward), backward(dy) -> [dx, dx1, ...]."""

import numpy as np


def reduced(gradient, x, aligned):
    """Sums a gradient over what was repeated, and gives it x's shape."""
    over = tuple(i for i in range(gradient.ndim) if aligned.shape[i] == 1 and gradient.shape[i] != 1)
    return gradient.sum(axis=over, keepdims=True).reshape(x.shape)


def aligned_ranks(inputs):
    """Lower ranks get axes of 1 behind the batch."""
    rank = max(x.ndim for x in inputs)
    return [x.reshape(x.shape[:1] + (1,) * (rank - x.ndim) + x.shape[1:]) for x in inputs]


def add(inputs):
    return sum(inputs), lambda dy: [dy for _ in inputs]


def subtract(inputs):
    return inputs[0] - inputs[1], lambda dy: [dy, -dy]


def multiply(inputs):
    y = np.prod(np.broadcast_arrays(*inputs), axis=0)
    others = lambda i: np.prod([x for k, x in enumerate(np.broadcast_arrays(*inputs)) if k != i], axis=0)  # noqa: E731
    return y, lambda dy: [dy * others(i) for i in range(len(inputs))]


def average(inputs):
    return sum(inputs) / len(inputs), lambda dy: [dy / len(inputs) for _ in inputs]


def extreme(choose, wins):
    """Of equal values the one that came first gets the gradient."""

    def apply(inputs):
        y, gates = inputs[0], [1.0]
        for x in inputs[1:]:
            old = wins(y, x)
            gates = [g * old for g in gates] + [1.0 - old]
            y = choose(y, x)
        return y, lambda dy: [dy * g for g in gates]

    return apply


def concatenate(config, inputs):
    axis = config["axis"] % inputs[0].ndim
    cuts = np.cumsum([x.shape[axis] for x in inputs])[:-1]
    return np.concatenate(inputs, axis=axis), lambda dy: np.split(dy, cuts, axis=axis)


ELEMENTWISE = {
    "Add": add,
    "Subtract": subtract,
    "Multiply": multiply,
    "Average": average,
    "Maximum": extreme(np.maximum, np.greater_equal),
    "Minimum": extreme(np.minimum, np.less_equal),
}


def forward(class_name, config, inputs):
    if class_name == "Concatenate":
        return concatenate(config, inputs)
    aligned = aligned_ranks(inputs)
    y, slopes = ELEMENTWISE[class_name](aligned)

    def backward(dy):
        full = [np.broadcast_to(g, y.shape) for g in slopes(dy)]
        return [reduced(g, x, a) for g, x, a in zip(full, inputs, aligned)]

    return y, backward
