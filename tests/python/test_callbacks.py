# SPDX-License-Identifier: BSD-2-Clause
"""Python functions called by the library: exceptions, cancelling, Ctrl-C, loaders, log, pool,
allocator."""

import concurrent.futures
import ctypes
import gc
import itertools
import os
import signal
import subprocess
import sys
import threading
import unittest
from unittest import mock

import numpy as np

import diffmm
from small import SETTINGS, data, features, pairs, trainer


class Epochs(unittest.TestCase):

    def test_fit_tells_every_epoch(self):
        reports, steps = [], []
        model = trainer(on_progress=steps.append).fit(on_epoch=reports.append)
        self.assertEqual([1, 2, 3], [report.epoch for report in reports])
        self.assertTrue(reports[-1].finished)
        self.assertEqual({1, 2, 3}, {step.epoch for step in steps})
        self.assertEqual(set(diffmm.Phase), {step.phase for step in steps})
        self.assertTrue(all(step.done <= step.total and step.epochs == 3 for step in steps))
        self.assertEqual(["image", "text"], list(reports[0].denoiser_loss))
        losses = reports[0].losses
        self.assertEqual(reports[0].denoiser_loss["text"], losses["denoiser.text"].value)
        self.assertAlmostEqual(reports[0].loss.total, sum(
            term.value for name, term in losses.items() if not name.startswith("denoiser.")))
        self.assertEqual([5, 10], [metrics.cutoff for metrics in reports[0].valid])
        self.assertEqual(reports[0].valid[0].recall, reports[0].valid.recall)
        self.assertEqual((80, 8), model.user_embeddings.shape)

    def test_a_final_fit(self):
        reports, steps = [], []
        trained = trainer(on_progress=lambda step: steps.append(step) if trained.finished else None)
        with self.assertRaisesRegex(diffmm.Error, "no epoch"):
            trained.fit_final()
        trained.fit()
        best = trained.best().epoch
        steps.clear()
        model = trained.fit_final(on_epoch=reports.append)
        self.assertEqual(list(range(1, best + 1)), [report.epoch for report in reports])
        self.assertEqual(best, max(step.epoch for step in steps))
        self.assertEqual(0, reports[-1].valid[0].users)
        final = trained.final()
        self.assertEqual(model.to_bytes(), final.fit().to_bytes())
        trained.on_progress = lambda step: True
        with self.assertRaises(diffmm.Cancelled):
            trained.fit_final()
        del trained, final
        gc.collect()
        self.assertEqual(best, model.options["epochs"])
        dataset = data()
        dataset.seal()
        for split in ("train", "valid", "test"):
            for user in range(dataset.users):
                self.assertLessEqual(set(dataset.row(user, split)),
                                     set(diffmm.Scorer(model).seen(user)))

    def test_what_is_true_ends_training(self):
        train = trainer()
        reports = []
        train.fit(on_epoch=lambda report: reports.append(report) or report.epoch == 2)
        self.assertEqual(2, len(reports))
        self.assertIn(train.best().epoch, (1, 2))
        self.assertFalse(train.finished)

    def test_an_exception_passes_through(self):
        train = trainer()

        def fail(report):
            raise KeyError(report.epoch)

        for expected in (1, 2, 3):
            with self.assertRaises(KeyError) as caught:
                train.fit(on_epoch=fail)
            self.assertEqual((expected,), caught.exception.args)
        self.assertTrue(train.finished)

    def test_an_exception_between_two_steps(self):
        train = trainer()

        def fail(progress):
            raise ArithmeticError(progress.phase)

        train.on_progress = fail
        with self.assertRaises(ArithmeticError) as caught:
            train.epoch()
        self.assertEqual((diffmm.Phase.DENOISE,), caught.exception.args)
        train.on_progress = None
        self.assertEqual(1, train.epoch().epoch)

    def test_progress_can_stop(self):
        train = trainer(on_progress=lambda progress: progress.phase is diffmm.Phase.RECOMMEND)
        with self.assertRaises(diffmm.Cancelled) as caught:
            train.epoch()
        self.assertIs(diffmm.Status.CANCELLED, caught.exception.status)

    def test_cancel_from_another_thread(self):
        train = trainer()
        at_work = threading.Event()
        train.on_progress = lambda progress: at_work.set()
        other = threading.Thread(target=lambda: at_work.wait() and train.cancel())
        other.start()
        with self.assertRaisesRegex(diffmm.Cancelled, "epoch [0-9]+ was cancelled"):
            while True:
                train = train if not train.finished else trainer(on_progress=train.on_progress)
                train.fit()
        other.join()

    def test_an_exception_of_one_thread_stays_there(self):
        def fail(progress):
            raise ValueError("of the other thread")

        caught = []

        def work():
            try:
                trainer(on_progress=fail).epoch()
            except ValueError as error:
                caught.append(error)

        other = threading.Thread(target=work)
        other.start()
        trainer().epoch()
        other.join()
        self.assertEqual(1, len(caught))

    def test_a_callback_may_use_other_objects(self):
        inner = trainer()
        outer = trainer()
        outer.fit(on_epoch=lambda report: inner.epoch() and None)
        self.assertTrue(inner.finished)

    def test_an_exception_within_a_callback_within_a_callback(self):
        inner = trainer(on_progress=lambda progress: 1 / 0)
        caught = []

        def on_epoch(report):
            try:
                inner.epoch()
            except ZeroDivisionError as error:
                caught.append(error)

        trainer().fit(on_epoch=on_epoch)
        self.assertEqual(3, len(caught))


