"""Layer normalisation and multi-head attention: forward(class_name, config, weights, inputs, arguments) -> (y,
backward), backward(dy) -> ([dx, dx1, ...], {place in weights: gradient})."""

import numpy as np

from .constants import constant


def layer_norm(config, weights, x):
    over = tuple(sorted(axis % x.ndim for axis in config["axis"]))
    wide = [x.shape[i] if i in over else 1 for i in range(x.ndim)]
    others = tuple(i for i in range(x.ndim) if i not in over)
    names = [n for n, used in (("gamma", config["scale"]), ("beta", config["center"])) if used]
    values = {n: w.reshape(wide) for n, w in zip(names, weights)}
    root = 1.0 / np.sqrt(x.var(axis=over, keepdims=True) + config["epsilon"])
    normal = (x - x.mean(axis=over, keepdims=True)) * root
    gamma = values.get("gamma", 1.0)

    def backward(dy):
        dn = dy * gamma
        along = (dn * normal).mean(axis=over, keepdims=True)
        dx = root * (dn - dn.mean(axis=over, keepdims=True) - normal * along)
        grads = {"gamma": (dy * normal).sum(axis=others), "beta": dy.sum(axis=others)}
        return [dx], {i: grads[n] for i, n in enumerate(names)}

    return normal * gamma + values.get("beta", 0.0), backward


def attention(config, weights, inputs, causal):
    """query, value and perhaps key; weights: kernel and bias of query, key, value and output."""
    places = [inputs[0], inputs[-1], inputs[1]]
    each = len(weights) // 4
    kernels, biases = weights[::each], weights[1::each] if each == 2 else [0.0] * 4
    q, k, v = (np.einsum("ntd,dhk->nthk", x, w) + b for x, w, b in zip(places, kernels, biases))
    scale = constant(1.0 / np.sqrt(config["key_dim"]))
    scores = np.einsum("nthk,nshk->nhts", q, k) * scale
    if causal:
        scores = np.where(np.tri(*scores.shape[2:], dtype=bool), scores, -np.inf)
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    heads = np.einsum("nhts,nshv->nthv", p, v)
    y = np.einsum("nthv,hve->nte", heads, kernels[3]) + biases[3]

    def backward(dy):
        grads = {3 * each: np.einsum("nthv,nte->hve", heads, dy), 3 * each + 1: dy.sum(axis=(0, 1))}
        dh = np.einsum("nte,hve->nthv", dy, kernels[3])
        dp = np.einsum("nthv,nshv->nhts", dh, v)
        ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True)) * scale
        parts = [np.einsum("nhts,nshk->nthk", ds, k), np.einsum("nhts,nthk->nshk", ds, q)]
        parts.append(np.einsum("nhts,nthv->nshv", p, dh))
        dx = [np.zeros_like(x) for x in inputs]
        for i, (part, place) in enumerate(zip(parts, (0, len(inputs) - 1, 1))):
            dx[place] += np.einsum("nthk,dhk->ntd", part, kernels[i])
            grads[i * each] = np.einsum("ntd,nthk->dhk", places[i], part)
            grads[i * each + 1] = part.sum(axis=(0, 1)) if each == 2 else grads.get(i * each + 1)
        return dx, grads

    return y, backward


def forward(class_name, config, weights, inputs, arguments):
    if class_name == "LayerNormalization":
        return layer_norm(config, weights, inputs[0])
    return attention(config, weights, inputs, arguments.get("use_causal_mask", False))
