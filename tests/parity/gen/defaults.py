"""Defaults: what get_config() says of objects that were made with nothing but what they require."""

import keras

from .common import Cases, described, set_precision

LAYERS = {
    "InputLayer": {"shape": (4,)},
    "Activation": {"activation": "relu"},
    "Add": {},
    "AveragePooling2D": {"pool_size": 2},
    "Average": {},
    "BatchNormalization": {},
    "Concatenate": {},
    "Conv2D": {"filters": 3, "kernel_size": 3},
    "Conv2DTranspose": {"filters": 3, "kernel_size": 3},
    "Dense": {"units": 3},
    "Dropout": {"rate": 0.5},
    "Embedding": {"input_dim": 5, "output_dim": 3},
    "Flatten": {},
    "GlobalAveragePooling2D": {},
    "GlobalMaxPooling2D": {},
    "LayerNormalization": {},
    "LSTM": {"units": 3},
    "LeakyReLU": {},
    "Maximum": {},
    "MaxPooling2D": {},
    "Minimum": {},
    "Multiply": {},
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 3, "value_dim": 3},
    "Normalization": {},
    "ReLU": {},
    "Rescaling": {"scale": 0.5},
    "Reshape": {"target_shape": (2, 2)},
    "Softmax": {},
    "Subtract": {},
}
OTHERS = {
    "optimizers": ["Adam", "AdamW", "RMSprop", "SGD"],
    "losses": [
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
        "MeanAbsoluteError",
        "MeanSquaredError",
        "SparseCategoricalCrossentropy",
    ],
    "metrics": [
        "Accuracy",
        "BinaryAccuracy",
        "CategoricalAccuracy",
        "MeanAbsoluteError",
        "MeanSquaredError",
        "SparseCategoricalAccuracy",
        "SparseTopKCategoricalAccuracy",
        "TopKCategoricalAccuracy",
    ],
    "initializers": [
        "Constant",
        "GlorotNormal",
        "GlorotUniform",
        "HeNormal",
        "HeUniform",
        "LecunNormal",
        "LecunUniform",
        "Ones",
        "Orthogonal",
        "RandomNormal",
        "RandomUniform",
        "TruncatedNormal",
        "Zeros",
    ],
}


def make():
    cases = Cases("default")
    set_precision("float32")
    for name, arguments in LAYERS.items():
        cases.add(f"layers {name}", {}, group="layers", **described(getattr(keras.layers, name)(**arguments)))
    set_precision("float64")  # the learning rate is read back from a variable
    for group, names in OTHERS.items():
        for name in names:
            cases.add(f"{group} {name}", {}, group=group, **described(getattr(getattr(keras, group), name)()))
    return cases
