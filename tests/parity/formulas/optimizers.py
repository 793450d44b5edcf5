"""Optimizers: Optimizer(class_name, config, parameters).apply(gradients) changes the parameters in place."""

import numpy as np

from .constants import constant


class Optimizer:
    def __init__(self, class_name, config, parameters, names=None, no_decay=()):
        self.kind, self.config, self.p = class_name, config, parameters
        self.decays = [not any(word in name for word in no_decay) for name in names or [""] * len(parameters)]
        self.iterations = 0  # batches seen, also those that only accumulate
        zeros = lambda: [np.zeros_like(p) for p in parameters]  # noqa: E731
        self.average, self.accumulated = zeros(), zeros()
        self.m, self.v, self.extra = zeros(), zeros(), zeros()

    def clip(self, grads):
        c = self.config
        norm = lambda values: np.sqrt(sum((g * g).sum() for g in values))  # noqa: E731
        if c["clipnorm"]:
            return [g * c["clipnorm"] / max(norm([g]), c["clipnorm"]) for g in grads]
        if c["global_clipnorm"]:
            whole = norm(grads)
            return [g * (c["global_clipnorm"] * min(1 / whole, 1 / c["global_clipnorm"])) for g in grads]
        if c["clipvalue"]:
            return [np.clip(g, -c["clipvalue"], c["clipvalue"]) for g in grads]
        return grads

    def apply(self, grads):
        c, every = self.config, self.config["gradient_accumulation_steps"]
        if c["loss_scale_factor"]:
            grads = [g / c["loss_scale_factor"] for g in grads]
        if every and (self.iterations + 1) % every:
            self.accumulated = [a + g for a, g in zip(self.accumulated, grads)]
        else:
            if every:
                grads = [(g + a) / every for g, a in zip(grads, self.accumulated)]
                self.accumulated = [np.zeros_like(a) for a in self.accumulated]
            self.update(self.clip(grads))
        step = self.iterations // every if every else self.iterations
        if c["use_ema"]:
            keep = c["ema_momentum"] if step else 0.0
            self.average = [keep * a + (1 - keep) * p for a, p in zip(self.average, self.p)]
            if c["ema_overwrite_frequency"] and (step + 1) % c["ema_overwrite_frequency"] == 0:
                self.finish()
        self.iterations += 1

    def finish(self):
        """What the end of fit does: the averages become the weights."""
        if self.config["use_ema"]:
            for p, a in zip(self.p, self.average):
                p[...] = a

    def update(self, grads):
        c, every = self.config, self.config["gradient_accumulation_steps"]
        step = (self.iterations // every if every else self.iterations) + 1
        lr = c["learning_rate"]
        if c["weight_decay"] is not None:
            for p, decays in zip(self.p, self.decays):
                if decays:
                    p -= p * constant(c["weight_decay"]) * lr
        rule = {"SGD": self.sgd, "RMSprop": self.rmsprop, "Adam": self.adam, "AdamW": self.adam}[self.kind]
        for i, g in enumerate(grads):
            rule(i, g, lr, step)

    def sgd(self, i, g, lr, _):
        c = self.config
        if c["momentum"] == 0:
            self.p[i] -= lr * g
            return
        momentum = constant(c["momentum"])
        self.m[i] = momentum * self.m[i] - lr * g
        self.p[i] += momentum * self.m[i] - lr * g if c["nesterov"] else self.m[i]

    def rmsprop(self, i, g, lr, _):
        c = self.config
        self.v[i] = c["rho"] * self.v[i] + (1 - c["rho"]) * g * g
        under = self.v[i] + c["epsilon"]
        if c["centered"]:
            self.extra[i] = c["rho"] * self.extra[i] + (1 - c["rho"]) * g
            under = under - self.extra[i] ** 2
        step = lr * g / np.sqrt(under)
        if c["momentum"] > 0:
            self.m[i] = c["momentum"] * self.m[i] + step
            step = self.m[i]
        self.p[i] -= step

    def adam(self, i, g, lr, step):
        c = self.config
        alpha = lr * np.sqrt(1 - constant(c["beta_2"]) ** step) / (1 - constant(c["beta_1"]) ** step)
        self.m[i] += (g - self.m[i]) * (1 - c["beta_1"])
        self.v[i] += (g * g - self.v[i]) * (1 - c["beta_2"])
        v = self.v[i]
        if c["amsgrad"]:
            self.extra[i] = np.maximum(self.extra[i], v)
            v = self.extra[i]
        self.p[i] -= alpha * self.m[i] / (np.sqrt(v) + c["epsilon"])

    def variables(self):
        """In the order of Keras's optimizer.variables, hence of a .keras file."""
        c = self.config
        out = [np.int64(self.iterations), np.float64(c["learning_rate"])]
        out += self.average if c["use_ema"] else []
        out += self.accumulated if c["gradient_accumulation_steps"] else []
        if self.kind == "SGD":
            out += self.m if c["momentum"] else []
        elif self.kind == "RMSprop":
            out += self.v + (self.m if c["momentum"] > 0 else []) + (self.extra if c["centered"] else [])
        else:
            out += [a for pair in zip(self.m, self.v) for a in pair] + (self.extra if c["amsgrad"] else [])
        return out