class Interrupt(unittest.TestCase):
    """Ctrl-C, in the main thread."""

    def setUp(self):
        # Whoever runs the tests may ignore SIGINT.
        previous = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, previous)

    def test_between_two_steps(self):
        for after in (0, 1, 5):
            train = trainer()
            run, counted = diffmm._callbacks.run, itertools.count()

            # The signal arrives in the callback, but not in a function of the host.
            def step(function, *arguments):
                if next(counted) == after:
                    signal.raise_signal(signal.SIGINT)
                return run(function, *arguments)

            with mock.patch("diffmm._callbacks.run", step):
                with self.assertRaises(KeyboardInterrupt):
                    train.epoch()
            self.assertEqual(after + 1, next(counted))
            self.assertIs(signal.default_int_handler, signal.getsignal(signal.SIGINT))

    def test_inside_a_callback(self):
        train = trainer()
        reached = []

        def on_epoch(report):
            signal.raise_signal(signal.SIGINT)
            for _ in range(1000):
                pass
            reached.append(report)

        with self.assertRaises(KeyboardInterrupt):
            train.fit(on_epoch=on_epoch)
        self.assertEqual([], reached)
        self.assertEqual(1, train.best().epoch)

    def test_a_handler_of_the_host_that_does_not_raise(self):
        seen = []
        signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
        train = trainer(on_progress=lambda progress: signal.raise_signal(signal.SIGINT))
        self.assertEqual(1, train.epoch().epoch)
        self.assertGreater(len(seen), 1)

    def test_a_process_that_is_told_to_stop(self):
        program = ("import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
                   "from small import *\n"
                   "train = trainer(epochs=1000000)\n"
                   "try:\n"
                   "    train.fit(lambda report: print(report.epoch, flush=True))\n"
                   "except KeyboardInterrupt:\n"
                   "    print('interrupted', train.best().epoch > 0)\n")
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True,
                              cwd=os.path.dirname(os.path.abspath(__file__))) as process:
            self.assertEqual("1\n", process.stdout.readline())
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
        self.assertTrue(rest.endswith("interrupted True\n"), rest[-200:])
        self.assertEqual(0, process.returncode)


