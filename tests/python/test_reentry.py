# SPDX-License-Identifier: BSD-2-Clause
"""Callbacks that close, delete or replace what is calling them, or raise: the call goes on with
what it was given, and comes to an end."""

import ctypes
import gc
import unittest
from unittest import mock

import numpy as np

import diffmm
from small import SETTINGS, data, features, pairs, trainer


def closing(thing):
    """A function that lets go of an object, and of everything that nothing refers to any more; the
    first time that it is called."""

    def close(*_):
        if thing._handle is not None:
            thing.close()
            gc.collect()

    return close


class Closing(unittest.TestCase):

    def test_a_trainer_by_its_progress(self):
        train = trainer()
        train.on_progress = closing(train)
        self.assertEqual(1, train.epoch().epoch)
        with self.assertRaisesRegex(ValueError, "this Trainer is closed"):
            train.epoch()

    def test_a_trainer_by_its_epochs(self):
        expected = trainer().fit().user_embeddings.copy()
        train = trainer()

        def end(report):
            nonlocal train
            if train is not None:
                train.close()
            train = None
            gc.collect()

        model = train.fit(on_epoch=end)
        np.testing.assert_array_equal(expected, model.user_embeddings)

    def test_a_loop_over_epochs(self):
        train = trainer()
        with self.assertRaisesRegex(ValueError, "closed"):
            for report in train:
                train.close()

    def test_a_callback_that_replaces_itself(self):
        train, told = trainer(), []

        def first(progress):
            train.on_progress = told.append
            gc.collect()

        train.on_progress = first
        del first
        train.epoch()
        self.assertTrue(told)

    def test_a_data_set_by_its_loader(self):
        user, item = pairs()
        for make in (diffmm.Model, diffmm.Trainer, diffmm.forecast, diffmm.measure):
            table, dataset = features(), diffmm.Dataset()
            dataset.add_interactions(user, item)

            def load(first, out):
                closing(dataset)()
                out[:] = table[first:first + len(out)]

            dataset.add_modality("image", load, 4)
            made = make(dataset, **SETTINGS)
            dataset.close()
            del made
            gc.collect()

    def test_a_scorer_by_its_filter_and_its_hits(self):
        model = diffmm.Model(data(), **SETTINGS)
        model.forward()
        for call in (lambda s, f: s.recommend(0, 5, filter=f),
                     lambda s, f: s.recommend([0, 1], 5, filter=f),
                     lambda s, f: s.recommend_arrays(None, 5, filter=f),
                     lambda s, f: s.similar_items(0, 5, filter=f),
                     lambda s, f: s.similar_users(0, 5, filter=f),
                     lambda s, f: s.recommend_embedding(np.ones(8), 5, filter=f),
                     lambda s, f: s.recommend_all(lambda user, hits: f(user, 0) and None, 5)):
            expected = call(diffmm.Scorer(model), lambda user, item: True)
            scorer = diffmm.Scorer(model.to_bytes())

            close = closing(scorer)
            np.testing.assert_equal(call(scorer, lambda user, item: close() or True), expected)
            with self.assertRaises(ValueError):
                scorer.users

    def test_a_context_by_its_log(self):
        context = diffmm.Context(log=lambda level, line: closing(context)(),
                                 log_level=diffmm.LogLevel.DEBUG)
        dataset = data(context=context)
        train = trainer(dataset)
        dataset.close()
        self.assertEqual(1, train.epoch().epoch)


class Raising(unittest.TestCase):

    def test_every_callback_that_may(self):
        class Mine(Exception):
            pass

        def fail(*_):
            raise Mine

        user, item = pairs()
        model = diffmm.Model(data(), **SETTINGS)
        model.forward()
        scorer = diffmm.Scorer(model)
        dataset = diffmm.Dataset()
        dataset.add_interactions(user, item)
        dataset.reserve(0, 30)
        dataset.add_modality("image", fail, 4)
        dataset.seal()
        train = trainer()
        for call in (lambda: trainer(on_progress=fail).epoch(), lambda: train.fit(on_epoch=fail),
                     lambda: dataset.features("image"), lambda: diffmm.Model(dataset, **SETTINGS),
                     lambda: diffmm.Trainer(dataset, **SETTINGS),
                     lambda: diffmm.Placer(model, dataset),
                     lambda: scorer.recommend(0, filter=fail),
                     lambda: scorer.recommend([0, 1], filter=fail),
                     lambda: scorer.similar_items(0, filter=fail),
                     lambda: scorer.recommend_all(fail)):
            for _ in range(2):
                with self.assertRaises(Mine):
                    call()
        # Nothing is left over for the next call.
        self.assertEqual(5, len(scorer.recommend(0, 5)))

    def test_an_allocator_that_raises(self):
        """C then gets no memory, rather than whatever stood where the result belongs."""
        libc = ctypes.CDLL(None)
        libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        libc.free.argtypes = [ctypes.c_void_p]
        for failure in (RuntimeError("no memory"), KeyboardInterrupt(), None, "an address", -1,
                        2**64, 1.5):
            left, reported = [40], []

            def allocate(size):
                left[0] -= 1
                if left[0] >= 0:
                    return libc.malloc(size)
                if isinstance(failure, BaseException):
                    raise failure
                return failure

            with self.subTest(failure=failure), mock.patch("sys.unraisablehook", reported.append):
                context = diffmm.Context(threads=1, allocator=(allocate, libc.free))
                with self.assertRaises(diffmm.Error) as caught:
                    diffmm.Model(data(context=context), **SETTINGS)
                self.assertIs(diffmm.Status.NO_MEMORY, caught.exception.status)
                self.assertEqual(failure is not None, bool(reported))
                left[0] = 1 << 30


if __name__ == "__main__":
    unittest.main()
