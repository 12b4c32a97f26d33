# SPDX-License-Identifier: BSD-2-Clause
"""Restricted rankings, all users, users that training did not know, similar rows, explanations."""

import unittest

import numpy as np

import diffmm
from small import SETTINGS, features, pairs, trainer

USERS, ITEMS = 40, 30


def named():
    """The two groups, by ids, served."""
    user, item = pairs()
    dataset = diffmm.Dataset.from_arrays(
        [f"u{u}" for u in user], [f"i{i}" for i in item], item_ids=[f"i{i}" for i in range(ITEMS)],
        modalities={"image": features(), "text": features(columns=3)[::-1]})
    return diffmm.Scorer(diffmm.fit(dataset, **{**SETTINGS, "epochs": 20}))


class OneScorer(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.scorer = named()


class Restrictions(OneScorer):

    def setUp(self):
        self.all = self.scorer.recommend(3, ITEMS)

    def rankings(self, keep, **query):
        """One user, several and all give the hits that `keep` lets through."""
        expected = [hit for hit in self.all if keep(hit)]
        self.assertTrue(0 < len(expected) < len(self.all))
        self.assertEqual(expected, self.scorer.recommend(3, ITEMS, **query))
        self.assertEqual(expected, self.scorer.recommend([5, 3], ITEMS, **query)[1])
        hits, found = self.scorer.recommend_arrays(count=ITEMS, **query)
        self.assertEqual([hit.item for hit in expected], hits["item"][3][:found[3]].tolist())
        told = {}
        self.scorer.recommend_all(lambda user, hits: told.update({user: hits}), ITEMS, **query)
        self.assertEqual(list(range(USERS)), list(told))
        self.assertEqual([hit.score for hit in expected], told[3]["score"].tolist())

    def test_allowed(self):
        allowed = np.arange(ITEMS) % 3 == 0
        self.rankings(lambda hit: hit.item % 3 == 0, allowed=allowed)
        self.assertEqual([], self.scorer.recommend(3, allowed=np.zeros(ITEMS, bool)))
        for wrong in (np.ones(ITEMS - 1, bool), np.ones(ITEMS), np.ones((1, ITEMS), bool)):
            with self.assertRaisesRegex(TypeError, "30 bool"):
                self.scorer.recommend(3, allowed=wrong)

    def test_filter(self):
        self.rankings(lambda hit: hit.item % 2 == 1, filter=lambda user, item: item % 2)
        asked = set()
        self.scorer.recommend("u3", 5, filter=lambda user, item: asked.add(user))
        self.assertEqual({self.scorer.find_user("u3")}, asked)

    def test_min_score(self):
        least = self.all[7].score
        self.rankings(lambda hit: hit.score >= least, min_score=least)
        with self.assertRaisesRegex(diffmm.Error, "NaN"):
            self.scorer.recommend(3, min_score=float("nan"))

    def test_together(self):
        least = self.all[12].score
        self.rankings(lambda hit: hit.item % 2 and hit.item < 20 and hit.score >= least,
                      allowed=np.arange(ITEMS) < 20, filter=lambda user, item: item % 2,
                      min_score=least)

    def test_an_exception_in_a_filter(self):

        def fail(user, item):
            raise KeyError(item)

        for call in (lambda: self.scorer.recommend(3, filter=fail),
                     lambda: self.scorer.recommend([3, 4], filter=fail),
                     lambda: self.scorer.recommend_all(print, filter=fail),
                     lambda: self.scorer.similar_items(3, filter=fail),
                     lambda: self.scorer.similar_users(3, filter=fail),
                     lambda: self.scorer.recommend_embedding(np.ones(8), filter=fail)):
            with self.assertRaises(KeyError):
                call()
        self.assertEqual(self.all, self.scorer.recommend(3, ITEMS))

    def test_a_filter_may_use_the_scorer(self):
        hits = self.scorer.recommend(3, 5, filter=lambda user, item: self.scorer.recommend(
            user, 1, exclude=[item])[0].item != item)
        self.assertEqual(self.all[:5], hits)

    def test_other_words_are_refused(self):
        with self.assertRaises(TypeError):
            self.scorer.recommend(3, excluded=[1])


class AllUsers(OneScorer):

    def test_the_same_as_one_by_one(self):
        told = []
        self.scorer.recommend_all(lambda user, hits: told.append((user, hits)), 4)
        self.assertEqual(list(range(USERS)), [user for user, _ in told])
        for user, hits in told:
            self.assertEqual(self.scorer.recommend(user, 4),
                             [diffmm.Hit(*hit) for hit in hits.tolist()])

    def test_what_is_true_ends_it(self):
        users = []
        self.scorer.recommend_all(lambda user, hits: users.append(user) or user == 6)
        self.assertEqual(list(range(7)), users)

    def test_an_exception_passes_through(self):
        with self.assertRaises(ZeroDivisionError):
            self.scorer.recommend_all(lambda user, hits: 1 / 0)

    def test_users_without_hits(self):
        sizes = []
        self.scorer.recommend_all(lambda user, hits: sizes.append(hits.size), candidates=[])
        self.assertEqual([0] * USERS, sizes)


class Embeddings(OneScorer):

    def test_a_new_user_gets_what_its_group_likes(self):
        embedding = self.scorer.fold_in(["i16", "i18", "i20"])
        self.assertEqual(((8,), np.float32), (embedding.shape, embedding.dtype))
        hits = self.scorer.recommend_embedding(embedding, 5, exclude=["i16", "i18", "i20"],
                                               ids=True)
        self.assertTrue(all(int(hit.item[1:]) >= 15 for hit in hits))
        self.assertFalse({"i16", "i18", "i20"} & {hit.item for hit in hits})
        np.testing.assert_array_equal(embedding, self.scorer.fold_in([20, 16, 18, 18]))

    def test_scores_are_those_that_are_ranked(self):
        embedding = self.scorer.fold_in([1], user="u3")
        self.assertFalse(np.array_equal(embedding, self.scorer.fold_in([1])))
        scores = self.scorer.score_embedding(embedding)
        np.testing.assert_array_equal(scores[[9, 2]],
                                      self.scorer.score_embedding(embedding, [9, 2]))
        hits = self.scorer.recommend_embedding(embedding, ITEMS)
        self.assertEqual([hit.score for hit in hits], scores[[hit.item for hit in hits]].tolist())
        self.assertEqual(ITEMS, len(hits))

    def test_a_filter_is_told_of_nobody(self):
        users = set()
        self.scorer.recommend_embedding(np.ones(8), filter=lambda user, item: users.add(user))
        self.assertEqual({None}, users)

    def test_what_is_wrong_is_said(self):
        with self.assertRaisesRegex(ValueError, "array of 8"):
            self.scorer.recommend_embedding(np.ones(7))
        with self.assertRaises(diffmm.Error) as caught:
            self.scorer.score_embedding(np.full(8, np.nan))
        self.assertIs(diffmm.Status.NUMERIC, caught.exception.status)
        with self.assertRaisesRegex(diffmm.Error, "30 items"):
            self.scorer.fold_in([ITEMS])
        with self.assertRaises(diffmm.NotFound):
            self.scorer.fold_in(["i99"])


class Similar(OneScorer):

    def test_items(self):
        # The scores of a unit vector are a column of the items' embeddings.
        items = np.stack([self.scorer.score_embedding(unit) for unit in np.eye(8)], axis=1)
        norms = np.linalg.norm(items, axis=1)
        for similarity, table in (("dot", items @ items.T),
                                  (diffmm.Similarity.COSINE,
                                   items @ items.T / np.outer(norms, norms))):
            hits = self.scorer.similar_items(4, ITEMS, similarity)
            self.assertEqual(set(range(ITEMS)) - {4}, {hit.item for hit in hits})
            np.testing.assert_allclose([table[4, hit.item] for hit in hits],
                                       [hit.score for hit in hits], rtol=1e-4, atol=1e-5)
            self.assertEqual(sorted((hit.score for hit in hits), reverse=True),
                             [hit.score for hit in hits])
        by_id = self.scorer.similar_items("i4", 3, exclude=["i5"])
        self.assertEqual([f"i{hit.item}" for hit in self.scorer.similar_items(4, 3, exclude=[5])],
                         [hit.item for hit in by_id])

    def test_users(self):
        hits = self.scorer.similar_users("u3", 10)
        # Users of odd number have the same taste.
        self.assertTrue(all(int(hit.item[1:]) % 2 for hit in hits))
        self.assertNotIn("u3", [hit.item for hit in hits])
        self.assertEqual(hits[1:], self.scorer.similar_users("u3", 9, exclude=[hits[0].item]))
        allowed = np.zeros(USERS, bool)
        allowed[[8, 9]] = True
        self.assertEqual({8, 9}, {hit.item for hit in self.scorer.similar_users(
            3, allowed=allowed, similarity="dot")})

    def test_what_is_wrong_is_said(self):
        with self.assertRaises(KeyError):
            self.scorer.similar_items(4, similarity="sine")
        with self.assertRaisesRegex(diffmm.Error, "item"):
            self.scorer.similar_items(ITEMS)
        with self.assertRaises(diffmm.NotFound):
            self.scorer.similar_users("nobody")


class Explanations(OneScorer):

    def adds_up(self, explanation):
        parts = sum(explanation.modalities.values()) + explanation.collaborative
        by_item = sum(hit.score for hit in explanation.items) + explanation.rest
        np.testing.assert_allclose([parts, by_item], explanation.score, rtol=1e-3, atol=1e-4)

    def test_as_trained(self):
        explanation = self.scorer.explain("u3", "i17")
        self.adds_up(explanation)
        user, item = self.scorer.find_user("u3"), self.scorer.find_item("i17")
        self.assertAlmostEqual(self.scorer.score(user, [item])[0], explanation.score, places=4)
        self.assertEqual(["image", "text"], list(explanation.modalities))
        self.assertEqual(self.scorer.seen(user).tolist(),
                         [hit.item for hit in self.scorer.explain(user, item).items])
        self.assertEqual([self.scorer.item_id(i) for i in self.scorer.seen(user)],
                         [hit.item for hit in explanation.items])

    def test_of_items_just_touched(self):
        known = self.scorer.explain(3, 17, items=[0, 1])
        self.adds_up(known)
        self.assertEqual(sorted({0, 1, *self.scorer.seen(3).tolist()}),
                         [hit.item for hit in known.items])
        new = self.scorer.explain(None, 17, items=[16, 18])
        self.adds_up(new)
        self.assertEqual([16, 18], [hit.item for hit in new.items])
        embedding = self.scorer.fold_in([16, 18])
        self.assertAlmostEqual(self.scorer.score_embedding(embedding, [17])[0], new.score, places=4)

    def test_what_is_wrong_is_said(self):
        for user, item, items in ((USERS, 0, ()), (0, ITEMS, ()), (0, 0, [-1])):
            with self.assertRaises(diffmm.Error) as caught:
                self.scorer.explain(user, item, items)
            self.assertIs(diffmm.Status.INVALID_ARGUMENT, caught.exception.status)

    def test_modalities(self):
        self.assertEqual(["image", "text"], self.scorer.modalities)
        weights = self.scorer.modality_weights
        self.assertEqual(["image", "text"], list(weights))
        self.assertAlmostEqual(1, sum(weights.values()), places=5)
        model = trainer().model
        self.assertEqual(model.modality_weights, diffmm.Scorer(model).modality_weights)


if __name__ == "__main__":
    unittest.main()
