"""A training step of a program's own: a GAN, and one with a gradient penalty; noise is given, so that all is equal."""

import keras
import numpy as np
import tensorflow as tf

from .common import Cases, grid, rng_for, set_precision
from .models import initial_weights

L = keras.layers
O = keras.optimizers
STEPS, BATCH, NOISE = 3, 6, 5
FLOAT32_TOLERANCE = 1e-4


def generator():
    return [
        keras.Input((NOISE,)),
        L.Dense(2 * 2 * 4, use_bias=False),
        L.BatchNormalization(momentum=0.75, epsilon=0.0009765625),
        L.LeakyReLU(negative_slope=0.25),
        L.Reshape((2, 2, 4)),
        L.Conv2DTranspose(3, 4, strides=2, padding="same", use_bias=False),
        L.BatchNormalization(momentum=0.75, epsilon=0.0009765625),
        L.LeakyReLU(negative_slope=0.25),
        L.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh"),
    ]


def discriminator(normalized):
    middle = [L.BatchNormalization(momentum=0.75, epsilon=0.0009765625)] if normalized else []
    return [
        keras.Input((8, 8, 1)),
        L.Conv2D(3, 4, strides=2, padding="same", use_bias=not normalized),  # else Adam moves it by noise
        *middle,
        L.LeakyReLU(negative_slope=0.25),
        L.Conv2D(4, 4, strides=2, padding="same"),
        L.LeakyReLU(negative_slope=0.25),
        L.Flatten(),
        L.Dense(1),
    ]


def adam():
    return O.Adam(0.0078125, beta_1=0.5, beta_2=0.875)


def gan_step(g, d, og, od, x, z, _):
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    with tf.GradientTape() as a, tf.GradientTape() as b:
        fake = g(z, training=True)
        yes, no = d(x, training=True), d(fake, training=True)
        loss_g = bce(tf.ones_like(no), no)
        loss_d = bce(tf.ones_like(yes), yes) + bce(tf.zeros_like(no), no)
    gg = a.gradient(loss_g, g.trainable_variables)
    gd = b.gradient(loss_d, d.trainable_variables)
    og.apply_gradients(zip(gg, g.trainable_variables))
    od.apply_gradients(zip(gd, d.trainable_variables))
    return loss_d, loss_g


def penalty_step(g, d, og, od, x, z, mix):
    """Gulrajani et al., Improved training of Wasserstein GANs, NIPS 2017."""
    with tf.GradientTape() as a, tf.GradientTape() as b:
        fake = g(z, training=True)
        between = mix * x + (1.0 - mix) * fake
        with tf.GradientTape() as c:
            c.watch(between)
            score = d(between, training=True)
        slope = c.gradient(score, between)
        length = tf.sqrt(tf.reduce_sum(tf.square(slope), axis=(1, 2, 3)))
        loss_g = -tf.reduce_mean(d(fake, training=True))
        loss_d = -loss_g - tf.reduce_mean(d(x, training=True)) + 8.0 * tf.reduce_mean(tf.square(length - 1.0))
    gg = a.gradient(loss_g, g.trainable_variables)
    gd = b.gradient(loss_d, d.trainable_variables)
    og.apply_gradients(zip(gg, g.trainable_variables))
    od.apply_gradients(zip(gd, d.trainable_variables))
    return loss_d, loss_g


def add(cases, title, step, normalized, optimizers, floatx="float64", **fields):
    set_precision(floatx)
    keras.backend.clear_session()
    rng = rng_for("gan", title.removesuffix(" float32"))
    g = keras.Sequential(generator(), name="generator")
    d = keras.Sequential(discriminator(normalized), name="discriminator")
    arrays = {
        "x": grid(rng, (STEPS, BATCH, 8, 8, 1), -1.0, 1.0),
        "z": grid(rng, (STEPS, BATCH, NOISE)),
        "mix": grid(rng, (STEPS, BATCH, 1, 1, 1), 0.0, 1.0),
    }
    for letter, model in ("g", g), ("d", d):
        first = initial_weights(model, rng)
        model.set_weights(first)
        arrays.update({f"{letter}w{i}": w for i, w in enumerate(first)})
    og, od = optimizers()
    losses = []
    for t in range(STEPS):
        x, z, mix = (tf.constant(arrays[k][t], dtype=floatx) for k in ("x", "z", "mix"))
        losses.append([float(v) for v in step(g, d, og, od, x, z, mix)])
    if step is gan_step:
        del arrays["mix"]
    arrays["losses"] = np.array(losses)
    for letter, model, optimizer in ("g", g, og), ("d", d, od):
        arrays.update({f"{letter}f{i}": w for i, w in enumerate(model.get_weights())})
        arrays.update({f"{letter}o{i}": v.numpy() for i, v in enumerate(optimizer.variables)})
    cases.add(
        title,
        arrays,
        class_name="Sequential",
        config={},
        generator=g.to_json(),
        discriminator=d.to_json(),
        steps=STEPS,
        **fields,
    )


def make():
    cases = Cases("gan")
    two_adams = lambda: (adam(), adam())  # noqa: E731
    others = lambda: (O.RMSprop(0.0078125, rho=0.875), O.SGD(0.03125, momentum=0.5))  # noqa: E731
    add(cases, "gan", gan_step, True, two_adams)
    add(cases, "gan float32", gan_step, True, two_adams, floatx="float32", tol=FLOAT32_TOLERANCE)
    add(cases, "gradient penalty", penalty_step, False, others)
    add(cases, "gradient penalty float32", penalty_step, False, others, floatx="float32", tol=FLOAT32_TOLERANCE)
    set_precision("float64")
    return cases
