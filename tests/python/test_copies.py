# SPDX-License-Identifier: BSD-2-Clause
"""What has a handle is neither copied nor pickled, except for options, which are both, and models, which
are pickled as their files; plain values and exceptions are both. Whatever is left half made is quiet when it ends, also at exit."""

import copy
import gc
import os
import pickle
import subprocess
import sys
import unittest
from unittest import mock

import numpy as np

import diffmm
from diffmm import _handles
from diffmm.query import Query
from small import SETTINGS, data, trainer

HERE = os.path.dirname(os.path.abspath(__file__))
COPIES = [copy.copy, copy.deepcopy,
          *(lambda value, protocol=protocol: pickle.dumps(value, protocol)
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1))]


class Quiet(unittest.TestCase):
    """Nothing ends with an exception that nobody can catch."""

    def setUp(self):
        self.unraisable = []
        patched = mock.patch("sys.unraisablehook", self.unraisable.append)
        patched.start()
        self.addCleanup(patched.stop)

    def tearDown(self):
        gc.collect()
        self.assertEqual([], [(one.exc_type, one.exc_value) for one in self.unraisable])


class Copies(Quiet):

    def test_what_has_a_handle_refuses(self):
        train = trainer(epochs=1)
        train.epoch()
        model, dataset, context = train.model, data(), diffmm.Context(threads=1)
        dataset.seal()
        scorer = diffmm.Scorer(model)
        things = [context, dataset, train, scorer, model.parameters, model.gradients,
                  diffmm.Placer(model, dataset), model.graph("image"),
                  diffmm.Schedule(3, 0.1, 1e-4, 0.02), scorer.handle, model.options.handle,
                  Query(50, scorer.find_item, 5)]
        for thing in things:
            for make in COPIES:
                for value in (thing, [thing], {"x": (thing,)}):
                    if make is copy.copy and value is not thing:
                        continue  # has the same one in it
                    with self.subTest(type(thing).__name__):
                        with self.assertRaisesRegex(TypeError, "cannot be (copied|pickled)"):
                            make(value)
        for make in COPIES[:2]:
            with self.assertRaisesRegex(TypeError, "a Model cannot be copied"):
                make(model)
        self.assertEqual(5, len(scorer.recommend(0, 5)))

    def test_a_closed_one_refuses_too(self):
        dataset = data()
        dataset.close()
        for make in COPIES:
            with self.assertRaises(TypeError):
                make(dataset)

    def test_options_are_copied(self):
        options = diffmm.Options(preset="baby", epochs=7)
        options["modality.image.projection"] = "leaky"
        for make in COPIES[:2]:
            copied = make(options)
            options["epochs"] = 9
            self.assertEqual((7, "leaky"), (copied["epochs"], copied["modality.image.projection"]))
            options["epochs"] = 7
        inside = copy.deepcopy({"a": [options], "b": options})
        inside["b"]["epochs"] = 8
        self.assertEqual(7, options["epochs"])

    def test_options_are_pickled(self):
        options = diffmm.Options(preset="baby", epochs=7, hidden_sizes=[3, 4])
        options["modality.image.projection"] = "leaky"
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps([options, {"x": options}], protocol))
            self.assertIs(again[0], again[1]["x"])
            for other in (again[0], again[0].copy(), copy.deepcopy(again[0]),
                          pickle.loads(pickle.dumps(options.copy(), protocol))):
                self.assertEqual(dict(options), dict(other))
                self.assertEqual("leaky", other["modality.image.projection"])
                self.assertEqual(options["modality.audio.projection"],
                                 other["modality.audio.projection"])
                other["epochs"] = 8
            self.assertEqual(7, options["epochs"])
        options.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            pickle.dumps(options)

    def test_options_of_a_model_and_a_file_are_pickled(self):
        options = diffmm.Options(**SETTINGS)
        options["modality.image.standardize"] = True
        model = diffmm.Model(data(), options)
        for own in (model.options, diffmm.describe(model.to_bytes()).options):
            again = pickle.loads(pickle.dumps(own))
            self.assertEqual(dict(own), dict(again))
            self.assertIs(True, again["modality.image.standardize"])
            self.assertEqual(model.to_bytes(), diffmm.Model(data(), again).to_bytes())

    def test_models_are_pickled(self):
        train = trainer()
        model = train.fit()
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps({"model": model}, protocol))["model"]
            self.assertEqual(model.to_bytes(), again.to_bytes())
            np.testing.assert_array_equal(model.user_embeddings, again.user_embeddings)
            self.assertEqual(dict(model.options), dict(again.options))
            self.assertEqual(diffmm.Scorer(model).recommend(3, 5),
                             diffmm.Scorer(again).recommend(3, 5))
        again.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            pickle.dumps(again)

    def test_a_model_in_another_process(self):
        model = diffmm.Model(data(), **SETTINGS)
        model.forward()
        program = ("import pickle, sys\nimport diffmm\n"
                   "model = pickle.load(sys.stdin.buffer)\n"
                   "sys.stdout.buffer.write(pickle.dumps(model.item_embeddings))")
        done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(model),
                              capture_output=True, check=True)
        np.testing.assert_array_equal(model.item_embeddings, pickle.loads(done.stdout))

    def test_a_diffusion_module_is_copied(self):
        module = diffmm.Diffusion(6, seed=1, hidden_sizes=[3])
        for make in COPIES[:2]:
            copied = make(module)
            module.step([[0, 2], [1, 3], None], epoch=1)
            self.assertEqual((0, 1), (copied.steps, module.steps))
            module = copied
        for make in COPIES[2:]:
            with self.assertRaisesRegex(TypeError, "cannot be pickled"):
                make(module)

    def test_plain_values_are_copied_and_pickled(self):
        train = trainer(epochs=1)
        report = train.epoch()
        scorer = diffmm.Scorer(train.model)
        values = [report, train.best(), diffmm.forecast(data(), **SETTINGS), scorer.recommend(0, 3),
                  scorer.explain(0, 1), report.valid, report.loss, diffmm.settings(),
                  diffmm.Split.TEST, diffmm.Status.IO, diffmm.Phase.EVALUATE]
        for value in values:
            for again in (copy.copy(value), copy.deepcopy(value),
                          pickle.loads(pickle.dumps(value))):
                self.assertEqual(value, again)
                self.assertIs(type(value), type(again))
        self.assertEqual(report.valid.recall, pickle.loads(pickle.dumps(report)).valid.recall)

    def test_a_denoiser_is_a_shape(self):
        denoiser = diffmm.Denoiser(6, 2, [4, 3], normalize=True)
        for again in (copy.copy(denoiser), copy.deepcopy(denoiser),
                      pickle.loads(pickle.dumps(denoiser))):
            np.testing.assert_array_equal(denoiser.initialize(3), again.initialize(3))
            self.assertEqual(1, again._shape.normalize)

    def test_views_become_arrays(self):
        model = diffmm.Model(data(), **SETTINGS)
        view = model.parameters["user_embedding"]
        kept = view.copy()
        again = [copy.deepcopy(view), pickle.loads(pickle.dumps(view))]
        model.parameters["user_embedding"] = kept * 0
        del model
        for array in again:
            np.testing.assert_array_equal(kept, array)

    def test_exceptions(self):
        errors = []
        for call in (lambda: diffmm.Options(epochs=0), lambda: diffmm.Options(preset="film"),
                     lambda: diffmm.Model.load("/no/such/file")):
            try:
                call()
            except diffmm.Error as error:
                errors.append(error)
        errors += [diffmm.NotFound(diffmm.Status.NOT_FOUND, "no user"),
                   diffmm.errors.error(99, "new"),
                   diffmm.Cancelled(diffmm.Status.CANCELLED, "caf\u00e9 \\xff")]
        self.assertEqual(6, len(errors))
        for error in errors:
            for again in (copy.copy(error), copy.deepcopy(error),
                          *(pickle.loads(pickle.dumps(error, protocol))
                            for protocol in range(pickle.HIGHEST_PROTOCOL + 1))):
                self.assertIs(type(error), type(again))
                self.assertEqual((error.status, error.message, str(error), error.args),
                                 (again.status, again.message, str(again), again.args))
                self.assertIs(type(error.status), type(again.status))


