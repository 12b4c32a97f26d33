# SPDX-License-Identifier: BSD-2-Clause
"""Data sets and settings."""

import unittest

import numpy as np

import diffmm
from small import SETTINGS, data, features, pairs, path_in, temporary_folder


class Datasets(unittest.TestCase):

    def test_from_numbers(self):
        user, item = pairs()
        split = np.where(np.arange(user.size) % 6 == 5, "test", "train")
        dataset = diffmm.Dataset.from_arrays(user, item, split=split,
                                             modalities={"image": features(33)})
        dataset.seal()
        self.assertEqual((40, 33), (dataset.users, dataset.items))
        self.assertEqual({"image": 4}, dataset.modalities)
        self.assertEqual(40, dataset.interactions("test"))
        row = sorted(item[(user == 3) & (split == "train")])
        np.testing.assert_array_equal(row, dataset.row(3))
        self.assertEqual(item[(user == 3) & (split == "test")].tolist(),
                         dataset.row(3, diffmm.Split.TEST).tolist())
        self.assertEqual(("3", "32"), (dataset.user_id(3), dataset.item_id(32)))
        self.assertIsNone(dataset.item_id(33))

    def test_ids_of_rows(self):
        rows = np.arange(4, dtype=np.float32).reshape(4, 1)
        for ids in (["y", "q", "x", "z"], np.array(["y", "q", "x", "z"])):
            dataset = diffmm.Dataset.from_arrays(
                ["a", "a", "b"], ["x", "y", "w"],
                modalities={"array": {"features": rows, "ids": ids},
                            "copy": {"features": rows.tolist(), "ids": ids, "copy": True}})
            dataset.add_modality("loader", lambda first, out: out.__setitem__(
                slice(None), rows[first:first + len(out)]), 1, ids=ids)
            dataset.seal()
            for name in "array", "copy", "loader":
                self.assertEqual(dataset.features(name).ravel().tolist(), [2, 0, 0], name)

    def test_a_loader_by_id(self):
        asked = []

        def load(ids, out):
            asked.append(list(ids))
            out[:] = [[len(id)] for id in ids]

        dataset = diffmm.Dataset.from_arrays(["a", "a", "b"], ["x", "yyyyy", "Żółw"])
        dataset.add_modality("length", load, 1, by_id=True)
        with self.assertRaisesRegex(TypeError, "by_id is for a loader"):
            dataset.add_modality("m", [[1.], [2.], [3.]], by_id=True)
        with self.assertRaisesRegex(TypeError, "asked by id has no rows"):
            dataset.add_modality("m", load, 1, ids=["x"], by_id=True)
        with self.assertRaisesRegex(TypeError, "needs to know its dimensions"):
            dataset.add_modality("m", load, by_id=True)
        self.assertEqual(["length"], list(dataset.modalities))
        dataset.seal()
        more = dataset.extend()
        more.add_interactions(["c"], ["zz"])
        more.seal()
        self.assertEqual(dataset.features("length").ravel().tolist(), [1, 5, 4])
        self.assertEqual(more.features("length").ravel().tolist(), [1, 5, 4, 2])
        self.assertEqual([["x", "yyyyy", "Żółw"], ["x", "yyyyy", "Żółw", "zz"]], asked)

        failing = diffmm.Dataset.from_arrays(["a"], ["x"])
        failing.add_modality("m", lambda ids, out: {}[ids[0]], 1, by_id=True)
        failing.seal()
        with self.assertRaises(KeyError):
            failing.features("m")

    def test_a_loader_by_number_of_unlisted_items(self):
        dataset = diffmm.Dataset.from_arrays(["a"], ["x"])
        dataset.add_modality("m", lambda first, out: None, 1)
        with self.assertRaisesRegex(diffmm.Error, "nothing says which number its loader"):
            dataset.seal()

    def test_ids_of_rows_as_numbers(self):
        dataset = diffmm.Dataset.from_arrays([0, 0, 1], [0, 1, 2],
                                      modalities={"m": {"features": [[7.], [8.]], "ids": [2, 0]}})
        dataset.seal()
        self.assertEqual(dataset.features("m").ravel().tolist(), [8, 0, 7])

    def test_items_without_rows_are_left_out(self):
        dataset = diffmm.Dataset.from_arrays(
            ["a", "a", "b"], ["x", "y", "w"],
            modalities={"m": {"features": [[7.], [8.]], "ids": ["w", "x"]}})
        dataset.filter_features()
        dataset.seal()
        self.assertEqual(dataset.features("m").ravel().tolist(), [8, 7])
        self.assertEqual((dataset.items, dataset.interactions()), (2, 2))

    def test_items_without_rows_in_one_modality_are_left_out(self):
        dataset = diffmm.Dataset.from_arrays(
            ["a", "a", "b"], ["x", "y", "w"],
            modalities={"m": {"features": [[7.], [8.]], "ids": ["w", "x"]},
                        "n": {"features": [[5.]], "ids": ["x"]}})
        dataset.filter_features("m")
        dataset.seal()
        self.assertEqual(dataset.features("m").ravel().tolist(), [8, 7])
        self.assertEqual(dataset.features("n").ravel().tolist(), [5, 0])

    def test_wrong_ids_of_rows_leave_no_modality(self):
        dataset = diffmm.Dataset.from_arrays(["a"], ["x"])
        for ids in ["x"], ["x", "x"], ["x", None], ["x", 1.5]:
            with self.assertRaises((ValueError, TypeError)):
                dataset.add_modality("m", [[1.], [2.]], ids=ids)
        self.assertEqual(dataset.modalities, {})

    def test_mapped(self):
        rows = np.arange(6, dtype=np.float32).reshape(3, 2)
        with temporary_folder() as folder:
            single, half = path_in(folder, "rows.npy"), path_in(folder, "half.npy")
            np.save(single, rows)
            np.save(half, rows.astype(np.float16))
            dataset = diffmm.Dataset.from_arrays([0], [2])
            dataset.add_modality("m", single, mapped=True)
            dataset.add_modality("h", half, mapped=True)
            double = path_in(folder, "double.npy")
            np.save(double, rows.astype(np.float64))
            with self.assertRaisesRegex(diffmm.Error, "neither float32 nor float16"):
                dataset.add_modality("d", double, mapped=True)
        dataset.seal()
        self.assertEqual(dataset.features("m").tolist(), rows.tolist())
        self.assertEqual(dataset.features("h").tolist(), rows.tolist())

    def test_copies_may_change(self):
        rows = np.ones((1, 2), np.float32)
        dataset = diffmm.Dataset.from_arrays([0], [0])
        dataset.add_modality("m", rows, copy=True)
        rows[:] = 5
        dataset.seal()
        self.assertEqual(dataset.features("m").tolist(), [[1, 1]])

    def test_from_ids(self):
        dataset = diffmm.Dataset.from_arrays(["ann", "bob", "ann"], ["x", "y", "z\u00e9"],
                                             item_ids=["z\u00e9", "y", "x"],
                                             modalities={"image": features(3)})
        dataset.seal()
        self.assertEqual(["z\u00e9", "y", "x"], [dataset.item_id(i) for i in range(3)])
        self.assertEqual(1, dataset.find_user("bob"))
        self.assertEqual(0, dataset.find_item("z\u00e9"))
        np.testing.assert_array_equal([0, 2], dataset.row(dataset.find_user("ann")))
        with self.assertRaises(diffmm.NotFound) as caught:
            dataset.find_item("w")
        self.assertIsInstance(caught.exception, LookupError)
        self.assertIn("'w'", str(caught.exception))

    def test_from_files(self):
        with temporary_folder() as folder:
            table, vectors = path_in(folder, "clicks.tsv"), path_in(folder, "image_feat.npy")
            with open(table, "w", encoding="utf-8") as file:
                file.write("user\titem\tsplit\nann\t0\ttrain\nann\t1\ttest\nbob\t1\ttrain\n")
            np.save(vectors, features(2))
            dataset = diffmm.Dataset.open(table)
            dataset.seal()
            self.assertEqual((2, 2), (dataset.users, dataset.items))
            self.assertEqual(1, dataset.interactions("test"))
            dataset = diffmm.Dataset()
            dataset.read_interactions(table)
            dataset.add_modality("cover", vectors)
            dataset.seal()
            self.assertEqual({"cover": 4}, dataset.modalities)
            with self.assertRaisesRegex(diffmm.Error, "nothing.tsv") as caught:
                diffmm.Dataset.open(path_in(folder, "nothing.tsv"))
            self.assertIs(diffmm.Status.IO, caught.exception.status)

    def test_hold_out(self):
        user, item = pairs()
        splits = []
        for seed in (4, 4, 5):
            dataset = diffmm.Dataset.from_arrays(user, item)
            dataset.hold_out(0.2, 0.1, seed)
            dataset.seal()
            splits.append([dataset.row(u, split).tolist() for split in diffmm.Split
                           for u in range(40)])
        self.assertEqual(240, sum(map(len, splits[0])))
        self.assertTrue(all(splits[0][:40]))
        self.assertTrue(any(splits[0][40:80]) and any(splits[0][80:]))
        self.assertEqual(splits[0], splits[1])
        self.assertNotEqual(splits[0], splits[2])
        with self.assertRaises(diffmm.Error) as caught:
            dataset.hold_out(0.2, 0.1)
        self.assertIs(diffmm.Status.STATE, caught.exception.status)
        for valid, test in ((1, 0), (-0.1, 0), (0.5, 0.5)):
            with self.assertRaises(diffmm.Error) as caught:
                diffmm.Dataset.from_arrays(user, item).hold_out(valid, test)
            self.assertIs(diffmm.Status.INVALID_ARGUMENT, caught.exception.status)

    def test_tables_of_any_kind(self):
        with temporary_folder() as folder:
            table = path_in(folder, "sales.log")
            with open(table, "w", encoding="utf-8") as file:
                file.write("what;who;stars\nx;ann;5\ny;ann;2\nx;bob;4\n")
            dataset = diffmm.Dataset()
            dataset.read_table(table, user="who", item=1, rating="stars", header=True)
            dataset.filter_ratings(3)
            dataset.seal()
            self.assertEqual(["ann", "bob"], [dataset.user_id(u) for u in range(2)])
            self.assertEqual(2, dataset.interactions())
            with open(path_in(folder, "item_ids.txt"), "w", encoding="utf-8") as file:
                file.write("y\nx\n")
            dataset = diffmm.Dataset.open_table(table, separator=";", user="who", item="what",
                                                rating="")
            dataset.seal()
            self.assertEqual(["y", "x"], [dataset.item_id(i) for i in range(2)])
            self.assertEqual(0, dataset.summary()["ratings"])
            with self.assertRaisesRegex(diffmm.Error, "there is no column 'whom' for the user"):
                diffmm.Dataset().read_table(table, user="whom")
            with self.assertRaisesRegex(diffmm.Error, "separator is ';;'"):
                diffmm.Dataset().read_table(table, separator=";;")
            with self.assertRaises((TypeError, KeyError)):
                diffmm.Dataset().read_table(table, header="maybe")
            with self.assertRaises(TypeError):
                diffmm.Dataset().read_table(table, customer="who")

    def test_filters_and_holding_out_by_time(self):
        user, item = list("aaabbbc"), list("xyzxyzx")
        rating = [5, 4, 3, 5, 1, 4, 5]
        seconds = np.array([3, 1, 2, 10, 20, 30, 5])
        days = np.array("2020-01-01", "datetime64[s]") + seconds
        ends = {}
        for kind, time in {"seconds": 1577836800 + seconds, "reals": 1577836800.0 + seconds,
                           "milliseconds": (1577836800 + seconds) * 1000, "dates": days,
                           "nanoseconds": (1577836800 + seconds) * 10**9}.items():
            dataset = diffmm.Dataset.from_arrays(user, item, rating=rating, time=time)
            dataset.filter_ratings(3)
            dataset.deduplicate("last")
            dataset.filter_core(2, 0)
            dataset.hold_out_last(0, 1)
            dataset.seal()
            ends[kind] = [dataset.item_id(dataset.row(u, "test")[0]) for u in range(2)]
        self.assertEqual({("x", "z")}, {tuple(end) for end in ends.values()})
        summary = dataset.summary()
        self.assertEqual((2, 3, 3, 2, 7, 7), tuple(summary[field] for field in (
            "users", "items", "train", "test", "ratings", "timestamps")))
        dataset = diffmm.Dataset.from_arrays(user, item, time=days)
        dataset.hold_out_from(None, "2020-01-01T00:00:20")
        self.assertEqual(2, dataset.interactions("test"))
        for wrong in ([1, 2], np.full(7, "x"), [True] * 7, [1e30] * 7):
            with self.assertRaises((TypeError, ValueError, OverflowError)):
                diffmm.Dataset.from_arrays(user, item, time=wrong)
        with self.assertRaises((TypeError, ValueError)):
            diffmm.Dataset.from_arrays(user, item, rating=[1, 2])
        dataset = diffmm.Dataset.from_arrays(user, item, time=[np.nan] * 6 + [1])
        with self.assertRaisesRegex(diffmm.Error, "6 of 7 interactions have no timestamp"):
            dataset.hold_out_last()
        with self.assertRaisesRegex(diffmm.Error, "no interaction has a rating"):
            dataset.filter_ratings(1)

    def test_pairs_of_an_epoch(self):
        dataset = data()
        with self.assertRaises(diffmm.Error) as caught:
            diffmm.sample_pairs(dataset, 7, 1)
        self.assertIs(diffmm.Status.STATE, caught.exception.status)
        dataset.seal()
        user, positive, negative = diffmm.sample_pairs(dataset, 7, 1)
        self.assertEqual(dataset.interactions(), user.size)
        touched = {(u, i) for u in range(80) for i in dataset.row(u).tolist()}
        self.assertEqual(touched, set(zip(user.tolist(), positive.tolist())))
        self.assertFalse(touched & set(zip(user.tolist(), negative.tolist())))
        np.testing.assert_array_equal(negative, diffmm.sample_pairs(dataset, 7, 1)[2])
        self.assertFalse(np.array_equal(negative, diffmm.sample_pairs(dataset, 7, 2)[2]))
        # A user who has touched all there is has no pair.
        everything = diffmm.Dataset.from_arrays([0, 0, 1], [0, 1, 1])
        everything.seal()
        self.assertEqual([[1], [1], [0]],
                         [list(part) for part in diffmm.sample_pairs(everything, 7, 1)])

    def test_synthetic(self):
        dataset = data(dimensions=[3, 5, 7])
        dataset.seal()
        self.assertEqual({"image": 3, "text": 5, "audio": 7}, dataset.modalities)
        self.assertEqual((80, 50), (dataset.users, dataset.items))

    def test_what_is_wrong_is_said(self):
        dataset = diffmm.Dataset()
        with self.assertRaisesRegex(ValueError, "2 users, but 1 items"):
            dataset.add_interactions([0, 1], [0])
        with self.assertRaisesRegex(TypeError, "whole numbers"):
            dataset.add_interactions([0.5], [0])
        with self.assertRaisesRegex(OverflowError, "32 bits"):
            dataset.add_interactions([2**31], [0])
        with self.assertRaisesRegex(ValueError, "NUL"):
            dataset.declare_items(["a\0b"])
        with self.assertRaisesRegex(ValueError, "two dimensions"):
            dataset.add_modality("image", np.zeros(3, np.float32))
        with self.assertRaisesRegex(KeyError, "LATER"):
            dataset.add_interactions([0], [0], split="later")
        with self.assertRaisesRegex(diffmm.Error, "character other than"):
            dataset.add_modality("an image", features())
        dataset.add_interactions([0], [0])
        dataset.add_modality("image", features(2))
        with self.assertRaisesRegex(diffmm.Error, "2 rows, but the data set has 1 items"):
            dataset.seal()
        dataset.reserve(0, 2)
        dataset.seal()
        with self.assertRaises(diffmm.Error) as caught:
            dataset.add_interactions([0], [0])
        self.assertIs(diffmm.Status.STATE, caught.exception.status)


