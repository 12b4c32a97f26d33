# SPDX-License-Identifier: BSD-2-Clause
"""The units on numpy arrays, against the same formulas in numpy."""

import unittest

import numpy as np

import diffmm

RANDOM = np.random.default_rng(3)


def normal(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def close(expected, got):
    np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-5)


class Losses(unittest.TestCase):

    def infonce(self, p, q, batch, tau):
        p = p / np.linalg.norm(p, axis=1, keepdims=True)
        q = q / np.linalg.norm(q, axis=1, keepdims=True)
        logits = p[batch] @ q.T / tau
        positive = logits[np.arange(len(batch)), batch]
        return np.mean(np.log(np.exp(logits).sum(axis=1)) - positive)

    def test_contrastive(self):
        views = [normal(9, 3) for _ in range(3)]
        users, items = np.array([0, 3, 3]), np.array([1, 2, 0])
        for anchor, main in ((diffmm.Anchor.MODAL, None), (diffmm.Anchor.MAIN, normal(9, 3))):
            compared = ([(views[i], views[j]) for i in range(3) for j in range(i + 1, 3)]
                        if main is None else [(main, view) for view in views])
            expected = sum(self.infonce(p[:5], q[:5], users, 0.5) +
                           self.infonce(p[5:], q[5:], items, 0.5) for p, q in compared)
            context = diffmm.Context(threads=2)
            loss, grads, grad_main = diffmm.contrastive_loss(views, 5, users, items, 0.5, main=main,
                                                             anchor=anchor, context=context)
            close(expected, loss)
            self.assertEqual([(9, 3)] * 3, [grad.shape for grad in grads])
            self.assertEqual(main is None, grad_main is None)
            mine = [np.full((9, 3), 7, np.float32) for _ in views]
            again = diffmm.contrastive_loss(views, 5, users, items, 0.5, main=main, anchor=anchor,
                                            grad_views=mine)
            self.assertEqual(loss, again[0])
            np.testing.assert_array_equal(grads, mine)
            loss, grads, _ = diffmm.contrastive_loss(views, 5, users, items, 0.5, main=main,
                                                     anchor=anchor, grad_views=False)
            self.assertIsNone(grads)

    def drawn(self, p, q, batch, negatives, tau):
        p = p / np.linalg.norm(p, axis=1, keepdims=True)
        q = q / np.linalg.norm(q, axis=1, keepdims=True)
        others = [sum(np.exp(p[b] @ (q[c] - q[b]) / tau) for c in negatives if c != b)
                  for b in batch]
        return np.mean(np.log1p(len(p) / len(negatives) * np.array(others)))

    def test_contrast_with_drawn_nodes(self):
        p, q, batch, negatives = normal(9, 3), normal(9, 3), [0, 3, 3, 8], [3, 7, 7]
        expected = self.drawn(p, q, batch, negatives, 0.5)
        loss, grad_p, grad_q = diffmm.infonce(p, q, batch, 0.5, negatives=negatives)
        close(expected, loss)
        np.testing.assert_array_equal([0, 3, 8], np.flatnonzero(grad_p.any(axis=1)))
        np.testing.assert_array_equal([0, 3, 7, 8], np.flatnonzero(grad_q.any(axis=1)))
        for row, column in np.ndindex(*q.shape):
            sides = [q.astype(float), q.astype(float)]
            sides[0][row, column] += 1e-4
            sides[1][row, column] -= 1e-4
            above, below = (self.drawn(p, side, batch, negatives, 0.5) for side in sides)
            close((above - below) / 2e-4, grad_q[row, column])
        users, items = np.array([0, 3, 3]), np.array([1, 2, 0])
        negatives = [4, 0, 1], [3, 3, 1]
        loss, grads, _ = diffmm.contrastive_loss([p, q], 5, users, items, 0.5, negatives=negatives)
        close(self.drawn(p[:5], q[:5], users, negatives[0], 0.5) +
              self.drawn(p[5:], q[5:], items, negatives[1], 0.5), loss)
        np.testing.assert_array_equal([0, 1, 3, 4, 5, 6, 7, 8],
                                      np.flatnonzero(grads[1].any(axis=1)))
        with self.assertRaisesRegex(ValueError, "no nodes in negatives"):
            diffmm.infonce(p, q, batch, 0.5, negatives=[])
        with self.assertRaisesRegex(ValueError, "expected an array of 3"):
            diffmm.contrastive_loss([p, q], 5, users, items, 0.5, negatives=([4, 0, 1], [3, 3]))
        with self.assertRaisesRegex(diffmm.Error, r"item_negatives\[1\] is 4"):
            diffmm.contrastive_loss([p, q], 5, users, items, 0.5, negatives=([4, 0], [3, 4]))

    def test_l2_and_adam(self):
        x = normal(4, 3)
        loss, gradient = diffmm.l2(x, 0.5)
        close(0.5 * (x**2).sum(), loss)
        close(x, gradient)
        # The first step's size is the learning rate.
        expected = x - 0.1 * gradient / (np.abs(gradient) + 1e-8)
        moments = np.zeros_like(x), np.zeros_like(x)
        diffmm.adam_step(1, x, gradient, *moments, learning_rate=0.1)
        close(expected, x)
        close(0.1 * gradient, moments[0])

    def test_weight_decay_and_average(self):
        x, average = np.full((2, 2), 3, np.float32), np.full((2, 2), np.nan, np.float32)
        none = np.zeros_like(x)
        diffmm.adam_step(1, x, none, none.copy(), none.copy(), learning_rate=0.1, weight_decay=2)
        close(np.full((2, 2), 2.4), x)
        diffmm.average_step(0.75, 1, x, average)
        diffmm.average_step(0.75, 2, x + 7, average)
        close(2.4 + 7 / 1.75, average)

    def test_initial_values(self):
        xavier = diffmm.initialize_xavier(40, 20, seed=5)
        self.assertEqual((40, 20), xavier.shape)
        self.assertLessEqual(np.abs(xavier).max(), np.sqrt(6 / 60))
        np.testing.assert_array_equal(xavier, diffmm.initialize_xavier(40, 20, seed=5))
        self.assertFalse(np.array_equal(xavier, diffmm.initialize_xavier(40, 20, 5, stream=1)))
        self.assertLessEqual(np.abs(diffmm.initialize_uniform((5, 5), 0.25, 1)).max(), 0.25)
        self.assertAlmostEqual(2, diffmm.initialize_normal(10000, 2, 1).std(), places=1)

    def test_wrong_arguments(self):
        p = normal(4, 2)
        for message, call in {
                "expected an array of 4 x 2": lambda: diffmm.infonce(p, normal(3, 2), [0], 0.5),
                "expected an array of any x 2": lambda: diffmm.bpr(p, normal(3, 3), [0], [0], [1]),
                "expected an array of 2": lambda: diffmm.bpr(p, p, [0, 1], [0], [1]),
                "3 views, but 1": lambda: diffmm.contrastive_loss([p] * 3, 2, [0], [0], 1,
                                                                 grad_views=[p]),
                "1 items in x0, but 4": lambda: diffmm.msi(normal(1, 1), normal(1, 1), p, p),
        }.items():
            with self.assertRaisesRegex(ValueError, message):
                call()
        frozen = np.zeros((4, 2), np.float32)
        frozen.flags.writeable = False
        for wrong in (np.zeros((4, 2)), np.zeros((2, 4), np.float32), frozen, "array"):
            with self.assertRaisesRegex(TypeError, "a result needs a writable array of float32"):
                diffmm.infonce(p, p, [0], 0.5, grad_p=wrong)
        with self.assertRaisesRegex(TypeError, "writable array of float32"):
            diffmm.adam_step(1, np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3))
        with self.assertRaisesRegex(diffmm.Error, "tau"):
            diffmm.infonce(p, p, [0], 0)
        with self.assertRaisesRegex(diffmm.Error, "batch") as caught:
            diffmm.infonce(p, p, [4], 0.5)
        self.assertIs(diffmm.Status.INVALID_ARGUMENT, caught.exception.status)


