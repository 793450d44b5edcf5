"""What every kind of case shares: random values, plain JSON, and the writer of one npz file."""

import json
import os
import zlib

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # Eigen's kernels: the same numbers on every machine
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

KERAS_VERSION = "3.15.1"
TOLERANCE = 1e-9  # of the largest absolute value of the expected array, and of 1
# Keras in float64 passes some constants through float32 (README.md); cases that show it with 0.9, 1/255 and the like
# carry a larger tolerance, all others use numbers that float32 holds exactly.
FLOAT32_FORWARD = 2e-7
FLOAT32_TRAINING = 2e-5


def set_precision(name):
    keras.config.set_floatx(name)
    keras.config.set_dtype_policy(name)


def start():
    """One thread, one precision: called once before any case is made."""
    if keras.__version__ != KERAS_VERSION:
        raise SystemExit(f"make_cases.py needs keras {KERAS_VERSION}, found {keras.__version__}")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    set_precision("float64")


def rng_for(kind, title):
    """Random numbers that depend on the case's own name, so that a new case changes no other."""
    return np.random.RandomState(zlib.crc32(f"{kind}/{title}".encode()))


def grid(rng, shape, low=-2.0, high=2.0, steps=1024):
    """Uniform values on multiples of 1/steps: exact in float32 as well, and small once deflated."""
    return rng.randint(int(low * steps), int(high * steps) + 1, size=shape).astype(np.float64) / steps


def plain(value):
    """A config as JSON would carry it: tuples become lists, numpy scalars become numbers."""

    def convert(item):
        if isinstance(item, np.generic):
            return item.item()
        if isinstance(item, np.ndarray):
            return item.tolist()
        raise TypeError(f"no plain JSON for {type(item)}")

    return json.loads(json.dumps(value, default=convert))


def described(obj):
    """The fields that name an object in a manifest."""
    return {
        "class_name": type(obj).__name__,
        "config": plain(obj.get_config()),
        "serialized": plain(keras.saving.serialize_keras_object(obj)),
    }


class Cases:
    """The cases of one kind; save() writes KIND.npz with arrays "ID/NAME" and the manifest."""

    def __init__(self, kind):
        self.kind = kind
        self.manifest = []
        self.arrays = {}
        self.titles = set()

    def add(self, title, arrays, **fields):
        if title in self.titles:
            raise ValueError(f"two {self.kind} cases are called {title!r}")
        self.titles.add(title)
        case_id = len(self.manifest)
        entry = {"id": case_id, "kind": self.kind, "title": title, "tol": TOLERANCE}
        entry.update(fields)
        entry["arrays"] = list(arrays)
        self.manifest.append(entry)
        for name, value in arrays.items():
            value = np.ascontiguousarray(value) if np.ndim(value) else np.asarray(value)
            if value.dtype.kind == "f" and not np.all(np.isfinite(value)):
                raise ValueError(f"{title}: {name} has values that are not finite")
            self.arrays[f"{case_id}/{name}"] = value

    def save(self, folder):
        text = json.dumps(plain(self.manifest), separators=(",", ":"), allow_nan=False)
        manifest = np.frombuffer(text.encode(), dtype=np.uint8)
        path = os.path.join(folder, f"{self.kind}.npz")
        np.savez_compressed(path, manifest=manifest, **self.arrays)
        print(f"{path}: {len(self.manifest)} cases, {os.path.getsize(path)} bytes")
