# SPDX-License-Identifier: BSD-2-Clause
"""What becomes of hits after the ranking, against the formulas written down in numpy."""

import math
import unittest

import numpy as np

import diffmm
from small import SETTINGS, features, pairs

ITEMS = 30


def named():
    user, item = pairs()
    dataset = diffmm.Dataset.from_arrays(
        [f"u{u}" for u in user], [f"i{i}" for i in item], item_ids=[f"i{i}" for i in range(ITEMS)],
        modalities={"image": features(), "text": np.random.default_rng(5).normal(size=(ITEMS, 3))})
    return diffmm.fit(dataset, **{**SETTINGS, "epochs": 20})


def marginal_relevance(rows, hits, count, weight):
    """The items, by the formula."""
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    scores = np.array([score for _, score in hits])
    relevance = (scores - scores.min()) / (scores.max() - scores.min())
    left, taken = list(range(len(hits))), []
    while left and len(taken) < count:
        value = [weight * relevance[i] - (1 - weight) * max(
            [float(unit[hits[i][0]] @ unit[hits[j][0]]) for j in taken], default=0) for i in left]
        taken.append(left.pop(int(np.argmax(value))))
    return [hits[i] for i in taken]


class Rerank(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.model = named()
        cls.scorer = diffmm.Scorer(cls.model)

    def test_diversify(self):
        hits = self.scorer.recommend(3, 15)
        rows = self.model.item_embeddings.astype(np.float64)
        self.assertEqual(marginal_relevance(rows, hits, 6, 0.4),
                         self.scorer.diversify(hits, 6, relevance=0.4))
        self.assertEqual(hits, self.scorer.diversify(hits, 20, relevance=1))
        by_image = self.scorer.diversify(hits, 15, relevance=0.1, modality="image")
        by_text = self.scorer.diversify(hits, 15, relevance=0.1, modality="text")
        self.assertEqual(sorted(hits), sorted(by_image))
        self.assertNotEqual(by_image, by_text)
        with self.assertRaisesRegex(diffmm.NotFound, "smell"):
            self.scorer.diversify(hits, 5, modality="smell")
        with self.assertRaisesRegex(diffmm.Error, "lambda is 2"):
            self.scorer.diversify(hits, 5, relevance=2)

    def test_hits_of_either_kind(self):
        named = self.scorer.recommend("u3", 12)
        numbered = self.scorer.recommend(self.scorer.find_user("u3"), 12)
        found = self.scorer.diversify(numbered, 5, relevance=0.3)
        self.assertEqual([(self.scorer.item_id(item), score) for item, score in found],
                         self.scorer.diversify(named, 5, relevance=0.3))
        table, count = self.scorer.recommend_arrays([self.scorer.find_user("u3")], 12)
        self.assertEqual(found, self.scorer.diversify(table[0][:count[0]], 5, relevance=0.3))
        self.assertEqual([], self.scorer.diversify([], 5))
        with self.assertRaises(ValueError):
            self.scorer.diversify(table, 5)
        with self.assertRaises(TypeError):
            diffmm.limit_groups(named, [0] * ITEMS, 1)

    def test_popular_items(self):
        counts = np.zeros(ITEMS)
        for user in range(self.scorer.users):
            counts[self.scorer.seen(user)] += 1
        order = sorted(range(ITEMS), key=lambda item: (-counts[item], item))
        self.assertEqual([(item, counts[item]) for item in order],
                         self.scorer.popular_items(ITEMS))
        self.assertEqual([self.scorer.item_id(item) for item in order[:4]],
                         [hit.item for hit in self.scorer.popular_items(4, ids=True)])
        self.assertNotIn(order[0], [hit.item for hit in
                                    self.scorer.popular_items(5, exclude=[order[0]])])

    def test_limit_groups(self):
        hits = [(4, 9.0), (1, 8.0), (0, 7.0), (2, 6.0), (3, 5.0)]
        self.assertEqual([(4, 9), (1, 8), (2, 6)],
                         diffmm.limit_groups(hits, [5, 5, -1, 5, 5], 2))
        self.assertEqual([(4, 9)], diffmm.limit_groups(hits, [5, 5, -1, 5, 5], 2, 1))
        with self.assertRaisesRegex(diffmm.Error, "item is 4"):
            diffmm.limit_groups(hits, [0] * 4, 2)

    def test_merge_hits(self):
        first, second = [(i, 1.0 - i) for i in range(6)], [(10, 0.0), (11, -1.0)]
        self.assertEqual([0, 1, 2, 10, 3, 4, 5, 11],
                         [hit.item for hit in diffmm.merge_hits(0.25, first, second)])
        self.assertEqual([10, 11, 0], [hit.item for hit in diffmm.merge_hits(1, first, second, 3)])

    def test_explore(self):
        hits = [(0, 1.0), (1, 0.0)]
        first = sum(diffmm.explore(hits, 1, temperature=0.5, seed=3, stream=n)[0].item == 0
                    for n in range(2000)) / 2000
        wanted = 1 / (1 + math.exp(-2))
        self.assertLess(abs(first - wanted), 4 * math.sqrt(wanted * (1 - wanted) / 2000))
        self.assertEqual(diffmm.explore(hits, seed=3, stream=4), diffmm.explore(hits, seed=3, stream=4))
        self.assertEqual(hits, diffmm.explore(hits, temperature=0, seed=1, stream=1))
        with self.assertRaisesRegex(diffmm.Error, "stream"):
            diffmm.explore(hits, seed=1, stream=1 << 56)


if __name__ == "__main__":
    unittest.main()