class HalfMade(Quiet):

    def test_what_init_did_not_get_to(self):
        for name, kind in vars(diffmm).items():
            if isinstance(kind, type) and issubclass(kind, _handles.Object):
                thing = kind.__new__(kind)
                with self.subTest(name), self.assertRaisesRegex(ValueError, "closed"):
                    thing.handle
                thing.close()
                del thing
        handle = _handles.Handle.__new__(_handles.Handle)
        del handle

    def test_what_init_failed_at(self):
        for call in (lambda: diffmm.Context(threads=1 << 40), lambda: diffmm.Dataset(5),
                     lambda: diffmm.Scorer("/no/such/file"), lambda: diffmm.Model(None),
                     lambda: diffmm.Trainer(diffmm.Dataset()), lambda: diffmm.Options(epochs=0),
                     lambda: diffmm.Schedule(0, 1, 1, 1), lambda: diffmm.Graph(1, 1, [5], [0]),
                     lambda: diffmm.Placer(None, None), lambda: diffmm.Denoiser(4, 2, [None])):
            with self.assertRaises((TypeError, diffmm.Error)):
                call()

    def test_an_end_twice(self):
        dataset = data()
        handle = dataset.handle
        dataset.close()
        dataset.close()
        del handle, dataset


class Exit(unittest.TestCase):

    def run_program(self, program):
        done = subprocess.run([sys.executable, "-c", "from small import *\n" + program], cwd=HERE,
                              capture_output=True, text=True, check=False)
        self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))

    def test_everything_still_open(self):
        self.run_program("""
import itertools, sys
context = diffmm.Context(log=lambda level, line: None, log_level="debug")
train = trainer(data(context=context), on_progress=lambda progress: train.finished)
train.epoch()
model = train.model
view = model.user_embeddings
scorer = diffmm.Scorer(model.to_bytes())
cycle = [train, model]
cycle.append(cycle)
sys.kept = [scorer, view, cycle]  # until the very end
""")

    def test_an_allocator_of_the_host(self):
        self.run_program("""
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
context = diffmm.Context(threads=1, allocator=(libc.malloc, libc.free))
model = diffmm.Model(data(context=context), **SETTINGS)
""")

    def test_in_the_middle_of_training(self):
        self.run_program("""
import sys
train = trainer()
try:
    train.fit(on_epoch=lambda report: sys.exit(0))
finally:
    assert train.best().epoch == 1
""")


if __name__ == "__main__":
    unittest.main()
