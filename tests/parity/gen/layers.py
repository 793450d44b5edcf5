"""Layers: output, gradient of the input and of each trainable weight, statistics after training steps."""

import keras
import numpy as np
import tensorflow as tf

from .common import FLOAT32_FORWARD, Cases, described, grid, plain, rng_for

L = keras.layers
ACTIVATIONS = (
    "linear sigmoid tanh relu leaky_relu elu selu gelu silu softplus softsign hard_sigmoid "
    "softmax log_softmax exponential"
).split()
FLOAT32_CONSTANT = ("leaky_relu", "gelu")  # their constants are rounded to float32


def initial_weights(layer, rng):
    """Weights on a grid; variances stay positive."""
    values = []
    for v in layer.weights:
        if v.name == "count":  # Normalization's, an integer that nothing uses
            values.append(np.zeros((), dtype=np.int64))
            continue
        low, high = (0.25, 2.0) if "variance" in v.name else (-1.0, 1.0)
        values.append(grid(rng, v.shape, low, high))
    return values


def run_step(layer, x, dy, training):
    """One eager call under a tape: y, dx and the gradients by the weight's place in layer.weights."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=training)
    trainable = list(layer.trainable_weights)
    grads = tape.gradient(y, [x] + [v.value for v in trainable], output_gradients=tf.constant(dy))
    place = {id(v): i for i, v in enumerate(layer.weights)}
    weights = {f"dw{place[id(v)]}": g.numpy() for v, g in zip(trainable, grads[1:])}
    return y.numpy(), grads[0].numpy(), weights


def add_layer(cases, title, make, shape, training=False, steps=1, x=None, low=-2.0, high=2.0, **fields):
    keras.backend.clear_session()
    rng = rng_for("layer", title)
    layer = make()
    layer.build((None,) + tuple(shape[1:]))
    first = initial_weights(layer, rng)
    if first:
        layer.set_weights(first)
    if isinstance(layer, L.Normalization):
        layer.finalize_state()  # takes over the weights, as after loading
    out_shape = layer.compute_output_shape((None,) + tuple(shape[1:]))
    arrays = {f"w{i}": w for i, w in enumerate(first)}
    rows = []
    for step in range(steps):
        inputs = grid(rng, shape, low, high) if x is None else np.asarray(x, dtype=np.float64)
        dy = grid(rng, (shape[0],) + tuple(out_shape[1:]), -1.0, 1.0)
        y, dx, dw = run_step(layer, inputs, dy, training)
        row = {"x": inputs, "y": y, "dy": dy, "dx": dx, **dw}
        if training:
            row.update({f"a{i}": w for i, w in enumerate(layer.get_weights())})
        rows.append(row)
    for name in rows[0]:
        arrays[name] = rows[0][name] if steps == 1 else np.stack([row[name] for row in rows])
    cases.add(
        title,
        arrays,
        **described(layer),
        training=training,
        steps=steps,
        input_shape=[None] + list(shape[1:]),
        output_shape=plain(list(out_shape)),
        weights=[{"name": v.name, "shape": list(v.shape), "trainable": v.trainable} for v in layer.weights],
        **fields,
    )


def add_many(cases, title, make, shapes, arguments=None, low=-2.0, high=2.0, apart=False, **fields):
    """A layer of several inputs, which come as one list, or, `apart`, as arguments of their own."""
    keras.backend.clear_session()
    arguments = arguments or {}
    rng = rng_for("layer", title)
    layer = make()
    values = [grid(rng, shape, low, high) for shape in shapes]
    inputs = [tf.constant(x) for x in values]
    call = lambda: layer(*inputs, **arguments) if apart else layer(inputs, **arguments)  # noqa: E731
    call()
    first = initial_weights(layer, rng)
    if first:
        layer.set_weights(first)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = call()
    dy = grid(rng, tuple(y.shape), -1.0, 1.0)
    trainable = list(layer.trainable_weights)
    variables = inputs + [v.value for v in trainable]
    grads = tape.gradient(y, variables, output_gradients=tf.constant(dy), unconnected_gradients="zero")
    place = {id(v): i for i, v in enumerate(layer.weights)}
    arrays = {f"w{i}": w for i, w in enumerate(first)}
    for i, x in enumerate(values):
        arrays[f"x{i or ''}"], arrays[f"dx{i or ''}"] = x, grads[i].numpy()
    arrays.update({f"dw{place[id(v)]}": g.numpy() for v, g in zip(trainable, grads[len(inputs) :])})
    cases.add(
        title,
        {"y": y.numpy(), "dy": dy, **arrays},
        **described(layer),
        training=False,
        steps=1,
        call=arguments,
        input_shape=[[None] + list(shape[1:]) for shape in shapes],
        output_shape=[None] + list(y.shape[1:]),
        weights=[{"name": v.name, "shape": list(v.shape), "trainable": v.trainable} for v in layer.weights],
        **fields,
    )


def dense(cases):
    add_layer(cases, "dense", lambda: L.Dense(5), (4, 3))
    add_layer(cases, "dense no bias", lambda: L.Dense(5, use_bias=False), (4, 3))
    add_layer(cases, "dense one unit", lambda: L.Dense(1, activation="sigmoid"), (7, 6))
    add_layer(cases, "dense batch of one", lambda: L.Dense(3, activation="relu"), (1, 9))
    add_layer(cases, "dense rank 3", lambda: L.Dense(4, activation="tanh"), (2, 3, 5))
    add_layer(cases, "dense rank 4 no bias", lambda: L.Dense(3, use_bias=False), (2, 3, 2, 4))
    for name in ACTIVATIONS:
        tol = {"tol": FLOAT32_FORWARD} if name in FLOAT32_CONSTANT else {}
        add_layer(cases, f"dense {name}", lambda n=name: L.Dense(6, activation=n), (3, 4), **tol)


def conv(cases):
    def add(title, shape, *args, **kwargs):
        tol = {"tol": FLOAT32_FORWARD} if kwargs.get("activation") in FLOAT32_CONSTANT else {}
        add_layer(cases, "conv2d " + title, lambda: L.Conv2D(*args, **kwargs), shape, **tol)

    add("valid", (2, 7, 6, 3), 4, 3)
    add("same", (2, 7, 6, 3), 4, 3, padding="same")
    add("tutorial", (2, 8, 8, 1), 4, (3, 3), activation="relu")
    add("no bias", (1, 5, 5, 2), 3, 2, use_bias=False)
    add("1x1", (2, 4, 5, 6), 3, 1)
    add("kernel 3x2", (2, 6, 7, 2), 3, (3, 2))
    add("kernel 1x4 same", (2, 3, 7, 2), 3, (1, 4), padding="same")
    add("even kernel same", (1, 6, 5, 2), 2, (2, 4), padding="same")
    add("strides 2 valid", (2, 8, 7, 2), 3, 3, strides=2)
    add("strides 2 same odd size", (2, 7, 9, 2), 3, 3, strides=2, padding="same")
    add("strides 2 same even size", (2, 8, 6, 2), 3, 3, strides=2, padding="same")
    add("strides 2x3 kernel 5x4 same", (1, 11, 10, 2), 2, (5, 4), strides=(2, 3), padding="same")
    add("strides larger than kernel", (2, 9, 9, 2), 2, 2, strides=3)
    add("dilation 2 valid", (2, 8, 9, 2), 3, 3, dilation_rate=2)
    add("dilation 2x3 same", (1, 9, 10, 2), 3, (3, 2), dilation_rate=(2, 3), padding="same")
    add("groups 2", (2, 6, 5, 4), 6, 3, groups=2)
    add("groups 4 same strides 2", (2, 6, 7, 4), 8, 3, groups=4, strides=2, padding="same")
    add("groups equal channels no bias", (1, 5, 6, 3), 3, 3, groups=3, use_bias=False)
    add("kernel covers input", (2, 4, 3, 2), 5, (4, 3), activation="tanh")
    add("gelu", (2, 5, 5, 2), 3, 3, activation="gelu")
    add("softmax", (1, 4, 4, 2), 3, 2, activation="softmax")


def pooling(cases):
    for cls in (L.MaxPooling2D, L.AveragePooling2D):

        def add(title, shape, **kwargs):
            add_layer(cases, f"{cls.__name__} {title}", lambda: cls(**kwargs), shape)

        add("2", (2, 6, 4, 3), pool_size=2)
        add("odd size", (2, 7, 5, 2), pool_size=2)
        add("odd size same", (2, 7, 5, 2), pool_size=2, padding="same")
        add("3 strides 2", (2, 8, 7, 2), pool_size=3, strides=2)
        add("3 strides 2 same", (2, 8, 7, 2), pool_size=3, strides=2, padding="same")
        add("3 strides 1 same", (1, 5, 6, 2), pool_size=3, strides=1, padding="same")
        add("2x3 strides 1x2", (2, 5, 8, 2), pool_size=(2, 3), strides=(1, 2))
        add("2 strides 3", (1, 8, 9, 1), pool_size=2, strides=3)
        add("strides 3 pool 2 same", (1, 8, 9, 1), pool_size=2, strides=3, padding="same")
        add("whole picture", (2, 4, 5, 3), pool_size=(4, 5))
    add_layer(cases, "MaxPooling2D default", L.MaxPooling2D, (1, 4, 6, 2))
    ties = np.random.RandomState(1).randint(0, 3, size=(2, 6, 6, 2))
    add_layer(cases, "MaxPooling2D ties", lambda: L.MaxPooling2D(3, strides=2, padding="same"), ties.shape, x=ties)
    add_layer(cases, "GlobalMaxPooling2D ties", L.GlobalMaxPooling2D, ties.shape, x=ties)
    negative = -np.ones((1, 3, 3, 1)) - np.arange(9).reshape(1, 3, 3, 1)
    add_layer(
        cases, "MaxPooling2D same all negative", lambda: L.MaxPooling2D(2, padding="same"), (1, 3, 3, 1), x=negative
    )
    for cls in (L.GlobalMaxPooling2D, L.GlobalAveragePooling2D):
        add_layer(cases, cls.__name__, cls, (2, 4, 5, 3))
        add_layer(cases, f"{cls.__name__} keepdims", lambda: cls(keepdims=True), (2, 3, 2, 4))


def shapes(cases):
    add_layer(cases, "flatten", L.Flatten, (2, 3, 4, 2))
    add_layer(cases, "flatten rank 2", L.Flatten, (3, 4))
    add_layer(cases, "flatten rank 1", L.Flatten, (3,))
    add_layer(cases, "reshape", lambda: L.Reshape((4, 3)), (2, 3, 4))
    add_layer(cases, "reshape to picture", lambda: L.Reshape((4, 3, 1)), (2, 12))
    add_layer(cases, "reshape -1", lambda: L.Reshape((-1, 2)), (3, 4, 5))
    add_layer(cases, "reshape -1 in the middle", lambda: L.Reshape((2, -1, 3)), (2, 36))
    add_layer(cases, "reshape flat", lambda: L.Reshape((-1,)), (2, 2, 3))
    raw = {"low": 0.0, "high": 255.0}
    add_layer(cases, "rescaling", lambda: L.Rescaling(1.0 / 256), (2, 3, 3, 1), **raw)
    add_layer(cases, "rescaling offset", lambda: L.Rescaling(1.0 / 128, offset=-1.0), (2, 5), **raw)
    add_layer(cases, "rescaling 1/255", lambda: L.Rescaling(1.0 / 255), (2, 3, 3, 1), tol=FLOAT32_FORWARD, **raw)
    per_channel = lambda: L.Rescaling([0.5, 0.25, 2.0], offset=[1.0, 0.0, -1.0])  # noqa: E731
    add_layer(cases, "rescaling per channel", per_channel, (2, 2, 2, 3))
    for rate in (0.0, 0.25, 0.5):
        add_layer(
            cases,
            f"dropout {rate} inference",
            lambda r=rate: L.Dropout(r),
            (3, 5),
            train_keep_probability=1.0 - rate,
            train_scale=1.0 / (1.0 - rate),
        )
    add_layer(cases, "dropout 0 training", lambda: L.Dropout(0.0), (3, 5), training=True)


def activations(cases):
    special = [-40.0, -20.0, -6.0, -3.0, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 1.0, 3.0, 6.0, 20.0, 40.0]
    for name in ACTIVATIONS:
        make = lambda n=name: L.Activation(n)  # noqa: E731
        tol = {"tol": FLOAT32_FORWARD} if name in FLOAT32_CONSTANT else {}
        add_layer(cases, f"activation {name}", make, (3, 6), low=-4.0, high=4.0, **tol)
        add_layer(cases, f"activation {name} rank 4", make, (2, 2, 3, 4), **tol)
        if name != "exponential":
            add_layer(cases, f"activation {name} special", make, (1, 15), x=[special], **tol)
    edge = np.array([[-4.0, -1.0, -0.25, 0.0, 0.25, 1.0, 1.5, 2.0, 4.0, 6.0, 7.0]])

    def add(title, make, **fields):
        add_layer(cases, title, make, edge.shape, x=edge, **fields)

    add("relu layer", L.ReLU)
    add("relu layer max_value 4", lambda: L.ReLU(max_value=4.0))
    add("relu layer max_value 6", lambda: L.ReLU(max_value=6.0))
    add("relu layer max_value 0", lambda: L.ReLU(max_value=0.0))
    add("relu layer slope 0.25", lambda: L.ReLU(negative_slope=0.25))
    add("relu layer slope 0.1", lambda: L.ReLU(negative_slope=0.1), tol=FLOAT32_FORWARD)
    add("relu layer threshold 1", lambda: L.ReLU(threshold=1.0))
    add("relu layer slope 0.1 max_value 4", lambda: L.ReLU(max_value=4.0, negative_slope=0.1))
    add("relu layer slope 0.1 threshold 1", lambda: L.ReLU(negative_slope=0.1, threshold=1.0))
    add("relu layer all three", lambda: L.ReLU(max_value=4.0, negative_slope=0.1, threshold=1.0))
    add("relu layer max_value 6 threshold 1", lambda: L.ReLU(max_value=6.0, threshold=1.0))
    add("leaky relu layer", L.LeakyReLU, tol=FLOAT32_FORWARD)
    add("leaky relu layer 0.25", lambda: L.LeakyReLU(negative_slope=0.25))
    add("leaky relu layer 0", lambda: L.LeakyReLU(negative_slope=0.0))
    add_layer(cases, "softmax layer", L.Softmax, (3, 5))
    add_layer(cases, "softmax layer axis 1", lambda: L.Softmax(axis=1), (2, 4, 3))
    add_layer(cases, "softmax layer axis -2", lambda: L.Softmax(axis=-2), (2, 3, 2, 4))
    big = [[1000.0, 999.0, 0.0, -1000.0], [-1000.0, -1001.0, -1002.0, -1000.5]]
    add_layer(cases, "softmax layer large logits", L.Softmax, (2, 4), x=big)


def batch_norm(cases):
    B = L.BatchNormalization

    def add(title, shape, training, steps=1, **kwargs):
        add_layer(cases, "batchnorm " + title, lambda: B(**kwargs), shape, training=training, steps=steps)

    for training in (False, True):
        word = "training" if training else "inference"
        add(f"rank 2 {word}", (6, 4), training)
        add(f"rank 4 {word}", (3, 4, 2, 3), training)
        add(f"rank 3 {word}", (2, 5, 3), training)
        add(f"axis 1 {word}", (3, 2, 4, 3), training, axis=1)
        add(f"no center {word}", (5, 3), training, center=False)
        add(f"no scale {word}", (5, 3), training, scale=False)
        add(f"neither {word}", (2, 2, 3, 2), training, center=False, scale=False)
        add(f"momentum and epsilon {word}", (5, 3), training, momentum=0.75, epsilon=0.125)
    add("four steps", (4, 3, 2, 3), True, steps=4)
    add("four steps momentum 0.5", (6, 2), True, steps=4, momentum=0.5)
    add("batch of one", (1, 3), True)


def normalization(cases):
    N = L.Normalization

    def add(title, shape, **kwargs):
        add_layer(cases, "normalization " + title, lambda: N(**kwargs), shape)

    add("rank 2", (6, 4))
    add("rank 4", (2, 3, 2, 3))
    add("no axis", (5, 3), axis=None)
    add("axis 1", (3, 4, 2), axis=1)
    add("two axes", (2, 3, 2, 4), axis=(3, 1))
    add("invert", (6, 4), invert=True)
    add("given for all", (4, 3), mean=1.5, variance=2.25)
    add("given", (4, 3), mean=[1.0, -0.5, 2.0], variance=[4.0, 0.25, 0.0])
    add("given invert", (4, 3), mean=[1.0, -0.5, 2.0], variance=[4.0, 0.25, 1.0], invert=True)
    add("given for the last of two axes", (3, 2, 4), axis=(1, 2), mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 4.0, 9.0, 0.25])
    add("given for both axes", (3, 2, 2), axis=(1, 2), mean=[[1.0, 2.0], [3.0, 4.0]], variance=[[1.0, 4.0], [9.0, 0.25]])


def adapted(cases):
    """What adapt() learns from `data`: the weights are not set, but come from there."""

    def add(title, shape, constant=None, batches=None, **kwargs):
        title = "normalization adapted to " + title
        keras.backend.clear_session()
        rng = rng_for("layer", title)
        layer = L.Normalization(**kwargs)
        data = grid(rng, shape, -3.0, 5.0)
        if constant is not None:
            data[..., constant] = 2.0
        layer.adapt([data[i : i + batches] for i in range(0, len(data), batches)] if batches else data)
        x = grid(rng, (3,) + tuple(shape[1:]))
        dy = grid(rng, x.shape, -1.0, 1.0)
        y, dx, _ = run_step(layer, x, dy, False)
        arrays = {f"w{i}": w for i, w in enumerate(layer.get_weights())}
        cases.add(
            title,
            {"data": data, "x": x, "dy": dy, "y": y, "dx": dx, **arrays},
            **described(layer),
            training=False,
            adapts=True,
            steps=1,
            input_shape=[None] + list(shape[1:]),
            output_shape=[None] + list(shape[1:]),
            weights=[{"name": v.name, "shape": list(v.shape), "trainable": v.trainable} for v in layer.weights],
        )

    add("rows", (50, 4))
    add("rows in batches", (50, 4), batches=7)
    add("pictures", (7, 5, 4, 3))
    add("no axis", (20, 3), axis=None)
    add("two axes", (9, 4, 2, 3), axis=(1, -1))
    add("a constant column", (30, 3), constant=1)
    add("the way back", (30, 3), invert=True)


def merging(cases):
    def add(title, make, *shapes, **fields):
        add_many(cases, title, make, shapes, **fields)

    add("add two", L.Add, (3, 4), (3, 4))
    add("add three pictures", L.Add, (2, 3, 4, 2), (2, 3, 4, 2), (2, 3, 4, 2))
    add("add one", L.Add, (3, 4))
    add("add repeats sizes of 1", L.Add, (2, 3, 1), (2, 1, 4))
    add("add expands ranks", L.Add, (2, 4), (2, 3, 4), (2, 5, 1, 4))
    add("subtract", L.Subtract, (3, 4), (3, 4))
    add("subtract repeats sizes of 1", L.Subtract, (2, 3, 4), (2, 3, 1))
    for cls in (L.Multiply, L.Average, L.Maximum, L.Minimum):
        name = cls.__name__.lower()
        add(f"{name} two", cls, (3, 5), (3, 5))
        add(f"{name} three pictures", cls, (2, 3, 4, 2), (2, 3, 4, 2), (2, 3, 4, 2))
        add(f"{name} repeats and expands", cls, (2, 4), (2, 3, 1))
    add("concatenate", L.Concatenate, (3, 4), (3, 2))
    add("concatenate three pictures", L.Concatenate, (2, 3, 4, 1), (2, 3, 4, 2), (2, 3, 4, 3))
    add("concatenate axis 1", lambda: L.Concatenate(axis=1), (2, 3, 4), (2, 1, 4))
    add("concatenate axis -2", lambda: L.Concatenate(axis=-2), (2, 3, 4), (2, 2, 4))


def make():
    cases = Cases("layer")
    for group in (dense, conv, pooling, shapes, activations, batch_norm, normalization, adapted, merging):
        group(cases)
    return cases
