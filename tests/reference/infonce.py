# SPDX-License-Identifier: BSD-2-Clause
"""Writes data/infonce_*.npz: InfoNCE against drawn nodes, in double, by numpy alone.

    python3 tests/reference/infonce.py tests/reference/data

Nothing is shared with the library's way: the denominator of each row is written as it stands, draw
by draw, over rows of any length, and gradients are central differences of the value in double.
"""
import sys

import numpy as np


def value(p, q, batch, negatives, tau):
    loss = 0.0
    for b in batch:
        cosine = lambda v: p[b] @ q[v] / (np.linalg.norm(p[b]) * np.linalg.norm(q[v]))
        others = sum(np.exp((cosine(c) - cosine(b)) / tau) for c in negatives if c != b)
        loss += np.log1p(len(p) / len(negatives) * others) / len(batch)
    return loss


def differences(x, of_value):
    """The gradient of of_value() in each of x, exact to some ten digits."""
    out = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        kept, sides = x[i], {}
        for step in (-2e-3, -1e-3, 1e-3, 2e-3):
            x[i] = kept + step
            sides[step] = of_value()
        x[i] = kept
        near, far = sides[1e-3] - sides[-1e-3], sides[2e-3] - sides[-2e-3]
        out[i] = (8 * near - far) / 12e-3
    return out


def case(seed, nodes, d, batch, drawn, tau):
    draw = np.random.default_rng(seed)
    p = draw.normal(size=(nodes, d)).astype(np.float32).astype(float)
    q = (0.5 * p + draw.normal(size=(nodes, d))).astype(np.float32).astype(float)
    batch = draw.integers(0, nodes, batch)
    negatives = draw.integers(0, nodes, drawn)
    negatives[0] = batch[0]
    loss = lambda: value(p, q, batch, negatives, tau)
    return dict(p=p.astype(np.float32), q=q.astype(np.float32), batch=batch.astype(np.int32),
                negatives=negatives.astype(np.int32), tau=tau, loss=loss(),
                grad_p=differences(p, loss).astype(np.float32),
                grad_q=differences(q, loss).astype(np.float32))


if __name__ == "__main__":
    folder = sys.argv[1]
    np.savez_compressed(folder + "/infonce_few.npz", **case(1, 30, 5, 8, 6, 0.5))
    np.savez_compressed(folder + "/infonce_many.npz", **case(2, 12, 4, 9, 20, 0.1))