class Diffusion(unittest.TestCase):

    def setUp(self):
        self.schedule = diffmm.Schedule(4, 1, 0.1, 0.4)
        self.denoiser = diffmm.Denoiser(items=6, time_size=4, hidden_sizes=[5])
        self.parameters = self.denoiser.initialize(seed=2)

    def forward(self, x, t):
        """The denoiser in numpy."""
        named = self.denoiser.views(self.parameters)
        time = diffmm.time_embedding(t, 4) @ named["time.weight"].T + named["time.bias"].T
        hidden = np.tanh(np.hstack([x, time]) @ named["encoder.0.weight"].T +
                         named["encoder.0.bias"].T)
        return hidden @ named["decoder.0.weight"].T + named["decoder.0.bias"].T

    def test_schedule(self):
        schedule = self.schedule
        self.assertEqual(4, len(schedule))
        self.assertEqual(1e-4, schedule.beta[0])
        close(np.cumprod(1 - schedule.beta), schedule.alpha_bar)
        snr = schedule.alpha_bar / (1 - schedule.alpha_bar)
        close(-np.diff(snr), schedule.elbo_weight[1:])
        before = np.concatenate([[1], schedule.alpha_bar[:-1]])
        variance = schedule.beta * (1 - before) / (1 - schedule.alpha_bar)
        close(variance, schedule.posterior_variance)
        close(np.log(variance[[1, 1, 2, 3]]), schedule.posterior_log_variance)
        close(schedule.beta * np.sqrt(before) / (1 - schedule.alpha_bar),
              schedule.posterior_mean_x0)
        close((1 - before) * np.sqrt(1 - schedule.beta) / (1 - schedule.alpha_bar),
              schedule.posterior_mean_xt)
        x0, noise, t = normal(3, 6), normal(3, 6), np.array([0, 3, 1])
        keep = schedule.alpha_bar[t][:, None]
        close(np.sqrt(keep) * x0 + np.sqrt(1 - keep) * noise, schedule.q_sample(x0, t, noise))

    def test_denoiser(self):
        x, t, grad = normal(3, 6), np.array([0, 3, 1]), normal(3, 6)
        self.assertEqual(self.denoiser.size, sum(v.size for v in
                                                 self.denoiser.views(self.parameters).values()))
        close(self.forward(x, t), self.denoiser.forward(self.parameters, x, t))
        gradient = self.denoiser.views(self.denoiser.backward(self.parameters, x, t, grad))
        close(grad.sum(axis=0), gradient["decoder.0.bias"][:, 0])
        twice = np.full_like(x, 2)
        close(self.forward(2 * x, t), self.denoiser.forward(self.parameters, x, t,
                                                            dropout_scale=twice))

    def test_loss(self):
        x0, noise, t = (RANDOM.random((3, 6)) < 0.4).astype(np.float32), normal(3, 6), [0, 3, 1]
        features, embedding = normal(6, 2), normal(6, 2)
        x_hat = self.denoiser.forward(self.parameters, self.schedule.q_sample(x0, t, noise), t)
        elbo = self.schedule.elbo(x0, x_hat, t)
        msi = diffmm.msi(x0, x_hat, features, embedding, context=diffmm.Context(threads=2))
        close(((x_hat @ features - x0 @ embedding)**2).mean(), msi[0])
        loss, elbo_part, msi_part, gradient = self.denoiser.loss(
            self.parameters, self.schedule, x0, t, noise, features=features,
            item_embedding=embedding, e_loss=0.5)
        close((elbo[0] + 0.5 * msi[0], elbo[0], msi[0]), (loss, elbo_part, msi_part))
        x_t = self.schedule.q_sample(x0, t, noise)
        close(self.denoiser.backward(self.parameters, x_t, t, elbo[2] + 0.5 * msi[2]), gradient)
        alone = self.denoiser.loss(self.parameters, self.schedule, x0, t, noise,
                                   grad_parameters=False)
        close(elbo[0], alone[0])
        self.assertIsNone(alone[3])

    def test_reverse_chain(self):
        x0 = (RANDOM.random((3, 6)) < 0.5).astype(np.float32)
        x = x0
        for t in range(3, -1, -1):
            x = (self.schedule.posterior_mean_x0[t] * self.forward(x, [t] * 3) +
                 self.schedule.posterior_mean_xt[t] * x)
        close(x, self.denoiser.reverse_chain(self.parameters, self.schedule, x0))
        noisy = self.denoiser.reverse_chain(self.parameters, self.schedule, x0, sampling_steps=2,
                                            sampling_noise=True, noise=normal(5, 3, 6))
        self.assertEqual((3, 6), noisy.shape)
        with self.assertRaisesRegex(ValueError, "not 5 x 18"):
            self.denoiser.reverse_chain(self.parameters, self.schedule, x0, sampling_steps=2,
                                        sampling_noise=True, noise=normal(4, 3, 6))
        pointers = np.concatenate([[0], np.cumsum(x0.sum(axis=1))]).astype(np.int64)
        neighbors = self.denoiser.generate_neighbors(self.parameters, self.schedule, pointers,
                                                     np.nonzero(x0)[1], 2)
        np.testing.assert_array_equal(np.argsort(-x, axis=1)[:, :2], neighbors)
        with self.assertRaisesRegex(ValueError, "beyond"):
            self.denoiser.generate_neighbors(self.parameters, self.schedule, [0, 9], [1], 2)


