"""Optimizers: a kernel and a bias under 50 recorded gradients."""

import keras
import numpy as np
import tensorflow as tf

from .common import FLOAT32_TRAINING, Cases, described, grid, plain, rng_for

O = keras.optimizers
STEPS = 50
RECORDED = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50]
SHAPES = ((3, 4), (4,))
BETAS = {"beta_1": 0.875, "beta_2": 1023 / 1024}  # exact in float32, which Keras passes them through


def gradients(rng, t):
    """Mostly moderate, now and then large (so that clipping acts) or zero; one column never moves at first."""
    scale = 8.0 if t % 7 == 3 else 1.0
    values = [grid(rng, shape, -scale, scale) for shape in SHAPES]
    if t % 11 == 5:
        values[1][:] = 0.0
    if t < 4:
        values[0][:, 1] = 0.0
    return values


def add_optimizer(cases, title, make, exclude=None, **fields):
    keras.backend.clear_session()
    rng = rng_for("optimizer", title)
    names = ("kernel", "bias")
    first = [grid(rng, shape) for shape in SHAPES]
    variables = [keras.Variable(v, name=n) for v, n in zip(first, names)]
    optimizer = make()
    if exclude:
        optimizer.exclude_from_weight_decay(var_names=exclude)
    optimizer.build(variables)
    grads, after = [], {0: [], 1: []}
    for t in range(STEPS):
        step = gradients(rng, t)
        grads.append(step)
        optimizer.apply([tf.constant(g) for g in step], variables)
        if t + 1 in RECORDED:
            for i, v in enumerate(variables):
                after[i].append(np.array(v.numpy()))
    arrays = {f"p{i}": v for i, v in enumerate(first)}
    for i in range(len(variables)):
        arrays[f"g{i}"] = np.stack([step[i] for step in grads])
        arrays[f"after{i}"] = np.stack(after[i])
    for i, v in enumerate(optimizer.variables):
        arrays[f"o{i}"] = v.numpy()
    optimizer.finalize_variable_values(variables)
    for i, v in enumerate(variables):
        arrays[f"final{i}"] = v.numpy()
    cases.add(
        title,
        arrays,
        **described(optimizer),
        steps=STEPS,
        recorded=RECORDED,
        variables=[{"name": v.name, "shape": list(v.shape)} for v in variables],
        optimizer_variables=[{"name": v.name, "shape": list(v.shape), "dtype": v.dtype} for v in optimizer.variables],
        exclude_from_weight_decay=plain(exclude),
        **fields,
    )


def sgd(cases):
    add_optimizer(cases, "sgd", O.SGD)
    add_optimizer(cases, "sgd 0.1", lambda: O.SGD(0.1))
    add_optimizer(cases, "sgd momentum", lambda: O.SGD(0.05, momentum=0.875))
    add_optimizer(cases, "sgd momentum 0.9", lambda: O.SGD(0.05, momentum=0.9), tol=FLOAT32_TRAINING)
    add_optimizer(cases, "sgd nesterov", lambda: O.SGD(0.05, momentum=0.875, nesterov=True))
    add_optimizer(cases, "sgd nesterov without momentum", lambda: O.SGD(0.05, nesterov=True))
    add_optimizer(cases, "sgd weight_decay", lambda: O.SGD(0.05, weight_decay=0.125))
    add_optimizer(cases, "sgd momentum weight_decay", lambda: O.SGD(0.05, momentum=0.75, weight_decay=0.125))


def rmsprop(cases):
    add_optimizer(cases, "rmsprop", O.RMSprop)
    add_optimizer(cases, "rmsprop rho 0.5", lambda: O.RMSprop(0.01, rho=0.5))
    add_optimizer(cases, "rmsprop momentum", lambda: O.RMSprop(0.01, momentum=0.9))
    add_optimizer(cases, "rmsprop centered", lambda: O.RMSprop(0.01, centered=True, epsilon=1e-3))
    both = dict(momentum=0.5, centered=True, epsilon=1e-2)
    add_optimizer(cases, "rmsprop momentum centered", lambda: O.RMSprop(0.01, **both))
    add_optimizer(cases, "rmsprop epsilon 0.1", lambda: O.RMSprop(0.01, epsilon=0.1))
    add_optimizer(cases, "rmsprop weight_decay", lambda: O.RMSprop(0.01, weight_decay=0.125))


def adam(cases):
    add_optimizer(cases, "adam", O.Adam, tol=FLOAT32_TRAINING)
    add_optimizer(cases, "adam betas", lambda: O.Adam(0.01, **BETAS))
    add_optimizer(cases, "adam betas 0.05", lambda: O.Adam(0.05, **BETAS))
    add_optimizer(cases, "adam beta_1 0", lambda: O.Adam(0.01, beta_1=0.0, beta_2=0.875))
    add_optimizer(cases, "adam epsilon 0.1", lambda: O.Adam(0.01, epsilon=0.1, **BETAS))
    add_optimizer(cases, "adam amsgrad", lambda: O.Adam(0.05, amsgrad=True, **BETAS))
    add_optimizer(cases, "adam weight_decay", lambda: O.Adam(0.01, weight_decay=0.125, **BETAS))
    add_optimizer(cases, "adamw", O.AdamW, tol=FLOAT32_TRAINING)
    decay = dict(weight_decay=0.125, **BETAS)
    add_optimizer(cases, "adamw 0.05", lambda: O.AdamW(0.05, **decay))
    add_optimizer(cases, "adamw amsgrad", lambda: O.AdamW(0.05, amsgrad=True, **decay))
    add_optimizer(cases, "adamw no decay on bias", lambda: O.AdamW(0.05, **decay), exclude=["bias"])


def common_options(cases):
    makers = {
        "sgd": lambda **k: O.SGD(0.05, momentum=0.875, **k),
        "rmsprop": lambda **k: O.RMSprop(0.01, **k),
        "adam": lambda **k: O.Adam(0.02, **BETAS, **k),
        "adamw": lambda **k: O.AdamW(0.02, weight_decay=0.125, **BETAS, **k),
    }
    options = (
        {"clipnorm": 2.0},
        {"clipvalue": 0.5},
        {"global_clipnorm": 2.5},
        {"use_ema": True, "ema_momentum": 0.9},
        {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 4},
        {"loss_scale_factor": 8.0},
        {"gradient_accumulation_steps": 4},
    )
    for name, make in makers.items():
        for option in options:
            title = name + " " + " ".join(f"{k}={v}" for k, v in option.items())
            add_optimizer(cases, title, lambda m=make, o=option: m(**o))
    add_optimizer(cases, "sgd clipnorm and weight_decay", lambda: O.SGD(0.05, clipnorm=1.0, weight_decay=0.125))


def make():
    cases = Cases("optimizer")
    for group in (sgd, rmsprop, adam, common_options):
        group(cases)
    return cases
