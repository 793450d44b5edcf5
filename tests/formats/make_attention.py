"""Weights of attention layers as real Keras saves them, for test_keras_attention.c: python make_attention.py DIR.

attention.weights.h5 has the weights of a functional model of two inputs; attention.npz what goes in (x0, x1) and comes
out (y).
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras  # noqa: E402
import numpy as np  # noqa: E402

L = keras.layers


def model_of():
    first, second = keras.Input((6, 8)), keras.Input((5, 8))
    h = L.LayerNormalization()(first)
    h = L.MultiHeadAttention(2, 3, dropout=0.125, name="first")(h, h, use_causal_mask=True)
    other = L.MultiHeadAttention(2, 4, value_dim=3, output_shape=7, use_bias=False)
    return keras.Model([first, second], other(h, second))


def make(folder):
    model, random = model_of(), np.random.RandomState(1)
    for weight in model.weights:
        weight.assign(random.randint(-64, 65, weight.shape) / 64)
    x = [random.randint(-64, 65, (3, *shape)).astype("float32") / 64 for shape in ((6, 8), (5, 8))]
    model.save_weights(os.path.join(folder, "attention.weights.h5"))
    np.savez_compressed(os.path.join(folder, "attention.npz"), x0=x[0], x1=x[1], y=model.predict(x, verbose=0))


if __name__ == "__main__":
    make(sys.argv[1])