class Loader(unittest.TestCase):

    def dataset(self, load, dimensions=4):
        user, item = pairs()
        dataset = diffmm.Dataset()
        dataset.add_interactions(user, item)
        dataset.add_modality("image", load, dimensions=dimensions)
        return dataset

    def test_same_as_an_array(self):
        table = features()
        asked = []

        def load(first, out):
            asked.append((first, len(out)))
            out[:] = table[first:first + len(out)]
            return out  # what it returns does not matter

        user, item = pairs()
        models = [diffmm.Model(self.dataset(load), **SETTINGS),
                  diffmm.Model(diffmm.Dataset.from_arrays(user, item,
                                                          modalities={"image": (load, 4)}),
                               **SETTINGS),
                  diffmm.Model(diffmm.Dataset.from_arrays(user, item,
                                                          modalities={"image": table}), **SETTINGS)]
        self.assertTrue(asked)
        for model in models:
            model.forward()
            np.testing.assert_array_equal(models[0].item_embeddings, model.item_embeddings)

    def test_an_exception_passes_through(self):
        def load(first, out):
            raise ConnectionError("the store is away")

        dataset = self.dataset(load)
        for make in (diffmm.Model, diffmm.Trainer):
            with self.assertRaisesRegex(ConnectionError, "the store is away"):
                make(dataset, **SETTINGS)

    def test_it_cannot_write_beyond_its_block(self):
        def load(first, out):
            self.assertEqual(4, out.shape[1])
            with self.assertRaises((IndexError, ValueError)):
                out[len(out)] = 1
            out[:] = 1

        diffmm.Model(self.dataset(load), **SETTINGS)

    def test_it_needs_dimensions(self):
        with self.assertRaisesRegex(TypeError, "dimensions"):
            self.dataset(lambda first, out: None, dimensions=None)


class Host(unittest.TestCase):
    """Log, pool and allocator of a context."""

    def test_log(self):
        lines = []
        context = diffmm.Context(log=lambda level, message: lines.append((level, message)))
        trainer(data(context=context)).fit()
        self.assertIn((diffmm.LogLevel.INFO, "epoch 3 done, best so far "),
                      [(level, message[:26]) for level, message in lines])
        lines.clear()
        quiet = diffmm.Context(log=lambda *line: lines.append(line),
                               log_level=diffmm.LogLevel.WARNING)
        trainer(data(context=quiet)).fit()
        self.assertEqual([], lines)

    def test_an_exception_in_the_log_is_reported(self):
        def fail(level, message):
            raise RuntimeError("no log")

        reported = []
        with mock.patch("sys.unraisablehook", reported.append):
            trainer(data(context=diffmm.Context(log=fail))).fit()
        self.assertEqual({RuntimeError}, {one.exc_type for one in reported})
        # A line for each of three epochs, and one in each for the graphs of two modalities.
        self.assertEqual(9, len(reported))

    def test_the_hosts_own_threads_give_the_same_bits(self):
        expected = trainer(data(context=diffmm.Context(threads=2))).fit().user_embeddings
        threads = set()
        with concurrent.futures.ThreadPoolExecutor(3) as executor:

            def run(count, task):
                def work(index):
                    threads.add(threading.get_ident())
                    task(index)

                list(executor.map(work, range(count)))

            context = diffmm.Context(pool=(3, run))
            self.assertEqual(3, context.threads)
            got = trainer(data(context=context)).fit().user_embeddings
        np.testing.assert_array_equal(expected, got)
        self.assertTrue(threads - {threading.get_ident()})

    def test_a_pool_that_fails_is_made_up_for(self):
        expected = trainer().fit().user_embeddings

        def run(count, task):
            task(0)
            raise RuntimeError("no threads")

        with mock.patch("sys.unraisablehook", lambda reported: None):
            got = trainer(data(context=diffmm.Context(pool=(4, run)))).fit().user_embeddings
        np.testing.assert_array_equal(expected, got)

    def test_allocator(self):
        libc = ctypes.CDLL(None)
        libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        libc.free.argtypes = [ctypes.c_void_p]
        alive = set()
        lock = threading.Lock()

        def allocate(size):
            memory = libc.malloc(size)
            with lock:
                alive.add(memory)
            return memory

        def release(memory):
            with lock:
                alive.remove(memory)
            libc.free(memory)

        context = diffmm.Context(allocator=(allocate, release))
        model = trainer(data(context=context)).fit()
        del context
        self.assertTrue(alive)
        del model
        self.assertEqual(set(), alive)

    def test_an_allocator_with_nothing_left(self):
        with self.assertRaises(diffmm.Error) as caught:
            diffmm.Context(allocator=(lambda size: None, lambda memory: None))
        self.assertIs(diffmm.Status.NO_MEMORY, caught.exception.status)


if __name__ == "__main__":
    unittest.main()
