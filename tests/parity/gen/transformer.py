"""What transformers are made of: layer normalisation and multi-head attention. Cases as those of layers.py, in a file
of their own."""

import keras

from .common import FLOAT32_FORWARD, Cases
from .layers import add_layer, add_many

L = keras.layers


def layer_norm(cases):
    def add(title, shape, **kwargs):
        add_layer(cases, "layernorm " + title, lambda: L.LayerNormalization(**kwargs), shape)

    add("rank 2", (4, 5))
    add("rank 3", (2, 3, 8))
    add("epsilon", (3, 6), epsilon=0.125)
    add("no scale", (3, 6), scale=False)
    add("no center", (3, 6), center=False)
    add("neither", (2, 2, 4), scale=False, center=False)
    add("axis 1", (2, 4, 3), axis=1)
    add("last two axes", (3, 4, 2), axis=(1, 2))
    add("two axes in another order", (2, 3, 2, 4), axis=(3, 1))
    add("one feature", (3, 1))


def attention(cases):
    def add(title, shapes, causal=False, **kwargs):
        arguments = {"use_causal_mask": True} if causal else {}
        tol = {} if kwargs["key_dim"] == 4 else {"tol": FLOAT32_FORWARD}  # 1 / sqrt(key_dim) is rounded to float32
        make = lambda: L.MultiHeadAttention(**kwargs)  # noqa: E731
        add_many(cases, "attention " + title, make, shapes, arguments, low=-1.0, high=1.0, apart=True, **tol)

    add("of itself", [(2, 5, 6), (2, 5, 6)], num_heads=2, key_dim=4)
    add("size of 3", [(1, 4, 4), (1, 4, 4)], num_heads=2, key_dim=3)
    add("causal", [(2, 6, 4), (2, 6, 4)], causal=True, num_heads=2, key_dim=4)
    add("one head", [(1, 3, 4), (1, 3, 4)], num_heads=1, key_dim=4)
    add("no bias", [(2, 4, 4), (2, 4, 4)], num_heads=2, key_dim=4, use_bias=False)
    add("of others", [(2, 3, 6), (2, 5, 4)], num_heads=2, key_dim=4)
    add("causal, fewer queries", [(1, 3, 4), (1, 5, 4)], causal=True, num_heads=2, key_dim=4)
    add("causal, more queries", [(1, 5, 4), (1, 3, 4)], causal=True, num_heads=2, key_dim=4)
    add("with keys", [(2, 3, 4), (2, 5, 6), (2, 5, 2)], num_heads=3, key_dim=4)
    add("value_dim", [(2, 3, 4), (2, 4, 4)], num_heads=2, key_dim=4, value_dim=5)
    add("output_shape", [(2, 3, 4), (2, 4, 4)], causal=True, num_heads=2, key_dim=4, value_dim=3, output_shape=7)


def make():
    cases = Cases("transformer")
    for group in (layer_norm, attention):
        group(cases)
    return cases
