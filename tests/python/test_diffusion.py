# SPDX-License-Identifier: BSD-2-Clause
"""The diffusion module against the functions of arrays, and a loop of one's own."""

import os
import unittest

import numpy as np

import diffmm
import small
from small import path_in, temporary_folder

ITEMS, USERS = 23, 9
SETTINGS = {"hidden_sizes": [7], "time_embedding_size": 4, "steps": 3, "batch": USERS}
RANDOM = np.random.default_rng(5)


def normal(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def sparse():
    return diffmm.Rows.of([np.flatnonzero(RANDOM.random(ITEMS) < 0.2) for _ in range(USERS)])


def dense(rows):
    x = np.zeros((USERS, ITEMS), np.float32)
    x[np.repeat(np.arange(USERS), np.diff(rows.pointers)), rows.items] = 1
    return x


def module(**settings):
    return diffmm.Diffusion(ITEMS, seed=4, **{**SETTINGS, **settings})


class Measures(unittest.TestCase):

    def setUp(self):
        self.rows, self.held = sparse(), sparse()
        self.has, self.is_held = dense(self.rows) > 0, dense(self.held) > 0
        self.module = module()

    def test_graph(self):
        neighbors, before = (self.module.generate(self.rows, count=3, epoch=e)[0] for e in (1, 2))
        before[0] = neighbors[0]
        features = normal(ITEMS, 4) + 3
        got = diffmm.measure_graph(neighbors, self.rows, ITEMS, held=self.held, previous=before,
                                   features=features)
        users = np.arange(USERS)[:, None]
        self.assertEqual((3 * USERS, len(np.unique(neighbors))), got[:2])
        self.assertAlmostEqual(self.has[users, neighbors].mean(), got.observed_share)
        self.assertEqual(self.is_held[users, neighbors].sum(), got.hits)
        same = [len(np.intersect1d(*rows)) for rows in zip(neighbors, before)]
        self.assertAlmostEqual(np.sum(same) / got.compared_edges, got.agreement)
        unit = features - features.mean(0)
        unit /= np.linalg.norm(unit, axis=1)[:, None]
        cosine, listed, random = unit @ unit.T, [], []
        np.fill_diagonal(cosine, np.nan)
        for u in range(USERS):
            others = self.has[u].sum() - self.has[u][neighbors[u]]
            if others.max() > 0:
                listed.append(np.nanmean(np.nanmean(cosine[neighbors[u]][:, self.has[u]], axis=1)))
                random.append(cosine[~self.has[u]][:, self.has[u]].mean())
        self.assertAlmostEqual(np.mean(listed), got.similarity, 5)
        self.assertAlmostEqual(np.mean(random), got.random_similarity, 5)
        plain = diffmm.measure_graph(neighbors.tolist(), self.rows, ITEMS)
        self.assertEqual(got[:5] + (0,) * 9, tuple(plain))

    def test_denoiser(self):
        got = self.module.measure(self.rows, self.held, cutoff=4, epoch=1)
        ranking = self.module.generate(self.rows, count=ITEMS, epoch=1)[0]
        precision, recall = [], []
        for u in np.flatnonzero(self.has.sum(1)):
            own = self.has[u].sum()
            precision.append(self.has[u][ranking[u, :own]].mean())
            if self.is_held[u].any():
                new = ranking[u][~self.has[u][ranking[u]]][:4]
                recall.append(self.is_held[u][new].sum() / self.is_held[u].sum())
        self.assertEqual((4, len(precision), len(recall)), (got.cutoff, got.users, got.held_users))
        self.assertAlmostEqual(np.mean(precision), got.degree_precision)
        self.assertAlmostEqual(np.mean(recall), got.recall)
        two = self.module.measure(self.rows, self.held, [3, 1], cutoff=4)
        self.assertLessEqual(two.users, 2)

    def test_wrong_arrays(self):
        neighbors = np.zeros((USERS, 1), int)
        with self.assertRaisesRegex(ValueError, "a row for each user"):
            diffmm.measure_graph([1, 2], self.rows, ITEMS)
        with self.assertRaisesRegex(ValueError, "expected an array"):
            diffmm.measure_graph(neighbors[1:], self.rows, ITEMS)
        with self.assertRaisesRegex(ValueError, "a row for each user"):
            diffmm.measure_graph(neighbors, self.rows, ITEMS, previous=np.zeros((USERS, 2), int))
        with self.assertRaisesRegex(ValueError, "beyond their items"):
            diffmm.measure_graph(neighbors, (self.rows.pointers, self.rows.items[:1]), ITEMS)
        with self.assertRaisesRegex(ValueError, "expected an array"):
            diffmm.measure_graph(neighbors, self.rows, ITEMS, features=normal(ITEMS - 1, 2))
        with self.assertRaises(diffmm.Error):
            diffmm.measure_graph(neighbors + ITEMS, self.rows, ITEMS)
        with self.assertRaises(diffmm.Error):
            self.module.measure(self.rows, self.held, cutoff=0)


class Module(unittest.TestCase):

    def setUp(self):
        self.rows = sparse()
        self.shape = diffmm.Denoiser(ITEMS, 4, [7])
        self.t = RANDOM.integers(0, 3, USERS)
        self.noise = normal(USERS, ITEMS)

    def parameters(self, made):
        return np.concatenate([values.ravel() for values in made.parameters.values()])

    def test_as_the_functions_of_arrays(self):
        made, schedule = module(), diffmm.Schedule(3, 0.1, 0.0001, 0.02)
        parameters = self.shape.initialize(seed=4)
        np.testing.assert_array_equal(parameters, self.parameters(made))
        np.testing.assert_array_equal(schedule.beta, made.schedule.beta)
        x0, ones = dense(self.rows), np.ones((USERS, ITEMS), np.float32)
        features, embedding = normal(ITEMS, 2), normal(ITEMS, 2)
        expected = self.shape.loss(parameters, schedule, x0, self.t, self.noise, features=features,
                                   item_embedding=embedding, e_loss=0.3, dropout_scale=ones)
        losses, gradient = made.objective(self.rows, t=self.t, noise=self.noise,
                                          dropout_scale=ones, features=features,
                                          item_embedding=embedding, e_loss=0.3)
        self.assertEqual(expected[:3], tuple(losses))
        np.testing.assert_array_equal(expected[3], gradient)
        np.testing.assert_array_equal(
            schedule.q_sample(x0, self.t, self.noise),
            made.corrupt(self.rows, t=self.t, noise=self.noise))
        np.testing.assert_array_equal(self.shape.forward(parameters, self.noise, self.t),
                                      made.denoise(self.noise, self.t))
        np.testing.assert_array_equal(self.shape.reverse_chain(parameters, schedule, x0),
                                      made.reverse(self.rows))
        items, scores = made.generate(self.rows, count=4)
        np.testing.assert_array_equal(
            self.shape.generate_neighbors(parameters, schedule, *self.rows[:2], 4), items)
        np.testing.assert_allclose(np.take_along_axis(made.reverse(self.rows), items, 1), scores,
                                   rtol=1e-4)

    def test_noise_of_the_chain(self):
        made = module(sampling_steps=2, sampling_noise=True)
        noise = normal(4, USERS, ITEMS)
        expected = self.shape.reverse_chain(self.parameters(made), made.schedule, dense(self.rows),
                                            sampling_steps=2, sampling_noise=True, noise=noise)
        np.testing.assert_array_equal(expected, made.reverse(self.rows, noise=noise))
        with self.assertRaisesRegex(ValueError, "noise has"):
            made.reverse(self.rows, noise=noise[0])
        one = made.reverse(self.rows, epoch=3)
        np.testing.assert_array_equal(one[[5]], made.reverse(self.rows, [5], epoch=3))
        self.assertFalse(np.array_equal(one, made.reverse(self.rows, epoch=4)))

    def test_a_loop_of_ones_own(self):
        made = module(denoiser_learning_rate=0.01)
        losses = []
        for epoch in range(1, 101):
            for users in (np.arange(0, USERS, 2), np.arange(1, USERS, 2)):
                losses.append(made.step(self.rows, users, epoch=epoch).total)
        self.assertEqual(200, made.steps)
        self.assertLess(np.mean(losses[-20:]), 0.7 * np.mean(losses[:20]))
        made.parameters["decoder.0.bias"] = np.full(ITEMS, 0.5)
        self.assertEqual(0.5, made.parameters["decoder.0.bias"][3, 0])
        with self.assertRaises(diffmm.NotFound):
            made.parameters["decoder.9.bias"]

    def test_files_and_copies(self):
        made = module()
        made.step(self.rows, epoch=1)
        with temporary_folder() as folder:
            path = path_in(folder, "module")
            made.save(path)
            loaded = [diffmm.Diffusion.load(path), diffmm.Diffusion.load(made.to_bytes()),
                      made.copy()]
            self.assertEqual(os.path.getsize(path), len(made.to_bytes()))
        wanted = made.step(self.rows, epoch=2)
        for other in loaded:
            self.assertEqual(wanted, other.step(self.rows, epoch=2))
            self.assertEqual(made.to_bytes(), other.to_bytes())
        self.assertEqual(4, made.options["seed"])

    def test_of_a_model(self):
        trainer = small.trainer()
        trainer.epoch()
        made = diffmm.Diffusion.of(trainer.model, "text")
        np.testing.assert_array_equal(
            trainer.model.parameters["denoiser.text.encoder.0.weight"],
            made.parameters["encoder.0.weight"])
        steps = made.steps
        with self.assertRaisesRegex(ValueError, "sound"):
            diffmm.Diffusion.of(trainer.model, "sound")
        del trainer
        made.step(diffmm.Rows.of([[1, 2]]))
        self.assertEqual(steps + 1, made.steps)

    def test_views_outlive_the_module(self):
        made = module()
        values, schedule = made.parameters["time.weight"], made.schedule
        copy = values.copy()
        made.close()
        del made
        np.testing.assert_array_equal(copy, values)
        self.assertEqual(3, len(schedule))

    def test_forecast(self):
        needs = diffmm.Diffusion.forecast(ITEMS, USERS, self.rows.items.size, **SETTINGS)
        self.assertEqual(self.shape.size, needs.parameters)
        self.assertGreater(needs.module_bytes, 12 * self.shape.size)
        self.assertGreater(needs.step_flops, 0)

    def test_wrong_arguments(self):
        made = module()
        rows = self.rows
        for message, call in {
                "without users": lambda: made.step(rows, []),
                "beyond": lambda: made.step(rows._replace(items=rows.items[:-1])),
                "ascending": lambda: made.step(rows._replace(pointers=rows.pointers[::-1])),
                "expected an array of 9": lambda: made.step(rows, t=[0]),
                "noise has": lambda: made.step(rows, noise=self.noise[:2]),
        }.items():
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                call()
        for message, call in {
                r"row_numbers\[0\] is 9": lambda: made.step(rows, [9]),
                "count is 24": lambda: made.generate(rows, count=24),
                "count is 0": lambda: made.generate(rows, count=0),
        }.items():
            with self.subTest(message), self.assertRaisesRegex(diffmm.Error, message):
                call()


if __name__ == "__main__":
    unittest.main()
