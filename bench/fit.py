"""The tutorial's job by fit, with its progress bar on a terminal: two epochs of MNIST in batches of 32, Keras's and
Lamina's in turn, milliseconds a step of the better epoch. Usage: fit.py PROGRAMS prints Keras's, one JSON line."""
import contextlib
import io
import json
import os
import pathlib
import pty
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
STEPS, EPOCHS = 1875, 2


def on_terminal(command, folder):
    """Runs a command whose output is a terminal that somebody reads; its exit status."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(list(map(str, command)), cwd=folder, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        with contextlib.suppress(OSError):      # the terminal's other end is closed
            while os.read(ours, 1 << 16):
                pass
    os.close(ours)
    return process.returncode


def lamina(command):
    """ms a step, or what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "log.jsonl")
        status = on_terminal([command, "train", HERE / "seedcnn.json", "--data", "mnist", "--epochs", str(EPOCHS), "--output",
                              "net.keras", "--log", log], folder)
        if status or not log.exists():
            return None, f"lamina train ended with status {status}"
        return 1e3 * min(json.loads(line)["seconds"] for line in log.read_text().splitlines()) / STEPS, None


def keras_fit(programs):
    sys.path.insert(0, programs)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf
    from mnist import load
    tf.config.threading.set_intra_op_parallelism_threads(2)
    (x, y), _ = load()
    x = (x.reshape(-1, 28, 28, 1) / 255.0).astype("float32")
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2),
                              layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    times = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.begun = time.monotonic()

        def on_epoch_end(self, epoch, logs=None):
            times.append(time.monotonic() - self.begun)

    with contextlib.redirect_stdout(io.StringIO()):
        model.fit(x, y, batch_size=32, epochs=EPOCHS, callbacks=[Clock()])
    print(json.dumps({"who": "keras-tf", "ms_per_step": 1e3 * min(times) / STEPS}))


if __name__ == "__main__":
    keras_fit(sys.argv[1])
