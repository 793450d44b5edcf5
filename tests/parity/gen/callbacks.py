"""Callbacks: what each does, epoch by epoch, when it is told a recorded sequence of results. float32, as by default."""

import os
import tempfile

import keras
import numpy as np

from . import common
from .common import Cases, plain

K = keras.callbacks
FALLING = [1.0, 0.8, 0.7, 0.71, 0.72, 0.69, 0.695, 0.7, 0.71, 0.68]
RISING = [0.1, 0.4, 0.39, 0.41, 0.41, 0.40, 0.5, 0.49, 0.48, 0.47]
FLAT = [0.5, 0.5, 0.5, 0.5, 0.49999, 0.49, 0.49, 0.49, 0.49, 0.49, 0.48, 0.48, 0.48]
NEAR = [0.3, 0.3 - 1e-9, 0.3 - 2e-9, 0.29, 0.2901, 0.2899, 0.28]


def logs(values, name="val_loss"):
    return [{"accuracy": 0.5 + 0.01 * i, "loss": 2.0 - 0.125 * i, name: v} for i, v in enumerate(values)]


def sequences():
    yield "EarlyStopping", {}, logs(FALLING)
    for patience in (1, 2, 3):
        yield "EarlyStopping", {"patience": patience, "restore_best_weights": True}, logs(FALLING)
    yield "EarlyStopping", {"patience": 2, "monitor": "val_accuracy"}, logs(RISING, "val_accuracy")
    yield "EarlyStopping", {"patience": 1, "monitor": "val_loss", "mode": "max"}, logs(RISING)
    yield "EarlyStopping", {"patience": 2, "min_delta": 0.0625}, logs(FALLING)
    yield "EarlyStopping", {"patience": 2, "min_delta": -0.0625}, logs(FALLING)
    yield "EarlyStopping", {"patience": 3, "baseline": 0.6}, logs(FALLING)
    yield "EarlyStopping", {"patience": 4, "baseline": 0.705, "restore_best_weights": True}, logs(FALLING)
    yield "EarlyStopping", {"patience": 1, "start_from_epoch": 4, "restore_best_weights": True}, logs(FALLING)
    yield "EarlyStopping", {"patience": 0, "restore_best_weights": True}, logs([1.0, 2.0, 3.0])
    yield "EarlyStopping", {"patience": 1}, logs(NEAR)
    yield "EarlyStopping", {"patience": 20, "restore_best_weights": True}, logs(FALLING)
    yield "EarlyStopping", {"patience": 2, "monitor": "loss"}, logs(FALLING)
    for patience, cooldown in ((1, 0), (2, 0), (2, 1), (2, 3), (0, 0)):
        yield "ReduceLROnPlateau", {"patience": patience, "cooldown": cooldown}, logs(FLAT)
    yield "ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "min_lr": 0.02}, logs(FLAT)
    yield "ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "min_delta": 0.0}, logs(NEAR)
    yield "ReduceLROnPlateau", {"patience": 1, "factor": 0.3, "monitor": "val_accuracy"}, logs(RISING, "val_accuracy")
    yield "ReduceLROnPlateau", {"patience": 1, "factor": 0.3, "mode": "max"}, logs(RISING)
    yield "LearningRateScheduler", {}, logs(FALLING)
    for best in (False, True):
        path = "m-{epoch:02d}-{val_loss:.2f}-{loss}.keras"
        yield "ModelCheckpoint", {"filepath": path, "save_best_only": best}, logs(FALLING)
    yield "ModelCheckpoint", {"filepath": "{epoch}{{x}}.keras", "save_best_only": True, "mode": "max"}, logs(RISING)
    path = "{epoch:3d}_{val_accuracy:08.3f}_{loss:.3e}_{accuracy:g}.h5"
    arguments = {"filepath": path, "save_best_only": True, "monitor": "val_accuracy", "initial_value_threshold": 0.405}
    yield "ModelCheckpoint", arguments, logs(RISING, "val_accuracy")
    odd = [{"loss": v, "accuracy": 1.0} for v in (1e-5, 0.0001, 123456789.125, 1e16, 0.1 + 0.2, 3.0, 1e22)]
    yield "CSVLogger", {}, odd
    yield "CSVLogger", {"separator": ";"}, [{"loss": 1.5}, {"loss": 1.25, "val_loss": 2.0}, {"loss": 1.0}]
    yield "CSVLogger", {}, [{"loss": 1.5, "val_loss": 2.0}, {"loss": 1.25}, {"loss": 1.0, "val_loss": 1.75}]


def small_model():
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    sgd = keras.optimizers.SGD(learning_rate=0.1)
    model.compile(optimizer=sgd, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.evaluate(np.zeros((2, 2)), np.zeros((2,)), verbose=0)
    return model


def build(name, arguments, folder):
    if name == "LearningRateScheduler":
        return K.LearningRateScheduler(lambda epoch, rate: rate if epoch < 3 else rate * 0.7)
    if name == "CSVLogger":
        return K.CSVLogger(os.path.join(folder, "log.csv"), **arguments)
    return getattr(K, name)(**arguments)


def play(name, arguments, sequence):
    """Tells the callback the sequence; the weights of an epoch are its number."""
    model = small_model()
    saved = []
    model.save = lambda path, overwrite=True: saved.append(path)
    with tempfile.TemporaryDirectory() as folder:
        callback = build(name, arguments, folder)
        callback.set_model(model)
        callback.on_train_begin()
        rates, epochs = [], 0
        for epoch, results in enumerate(sequence):
            model.set_weights([np.full(w.shape, epoch) for w in model.get_weights()])
            callback.on_epoch_begin(epoch)
            callback.on_epoch_end(epoch, dict(results))
            rates.append(float(model.optimizer.learning_rate.numpy()))
            epochs += 1
            if model.stop_training:
                break
        callback.on_train_end()
        expected = {"epochs": epochs, "rates": rates, "saved": saved, "weights": float(model.get_weights()[0][0, 0])}
        if name == "EarlyStopping":
            expected.update(stopped_epoch=callback.stopped_epoch, best_epoch=callback.best_epoch)
        if name == "CSVLogger":
            with open(os.path.join(folder, "log.csv"), newline="") as f:
                expected["text"] = f.read().replace("\r\n", "\n")
    return expected


def make():
    cases = Cases("callback")
    common.set_precision("float32")
    for number, (name, arguments, sequence) in enumerate(sequences()):
        title = " ".join([f"{number}", name] + [f"{k}={v}" for k, v in arguments.items()])
        expected = play(name, arguments, sequence)
        cases.add(title, {}, class_name=name, config=plain(arguments), logs=sequence, expected=expected)
    common.set_precision("float64")
    return cases
