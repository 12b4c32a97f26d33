# SPDX-License-Identifier: BSD-2-Clause
"""Users, items and interactions that come after a training."""

import gc
import unittest
import weakref

import numpy as np

import diffmm
from small import SETTINGS, features, pairs, path_in, temporary_folder

IDS = [f"i{i}" for i in range(30)]


def begun(image=None):
    """The two groups, by ids, sealed."""
    user, item = pairs()
    dataset = diffmm.Dataset.from_arrays(
        [f"u{u}" for u in user], [f"i{i}" for i in item], item_ids=IDS,
        modalities={"image": features() if image is None else image,
                    "text": (lambda first, out: out.fill(first), 3)})
    dataset.seal()
    return dataset


def grown(source):
    """The same with a user and two items more."""
    dataset = source.extend()
    dataset.declare_items(["new", "newer"])
    dataset.append_features("image", features()[[0, 29]])
    dataset.add_interactions(["guest"] * 2, ["i3", "new"])
    dataset.seal()
    return dataset


class Growth(unittest.TestCase):

    def test_a_data_set_is_extended(self):
        source = begun()
        dataset = grown(source)
        self.assertEqual((40, 30, 41, 32), (source.users, source.items, dataset.users,
                                            dataset.items))
        self.assertEqual(source.find_user("u7"), dataset.find_user("u7"))
        self.assertEqual((40, 31), (dataset.find_user("guest"), dataset.find_item("newer")))
        np.testing.assert_array_equal(source.row(5), dataset.row(5))
        image = dataset.features("image")
        np.testing.assert_array_equal(features(), image[:30])
        np.testing.assert_array_equal(features()[[0, 29]], dataset.features("image", 30))
        self.assertEqual((2, 3), dataset.features("text", 4, 2).shape)
        for wrong in (lambda: dataset.features("smell"), lambda: dataset.features("image", 30, 3)):
            with self.assertRaises(diffmm.Error):
                wrong()
        with self.assertRaises(diffmm.Error) as caught:
            dataset.append_features("image", features())
        self.assertIs(diffmm.Status.STATE, caught.exception.status)

    def test_what_was_lent_to_the_source_lives_on(self):
        table = features()
        lent = weakref.ref(table)
        dataset = begun(table).extend()
        del table
        gc.collect()
        self.assertIsNotNone(lent())
        dataset.seal()
        np.testing.assert_array_equal(features(), dataset.features("image"))
        del dataset
        gc.collect()
        self.assertIsNone(lent())

    def test_the_source_does_not_live_on(self):
        source = begun()
        ended = weakref.ref(source.handle)
        dataset = grown(source)
        del source
        gc.collect()
        self.assertIsNone(ended())
        # Loader and context came from it all the same.
        self.assertEqual([[31, 31, 31]], dataset.features("text", 31).tolist())
        larger = dataset.extend()
        larger.add_interactions(["guest"], ["i4"])
        del dataset
        gc.collect()
        larger.seal()
        self.assertEqual([3, 4, 30], larger.row(40).tolist())

    def test_appended_features_are_as_wide_as_the_others(self):
        dataset = begun().extend()
        for columns in (3, 5):
            with self.assertRaisesRegex(ValueError, "any x 4, got "):
                dataset.append_features("image", np.ones((2, columns)))
        with self.assertRaisesRegex(diffmm.NotFound, "smell"):
            dataset.append_features("smell", np.ones((2, 5)))
        with self.assertRaisesRegex(diffmm.Error, "its loader") as caught:
            dataset.append_features("text", np.ones((2, 3)))
        self.assertIs(diffmm.Status.STATE, caught.exception.status)

    def test_an_exception_in_a_loader(self):

        def load(first, out):
            if broken:
                raise KeyError(first)
            out.fill(1)

        broken = False
        dataset = diffmm.Dataset.from_arrays(range(9), range(9), modalities={"image": (load, 3)})
        dataset.seal()
        broken = True
        with self.assertRaises(KeyError):
            dataset.features("image")

    def test_training_goes_on_from_a_model(self):
        source = begun()
        model = diffmm.fit(source, **SETTINGS)
        train = diffmm.Trainer.from_model(grown(source), model, epochs=1, seed=9)
        self.assertEqual((1, 9, [16]), tuple(train.model.options[name] for name in (
            "epochs", "seed", "hidden_sizes")))
        np.testing.assert_array_equal(model.parameters["user_embedding"],
                                      train.model.parameters["user_embedding"][:40])
        self.assertEqual(1, train.epoch().epoch)
        self.assertEqual(3, diffmm.Trainer.from_model(source, model).model.options["epochs"])
        with self.assertRaisesRegex(diffmm.Error, "embedding"):
            diffmm.Trainer.from_model(source, model, embedding_size=4)
        other = diffmm.Model(source, {**SETTINGS, "seed": 5})
        other.inherit(diffmm.Model.load(model.to_bytes()))
        np.testing.assert_array_equal(model.parameters["item_embedding"],
                                      other.parameters["item_embedding"])


