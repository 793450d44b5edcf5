"""Embedding and LSTM: as layers.py does it, in a file of their own."""

import keras
import numpy as np
import tensorflow as tf

from .common import Cases, described, grid, plain, rng_for
from .layers import initial_weights

L = keras.layers


def run_step(layer, x, dy):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=False)
    variables = [x] + [v.value for v in layer.trainable_weights]
    grads = tape.gradient(y, variables, output_gradients=tf.constant(dy))
    grads = [tf.zeros_like(v) if g is None else tf.convert_to_tensor(g) for g, v in zip(grads, variables)]
    return y.numpy(), grads[0].numpy(), [g.numpy() for g in grads[1:]]


def add(cases, title, make, x=None, shape=None, **fields):
    keras.backend.clear_session()
    rng = rng_for("recurrent", title)
    layer = make()
    inputs = grid(rng, shape, -2.0, 2.0) if x is None else np.asarray(x)
    layer.build((None,) + inputs.shape[1:])
    first = initial_weights(layer, rng)
    layer.set_weights(first)
    out_shape = layer.compute_output_shape((None,) + inputs.shape[1:])
    dy = grid(rng, (inputs.shape[0],) + tuple(out_shape[1:]), -1.0, 1.0)
    y, dx, dw = run_step(layer, inputs, dy)
    arrays = {f"w{i}": w for i, w in enumerate(first)}
    arrays.update({"x": inputs, "y": y, "dy": dy, "dx": dx}, **{f"dw{i}": g for i, g in enumerate(dw)})
    cases.add(
        title,
        arrays,
        **described(layer),
        training=False,
        steps=1,
        input_shape=[None] + list(inputs.shape[1:]),
        output_shape=plain(list(out_shape)),
        weights=[{"name": v.name, "shape": list(v.shape), "trainable": v.trainable} for v in layer.weights],
        **fields,
    )


def embedding(cases):
    rng = rng_for("recurrent", "numbers")
    add(cases, "embedding", lambda: L.Embedding(7, 4), x=rng.randint(0, 7, (3, 5)).astype(np.float64))
    add(cases, "embedding of one number", lambda: L.Embedding(5, 3), x=rng.randint(0, 5, (6,)).astype(np.float64))
    add(cases, "embedding, ranks", lambda: L.Embedding(9, 2), x=rng.randint(0, 9, (2, 3, 4)).astype(np.float64))
    add(cases, "embedding cuts fractions off", lambda: L.Embedding(3, 2), x=[[0.0, 0.9, 1.5], [2.9, 1.0, 2.0]])


def lstm(cases):
    shape = (3, 5, 4)
    add(cases, "lstm", lambda: L.LSTM(6), shape=shape)
    add(cases, "lstm sequences", lambda: L.LSTM(6, return_sequences=True), shape=shape)
    add(cases, "lstm no bias", lambda: L.LSTM(5, use_bias=False, return_sequences=True), shape=shape)
    add(cases, "lstm backwards", lambda: L.LSTM(3, go_backwards=True), shape=shape)
    add(
        cases,
        "lstm sequences backwards",
        lambda: L.LSTM(3, go_backwards=True, return_sequences=True, unit_forget_bias=False),
        shape=shape,
    )
    add(cases, "lstm one step, one unit", lambda: L.LSTM(1, unroll=True), shape=(2, 1, 1))
    add(cases, "lstm many units", lambda: L.LSTM(19, return_sequences=True, dropout=0.5), shape=(5, 7, 3))
    add(
        cases,
        "lstm of other activations",
        lambda: L.LSTM(4, activation="relu", recurrent_activation="hard_sigmoid", return_sequences=True),
        shape=shape,
    )
    add(
        cases,
        "lstm of linear activation, backwards, no bias",
        lambda: L.LSTM(4, activation=None, recurrent_activation="tanh", go_backwards=True, use_bias=False),
        shape=shape,
    )
    for name, arguments in {
        "recurrent dropout": {"recurrent_dropout": 0.25},
        "stateful": {"stateful": True},
        "state": {"return_state": True},
    }.items():
        cases.add(f"refused lstm, {name}", {}, **described(L.LSTM(4, **arguments)), steps=1)
    cases.add("refused embedding, masks", {}, **described(L.Embedding(4, 3, mask_zero=True)), steps=1)


def make():
    cases = Cases("recurrent")
    embedding(cases)
    lstm(cases)
    return cases
