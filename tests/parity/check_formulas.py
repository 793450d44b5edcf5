"""Holds README.md's formulas, written in numpy, against the stored cases; needs no Keras. Exit 1 on a difference.

Each case is tried twice: with constants as they are, to the tolerance in the case, which is what Lamina is held to;
and with constants rounded to float32 where Keras rounds them, to 1e-9.
"""

import json
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from formulas import constants, layers, losses, merging, metrics, models, transformer  # noqa: E402
from formulas.optimizers import Optimizer  # noqa: E402


class Difference(Exception):
    pass


def same(name, got, expected, tolerance):
    got, expected = np.asarray(got, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if got.shape != expected.shape:
        raise Difference(f"{name} has the shape {got.shape}, Keras {expected.shape}")
    if not expected.size:
        return
    worst = np.max(np.abs(got - expected)) / max(1.0, np.max(np.abs(expected)))
    if not worst <= tolerance:
        raise Difference(f"{name} differs by {worst:.3g}, allowed {tolerance:.3g}")


def check_merging(case, a):
    keys = [f"x{i or ''}" for i in range(len(case["input_shape"]))]
    y, backward = merging.forward(case["class_name"], case["config"], [a[k] for k in keys])
    same("y", y, a["y"], case["tol"])
    for key, dx in zip(keys, backward(a["dy"])):
        same("d" + key, dx, a["d" + key], case["tol"])


def check_layer(case, a):
    if "call" in case:
        return check_merging(case, a)
    weights = [a[f"w{i}"] for i in range(len(case["weights"]))]
    for t in range(case["steps"]):
        at = (lambda n: a[n][t]) if case["steps"] > 1 else (lambda n: a[n])  # noqa: B023
        result = layers.forward(case["class_name"], case["config"], weights, at("x"), case["training"])
        dx, dw = result.backward(at("dy"))
        same("y", result.y, at("y"), case["tol"])
        same("dx", dx, at("dx"), case["tol"])
        for i, spec in enumerate(case["weights"]):
            if spec["trainable"]:
                same(f"dw{i}", dw[i], at(f"dw{i}"), case["tol"])
            if case["training"]:
                same(f"a{i}", result.weights[i], at(f"a{i}"), case["tol"])
        weights = result.weights


def check_transformer(case, a):
    inputs = [a[name] for name in ("x", "x1", "x2") if name in a]
    weights = [a[f"w{i}"] for i in range(len(case["weights"]))]
    y, backward = transformer.forward(case["class_name"], case["config"], weights, inputs, case.get("call", {}))
    dx, dw = backward(a["dy"])
    same("y", y, a["y"], case["tol"])
    for i, gradient in enumerate(dx):
        same(f"dx{i or ''}", gradient, a[f"dx{i or ''}"], case["tol"])
    for i in range(len(weights)):
        same(f"dw{i}", dw[i], a[f"dw{i}"], case["tol"])


def check_loss(case, a):
    value, grad = losses.loss(
        case["class_name"], case["config"], a["y_true"], a["y_pred"], a.get("sample_weight"), a["dvalue"]
    )
    same("value", value, a["value"], case["tol"])
    same("dy_pred", grad, a["dy_pred"], case["tol"])


def check_metric(case, a):
    mean, kind = metrics.Mean(), case["class_name"]
    for t in range(case["updates"]):
        y, p = a[f"y_true{t}"], a[f"y_pred{t}"]
        if case.get("identifier") and metrics.resolve_accuracy(y.shape, p.shape) != kind:
            raise Difference(f"{case['identifier']} should be {kind}")
        mean.update(metrics.values_of(kind, case["config"], y, p), a.get(f"sample_weight{t}"))
        same(f"update {t}", [mean.result(), mean.total, mean.count], a["results"][t], case["tol"])


def check_optimizer(case, a):
    parameters = [a[f"p{i}"].copy() for i in range(len(case["variables"]))]
    names = [v["name"] for v in case["variables"]]
    rule = Optimizer(case["class_name"], case["config"], parameters, names, case["exclude_from_weight_decay"] or ())
    for t in range(case["steps"]):
        rule.apply([a[f"g{i}"][t] for i in range(len(parameters))])
        if t + 1 in case["recorded"]:
            for i, p in enumerate(parameters):
                same(f"step {t + 1} p{i}", p, a[f"after{i}"][case["recorded"].index(t + 1)], case["tol"])
    for i, v in enumerate(rule.variables()):
        same(f"o{i}", v, a[f"o{i}"], case["tol"])
    rule.finish()
    for i, p in enumerate(parameters):
        same(f"final{i}", p, a[f"final{i}"], case["tol"])


def check_model(case, a):
    count = len(case["weights"])
    model = models.Model(case, [a[f"w{i}"].astype(np.float64) for i in range(count)])
    x, y, weight, fit = a["x"], a["y"], a.get("sample_weight"), case["fit"]
    validation = (a["val_x"], a["val_y"], a.get("val_sample_weight")) if "val_x" in a else None
    options = dict(split=fit.get("validation_split", 0.0), class_weight=fit.get("class_weight"))
    history, logs, names = model.fit(x, y, weight, fit["epochs"], fit["batch_size"], validation, **options)
    tol = case["tol"]
    if names != case["history"]:
        raise Difference(f"history has the keys {names}, Keras {case['history']}")
    for i in range(count):
        same(f"f{i}", model.weights[i], a[f"f{i}"], tol)
    same("history", history, a["history"], tol)
    same("batch_logs", logs, a["batch_logs"], tol)
    for i, v in enumerate(model.optimizer.variables()):
        same(f"o{i}", v, a[f"o{i}"], tol)
    results = model.pass_over(x, y, weight, case["evaluate_batch_size"], False)
    same("evaluate", list(results.values()), a["evaluate"], tol)
    same("predict", model.forward(x)[0], a["predict"], tol)
    step = model.pass_over(x[:5], y[:5], None, 5, True)
    same("train_on_batch", list(step.values()), a["train_on_batch"], tol)
    for i in range(count):
        same(f"t{i}", model.weights[i], a[f"t{i}"], tol)


CHECKS = {
    "layer": check_layer,
    "conv2d_transpose": check_layer,
    "loss": check_loss,
    "metric": check_metric,
    "optimizer": check_optimizer,
    "model": check_model,
    "transformer": check_transformer,
}


def check_twice(check, case, arrays):
    constants.rounded = False
    check(case, arrays)
    if case.get("floatx") != "float32":
        constants.rounded = True
        check({**case, "tol": 1e-9}, arrays)


def main():
    failed = 0
    for kind, check in CHECKS.items():
        with np.load(os.path.join(HERE, "cases", kind + ".npz")) as stored:
            cases = json.loads(stored["manifest"].tobytes())
            bad = 0
            for case in cases:
                arrays = {name: stored[f"{case['id']}/{name}"] for name in case["arrays"]}
                try:
                    check_twice(check, case, arrays)
                except Difference as error:
                    print(f"{kind} {case['id']} {case['title']}: {error}")
                    bad += 1
        print(f"{kind}: {len(cases) - bad} of {len(cases)} cases agree")
        failed += bad
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
