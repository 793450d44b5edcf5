"""Initializers: the distribution each one promises for a shape, checked against draws of Keras."""

import math

import keras
import numpy as np

from .common import Cases, described

I = keras.initializers
SHAPES = {"dense kernel": (30, 20), "conv2d kernel": (3, 3, 4, 8), "bias": (16,)}
# Standard deviation of a unit normal cut off at two standard deviations.
TRUNCATED_STDDEV = 0.87962566103423978
DRAWS = 200


def fans(shape):
    """Fan in and fan out as Keras counts them."""
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def variance_scaling(scale, mode, distribution, shape):
    fan_in, fan_out = fans(shape)
    n = {"fan_in": fan_in, "fan_avg": (fan_in + fan_out) / 2}[mode]
    stddev = math.sqrt(scale / n)
    if distribution == "uniform":
        limit = math.sqrt(3 * scale / n)
        return {"distribution": "uniform", "mean": 0.0, "stddev": stddev, "low": -limit, "high": limit}
    cut = 2 * stddev / TRUNCATED_STDDEV
    return {"distribution": "truncated_normal", "mean": 0.0, "stddev": stddev, "low": -cut, "high": cut}


def constant(value):
    return {"distribution": "constant", "mean": value, "stddev": 0.0, "low": value, "high": value}


def uniform(low, high):
    stddev = (high - low) / math.sqrt(12)
    return {"distribution": "uniform", "mean": (low + high) / 2, "stddev": stddev, "low": low, "high": high}


def truncated(mean, stddev):
    real, cut = stddev * TRUNCATED_STDDEV, 2 * stddev
    return {"distribution": "truncated_normal", "mean": mean, "stddev": real, "low": mean - cut, "high": mean + cut}


def normal(mean, stddev):
    return {"distribution": "normal", "mean": mean, "stddev": stddev, "low": None, "high": None}


def makers(shape):
    """(class, arguments, expected distribution) for one shape."""
    scaled = (
        (I.GlorotUniform, 1.0, "fan_avg", "uniform"),
        (I.GlorotNormal, 1.0, "fan_avg", "truncated_normal"),
        (I.HeUniform, 2.0, "fan_in", "uniform"),
        (I.HeNormal, 2.0, "fan_in", "truncated_normal"),
        (I.LecunUniform, 1.0, "fan_in", "uniform"),
        (I.LecunNormal, 1.0, "fan_in", "truncated_normal"),
    )
    for cls, scale, mode, distribution in scaled:
        yield cls, {}, variance_scaling(scale, mode, distribution, shape)
    yield I.Zeros, {}, constant(0.0)
    yield I.Ones, {}, constant(1.0)
    yield I.Constant, {}, constant(0.0)
    yield I.Constant, {"value": -2.5}, constant(-2.5)
    yield I.RandomNormal, {}, normal(0.0, 0.05)
    yield I.RandomNormal, {"mean": 1.0, "stddev": 0.5}, normal(1.0, 0.5)
    yield I.RandomUniform, {}, uniform(-0.05, 0.05)
    yield I.RandomUniform, {"minval": -1.0, "maxval": 3.0}, uniform(-1.0, 3.0)
    yield I.TruncatedNormal, {}, truncated(0.0, 0.05)
    yield I.TruncatedNormal, {"mean": 1.0, "stddev": 0.5}, truncated(1.0, 0.5)


def verify(cls, arguments, shape, expected):
    """Holds the formula against many draws of Keras itself."""
    if expected["distribution"] == "constant":
        draws = [cls(**arguments)(shape)]
    else:
        draws = [cls(seed=seed, **arguments)(shape) for seed in range(DRAWS)]
    values = np.concatenate([np.asarray(draw).ravel() for draw in draws])
    slack = 6 * expected["stddev"] / math.sqrt(values.size)
    ok = abs(values.mean() - expected["mean"]) <= slack and abs(values.std() - expected["stddev"]) <= slack
    if expected["low"] is not None:
        ok = ok and values.min() >= expected["low"] and values.max() <= expected["high"]
    if not ok:
        raise ValueError(f"{cls.__name__} {arguments} for {shape} is not {expected}")


def make():
    cases = Cases("initializer")
    for word, shape in SHAPES.items():
        for cls, arguments, expected in makers(shape):
            verify(cls, arguments, shape, expected)
            title = " ".join([cls.__name__] + [f"{k}={v}" for k, v in arguments.items()])
            fan_in, fan_out = fans(shape)
            cases.add(
                f"{title} for {word}",
                {},
                **described(cls(**arguments)),
                shape=list(shape),
                fan_in=fan_in,
                fan_out=fan_out,
                expected=expected,
            )
    return cases
