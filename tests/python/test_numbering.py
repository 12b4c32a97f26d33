# SPDX-License-Identifier: BSD-2-Clause
"""Dataset.from_arrays() with a split for each interaction gives what adding them one by one gives:
ids are numbered as they appear, and features belong to the items that were listed for them."""

import random
import unittest
from unittest import mock

import numpy as np

import diffmm
from diffmm._library import library
from small import features

SPLITS = ("train", "valid", "test")


def everything(dataset):
    """All that can be told of a data set, sealed here."""
    dataset.seal()
    return ([dataset.user_id(u) for u in range(dataset.users)],
            [dataset.item_id(i) for i in range(dataset.items)],
            [[dataset.row(u, split).tolist() for u in range(dataset.users)] for split in SPLITS])


def one_by_one(user, item, split, item_ids=None):
    dataset = diffmm.Dataset()
    if item_ids:
        dataset.declare_items(item_ids)
    for row in zip(user, item, split):
        dataset.add_interactions([row[0]], [row[1]], row[2])
    return dataset


class Numbering(unittest.TestCase):

    def test_ids_are_numbered_by_first_appearance(self):
        user, item = ["zoe", "ann", "zoe", "bob"], ["q", "x", "b", "x"]
        split = ["train", "test", "valid", "train"]
        for kind in (list, tuple, np.array, lambda v: np.array(v, object)):
            dataset = diffmm.Dataset.from_arrays(kind(user), kind(item), split=kind(split))
            users, items, (train, valid, test) = everything(dataset)
            self.assertEqual((["zoe", "ann", "bob"], ["q", "x", "b"]), (users, items))
            self.assertEqual(([[0], [], [1]], [[2], [], []], [[], [1], []]), (train, valid, test))

    def test_strings_of_every_kind_give_the_same(self):

        class Caseless(str):  # equal to Python, but another text
            def __eq__(self, other):
                return self.lower() == other.lower()

            def __hash__(self):
                return hash(self.lower())

        drawn = random.Random(5)
        user, item = ([drawn.choice("aAéz\U0001f600") * drawn.randrange(1, 9) for _ in range(2000)]
                      for _ in range(2))
        expected = everything(one_by_one(user, item, ["train"] * len(user)))
        for kind in (list, tuple, np.array, lambda v: np.array(v, object),
                     lambda v: list(np.array(v)), lambda v: np.array(v)[::-1][::-1],
                     lambda v: list(map(Caseless, v))):
            self.assertEqual(expected,
                             everything(diffmm.Dataset.from_arrays(kind(user), kind(item))))

    def test_features_belong_to_their_items(self):
        user, item = ["a", "a", "b", "b", "a"], ["p", "q", "r", "q", "s"]
        split = ["valid", "train", "test", "train", "train"]
        table = features(4)
        with self.assertRaisesRegex(diffmm.Error, "nothing says which of its 4 rows is item 'p'"):
            diffmm.Dataset.from_arrays(user, item, split=split,
                                       modalities={"image": table}).seal()
        dataset = diffmm.Dataset.from_arrays(user, item, split=split, item_ids=list("rpsq"),
                                             modalities={"image": table})
        dataset.seal()
        for row, name in enumerate("rpsq"):
            number = dataset.find_item(name)
            np.testing.assert_array_equal(table[row:row + 1], dataset.features("image", number, 1))

    def test_any_order_of_splits(self):
        drawn = random.Random(3)
        for trial in range(150):
            count, width = drawn.randrange(1, 60), drawn.choice([1, 3, 12, 1000])
            user = [f"u{drawn.randrange(width)}" for _ in range(count)]
            item = [f"i{drawn.randrange(width)}" for _ in range(count)]
            split = [drawn.choice(SPLITS) for _ in range(count)]
            split[drawn.randrange(count)] = "train"
            if trial % 3 == 1:  # numbers beside ids
                item = [int(name[1:]) for name in item]
            if trial % 3 == 2:  # numbers alone
                user, item = ([int(name[1:]) for name in names] for names in (user, item))
            item_ids = sorted(map(str, set(item))) if trial % 4 == 3 and trial % 3 < 2 else None
            given = diffmm.Dataset.from_arrays(user, item, split=split, item_ids=item_ids)
            with self.subTest(trial=trial):
                self.assertEqual(everything(one_by_one(user, item, split, item_ids)),
                                 everything(given))

    def test_held_out_rows_are_the_same(self):
        user, item = [f"u{k % 7}" for k in range(200)], [f"i{k * k % 31}" for k in range(200)]
        sets = [diffmm.Dataset.from_arrays(user, item, split=["train"] * 200),
                diffmm.Dataset.from_arrays(user, item), one_by_one(user, item, ["train"] * 200)]
        for dataset in sets:
            dataset.hold_out(0.2, 0.2, 5)
        self.assertEqual(1, len({repr(everything(dataset)) for dataset in sets}))

    def test_splits_by_any_name(self):
        user, item = ["a", "b", "c"], ["x", "y", "z"]
        expected = everything(diffmm.Dataset.from_arrays(user, item, split=SPLITS))
        for split in ([0, 1, 2], np.array([0, 1, 2], np.int8), list(diffmm.Split),
                      ["TRAIN", "Valid", "test"], [0, "valid", diffmm.Split.TEST]):
            self.assertEqual(expected,
                             everything(diffmm.Dataset.from_arrays(user, item, split=split)))
        for split in ([0, 1.0, 2], [0, 1, True], [0, 1, None], [0, 1, float("nan")], [0, 1, 3],
                      np.array([0.0, 1, 2]), ["train", "valid", "tset"], [b"train"] * 3,
                      np.ma.array([0, 1, 2], mask=[0, 0, 1]), {"train", "valid", "test"}):
            with self.subTest(split=split):
                with self.assertRaises((TypeError, ValueError, KeyError)):
                    diffmm.Dataset.from_arrays(user, item, split=split)
        for split in (["train"] * 2, ["train"] * 4, []):
            with self.assertRaisesRegex(ValueError, "3 users, 3 items and"):
                diffmm.Dataset.from_arrays(user, item, split=split)

    def test_a_mistake_is_told_by_its_row(self):
        split = ["train", "test", "train", "test"]
        with self.assertRaisesRegex(diffmm.Error, r"user\[2\] is -4"):
            diffmm.Dataset.from_arrays([0, 1, -4, 3], [0, 1, 2, 3], split=split)
        with self.assertRaisesRegex(diffmm.Error, r"item\[3\] is empty"):
            diffmm.Dataset.from_arrays(list("abcd"), ["x", "y", "z", ""], split=split)
        with self.assertRaisesRegex(diffmm.Error, "item 'z' is not among the 2 declared"):
            diffmm.Dataset.from_arrays(list("abcd"), ["x", "y", "z", "x"], split=split,
                                       item_ids=["x", "y"])

    def test_alternating_splits_are_one_call(self):
        count = 20000
        user, item = [f"u{k % 40}" for k in range(count)], [f"i{k % 90}" for k in range(count)]
        split = np.array(SPLITS)[np.arange(count) % 3]
        calls, add = [], library.diffmm_dataset_add_interactions_with
        with mock.patch.object(library, "diffmm_dataset_add_interactions_with",
                               lambda *given: calls.append(given) or add(*given)):
            dataset = diffmm.Dataset.from_arrays(user, item, split=split)
        self.assertEqual(1, len(calls))
        self.assertEqual((40, 90), (dataset.users, dataset.items))


if __name__ == "__main__":
    unittest.main()