class NewItems(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.dataset = begun()
        cls.model = diffmm.fit(cls.dataset, **{**SETTINGS, "epochs": 20})
        cls.placer = diffmm.Placer(cls.model, cls.dataset)

    def test_placed_and_ranked(self):
        rows = self.placer.place({"image": features()[[0, 29]]})
        self.assertEqual((2, 8), rows.shape)
        scorer = diffmm.Scorer(self.model)
        extended = scorer.extend(rows, ids=["new", "newer"])
        self.assertEqual((30, 32), (scorer.items, extended.items))
        scores = extended.score("u3", ["new", "newer"])  # of the group of items from 15 on
        self.assertGreater(scores[1], scores[0])
        np.testing.assert_array_equal(scorer.score("u3"), extended.score("u3")[:30])
        self.assertEqual(["newer"], [hit.item for hit in extended.recommend(
            "u3", 1, candidates=["new", "newer"])])
        del scorer
        gc.collect()
        self.assertEqual("new", extended.item_id(30))

    def test_an_extended_scorer_explains_and_is_saved(self):
        scorer = diffmm.Scorer(self.model)
        extended = scorer.extend(self.placer.place({"image": features()[[29]]}), ids=["new"])
        self.assertEqual(scorer.modality_weights, extended.modality_weights)
        np.testing.assert_array_equal(scorer.fold_in(["i3"]), extended.fold_in(["i3"]))
        self.assertEqual(scorer.explain("u3", "i3"), extended.explain("u3", "i3"))
        explained = extended.explain("u3", "new")
        self.assertEqual({"image", "text"}, set(explained.modalities))
        self.assertAlmostEqual(explained.score, sum(explained.modalities.values()) +
                               explained.collaborative, places=4)
        with temporary_folder() as folder:
            extended.save(path_in(folder, "model"))
            opened = diffmm.Scorer(path_in(folder, "model"))
            self.assertEqual(31, diffmm.Model.load(path_in(folder, "model")).items)
        self.assertEqual(explained, opened.explain("u3", "new"))
        np.testing.assert_array_equal(extended.fold_in(["new"], "u3"),
                                      diffmm.Scorer(extended.to_bytes()).fold_in(["new"], "u3"))

    def test_items_that_lack_a_modality(self):
        image = features()[[0, 29]]
        every = self.placer.place({"image": image, "text": np.ones((2, 3))})
        some = self.placer.place({"image": [None, image[1]], "text": [np.ones(3), None]})
        np.testing.assert_array_equal(self.placer.place({"image": image})[1], some[1])
        self.assertFalse(np.array_equal(every[0], some[0]))

    def test_nothing_but_the_context_is_kept(self):
        context = diffmm.Context(log=lambda level, message: None)
        dataset = diffmm.Dataset.synthetic(users=40, items=30, seed=5, context=context)
        train = diffmm.Trainer(dataset, **SETTINGS)
        placer = diffmm.Placer(train.fit(), dataset)
        scorer = diffmm.Scorer(train.model)
        extended = scorer.extend(np.ones((1, 8)), ids=["new"])
        ended = [weakref.ref(each.handle) for each in (train, dataset, scorer)]
        kept = weakref.ref(context.handle)
        del context, dataset, train, scorer
        gc.collect()
        self.assertEqual([None] * 3, [each() for each in ended])
        self.assertIsNotNone(kept())
        self.assertEqual((1, 8), placer.place({"image": [None]}).shape)
        self.assertEqual(31, len(extended.recommend(0, 31, include_seen=True)))
        del placer, extended
        gc.collect()
        self.assertIsNone(kept())

    def test_through_a_file(self):
        with temporary_folder() as folder:
            self.placer.save(path_in(folder, "placer"))
            opened = diffmm.Placer.open(path_in(folder, "placer"))
        self.assertEqual(8, opened.dimensions)
        self.assertEqual({"image": 4, "text": 3}, opened.modalities)
        given = {"image": features()[:3]}
        np.testing.assert_array_equal(self.placer.place(given), opened.place(given))

    def test_what_is_wrong_is_said(self):
        for wrong, message in (({"smell": np.ones((1, 2))}, "smell"), ({"image": [[1, 2]]}, "of 4"),
                               ({"image": [None], "text": []}, "rows for")):
            with self.assertRaisesRegex(ValueError, message):
                self.placer.place(wrong)
        for wrong in ({"image": np.full((1, 4), np.nan)}, {"image": np.full((1, 4), np.inf)}):
            with self.assertRaises(diffmm.Error) as caught:
                self.placer.place(wrong)
            self.assertIs(diffmm.Status.NUMERIC, caught.exception.status)
        scorer = diffmm.Scorer(self.model)
        with self.assertRaisesRegex(diffmm.Error, "i3"):
            scorer.extend(np.ones((1, 8)), ids=["i3"])
        with self.assertRaisesRegex(ValueError, "1 rows, but 2 ids"):
            scorer.extend(np.ones((1, 8)), ids=["a", "b"])
        with self.assertRaises(diffmm.Error) as caught:
            diffmm.Placer.open("no/such/file")
        self.assertIs(diffmm.Status.IO, caught.exception.status)


if __name__ == "__main__":
    unittest.main()
