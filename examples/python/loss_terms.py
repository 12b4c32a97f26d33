#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Loss terms under test: InfoNCE, BPR, ELBO and MSI on arrays small enough to work out by hand,
value and gradients, as a user's own tests could look. The twin of examples/units/loss_terms.c."""

import unittest

import numpy as np

import diffmm


def floats(*rows):
    return np.array(rows, np.float32)


class LossTerms(unittest.TestCase):

    def expect(self, expected, got):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)

    def test_infonce(self):
        """Two views of four nodes in two dimensions; nodes 0 and 3 form the batch; tau = 1/2.

        Rows are normalised first. With s = 1/sqrt(2):
            p = (1,0) (0,1) (s,s) (-1,0)      q = (1,0) (s,s) (0,1) (0,-1)
        Node 0: p_0 . q_v / tau = 2, 2s, 0, 0; the positive is the first.
            Z_0 = e^2 + e^1.4142136 + 1 + 1 = 13.5023065, loss -2 + ln Z_0 = 0.6028605
        Node 3: p_3 . q_v / tau = -2, -2s, 0, 0; the positive is the last.
            Z_3 = e^-2 + e^-1.4142136 + 1 + 1 = 2.3784520, loss -0 + ln Z_3 = 0.8664499
        Mean: 0.7346552.

        Gradients: with softmax a = (.547, .3046332, .0740614, .0740614) of node 0 and
        c = (.057, .1022164, .4204415, .4204415) of node 3, and 1/(B tau) = 1, before normalisation
            dp_0 = sum a_v q_v - q_0     dp_3 = sum c_v q_v - q_3
            dq_v = (a_v - [v=0]) p_0 + (c_v - [v=3]) p_3
        Normalisation keeps of each what is orthogonal to the row, over the row's length:
            dp_0 = (0, a_1 s) = (0, 0.2154082)        dp_3 = (0, c_1 s + 1) = (0, 1.0722779)
            dq_0 = (0, 0): it is parallel to q_0
            dq_1: (a_1 - c_1, 0) less its part along (s,s): (.1012084, -.1012084); length sqrt 2:
                  (0.0715651, -0.0715651)
            dq_2 = (a_2 - c_2, 0) = (-0.3463801, 0)   dq_3 = (a_3 - c_3 + 1, 0) = (0.6536199, 0)"""
        p, q = floats([1, 0], [0, 1], [1, 1], [-1, 0]), floats([1, 0], [1, 1], [0, 1], [0, -1])
        loss, dp, dq = diffmm.infonce(p, q, batch=[0, 3], tau=0.5)
        self.expect(0.7346552, loss)
        self.expect([[0, 0.2154082], [0, 0], [0, 0], [0, 1.0722779]], dp)
        self.expect([[0, 0], [0.0715651, -0.0715651], [-0.3463801, 0], [0.6536199, 0]], dq)

    def test_bpr(self):
        """One user u = (1,2), positive i = (0.5,0), negative j = (0,1); configured batch size 2.
            x = u.i - u.j = 0.5 - 2 = -1.5
            loss = -ln sigmoid(-1.5) / 2 = ln(1 + e^1.5) / 2 = 1.7014133 / 2 = 0.8507066
            dx = -(1 - sigmoid(-1.5)) / 2 = -0.8175745 / 2 = -0.4087872
            du = dx (i - j) = (-0.2043936, 0.4087872)
            di = dx u = (-0.4087872, -0.8175745), dj = -dx u"""
        loss, du, di = diffmm.bpr(floats([1, 2]), floats([0.5, 0], [0, 1]), user=[0], positive=[0],
                                  negative=[1], divisor=2)
        self.expect(0.8507066, loss)
        self.expect([[-0.2043936, 0.4087872]], du)
        self.expect([[-0.4087872, -0.8175745], [0.4087872, 0.8175745]], di)

    def test_elbo(self):
        """A schedule of two steps with variances 0.2 and 0.5: abar = (0.8, 0.5), SNR = (4, 1), so
        the weights are w_0 = 1 and w_1 = 4 - 1 = 3.
            user 0 at t = 1: x0 = (1,0), x_hat = (0.5,0.5): 3 * mean(0.25, 0.25) = 0.75
            user 1 at t = 0: x0 = (0,1), x_hat = (0,0):     1 * mean(0, 1)       = 0.5
        Mean: 0.625. Gradient of the mean: w_t * 2 (x_hat - x0) / (2 items * 2 users):
            user 0: 3/2 (-0.5, 0.5) = (-0.75, 0.75)     user 1: 1/2 (0, -1) = (0, -0.5)"""
        schedule = diffmm.Schedule(steps=2, noise_scale=1, noise_min=0.2, noise_max=0.5,
                                   beta_fixed=False)
        loss, per_user, gradient = schedule.elbo(floats([1, 0], [0, 1]), floats([0.5, 0.5], [0, 0]),
                                                 t=[1, 0], per_user=True)
        self.expect([0.75, 0.5], per_user)
        self.expect(0.625, loss)
        self.expect([[-0.75, 0.75], [0, -0.5]], gradient)

    def test_msi(self):
        """Two items in two dimensions, features X = (1,0) (0,2), embeddings E = (1,1) (0,1); one
        user.
            x_hat X = (0.5, 0.25) X = (0.5, 0.5)      x0 E = (1,0) E = (1,1)
            loss = mean(0.25, 0.25) = 0.25
            dx_hat_i = 2/2 (x_hat X - x0 E) . X_i = (-0.5,-0.5) . X_i = -0.5 and -1"""
        loss, per_user, gradient = diffmm.msi(floats([1, 0]), floats([0.5, 0.25]),
                                              floats([1, 0], [0, 2]), floats([1, 1], [0, 1]),
                                              per_user=True)
        self.expect(0.25, loss)
        self.expect([0.25], per_user)
        self.expect([[-0.5, -1]], gradient)


if __name__ == "__main__":
    unittest.main()
