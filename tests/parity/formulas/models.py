"""compile, fit, evaluate, predict and train_on_batch of a Sequential model, as the model cases record them."""

import math

import numpy as np

from . import layers, losses, metrics
from .optimizers import Optimizer

METRIC_NAMES = {
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "mean_squared_error": "MeanSquaredError",
    "categorical_accuracy": "CategoricalAccuracy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
}
LOSS_NAMES = {
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
}
LOSS_DEFAULTS = {"reduction": "sum_over_batch_size", "from_logits": False, "label_smoothing": 0.0}
METRIC_DEFAULTS = {"threshold": 0.5, "k": 5, **LOSS_DEFAULTS}


class Model:
    def __init__(self, case, weights):
        self.layers = [l for l in case["config"]["layers"] if l["class_name"] != "InputLayer"]
        self.weights, self.trainable, self.shares = [np.array(w) for w in weights], [], []
        sizes = [count_weights(l) for l in self.layers]
        for layer, n in zip(self.layers, sizes):
            first = sum(len(s) for s in self.shares)
            self.shares.append(list(range(first, first + n)))
            frozen = 2 if layer["class_name"] == "BatchNormalization" else 0
            self.trainable += self.shares[-1][: n - frozen]
        c = case["compile_config"]
        self.loss_class, self.loss_config = named(c["loss"], LOSS_NAMES, LOSS_DEFAULTS)
        self.metric_specs = [(m, False) for m in c["metrics"] or []] + [
            (m, True) for m in c["weighted_metrics"] or []
        ]
        self.metrics = None
        optimizer = c["optimizer"]
        self.parameters = [self.weights[i] for i in self.trainable]
        self.optimizer = Optimizer(optimizer["class_name"], optimizer["config"], self.parameters)
        self.reset()

    def reset(self):
        self.loss_mean = metrics.Mean()
        self.metric_means = [metrics.Mean() for _ in self.metric_specs]

    def forward(self, x, training=False):
        """Outputs and what backward needs; BatchNormalization's statistics move here."""
        tape = []
        for layer, share in zip(self.layers, self.shares):
            before = x
            result = layers.forward(
                layer["class_name"], layer["config"], [self.weights[i] for i in share], x, training
            )
            for i, w in zip(share, result.weights):
                self.weights[i][...] = w
            tape.append((result.backward, share, before))
            x = result.y
        return x, tape

    def loss(self, x, y, y_pred, weight, tape):
        """Where softmax or sigmoid made the predictions, Keras computes the loss from their input: no clip."""
        config, last = dict(self.loss_config), self.layers[-1]
        wanted = {"BinaryCrossentropy": "sigmoid"}.get(self.loss_class, "softmax")
        activation = "softmax" if last["class_name"] == "Softmax" else last["config"].get("activation")
        direct = "Crossentropy" in self.loss_class.replace("crossentropy", "Crossentropy") and activation == wanted
        if not direct:
            value, grad = losses.loss(self.loss_class, config, y, y_pred, weight)
            return value, grad, False
        logits = self.logits(last, tape[-1])
        value, grad = losses.loss(self.loss_class, {**config, "from_logits": True}, y, logits, weight)
        return value, grad, True

    def logits(self, last, entry):
        if last["class_name"] != "Dense":
            return entry[2]
        linear = {**last["config"], "activation": "linear"}
        return layers.forward("Dense", linear, [self.weights[i] for i in entry[1]], entry[2]).y

    def gradients(self, grad, from_logits, tape):
        out = {}
        for n, (backward, share, before) in reversed(list(enumerate(tape))):
            layer = self.layers[n]
            if from_logits and n == len(tape) - 1:
                if layer["class_name"] != "Dense":
                    continue
                linear = {**layer["config"], "activation": "linear"}
                backward = layers.forward("Dense", linear, [self.weights[i] for i in share], before).backward
            grad, more = backward(grad)
            out.update({share[i]: g for i, g in more.items()})
        return [out[i] for i in self.trainable]

    def record(self, loss, y, y_pred, weight):
        self.loss_mean.update([loss], [len(y_pred)])
        for (spec, weighted), mean in zip(self.metric_specs, self.metric_means):
            if spec in ("accuracy", "acc"):
                kind, config = metrics.resolve_accuracy(y.shape, y_pred.shape), {}
            else:
                kind, config = named(spec, METRIC_NAMES, {})
            values = metrics.values_of(kind, {**METRIC_DEFAULTS, **config}, y, y_pred)
            mean.update(values, weight if weighted else None)

    def results(self):
        names = {"loss": self.loss_mean.result()}
        for (spec, weighted), mean in zip(self.metric_specs, self.metric_means):
            name = spec if isinstance(spec, str) else spec["config"]["name"]
            if name in names and weighted:
                name = "weighted_" + name
            names[name] = mean.result()
        return dict(sorted(names.items()))

    def step(self, x, y, weight, training):
        y_pred, tape = self.forward(x, training)
        value, grad, from_logits = self.loss(x, y, y_pred, weight, tape)
        if training:
            self.optimizer.apply(self.gradients(grad, from_logits, tape))
        self.record(value, y, y_pred, weight)  # with the predictions of before the update

    def pass_over(self, x, y, weight, batch_size, training, logs=None):
        self.reset()
        for at in range(0, len(x), batch_size):
            part = slice(at, at + batch_size)
            self.step(x[part], y[part], None if weight is None else weight[part], training)
            if logs is not None:
                logs.append(list(self.results().values()))
        return self.results()

    def fit(self, x, y, weight, epochs, batch_size, validation=None, split=0.0, class_weight=None):
        if split and validation is None:
            cut = math.floor(len(x) * (1.0 - split))
            validation = x[cut:], y[cut:], None if weight is None else weight[cut:]
            x, y, weight = x[:cut], y[:cut], None if weight is None else weight[:cut]
        if class_weight:
            labels = y if y.ndim == 1 else y.argmax(axis=-1) if y.shape[-1] > 1 else y[:, 0]
            weight = np.array([class_weight.get(str(int(round(v))), 1.0) for v in labels])
        history, logs = [], []
        for _ in range(epochs):
            row = self.pass_over(x, y, weight, batch_size, True, logs)
            if validation is not None:
                more = self.pass_over(*validation, batch_size, False)
                row.update({"val_" + k: v for k, v in more.items()})
            row = dict(sorted(row.items()))
            history.append(list(row.values()))
        self.optimizer.finish()
        return np.array(history), np.array(logs), list(row)


def count_weights(layer):
    config = layer["config"]
    if layer["class_name"] in ("Dense", "Conv2D"):
        return 1 + config["use_bias"]
    if layer["class_name"] == "BatchNormalization":
        return 2 + config["scale"] + config["center"]
    return 0


def named(spec, names, defaults):
    if isinstance(spec, str):
        return names[spec], dict(defaults)
    return spec["class_name"], {**defaults, **spec["config"]}