class SpectralBasis(unittest.TestCase):

    def setUp(self):
        self.x = (RANDOM.random((40, 15)) < 0.3).astype(np.float32)
        self.rows = diffmm.Rows.of([np.flatnonzero(row) for row in self.x])
        self.features = normal(15, 4) + 2

    def test_basis(self):
        rank, popularity = 9, self.x.sum(0)
        got = diffmm.spectral_basis(self.rows, 15, rank, features=self.features, seed=3)
        close(np.eye(rank), got.T @ got)
        weight = 1 / np.sqrt(popularity + 1)
        scaled = self.x / np.sqrt(self.x.sum(1) + 1)[:, None] * weight
        known = np.linalg.qr(np.column_stack([weight * popularity, weight]))[0]
        right = np.linalg.svd(scaled - scaled @ known @ known.T)[2].T
        left = np.linalg.svd(self.features - self.features.mean(0))[0]
        wanted = np.column_stack([popularity, np.ones(15), right[:, :5] / weight[:, None],
                                  left[:, :2]])
        for columns in (1, 2, 7, 9):
            wanted_basis = np.linalg.qr(wanted[:, :columns])[0]
            close(wanted_basis @ wanted_basis.T, got[:, :columns] @ got[:, :columns].T)
        again = diffmm.spectral_basis(self.rows, 15, rank, features=self.features, seed=3,
                                      context=diffmm.Context(threads=2))
        np.testing.assert_array_equal(got, again)

    def test_no_features(self):
        got = diffmm.spectral_basis(self.rows, 15, 15)
        close(np.eye(15), got.T @ got)

    def test_place(self):
        basis = (self.features @ normal(4, 3)).astype(np.float32) + 1
        placed = diffmm.place_in_spectral_basis(basis, self.features, self.features[3:7])
        np.testing.assert_allclose(placed, basis[3:7], atol=1e-3)
        self.assertEqual((0, 3), diffmm.place_in_spectral_basis(basis, self.features,
                                                                normal(0, 4)).shape)

    def test_wrong_arrays(self):
        with self.assertRaisesRegex(diffmm.Error, "rank is 16, not 1 to 15"):
            diffmm.spectral_basis(self.rows, 15, 16)
        with self.assertRaisesRegex(ValueError, "expected an array of 15 x any"):
            diffmm.spectral_basis(self.rows, 15, 3, features=normal(14, 2))
        with self.assertRaisesRegex(ValueError, "expected an array of 15 x any"):
            diffmm.place_in_spectral_basis(normal(15, 3), normal(14, 2), normal(1, 2))
        with self.assertRaisesRegex(ValueError, "expected an array of any x 2"):
            diffmm.place_in_spectral_basis(normal(15, 3), normal(15, 2), normal(1, 3))


