# SPDX-License-Identifier: BSD-2-Clause
"""Text in both directions: paths of any bytes, and names, ids and messages that are not UTF-8,
which never put a UnicodeDecodeError in the place of an answer or of an error."""

import os
import pathlib
import unittest
from unittest import mock

import numpy as np

import diffmm
from diffmm import _convert, _library
from diffmm._library import library
from small import SETTINGS, data, features, temporary_folder, trainer

BYTES = b"caf\xe9 \xff"  # Latin-1: no UTF-8


def spellings(path):
    """A path given as bytes, as everything that Python takes for a path."""

    class Named:
        def __init__(self, value):
            self.value = value

        def __fspath__(self):
            return self.value

    return path, os.fsdecode(path), pathlib.Path(os.fsdecode(path)), Named(path)


class Paths(unittest.TestCase):

    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)

    def path(self, ending):
        return os.fsencode(self.folder.name) + b"/" + BYTES + ending

    def test_data(self):
        table, vectors = self.path(b".tsv"), self.path(b".npy")
        with open(table, "w", encoding="utf-8") as file:
            file.write("user\titem\nann\t0\nbob\t1\n")
        with open(vectors, "wb") as file:
            np.save(file, features(2))
        for path, feature_path in zip(spellings(table), spellings(vectors)):
            self.assertEqual(2, diffmm.Dataset.open(path).users)
            dataset = diffmm.Dataset()
            dataset.read_interactions(path)
            dataset.add_modality("image", feature_path)
            dataset.seal()
            self.assertEqual((2, {"image": 4}), (dataset.items, dataset.modalities))

    def test_models(self):
        source = diffmm.Model(data(), **SETTINGS)
        for path in spellings(self.path(b".safetensors")):
            source.save(path)
            self.assertTrue(os.path.exists(self.path(b".safetensors")))
            if isinstance(path, bytes):  # where content is taken too, bytes are that
                continue
            self.assertEqual(80, diffmm.Model.load(path).users)
            self.assertEqual(80, diffmm.describe(path).users)
            self.assertEqual(80, diffmm.Scorer(path).users)

    def test_exports(self):
        scorer = diffmm.Scorer(diffmm.Model(data(), **SETTINGS))
        for path in spellings(self.path(b".npy")):
            scorer.export("items", path)
            with open(self.path(b".npy"), "rb") as file:
                self.assertEqual((50, 8), np.load(file).shape)
            os.remove(self.path(b".npy"))

    def test_checkpoints_and_placers(self):
        train, dataset = trainer(epochs=1), data()
        dataset.seal()
        train.epoch()
        placer = diffmm.Placer(train.model, dataset)
        for path in spellings(self.path(b"")):
            train.checkpoint(path)
            if not isinstance(path, bytes):
                self.assertTrue(diffmm.Trainer.resume(data(), path).finished)
            placer.save(path)
            self.assertEqual(8, diffmm.Placer.open(path).dimensions)

    def test_a_nul_inside(self):
        model, train = diffmm.Model(data(), **SETTINGS), trainer()
        calls = (diffmm.Dataset.open, diffmm.Dataset().read_interactions, model.save,
                 diffmm.Placer.open, train.checkpoint,
                 lambda path: diffmm.Dataset().add_modality("image", path),
                 lambda path: diffmm.Scorer(model).export("users", path))
        for call in calls:
            for path in ("a\0b", b"a\0b", pathlib.PurePath("a\0b")):
                with self.subTest(path=path), self.assertRaisesRegex(ValueError, "NUL inside"):
                    call(path)
        for call in (diffmm.Model.load, diffmm.Scorer, diffmm.describe,
                     lambda path: diffmm.Trainer.resume(data(), path)):
            for path in ("a\0b", pathlib.PurePath("a\0b")):
                with self.subTest(path=path), self.assertRaisesRegex(ValueError, "NUL inside"):
                    call(path)
        for call in calls[:5]:
            for path in (None, 5, 1.5, ["x"]):
                with self.subTest(path=path), self.assertRaises(TypeError):
                    call(path)

    def test_an_error_names_such_a_path(self):
        for call in (diffmm.Dataset.open, diffmm.Model.load, diffmm.Scorer, diffmm.describe):
            with self.assertRaises(diffmm.Error) as caught:
                call(os.fsdecode(self.path(b".tsv")))
            self.assertIs(diffmm.Status.IO, caught.exception.status)
            message = str(caught.exception)
            self.assertIn("caf", message)
            message.encode()  # can be printed


class Decoding(unittest.TestCase):

    def test_an_error_that_is_not_utf8(self):
        with mock.patch.object(library, "diffmm_error_message", lambda: BYTES):
            with self.assertRaises(diffmm.Error) as caught:
                _library._check(3, None, ())
        self.assertEqual("caf\\xe9 \\xff", str(caught.exception))
        with self.assertRaises(diffmm.Error) as caught:
            diffmm.Options({"\udce9poch": 3})
        str(caught.exception).encode()

    def test_a_log_line_that_is_not_utf8(self):
        lines = []
        callback = diffmm.context._log_callback(lambda level, line: lines.append(line))
        callback(1, BYTES, None)
        self.assertEqual(["caf\\xe9 \\xff"], lines)

    def test_ids_and_names_that_are_not_utf8(self):
        dataset = data()
        dataset.seal()
        model = diffmm.Model(dataset, **SETTINGS)
        model.forward()
        scorer = diffmm.Scorer(model)
        for function, call in (
                ("diffmm_dataset_user_id", lambda: dataset.user_id(0)),
                ("diffmm_dataset_item_id", lambda: dataset.item_id(0)),
                ("diffmm_dataset_modality_name", lambda: list(dataset.modalities)[0]),
                ("diffmm_model_modality_name", lambda: model.modalities[0]),
                ("diffmm_scorer_modality_name", lambda: scorer.modalities[0]),
                ("diffmm_scorer_user_id", lambda: scorer.user_id(0)),
                ("diffmm_scorer_item_id", lambda: scorer.item_id(0)),
                ("diffmm_file_modality_name",
                 lambda: list(diffmm.describe(model.to_bytes()).modalities)[0]),
                ("diffmm_placer_modality_name",
                 lambda: list(diffmm.Placer(model, dataset).modalities)[0])):
            with self.subTest(function), mock.patch.object(library, function, lambda *_: BYTES):
                self.assertEqual(BYTES, _convert.name(call()))
        with self.assertRaises(diffmm.NotFound) as caught:
            scorer.find_user(_convert.text(BYTES))
        str(caught.exception).encode()

    def test_nothing_is_decoded_elsewhere(self):
        folder = pathlib.Path(diffmm.__file__).parent
        for path in folder.glob("*.py"):
            if path.name != "_convert.py":
                self.assertNotIn(".decode(", path.read_text(encoding="utf-8"), path.name)


if __name__ == "__main__":
    unittest.main()
