# SPDX-License-Identifier: BSD-2-Clause
"""Views look at the library's memory without copying and keep it alive; objects may be deleted in
any order. Where the library is built with the address sanitiser, that watches over it all."""

import gc
import itertools
import unittest
import weakref

import numpy as np

import diffmm
from diffmm import _arrays
from small import SETTINGS, address, data, features, pairs, path_in, temporary_folder, trainer


class Views(unittest.TestCase):

    def test_same_address_at_every_look(self):
        model = diffmm.Model(data(), **SETTINGS)
        for look in (lambda: model.user_embeddings, lambda: model.item_embeddings,
                     lambda: model.parameters["user_embedding"],
                     lambda: model.gradients["item_embedding"]):
            self.assertEqual(address(look()), address(look()))
        users, items = model.user_embeddings, model.item_embeddings
        self.assertEqual(address(users) + users.nbytes, address(items))

    def test_views_follow_the_model(self):
        model = diffmm.Model(data(), **SETTINGS)
        view = model.parameters["user_embedding"]
        before = view.copy()
        model.objective([0, 1], [0, 1], [2, 3])
        gradient = model.gradients["user_embedding"]
        self.assertTrue(gradient.any())
        model.step()
        self.assertFalse(np.array_equal(before, view))
        model.parameters["user_embedding"] = before
        np.testing.assert_array_equal(before, view)
        model.parameters["modality_logits"] = [1, 2]
        np.testing.assert_array_equal([[1], [2]], model.parameters["modality_logits"])

    def test_views_are_read_only(self):
        model = diffmm.Model(data(), **SETTINGS)
        with self.assertRaises(ValueError):
            model.user_embeddings[0, 0] = 1

    def test_views_outlive_everything_else(self):
        train = trainer()
        train.epoch()
        model = train.model
        views = [model.user_embeddings, model.parameters["denoiser.image.time.weight"],
                 model.graph("image").rows()[2], diffmm.Scorer(model).seen(3),
                 diffmm.Schedule(5, 0.1, 1e-4, 0.02).alpha_bar]
        kept = [view.copy() for view in views]
        ended = weakref.ref(train)
        train.close()
        del train, model
        gc.collect()
        self.assertIsNone(ended())
        for view, copy in zip(views, kept):
            np.testing.assert_array_equal(copy, view)

    def test_row_of_a_dataset_outlives_it(self):
        dataset = data()
        dataset.seal()
        row = dataset.row(0)
        copy = row.copy()
        del dataset
        np.testing.assert_array_equal(copy, row)

    def test_empty_views(self):
        dataset = diffmm.Dataset()
        dataset.reserve(3, 3)
        dataset.add_interactions([0], [0])
        dataset.seal()
        self.assertEqual((0,), dataset.row(2).shape)


class Lent(unittest.TestCase):
    """What the host lends the library."""

    def test_features_are_read_in_place_and_kept(self):
        user, item = pairs()
        wide = np.zeros((30, 10), np.float32)
        wide[:, 3:7] = features()
        lent = weakref.ref(wide)
        dataset = diffmm.Dataset.from_arrays(user, item, modalities={"image": wide[:, 3:7]})
        kept = dataset.handle.keeps[-1]
        self.assertEqual(address(wide) + 12, address(kept))
        del wide, kept
        gc.collect()
        self.assertIsNotNone(lent())
        model = diffmm.Model(dataset, **SETTINGS)
        projection = model.parameters["modality.image.projection.weight"]
        self.assertEqual((4, 8), projection.shape)
        del dataset
        gc.collect()
        self.assertIsNotNone(lent())
        model.forward()
        del model, projection
        gc.collect()
        self.assertIsNone(lent())

    def test_strided_and_other_features_give_the_same(self):
        user, item = pairs()
        table = features()
        wide = np.zeros((30, 9), np.float32)
        wide[:, 2:6] = table
        models = [diffmm.Model(diffmm.Dataset.from_arrays(user, item, modalities={"image": f}),
                               **SETTINGS)
                  for f in (table, wide[:, 2:6], table.astype(np.float64), np.asfortranarray(table),
                            table[::-1].copy()[::-1], table.astype(">f4"), table.tolist())]
        for model in models:
            model.forward()
            np.testing.assert_array_equal(models[0].item_embeddings, model.item_embeddings)

    def test_arguments_are_not_copied(self):
        p = np.eye(4, dtype=np.float32)
        grad = np.empty_like(p)
        where = address(grad)
        _, dp, dq = diffmm.infonce(p, p, np.array([0, 1], np.int32), 0.5, grad_p=grad, grad_q=False)
        self.assertIs(grad, dp)
        self.assertEqual(where, address(dp))
        self.assertIsNone(dq)
        self.assertIs(p, _arrays.matrix(p))
        self.assertIs(p, _arrays.array(p, np.float32, 4, 4))
        indices = np.arange(3, dtype=np.int32)
        self.assertIs(indices, _arrays.numbers(indices))


class Order(unittest.TestCase):

    def test_every_order_of_deletion(self):
        with temporary_folder() as folder:
            for order in itertools.permutations(range(5)):
                context = diffmm.Context(threads=1)
                dataset = data(context=context)
                model = diffmm.Model(dataset, **SETTINGS)
                graph = model.graph("image")
                scorer = diffmm.Scorer(model)
                things = [context, dataset, model, graph, scorer]
                del context, dataset, model, graph, scorer
                for index in order:
                    things[index] = None
            model = diffmm.Model(data(), **SETTINGS)
            path = path_in(folder, "model.safetensors")
            model.save(path)
            context = diffmm.Context(threads=1)
            scorer, loaded = diffmm.Scorer(path, context), diffmm.Model.load(path, context)
            del context
            gc.collect()
            self.assertEqual(5, len(scorer.recommend(0, 5)))
            self.assertEqual(model.parameters["user_embedding"].tolist(),
                             loaded.parameters["user_embedding"].tolist())

    def test_parts_live_on(self):
        train = trainer()
        model, options = train.model, train.model.options
        del train
        gc.collect()
        self.assertEqual(8, model.dimensions)
        del model
        gc.collect()
        self.assertEqual(8, options["embedding_size"])

    def test_closed_objects_say_so(self):
        with data() as dataset:
            dataset.seal()
        with self.assertRaisesRegex(ValueError, "this Dataset is closed"):
            dataset.users
        dataset.close()

    def test_callbacks_end_with_what_needs_them(self):
        class Log:
            def __call__(self, level, message):
                pass

        log = Log()
        ended = weakref.ref(log)
        context = diffmm.Context(log=log, log_level=diffmm.LogLevel.DEBUG)
        train = trainer(data(context=context))
        del log, context
        train.epoch()
        self.assertIsNotNone(ended())
        del train
        gc.collect()
        self.assertIsNone(ended())

    def test_a_cycle_through_a_callback_is_collected(self):

        def in_a_cycle():
            train = trainer()
            train.on_progress = lambda progress: train.finished
            train.epoch()
            return weakref.ref(train)

        gc.disable()
        self.addCleanup(gc.enable)
        ended = in_a_cycle()
        self.assertIsNotNone(ended())
        gc.collect()
        self.assertIsNone(ended())


if __name__ == "__main__":
    unittest.main()
