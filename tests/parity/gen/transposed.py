"""Conv2DTranspose: as for the other layers.

TensorFlow has no dilated transposed convolution on a CPU. There, Keras's own shapes and its dilated convolution, whose
transpose the layer is by definition, stand in: a gradient with respect to the image, which is linear in both.
"""

from unittest import mock

import keras
import tensorflow as tf

from .common import FLOAT32_FORWARD, Cases
from .layers import FLOAT32_CONSTANT, add_layer

L = keras.layers


def by_gradient(inputs, kernel, strides, padding, output_padding, data_format, dilation_rate):
    layer = L.Conv2DTranspose(
        kernel.shape[2],
        kernel.shape[:2],
        strides=strides,
        padding=padding,
        output_padding=output_padding,
        dilation_rate=dilation_rate,
    )
    image = tf.zeros(layer.compute_output_shape(inputs.shape), inputs.dtype)
    with tf.GradientTape() as tape:
        tape.watch(image)
        result = keras.ops.conv(image, kernel, strides=strides, padding=padding, dilation_rate=dilation_rate)
    return tape.gradient(result, image, output_gradients=inputs)


def make():
    cases = Cases("conv2d_transpose")

    def add(title, shape, *args, **kwargs):
        tol = {"tol": FLOAT32_FORWARD} if kwargs.get("activation") in FLOAT32_CONSTANT else {}
        add_layer(cases, title, lambda: L.Conv2DTranspose(*args, **kwargs), shape, **tol)

    add("valid", (2, 5, 4, 3), 4, 3)
    add("same", (2, 5, 4, 3), 4, 3, padding="same")
    add("no bias", (1, 5, 5, 2), 3, 2, use_bias=False)
    add("1x1", (2, 4, 5, 6), 3, 1)
    add("one channel to one", (3, 4, 4, 1), 1, 3, padding="same", activation="tanh")
    add("dcgan", (2, 3, 3, 4), 3, 4, strides=2, padding="same", use_bias=False)
    add("dcgan last", (2, 4, 4, 3), 1, 4, strides=2, padding="same", activation="tanh")
    for padding in ("valid", "same"):
        for stride in (2, 3):
            for size in (1, 2, 3, 4, 5):
                add(f"{padding} strides {stride} kernel {size}", (2, 3, 4, 2), 3, size, strides=stride, padding=padding)
    add("kernel 3x2 strides 2x1", (2, 4, 3, 2), 3, (3, 2), strides=(2, 1))
    add("kernel 5x4 strides 2x3 same", (1, 5, 4, 2), 2, (5, 4), strides=(2, 3), padding="same")
    add("kernel 1x4 same", (2, 3, 5, 2), 3, (1, 4), padding="same")
    add("even kernel same", (1, 6, 5, 2), 2, (2, 4), padding="same")
    add("output padding valid 0", (2, 3, 4, 2), 3, 2, strides=3, output_padding=0)
    add("output padding valid 1", (2, 3, 4, 2), 3, 3, strides=2, output_padding=1)
    add("output padding valid 2x0", (2, 3, 4, 2), 3, 3, strides=(3, 2), output_padding=(2, 0))
    add("output padding same 0 odd kernel", (2, 3, 4, 2), 3, 3, strides=2, padding="same", output_padding=0)
    add("output padding same 1 odd kernel", (2, 3, 4, 2), 3, 3, strides=2, padding="same", output_padding=1)
    add("output padding same 1 even kernel", (2, 3, 4, 2), 3, 4, strides=2, padding="same", output_padding=1)
    add("output padding same 2x0", (2, 3, 4, 2), 3, (4, 5), strides=(3, 2), padding="same", output_padding=(2, 0))
    add("output padding 0 strides 1", (2, 3, 4, 2), 3, 3, output_padding=0)
    add("gelu", (2, 3, 3, 2), 3, 3, strides=2, activation="gelu")
    add("leaky relu", (2, 3, 3, 2), 3, 4, strides=2, padding="same", activation="leaky_relu")
    add("softmax", (1, 3, 3, 2), 3, 2, activation="softmax")
    add("batch of one pixel", (1, 1, 1, 5), 4, 4, activation="relu")
    with mock.patch("keras.src.backend.nn.conv_transpose", by_gradient):
        add("dilation 2 valid", (2, 4, 5, 2), 3, 3, dilation_rate=2)
        add("dilation 2x3 same", (1, 5, 6, 2), 3, (3, 2), dilation_rate=(2, 3), padding="same")
        add("dilation 2 same even kernel", (1, 5, 6, 2), 3, 4, dilation_rate=2, padding="same")
        add("dilation 2 output padding", (1, 4, 4, 2), 2, 3, dilation_rate=2, output_padding=0)
    return cases
