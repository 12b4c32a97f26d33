# SPDX-License-Identifier: BSD-2-Clause
"""Model files and training checkpoints, on disk and in memory, and what they say of themselves."""

import gc
import mmap
import unittest
import weakref

import numpy as np

import diffmm
from small import SETTINGS, data, path_in, temporary_folder, trainer


class Checkpoints(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.whole = trainer()
        cls.reports = list(cls.whole)

    def same_end(self, resumed):
        reports = list(resumed)
        self.assertEqual([2, 3], [report.epoch for report in reports])
        for report, expected in zip(reports, self.reports[1:]):
            self.assertEqual(expected.loss, report.loss)
            self.assertEqual(expected.test, report.test)
        np.testing.assert_array_equal(self.whole.model.user_embeddings,
                                      resumed.model.user_embeddings)

    def test_from_a_file(self):
        with temporary_folder() as folder:
            path = path_in(folder, "run.ckpt")
            train = trainer()
            train.epoch()
            train.checkpoint(path)
            del train
            self.same_end(diffmm.Trainer.resume(data(), path))

    def test_from_memory(self):
        train = trainer()
        train.epoch()
        checkpoint = train.checkpoint_bytes()
        self.assertIsInstance(checkpoint, bytes)
        steps = []
        resumed = diffmm.Trainer.resume(data(), bytearray(checkpoint), on_progress=steps.append)
        self.same_end(resumed)
        self.assertEqual({2, 3}, {step.epoch for step in steps})

    def test_from_an_epoch_callback(self):
        written = []
        train = trainer()
        train.fit(on_epoch=lambda report: written.append(train.checkpoint_bytes()))
        self.assertEqual(3, len(written))
        self.same_end(diffmm.Trainer.resume(data(), written[0]))

    def test_a_report_tells_where_training_stands(self):
        train = trainer()
        self.assertIsNone(train.report())
        report = train.epoch()
        self.assertEqual(report, train.report())
        resumed = diffmm.Trainer.resume(data(), train.checkpoint_bytes())
        self.assertEqual((1, False), (resumed.report().epoch, resumed.finished))
        self.assertEqual(report.valid, resumed.report().valid)

    def test_a_finished_training_goes_on_where_it_may(self):
        settings = {**SETTINGS, "modality.image.projection": "linear", "lr": 0.0123}
        short = diffmm.Trainer(data(), {**settings, "epochs": 2})
        list(short)
        checkpoint = short.checkpoint_bytes()
        self.assertTrue(diffmm.Trainer.resume(data(), checkpoint).finished)
        longer = diffmm.Trainer.resume(data(), checkpoint, epochs=3)
        self.assertFalse(longer.finished)
        expected = list(diffmm.Trainer(data(), settings))
        self.assertEqual(expected[2:], [last._replace(seconds=expected[2].seconds)
                                        for last in longer])
        given = diffmm.Options({**settings, "epochs": 4})
        self.assertFalse(diffmm.Trainer.resume(data(), checkpoint, given).finished)
        with self.assertRaises(TypeError):
            diffmm.Trainer.resume(data(), checkpoint, given, epochs=4)
        for other in ({"batch": 32}, {"seed": 9}):
            with self.assertRaisesRegex(diffmm.Error, next(iter(other))) as caught:
                diffmm.Trainer.resume(data(), checkpoint, **other)
            self.assertIs(diffmm.Status.INVALID_ARGUMENT, caught.exception.status)

    def test_what_cannot_be_resumed(self):
        train = trainer()
        train.epoch()
        checkpoint = train.checkpoint_bytes()
        with self.assertRaises(diffmm.Error) as caught:
            diffmm.Trainer.resume(diffmm.Dataset.synthetic(users=80, items=50, seed=8), checkpoint)
        self.assertIs(diffmm.Status.INVALID_ARGUMENT, caught.exception.status)
        for bad in (b"", checkpoint[:100], checkpoint[:-1], train.model.to_bytes()):
            with self.assertRaises(diffmm.Error) as caught:
                diffmm.Trainer.resume(data(), bad)
            self.assertIs(diffmm.Status.FORMAT, caught.exception.status)
        with self.assertRaises(diffmm.Error) as caught:
            diffmm.Trainer.resume(data(), "no/such/file")
        self.assertIs(diffmm.Status.IO, caught.exception.status)
        with self.assertRaises(TypeError):
            diffmm.Trainer.resume(data(), 3)

    def test_within_a_step_there_is_none(self):
        train = trainer(on_progress=lambda progress: train.checkpoint_bytes() and None)
        with self.assertRaises(diffmm.Error) as caught:
            train.epoch()
        self.assertIs(diffmm.Status.STATE, caught.exception.status)

    def test_loaders_of_a_resumed_training_may_raise(self):

        def fail(first, out):
            raise KeyError(first)

        def dataset(load):
            return diffmm.Dataset.from_arrays(range(9), range(9), modalities={"image": (load, 3)})

        train = diffmm.Trainer(dataset(lambda first, out: out.fill(1)), **SETTINGS)
        with self.assertRaises(KeyError):
            diffmm.Trainer.resume(dataset(fail), train.checkpoint_bytes())


class Models(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.model = trainer().fit()
        cls.file = cls.model.to_bytes()

    def test_the_same_file_on_disk_and_in_memory(self):
        with temporary_folder() as folder:
            path = path_in(folder, "model.safetensors")
            self.model.save(path)
            with open(path, "rb") as stored:
                self.assertEqual(self.file, stored.read())

    def test_loaded_from_bytes(self):
        loaded = diffmm.Model.load(self.file)
        np.testing.assert_array_equal(self.model.item_embeddings, loaded.item_embeddings)
        self.assertEqual(self.file, loaded.to_bytes())

    def test_served_from_bytes(self):
        expected = diffmm.Scorer(self.model).recommend(3, 5)
        self.assertEqual(expected, diffmm.Scorer(self.file).recommend(3, 5))
        with temporary_folder() as folder:
            path = path_in(folder, "model.safetensors")
            self.model.save(path)
            with open(path, "rb") as stored:
                mapped = mmap.mmap(stored.fileno(), 0, access=mmap.ACCESS_READ)
            scorer = diffmm.Scorer(mapped)
            with self.assertRaises(BufferError):  # it is being read
                mapped.close()
            self.assertEqual(expected, scorer.recommend(3, 5))
            scorer.close()
            mapped.close()

    def test_a_scorer_keeps_its_bytes(self):
        lent = np.frombuffer(self.file, np.uint8).copy()
        ended = weakref.ref(lent)
        scorer = diffmm.Scorer(lent)
        seen = scorer.seen(0)
        expected = seen.copy()
        del lent, scorer
        gc.collect()
        self.assertIsNotNone(ended())
        np.testing.assert_array_equal(expected, seen)
        del seen
        gc.collect()
        self.assertIsNone(ended())

    def test_loading_does_not_keep_them(self):
        lent = np.frombuffer(self.file, np.uint8).copy()
        ended = weakref.ref(lent)
        model = diffmm.Model.load(lent)
        info = diffmm.describe(lent)
        del lent
        gc.collect()
        self.assertIsNone(ended())
        self.assertEqual(info.dimensions, model.dimensions)

    def test_what_is_no_model(self):
        for load in (diffmm.Model.load, diffmm.Scorer, diffmm.describe):
            with self.assertRaises(diffmm.Error) as caught:
                load(self.file[:-1])
            self.assertIs(diffmm.Status.FORMAT, caught.exception.status)
            with self.assertRaises(TypeError):
                load(None)


class Metadata(unittest.TestCase):

    def test_of_a_checkpoint(self):
        train = trainer()
        reports = [train.epoch(), train.epoch()]
        info = diffmm.describe(train.checkpoint_bytes())
        self.assertIs(diffmm.FileKind.CHECKPOINT, info.kind)
        self.assertEqual((80, 50, 8, 2), (info.users, info.items, info.dimensions,
                                          info.epochs_done))
        self.assertEqual(reports[-1].best_epoch, info.chosen_epoch)
        self.assertEqual(reports[info.chosen_epoch - 1].valid, info.valid)
        self.assertEqual(reports[info.chosen_epoch - 1].test, info.test)
        self.assertEqual(data().modalities, info.modalities)
        self.assertEqual(".".join(map(str, diffmm.version())), info.library)

    def test_of_a_model(self):
        with temporary_folder() as folder:
            path = path_in(folder, "model.safetensors")
            train = trainer()
            train.fit().save(path)
            info = diffmm.describe(path)
        self.assertIs(diffmm.FileKind.MODEL, info.kind)
        self.assertEqual((0, train.best().epoch), (info.epochs_done, info.chosen_epoch))
        self.assertEqual(train.best().valid, info.valid)
        self.assertEqual(dict(train.model.options), dict(info.options))

    def test_of_a_model_that_was_never_evaluated(self):
        info = diffmm.describe(diffmm.Model(data(), **SETTINGS).to_bytes())
        self.assertEqual((0, (), ()), (info.chosen_epoch, info.valid, info.test))
        options = info.options
        del info
        gc.collect()
        self.assertEqual([16], options["hidden_sizes"])


if __name__ == "__main__":
    unittest.main()