class Settings(unittest.TestCase):

    def test_by_name_and_by_keyword(self):
        options = diffmm.Options({"contrastive.anchor": "main"}, preset="sports", epochs=7,
                                 diffusion__msi=False, hidden_sizes=[30, 20])
        options["modality.image.projection"] = "leaky"
        options["lr"] = 0.25
        self.assertEqual("main", options["contrastive.anchor"])
        self.assertEqual((7, 7.0, "7"),
                         (options["epochs"], options.real("epochs"), options.text("epochs")))
        self.assertIs(False, options["diffusion.msi"])
        self.assertEqual(0, options.integer("diffusion.msi"))
        self.assertEqual([30, 20], options["hidden_sizes"])
        self.assertEqual(0.25, options["learning_rate"])
        self.assertEqual(("leaky", "linear"), (options["modality.image.projection"],
                                               options["modality.text.projection"]))
        copied = options.copy()
        options.preset("tiktok")
        self.assertEqual((7, "leaky"), (copied["epochs"], copied["modality.image.projection"]))
        self.assertEqual(50, dict(options)["epochs"])
        options["seed"] = np.int64(2**62)
        self.assertEqual(2**62, options["seed"])

    def test_all_are_described(self):
        described = {setting.name: setting for setting in diffmm.settings()}
        options = diffmm.Options()
        self.assertEqual([name for name in described if "*" not in name], list(options))
        for name, value in dict(options).items():
            setting = described[name]
            self.assertEqual(setting.default, options.text(name))
            if setting.type in (diffmm.OptionType.INTEGER, diffmm.OptionType.REAL):
                self.assertTrue(setting.minimum <= value <= setting.maximum)
            if setting.type is diffmm.OptionType.CHOICE:
                self.assertIn(value, setting.choices)
            self.assertTrue(setting.help.endswith("."))
        self.assertEqual("tau", described["temperature"].symbol)

    def test_what_is_wrong_is_said(self):
        for name, value, message in (("epoch", 3, "did you mean 'epochs'"), ("epochs", 0, "epochs"),
                                     ("dropout", 2.5, "dropout"), ("norm", "perhaps", "norm")):
            with self.assertRaisesRegex(diffmm.Error, message) as caught:
                diffmm.Options({name: value})
            self.assertIs(diffmm.Status.INVALID_ARGUMENT, caught.exception.status)
        with self.assertRaisesRegex(diffmm.Error, "no preset is called 'film'"):
            diffmm.Options(preset="film")
        with self.assertRaisesRegex(diffmm.Error, "epoch"):
            diffmm.Options()["epoch"]
        with self.assertRaisesRegex(TypeError, "either Options"):
            diffmm.Model(data(), diffmm.Options(), epochs=3)

    def test_a_model_tells_its_own(self):
        model = diffmm.Model(data(), **SETTINGS)
        self.assertEqual([16], model.options["hidden_sizes"])
        copied = model.options.copy()
        copied["hidden_sizes"] = [8]
        self.assertEqual([16], model.options["hidden_sizes"])


if __name__ == "__main__":
    unittest.main()
