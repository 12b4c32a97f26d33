# SPDX-License-Identifier: BSD-2-Clause
"""Writes data/spectral_*.npz: what a spectral denoiser computes, in double, by numpy alone.

    python3 tests/reference/spectral.py tests/reference/data

Everything is computed over all items, as the published terms are written, and not by the formulas
that the library uses: x_hat = B z_hat is a dense row, its losses are means over its entries, and
the gradient goes back through them.
"""
import sys

import numpy as np


def schedule(steps, scale=0.1, least=1e-4, most=0.02):
    """alpha_bar, the weights w_t, c1 and c2; beta_0 fixed, as the authors' program has it."""
    rest = np.linspace(scale * least, scale * most, steps)
    kept = 1 - rest
    beta = np.append(1 - kept[0], np.minimum(1 - kept[1:] / kept[:-1], 0.999))
    beta[0] = 1e-4
    bar = np.cumprod(1 - beta)
    before = np.append(1, bar[:-1])
    snr = bar / (1 - bar)
    weight = np.append(1, snr[:-1] - snr[1:])
    c1 = beta * np.sqrt(before) / (1 - bar)
    c2 = (1 - before) * np.sqrt(1 - beta) / (1 - bar)
    return bar, weight, c1, c2


def embed(t, size):
    half = size // 2
    angles = t[:, None] * np.exp(-np.log(10000) * np.arange(half) / half)
    out = np.hstack([np.cos(angles), np.sin(angles)])
    return np.hstack([out, np.zeros((len(t), size - 2 * half))])


class Denoiser:
    """time layer; encoder and decoder layers, tanh after each but the last."""

    def __init__(self, draw, rank, time, hidden, norm):
        self.norm, self.rank = norm, rank
        sizes = [rank + time] + hidden[::-1] + hidden[1:] + [rank]
        deviation = lambda a, b: np.sqrt(2 / (a + b))
        self.time = [draw.normal(0, deviation(time, time), (time, time)), draw.normal(0, 0.1, time)]
        self.layers = [[draw.normal(0, deviation(a, b), (b, a)), draw.normal(0, 0.1, b)]
                       for a, b in zip(sizes, sizes[1:])]
        for parameter in self.time + sum(self.layers, []):
            parameter[...] = parameter.astype(np.float32)

    def forward(self, z, t):
        if self.norm:
            z = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)
        self.embedded = embed(t, len(self.time[1]))
        values = np.hstack([z, self.embedded @ self.time[0].T + self.time[1]])
        self.inputs = []
        for i, (weight, bias) in enumerate(self.layers):
            self.inputs.append(values)
            values = values @ weight.T + bias
            if i + 1 < len(self.layers):
                values = np.tanh(values)
        return values

    def backward(self, grad):
        """Gradients of the time layer and of all others, in their order."""
        out = []
        for i in reversed(range(len(self.layers))):
            weight, values = self.layers[i][0], self.inputs[i]
            out.insert(0, [grad.T @ values, grad.sum(0)])
            grad = grad @ weight
            if i > 0:
                grad = grad * (1 - values ** 2)
        grad = grad[:, self.rank:]
        return [grad.T @ self.embedded, grad.sum(0)], out


def names(layers):
    """The names of layers' arrays, as the authors' files have them."""
    half, one = len(layers) // 2, len(layers) == 2
    for i, (weight, bias) in enumerate(layers):
        stage, number = ("in", i) if i < half else ("out", i - half)
        suffix = stage if one else "%s_%d" % (stage, number)
        yield "w_" + suffix, weight
        yield "b_" + suffix, bias


def case(seed, items, rank, hidden, norm, features, dropout):
    draw = np.random.default_rng(seed)
    users, time, steps, top = 14, 7, 5, 4
    bar, weight, c1, c2 = schedule(steps)
    basis = np.linalg.qr(draw.normal(size=(items, rank)))[0].astype(np.float32).astype(float)
    net = Denoiser(draw, rank, time, hidden, norm)
    single = lambda x: x.astype(np.float32).astype(float)
    x0 = (draw.random((users, items)) < 0.2).astype(float)
    x0[3] = 0
    t = draw.integers(0, steps, users)
    noise = single(draw.normal(size=(users, rank)))
    kept = np.where(draw.random((users, items)) < dropout, 0, 1 / (1 - dropout)).astype(float)
    kept = single(kept)
    modal = single(draw.normal(0, 0.5, (items, features)))
    embedding = single(draw.normal(0, 0.5, (items, features)))
    e_loss = 0.3

    signal = np.sqrt(bar[t])[:, None]
    spread = np.sqrt((1 - bar[t]) / (1 - dropout))[:, None]
    z_t = signal * ((x0 * kept) @ basis) + spread * noise
    x_hat = net.forward(z_t, t) @ basis.T
    elbo = weight[t] * ((x0 - x_hat) ** 2).mean(1)
    difference = x_hat @ modal - x0 @ embedding
    msi = (difference ** 2).mean(1)
    grad = 2 * weight[t][:, None] * (x_hat - x0) / (items * users)
    grad += e_loss * 2 * difference @ modal.T / (features * users)
    time_grad, layer_grad = net.backward(grad @ basis)

    z = x0 @ basis
    for i in reversed(range(steps)):
        z = c1[i] * net.forward(z, np.full(users, i)) + c2[i] * z
    x = z @ basis.T
    order = np.argsort(-x, axis=1, kind="stable")[:, :top]

    f32 = lambda a: np.asarray(a, np.float32)
    out = dict(norm=int(norm), basis=f32(basis), x0=f32(x0), t=t.astype(np.int32), noise=f32(noise),
               dropout_scale=f32(kept), dropout=dropout, modal_features=f32(modal),
               item_embedding=f32(embedding), msi_weight=e_loss, elbo=elbo.mean(), msi=msi.mean(),
               loss=(elbo + e_loss * msi).mean(), x=f32(x), top_items=order.astype(np.int32),
               w_time=f32(net.time[0]), b_time=f32(net.time[1]), grad_w_time=f32(time_grad[0]),
               grad_b_time=f32(time_grad[1]))
    out.update({name: f32(a) for name, a in names(net.layers)})
    out.update({"grad_" + name: f32(a) for name, a in names(layer_grad)})
    return out


if __name__ == "__main__":
    folder = sys.argv[1]
    np.savez_compressed(folder + "/spectral_norm0.npz", **case(1, 40, 9, [12], False, 6, 0.5))
    np.savez_compressed(folder + "/spectral_norm1.npz", **case(2, 31, 31, [8, 11], True, 5, 0.25))