class Graphs(unittest.TestCase):

    def test_products(self):
        user, item = [0, 0, 1, 2], [0, 1, 1, 2]
        dense = np.eye(6)
        for u, i in zip(user, item):
            dense[u, 3 + i] = dense[3 + i, u] = 1
        scale = 1 / np.sqrt(dense.sum(axis=1))
        dense = scale[:, None] * dense * scale
        graph = diffmm.Graph(3, 3, user, item, context=diffmm.Context(threads=2))
        pointers, columns, values = graph.rows()
        built = np.zeros((6, 6))
        built[np.repeat(np.arange(6), np.diff(pointers)), columns] = values
        close(dense, built)
        self.assertEqual((3, 3, 6, 14), (graph.users, graph.items, graph.nodes, graph.entries))
        self.assertEqual(0.75, diffmm.Graph(1, 1, [0], [0], [3]).rows()[2][1])
        with self.assertRaisesRegex(diffmm.Error, "weight.0. is -1"):
            diffmm.Graph(1, 1, [0], [0], [-1])
        x = normal(6, 4)
        close(dense @ x, graph.multiply(x))
        close(x + dense @ x + dense @ dense @ x, graph.propagate(x, 2))
        kept = np.zeros(14, np.uint8)
        kept[:4] = 1
        dropped = graph.drop_edges(0.5, kept)
        built = np.zeros((6, 6))
        pointers, columns, values = dropped.rows()
        built[np.repeat(np.arange(6), np.diff(pointers)), columns] = values
        close(built.T @ x, dropped.multiply_transposed(x))
        close(x + built.T @ x, dropped.propagate_backward(x, 1))
        with self.assertRaisesRegex(ValueError, "6 nodes, but the matrix 5 rows"):
            graph.multiply(normal(5, 4))


class Metrics(unittest.TestCase):

    def test_ranking(self):
        indices, values = diffmm.top_k(np.array([1, 5, 3, 5], np.float32), 3, exclude=[2])
        self.assertEqual(([1, 3, 0], [5, 5, 1]), (indices.tolist(), values.tolist()))
        metrics = diffmm.ranking_metrics([4, 7, 1], held=[9, 7], cutoff=3)
        self.assertEqual((3, 1, 0.5, 1 / 3), metrics[:4])
        close((1 / np.log2(3)) / (1 + 1 / np.log2(3)), metrics.ndcg)


if __name__ == "__main__":
    unittest.main()
