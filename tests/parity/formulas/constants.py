"""Keras "in float64" still makes float32 tensors of some Python numbers before it widens them: see README.md."""

import numpy as np

rounded = True


def constant(value):
    """A number that Keras passes through float32; as it is when `rounded` is off."""
    return np.asarray(value, dtype=np.float32).astype(np.float64) if rounded else np.asarray(value, dtype=np.float64)
