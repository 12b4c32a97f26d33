# SPDX-License-Identifier: BSD-2-Clause
"""Tables in memory: what has __arrow_c_stream__(), and frames of pandas."""

import gc
import importlib.util
import unittest

import numpy as np

import diffmm
from diffmm import _arrow
from small import features, pairs, trainer
from test_numbering import everything

USERS, ITEMS = ["zoe", "ann", "zoe", "bob"], ["q", "x", "é" * 20, "x"]
EXPECTED = (["zoe", "ann", "bob"], ["q", "x", "é" * 20], [[[0, 2], [1], [1]], [[]] * 3, [[]] * 3])
HAS_PANDAS = importlib.util.find_spec("pandas") is not None


def table(**columns):
    return _arrow.Table({name: column if isinstance(column, _arrow.Column) else
                         _arrow.strings(column) if isinstance(column[0], str) else
                         _arrow.numbers(column) for name, column in columns.items()})


class Arrow(unittest.TestCase):

    def tearDown(self):
        gc.collect()
        self.assertEqual({}, _arrow._out)  # everything that went out has been released

    def test_strings_and_dictionaries(self):
        for user in (USERS, _arrow.coded([0, 1, 0, 2], ["zoe", "ann", "bob", "never"])):
            dataset = diffmm.Dataset.from_arrow(table(userId=user, asin=ITEMS))
            self.assertEqual(EXPECTED, everything(dataset))

    def test_whole_numbers_are_ids(self):
        for kind in (np.int8, np.uint16, np.int32, np.uint64):
            dataset = diffmm.Dataset.from_arrow(
                table(user=np.array([3, 1, 3], kind), item=np.array([20, 10, 10], kind)))
            users, items, (train, _, _) = everything(dataset)
            self.assertEqual((["3", "1"], ["20", "10"], [[0, 1], [1]]), (users, items, train))

    def test_ratings_times_and_splits(self):
        columns = {"who": ["a", "a", "a", "b"], "what": ["p", "q", "r", "p"],
                   "stars": np.array([5, 1, 4, 5], np.float32),
                   "when": np.array(["2024-01-03", "2024-01-01", "2024-01-02", "NaT"], "M8[s]"),
                   "part": ["train", "train", "train", "test"]}
        names = {"user": "who", "item": "what", "rating": "stars", "timestamp": "when",
                 "split": "part"}
        dataset = diffmm.Dataset.from_arrow(table(**columns), **names)
        dataset.filter_ratings(2)
        self.assertEqual(1, dataset.interactions("test"))
        self.assertEqual(2, dataset.interactions())
        dataset.seal()
        self.assertEqual((4, 3), (dataset.summary()["ratings"], dataset.summary()["timestamps"]))
        dataset = diffmm.Dataset.from_arrow(table(**columns), **{**names, "split": ""})
        self.assertEqual(0, dataset.interactions("test"))

    def test_reading_into_a_data_set(self):
        dataset = diffmm.Dataset()
        dataset.read_arrow(table(user=USERS, item=ITEMS), "valid")
        dataset.read_arrow(table(user=USERS[:1], thing=ITEMS[:1]), columns={"item": "thing"})
        self.assertEqual((1, 4), (dataset.interactions(), dataset.interactions("valid")))

    def test_what_is_refused(self):
        dataset = diffmm.Dataset()
        missing = _arrow.coded([0, -1], ["zoe"])
        with self.assertRaisesRegex(diffmm.Error, "row 1: column 'user' is null"):
            dataset.read_arrow(table(user=missing, item=ITEMS[:2]))
        with self.assertRaisesRegex(diffmm.Error, "column 'user' has the type 'g'"):
            dataset.read_arrow(table(user=np.array([1.0]), item=ITEMS[:1]))
        with self.assertRaisesRegex(diffmm.Error, "column 'user' has the type 'object of float"):
            dataset.read_arrow(table(user=_arrow.coded([0, 1], ["a", 1.5]), item=ITEMS[:2]))
        with self.assertRaisesRegex(diffmm.Error, "no column 'user', but 'who', 'item'"):
            dataset.read_arrow(table(who=USERS, item=ITEMS))
        with self.assertRaisesRegex(TypeError, "has no __arrow_c_stream__"):
            dataset.read_arrow({"user": USERS, "item": ITEMS})
        with self.assertRaises(TypeError):
            dataset.read_arrow(table(user=USERS, item=ITEMS), columns={"thing": "item"})
        self.assertEqual(0, dataset.users)

    def test_features_go_by_id(self):
        dataset = diffmm.Dataset()
        dataset.add_interactions(["a", "a", "b"], ["p", "q", "r"])
        rows = table(item=["r", "x", "p", "q"], one=np.arange(4.0), two=np.arange(4, dtype=np.int8))
        dataset.add_modality("text", rows)
        dataset.seal()
        np.testing.assert_array_equal([[2, 2], [3, 3], [0, 0]], dataset.features("text"))
        with self.assertRaisesRegex(diffmm.Error, "no column with the ids of items, but 'one'"):
            diffmm.Dataset().add_modality("text", table(one=np.arange(3.0)))

    def test_there_and_back(self):
        user, item = pairs()
        dataset = diffmm.Dataset.from_arrow(table(user=[f"user {u}" for u in user],
                                                  item=[f"item {i}" for i in item]))
        ids = [f"item {i}" for i in range(30)]
        dataset.add_modality("group", features(), ids=ids)
        with trainer(dataset, epochs=1) as training:
            training.fit()
            scorer = diffmm.Scorer(training.model)
        again = diffmm.Dataset()
        again.read_arrow(scorer.recommend_arrow(count=3), columns={"rating": "rank"})
        again.add_modality("vector", scorer.export_arrow("items"))
        again.seal()
        self.assertEqual(3 * scorer.users, again.interactions())
        self.assertEqual({"vector": scorer.dimensions}, again.modalities)
        for user in range(scorer.users):
            hits = scorer.recommend(scorer.user_id(user), 3)
            number = again.find_user(scorer.user_id(user))
            self.assertEqual({hit.item for hit in hits},
                             {again.item_id(i) for i in again.row(number)})
        few = diffmm.Dataset.from_arrow(scorer.recommend_arrow(["user 3"], 2, allowed=np.ones(30, bool)))
        self.assertEqual((1, 2), (few.users, few.items))

    def test_a_table_of_the_library_is_read_once(self):
        dataset = diffmm.Dataset.synthetic(users=80, items=50, seed=7)
        scorer = diffmm.Scorer(trainer(dataset).model.to_bytes())
        made = scorer.export_arrow("users")
        del scorer  # the table keeps what it is made of, the bytes too
        gc.collect()
        again = diffmm.Dataset()
        again.add_interactions(["a"], ["1"])
        with self.assertRaisesRegex(diffmm.Error, "no column with the ids of items, but 'user'"):
            again.add_modality("vector", made)
        with self.assertRaisesRegex(ValueError, "has been read already"):
            again.add_modality("vector", made)
        with self.assertRaisesRegex(TypeError, "takes no filter"):
            diffmm.Scorer(trainer(dataset).model).recommend_arrow(filter=lambda u, i: True)

    def test_a_capsule_that_nobody_takes(self):
        capsule = table(user=USERS, item=ITEMS).__arrow_c_stream__()
        del capsule

    @unittest.skipUnless(HAS_PANDAS, "there is no pandas")
    def test_frames(self):
        import pandas
        frame = pandas.DataFrame({"userId": USERS, "movieId": ITEMS, "rating": [1, 5, 5, 5],
                                  "ts": pandas.to_datetime([3, 2, 1, 0], unit="s")})
        self.assertEqual(EXPECTED, everything(diffmm.Dataset.from_pandas(frame)))
        for kinds in ({"userId": "category"}, {"userId": "string", "movieId": "category"},
                      {"rating": "Int64"}, {"rating": "float32"}):
            dataset = diffmm.Dataset.from_pandas(frame.astype(kinds))
            self.assertEqual(EXPECTED, everything(dataset))
            self.assertEqual((4, 4), (dataset.summary()["ratings"],
                                      dataset.summary()["timestamps"]))
        numbered = frame.assign(userId=[30, 10, 30, 20])
        self.assertEqual(["30", "10", "20"],
                         everything(diffmm.Dataset.from_pandas(numbered))[0])
        frame.loc[2, "movieId"] = None
        with self.assertRaisesRegex(diffmm.Error, "row 2: column 'movieId' is null"):
            diffmm.Dataset.from_pandas(frame)


if __name__ == "__main__":
    unittest.main()
