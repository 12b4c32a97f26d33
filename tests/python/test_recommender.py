# SPDX-License-Identifier: BSD-2-Clause
"""Recommender: the same as data set, training and scorer on their own; parameters, copies and pickles,
and scikit-learn's clone() where it is there."""

import copy
import pickle
import unittest

import numpy as np

import diffmm
from small import SETTINGS, features, pairs

try:
    import sklearn.base
    import sklearn.exceptions
    import sklearn.utils.validation
except ImportError:
    sklearn = None


def fitted(**more):
    return diffmm.Recommender(**SETTINGS, **more).fit(*pairs(), {"image": features()})


class Fitting(unittest.TestCase):

    def test_is_data_training_and_scorer(self):
        data = diffmm.Dataset.from_arrays(*pairs(), modalities={"image": features()})
        scorer = diffmm.Scorer(diffmm.fit(data, **SETTINGS, layers=2))
        recommender = fitted(layers=2)
        self.assertEqual(scorer.recommend([3, 4], 5, exclude=[2]),
                         recommender.recommend([3, 4], 5, exclude=[2]))
        self.assertEqual(scorer.recommend(7, 10), recommender.recommend(7))
        self.assertEqual(["image"], recommender.model_.modalities)
        self.assertNotEqual(fitted().recommend(7), recommender.recommend(7))  # layers were told

    def test_by_ids(self):
        user, item = pairs()
        users, items = [f"u{u}" for u in user], [f"i{i}" for i in item]
        rows = {"features": features(), "ids": [f"i{i}" for i in range(30)]}
        hits = diffmm.Recommender(**SETTINGS).fit(users, items, {"image": rows}).recommend("u3")
        self.assertEqual(10, len(hits))
        touched = {i for u, i in zip(users, items) if u == "u3"}
        self.assertFalse(touched & {hit.item for hit in hits})
        self.assertLess({hit.item for hit in hits}, set(rows["ids"]))

    def test_again(self):
        recommender = fitted()
        before = recommender.recommend(7)
        recommender.set_params(embedding_size=4)
        self.assertEqual(before, recommender.recommend(7))
        with self.assertRaises(diffmm.Error):
            recommender.fit([0, -1], [0, 1])
        self.assertEqual(before, recommender.recommend(7))
        self.assertIs(recommender, recommender.fit(*pairs()))
        self.assertEqual(4, recommender.scorer_.dimensions)
        self.assertNotEqual(before, recommender.recommend(7))

    def test_whom_it_does_not_know(self):
        with self.assertRaisesRegex(AttributeError, "Recommender is not fitted yet"):
            diffmm.Recommender().recommend(0)
        with self.assertRaises(diffmm.NotFound):
            fitted().recommend("nobody")


class Parameters(unittest.TestCase):

    def test_given_and_set(self):
        recommender = diffmm.Recommender(preset="baby", contrastive__anchor="main")
        self.assertEqual({"preset": "baby", "contrastive__anchor": "main"},
                         recommender.get_params())
        self.assertIs(recommender, recommender.set_params(preset=None, epochs=3))
        self.assertEqual({"preset": None, "contrastive__anchor": "main", "epochs": 3},
                         recommender.get_params(deep=False))
        self.assertEqual("Recommender(contrastive__anchor='main', epochs=3)", repr(recommender))

    def test_what_does_not_exist_changes_nothing(self):
        recommender = diffmm.Recommender(epochs=3)
        for wrong in ({"epohcs": 4}, {"epochs": 0}, {"preset": "tictoc"}, {"epochs": "many"}):
            with self.subTest(wrong), self.assertRaises(diffmm.Error):
                recommender.set_params(tau=0.4, **wrong)
            self.assertEqual({"preset": None, "epochs": 3}, recommender.get_params())
        with self.assertRaises(diffmm.Error):
            diffmm.Recommender(epohcs=4).fit(*pairs())

    def test_a_change_of_what_it_gives_is_none_of_its_own(self):
        recommender = diffmm.Recommender(epochs=3)
        recommender.get_params()["epochs"] = 4
        self.assertEqual(3, recommender.get_params()["epochs"])


class Copies(unittest.TestCase):

    def test_pickled(self):
        recommender = fitted()
        hits = recommender.recommend([1, 2])
        again = pickle.loads(pickle.dumps(recommender))
        self.assertEqual(recommender.get_params(), again.get_params())
        self.assertEqual(hits, again.recommend([1, 2]))
        unfitted = pickle.loads(pickle.dumps(diffmm.Recommender(epochs=3)))
        self.assertEqual(3, unfitted.get_params()["epochs"])

    def test_copied(self):
        recommender = diffmm.Recommender(epochs=3)
        copied = copy.deepcopy(recommender)
        copied.set_params(epochs=4)
        self.assertEqual(3, recommender.get_params()["epochs"])
        trained = fitted()
        for copied in (copy.copy(trained), copy.deepcopy(trained)):
            self.assertEqual(trained.recommend(7), copied.recommend(7))

    @unittest.skipUnless(sklearn, "no scikit-learn")
    def test_cloned_by_scikit_learn(self):
        recommender = fitted(tau=np.float64(0.4), layers=2)
        sklearn.utils.validation.check_is_fitted(recommender)
        clone = sklearn.base.clone(recommender)
        self.assertEqual(recommender.get_params(), clone.get_params())
        with self.assertRaises(sklearn.exceptions.NotFittedError):
            sklearn.utils.validation.check_is_fitted(clone)
        self.assertEqual(recommender.recommend(7),
                         clone.fit(*pairs(), {"image": features()}).recommend(7))
        listed = diffmm.Recommender(hidden_sizes=[16, 8])
        self.assertEqual([16, 8], sklearn.base.clone(listed).get_params()["hidden_sizes"])


if __name__ == "__main__":
    unittest.main()
