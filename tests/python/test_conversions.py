# SPDX-License-Identifier: BSD-2-Clause
"""What Python gives reaches C as it is, or is refused: numbers beyond a C type, fractions, bools,
missing values, mixtures. Nothing is cut, and nothing becomes another user."""

import ctypes
import decimal
import fractions
import inspect
import unittest

import numpy as np

import diffmm
from diffmm import _convert, _functions, _structs
from diffmm._library import library
from small import SETTINGS, data, features

WHOLE = (_convert.size, _convert.uint64, _convert.int32, _convert.int64, _convert.enum)
NO_NUMBERS = (None, "1", b"1", 1j, [1], (), np.array([1, 2]), np.complex64(1), np.str_("1"),
              np.datetime64(1, "s"), np.ma.masked, np.ma.array(1, mask=True), object())
NOT_WHOLE = (1.0, 1.9, float("nan"), float("inf"), np.float32(1), np.float64(1.9), np.array(1.5),
             decimal.Decimal(1), fractions.Fraction(1, 2), True, False, np.True_, *NO_NUMBERS)
REFUSED = (TypeError, OverflowError, np.ma.MaskError)  # the last: by numpy itself, in lists


def beyond(kind):
    """Numbers just outside a type, and those that C would cut to 1."""
    span = kind.most - kind.least + 1
    return kind.least - 1, kind.most + 1, span + 1, 1 - span, 2**64 + 1, 2**200


def refused_by(kind):
    if isinstance(kind, _convert.Whole):
        return *beyond(kind), *NOT_WHOLE
    if isinstance(kind, _convert.Real):
        return (*NO_NUMBERS, True, np.True_, 10**400, decimal.Decimal("1e400"),
                np.longdouble("1e400"))
    return ()


def accepted_by(kind):
    """A value for the arguments beside the one that is tried."""
    if isinstance(kind, (_convert.Whole, _convert.Real, _convert.Flag)):
        return 0
    if isinstance(kind, _convert.Text):
        return "x"
    return kind() if inspect.isclass(kind) and issubclass(kind, ctypes._CFuncPtr) else None


class EveryFunction(unittest.TestCase):

    def test_arguments_beyond_their_type_do_not_reach_c(self):
        tried = 0
        for name, (_, *kinds) in _functions.FUNCTIONS.items():
            for place, kind in enumerate(kinds):
                for value in refused_by(kind):
                    given = [accepted_by(other) for other in kinds]
                    given[place] = value
                    with self.subTest(name, place=place, value=value):
                        with self.assertRaises(REFUSED):
                            getattr(library, name)(*given)
                        tried += 1
        self.assertGreater(tried, 3000)

    def test_no_argument_is_left_to_ctypes(self):
        # What is a ctypes type in the table is an address, which the module makes itself.
        for name, (_, *kinds) in _functions.FUNCTIONS.items():
            for kind in kinds:
                if inspect.isclass(kind) and not issubclass(kind, ctypes._CFuncPtr):
                    self.assertIs(ctypes.c_void_p, kind, name)

    def test_texts_that_c_would_not_see_whole(self):
        for name, (_, *kinds) in _functions.FUNCTIONS.items():
            for place, kind in enumerate(kinds):
                if not isinstance(kind, _convert.Text):
                    continue
                for value, error in (("a\0b", ValueError), (None, TypeError), (5, TypeError),
                                     ("\ud800", ValueError)):
                    given = [accepted_by(other) for other in kinds]
                    given[place] = value
                    if value is None and isinstance(kind, (_convert.OptionalText,
                                                                   _convert.OptionalPath)):
                        continue
                    with self.subTest(name, place=place, value=value):
                        with self.assertRaises(error):
                            getattr(library, name)(*given)

    def test_arrays_of_another_type(self):
        for name, (_, *kinds) in _functions.FUNCTIONS.items():
            for place, kind in enumerate(kinds):
                if not isinstance(kind, _functions.Array):
                    continue
                for value in ([1], np.zeros(2, ">i2"), np.zeros((2, 2), kind.dtype)[:, 1:], 5):
                    given = [accepted_by(other) for other in kinds]
                    given[place] = value
                    with self.subTest(name, place=place), self.assertRaises(TypeError):
                        getattr(library, name)(*given)

    def test_members_of_structs(self):
        tried = 0
        for struct in vars(_structs).values():
            if not inspect.isclass(struct) or not issubclass(struct, _structs.Struct):
                continue
            for field, c_type in getattr(struct, "_fields_", ()):
                for value in refused_by(_structs._CONVERSIONS.get(c_type)):
                    with self.subTest(struct=struct, field=field, value=value):
                        with self.assertRaises(REFUSED):
                            struct(**{field: value})
                        tried += 1
        self.assertGreater(tried, 1000)
        with self.assertRaises(OverflowError):
            _structs.Query(min_score=1e39)
        with self.assertRaisesRegex(TypeError, "no field 'user'"):
            _structs.Synthetic(user=5)

    def test_values_at_the_ends_of_their_types(self):
        for kind in WHOLE:
            for value in (kind.least, kind.most, 0, np.int8(1), np.uint64(1), np.array(1)):
                self.assertEqual(value, kind(value))
        for value in (0.5, np.float32(0.5), np.float16(0.5), np.array(0.5), np.longdouble(0.5),
                      fractions.Fraction(1, 2), decimal.Decimal("0.5")):
            self.assertEqual(0.5, _convert.real(value))
        self.assertEqual(float("inf"), _convert.real(float("inf")))
        self.assertEqual([1, 1, 0, 0], [_convert.flag(v) for v in (True, 1, np.False_, 0)])
        for value in (2, -1, 2**32):
            with self.assertRaises(ValueError):
                _convert.flag(value)
        for value in ("true", None, 1.0):
            with self.assertRaises(TypeError):
                _convert.flag(value)


class EveryCall(unittest.TestCase):
    """The same through the interface that a host calls."""

    @classmethod
    def setUpClass(cls):
        cls.dataset = data()
        cls.model = diffmm.Model(cls.dataset, **SETTINGS)
        cls.scorer = diffmm.Scorer(cls.model)

    def expect_refused(self, values, *calls):
        for number, call in enumerate(calls):
            for value in values:
                with self.subTest(call=number, value=value), self.assertRaises(REFUSED):
                    call(value)

    def test_users_and_items(self):
        scorer, dataset, model = self.scorer, self.dataset, self.model
        self.expect_refused(
            (2**32 + 1, 2**31, -2**31 - 1, 2**64 + 1, 1 - 2**32, 1.9, 1.0, float("nan"), True,
             np.float32(1), np.array(1.0), b"1", np.ma.masked, np.ma.array(1, mask=True)),
            scorer.recommend, scorer.similar_items, scorer.similar_users, scorer.score, scorer.seen,
            scorer.user_id, scorer.item_id, dataset.user_id, dataset.item_id, dataset.row,
            lambda v: scorer.recommend([0, v]), lambda v: scorer.recommend_arrays([0, v]),
            lambda v: scorer.score(0, [0, v]),
            lambda v: scorer.score_embedding(np.zeros(8), [0, v]),
            lambda v: scorer.fold_in([v]), lambda v: scorer.fold_in([0], v),
            lambda v: scorer.explain(v, 0), lambda v: scorer.explain(0, v),
            lambda v: scorer.explain(None, 0, [v]),
            lambda v: scorer.recommend(0, exclude=[v]),
            lambda v: scorer.recommend(0, candidates=[v]),
            lambda v: diffmm.Dataset.from_arrays([0, v], [0, 0]),
            lambda v: diffmm.Dataset.from_arrays([0, 0], [0, v], split=["train", "test"]),
            lambda v: model.objective([v], [0], [1]), lambda v: model.objective([0], [0], [v]),
            lambda v: diffmm.Graph(3, 3, [v], [0]), lambda v: diffmm.top_k([1, 2], 1, [v]),
            lambda v: diffmm.ranking_metrics([v], [0], 1), lambda v: diffmm.time_embedding([v], 2))

    def test_a_new_user_is_none_not_a_number(self):
        with self.assertRaisesRegex(ValueError, "a new user is None"):
            self.scorer.fold_in([0], -1)
        for call in (self.scorer.recommend, lambda user: self.scorer.explain(user, 0, [1])):
            with self.assertRaisesRegex(diffmm.Error, "user is -1"):
                call(-1)

    def test_counts_and_sizes(self):
        scorer, dataset = self.scorer, self.dataset
        embedding = np.zeros(8, np.float32)
        self.expect_refused(
            (2**64 + 3, 2**64, -1, 1 - 2**64, 3.5, 3.0, "3", True, np.float64(3)),
            lambda v: scorer.recommend(0, v), lambda v: scorer.similar_items(0, v),
            lambda v: scorer.similar_users(0, v), lambda v: scorer.recommend_arrays([0], v),
            lambda v: scorer.recommend_all(print, v),
            lambda v: scorer.recommend_embedding(embedding, v),
            lambda v: diffmm.Context(threads=v),
            lambda v: diffmm.Context(pool=(v, lambda count, task: None)),
            lambda v: diffmm.Dataset().reserve(v, 1), lambda v: diffmm.Dataset().reserve(1, v),
            lambda v: diffmm.Dataset.synthetic(users=v), lambda v: diffmm.Dataset.synthetic(seed=v),
            lambda v: diffmm.Dataset.synthetic(dimensions=[v]),
            lambda v: diffmm.Dataset().add_modality("image", print, v),
            lambda v: dataset.features("image", v), lambda v: dataset.features("image", 0, v),
            lambda v: dataset.hold_out(0.1, 0.1, v), lambda v: diffmm.sample_pairs(dataset, v, 1),
            lambda v: diffmm.sample_pairs(dataset, 1, v),
            lambda v: diffmm.Schedule(v, 0.1, 1e-4, 0.02), lambda v: diffmm.Denoiser(v, 2, [3]),
            lambda v: diffmm.Denoiser(4, v, [3]), lambda v: diffmm.Denoiser(4, 2, [v]),
            lambda v: diffmm.Denoiser(4, 2, [3]).initialize(v),
            lambda v: diffmm.Graph(v, 3, [0], [0]), lambda v: diffmm.Graph(3, v, [0], [0]),
            lambda v: diffmm.Graph(3, 3, [0], [0]).propagate(np.zeros((6, 2)), v),
            lambda v: diffmm.initialize_normal(3, 0.1, v),
            lambda v: diffmm.initialize_normal(3, 0.1, 1, v),
            lambda v: diffmm.adam_step(v, *np.zeros((4, 2), np.float32)),
            lambda v: diffmm.ranking_metrics([0], [0], v),
            lambda v: diffmm.evaluate(dataset, "test", np.zeros((80, 2)), np.zeros((50, 2)),
                                      [5, v]))

    def test_enums(self):
        for value in (2**32, -1 - 2**32, 0.0, True, "none", 7, b"users", [0]):
            for number, call in enumerate((
                    lambda: self.scorer.export(value, "/no/such/folder/x.npy"),
                    lambda: self.scorer.export("users", "/no/such/folder/x", value),
                    lambda: self.scorer.similar_items(0, 1, value),
                    lambda: self.dataset.interactions(value),
                    lambda: diffmm.Dataset.from_arrays([0, 1], [0, 1], split=[0, value]),
                    lambda: diffmm.contrastive_loss([np.eye(4)], 2, [0], [0], 0.5,
                                                    anchor=value))):
                with self.subTest(call=number, value=value):
                    with self.assertRaises((TypeError, ValueError, KeyError)):
                        call()
        for value in (2**32, 1.0, True, "loud", 7):
            with self.subTest(value=value), self.assertRaises((TypeError, ValueError, KeyError)):
                diffmm.Context(log=print, log_level=value)

    def test_settings(self):
        for name, value in (("epochs", 2**64 + 3), ("epochs", 2**63), ("epochs", -2**64 + 3),
                            ("epochs", None), ("hidden_sizes", [30.5]), ("hidden_sizes", [True]),
                            ("hidden_sizes", {30, 20}), ("learning_rate", 1j), ("epochs", b"3"),
                            ("learning_rate", 10**400), ("hidden_sizes", np.array([1.5])),
                            (5, 3), (None, 3), (b"epochs", 3)):
            with self.subTest(name=name, value=value), self.assertRaises(REFUSED):
                diffmm.Options({name: value})
        with self.assertRaisesRegex(OverflowError, "^epochs: 18446744073709551619 "):
            diffmm.Options(epochs=2**64 + 3)
        with self.assertRaisesRegex(OverflowError, "^threads: -1 "):
            diffmm.Context(threads=-1)
        with self.assertRaisesRegex(TypeError, "^learning_rate: expected a number, got None "):
            diffmm.Options(learning_rate=None)
        for name, value in (("epochs", 3.5), ("epochs", True), ("learning_rate", float("nan"))):
            with self.subTest(name=name, value=value), self.assertRaises(diffmm.Error):
                diffmm.Options({name: value})
        with self.assertRaises(TypeError):
            diffmm.Options()[5]
        options = diffmm.Options(hidden_sizes=np.array([30, 20]), epochs=np.uint8(7),
                                 diffusion__msi=np.False_, learning_rate=np.float32(0.25))
        self.assertEqual(([30, 20], 7, False, 0.25),
                         tuple(options[name] for name in ("hidden_sizes", "epochs", "diffusion.msi",
                                                          "learning_rate")))

    def test_flags(self):
        for value in ("no", "false", None, 2, 0.0, []):
            with self.subTest(value=value), self.assertRaises((TypeError, ValueError)):
                self.scorer.recommend(0, include_seen=value)
            with self.subTest(value=value), self.assertRaises((TypeError, ValueError)):
                diffmm.Schedule(3, 0.1, 1e-4, 0.02, value)
            with self.subTest(value=value), self.assertRaises((TypeError, ValueError)):
                self.scorer.recommend_embedding(np.zeros(8), ids=value)
        self.assertEqual(self.scorer.recommend(0, include_seen=True),
                         self.scorer.recommend(0, include_seen=np.True_))

    def test_objects_of_another_class(self):
        for call in (lambda: diffmm.Model(self.model), lambda: diffmm.Trainer(self.scorer),
                     lambda: diffmm.Placer(self.dataset, self.model),
                     lambda: diffmm.Dataset(context=self.dataset),
                     lambda: diffmm.forecast(self.model),
                     lambda: diffmm.sample_pairs(self.model, 1, 1),
                     lambda: self.model.inherit(self.dataset),
                     lambda: self.model.set_graph("image", self.model),
                     lambda: diffmm.infonce(np.eye(2), np.eye(2), [0], 1, context=self.dataset),
                     lambda: diffmm.Scorer(b"", context=self.model)):
            with self.assertRaisesRegex(TypeError, "expected a "):
                call()


class Arrays(unittest.TestCase):

    def test_integers_of_any_type_that_fit(self):
        user, item = [0, 1, 2], [2, 1, 0]
        for kind in (np.int8, np.uint8, np.int64, np.uint64, ">i4", object):
            dataset = diffmm.Dataset.from_arrays(np.array(user, kind), np.array(item, kind))
            dataset.seal()
            self.assertEqual([[2], [1], [0]], [dataset.row(u).tolist() for u in range(3)])
            self.assertEqual("2", dataset.user_id(2))

    def test_what_does_not_fit_or_is_no_integer(self):
        for values in (np.array([1.0]), np.array([1.9]), np.array([2**32 + 1]), np.array([True]),
                       np.array([2**64 - 1], np.uint64), np.array([-2**31 - 1]), [2**64 + 1],
                       [None], np.array([None]), np.array([1, None]), [1, 2.0], [float("nan")],
                       np.array([1], "M8[s]"), np.ma.array([1, 2], mask=[False, True]), [1j],
                       [b"a"], np.array([b"a"]), [0, True], [0, np.True_]):
            for call in (lambda: diffmm.Dataset.from_arrays(values, np.zeros(len(values), int)),
                         lambda: diffmm.top_k(np.ones(3), 1, values),
                         lambda: diffmm.Graph(3, 3, [0] * len(values), values)):
                with self.subTest(values=values), self.assertRaises(REFUSED):
                    call()

    def test_masked_arrays_with_nothing_masked(self):
        user = np.ma.array([0, 1], mask=[False, False])
        self.assertEqual(2, diffmm.Dataset.from_arrays(user, [0, 1]).users)

    def test_reals(self):
        huge = np.full((2, 2), 1e39)
        for values in (huge, huge.tolist(), -huge, [[None, 1], [1, 1]], [["1", "2"], ["3", "4"]],
                       np.eye(2) * 1j, np.ma.array(np.eye(2), mask=np.eye(2)),
                       np.eye(2).astype(object), np.eye(2).astype("M8[s]"),
                       np.full((2, 2), np.longdouble("1e400"))):
            for call in (lambda: diffmm.infonce(values, np.eye(2), [0], 0.5),
                         lambda: diffmm.infonce(np.eye(2), values, [0], 0.5),
                         lambda: diffmm.Dataset().add_modality("image", values),
                         lambda: diffmm.Schedule(3, 0.1, 1e-4, 0.02).q_sample(
                             np.eye(2), [0, 0], values)):
                with self.subTest(values=values), self.assertRaises(REFUSED):
                    call()
        loss = diffmm.l2(np.array([np.inf]), 1)[0]
        self.assertEqual(float("inf"), loss)  # what is infinite already is passed on

    def test_wide_integers(self):
        with self.assertRaises(TypeError):
            self.generate([0.0, 1.9])
        for last in (2**63, -2**63 - 1, 2**64 + 1):
            with self.assertRaises(REFUSED):
                self.generate([0, last])
        self.assertEqual((1, 2), self.generate([0, 1]).shape)

    @staticmethod
    def generate(pointers):
        denoiser = diffmm.Denoiser(4, 2, [3])
        return denoiser.generate_neighbors(denoiser.initialize(1),
                                           diffmm.Schedule(3, 0.1, 1e-4, 0.02), pointers, [1], 2)

    def test_kept_edges(self):
        graph = diffmm.Graph(2, 2, [0], [0])
        with self.assertRaises(OverflowError):
            graph.drop_edges(0.5, np.full(graph.entries, 256))
        with self.assertRaises(TypeError):
            graph.drop_edges(0.5, np.full(graph.entries, 0.5))
        kept = np.ones(graph.entries, bool)
        self.assertEqual(graph.entries, graph.drop_edges(0.5, kept).entries)

    def test_masked_items_allowed(self):
        scorer = diffmm.Scorer(diffmm.Model(data(), **SETTINGS))
        with self.assertRaises(TypeError):
            scorer.recommend(0, allowed=np.ma.array(np.ones(50, bool), mask=np.ones(50, bool)))


class Ids(unittest.TestCase):

    def test_what_is_missing_is_no_id(self):
        for missing in (None, float("nan"), np.nan, np.datetime64("nat"), 1.5, b"ann", 3, True):
            for users in (["ann", missing], [missing, "ann"], np.array(["ann", missing], object)):
                for call in (lambda: diffmm.Dataset.from_arrays(users, ["x", "y"]),
                             lambda: diffmm.Dataset.from_arrays(["x", "y"], users),
                             lambda: diffmm.Dataset.from_arrays(users, ["x", "y"],
                                                                split=["train", "test"]),
                             lambda: diffmm.Dataset().declare_items(users),
                             lambda: diffmm.Dataset().add_interactions(users, [1, 2])):
                    with self.subTest(users=users):
                        with self.assertRaisesRegex(TypeError, "number [01]"):
                            call()

    def test_whole_numbers_beside_ids(self):
        dataset = diffmm.Dataset.from_arrays(["ann", "bob"], np.array([7, 5]))
        dataset.seal()
        self.assertEqual(["7", "5"], [dataset.item_id(i) for i in range(2)])
        for items in ([7.0, 5.0], [None, 5], [True, False], np.array([1.5, 2]),
                      np.ma.array([7, 5], mask=[True, False])):
            with self.subTest(items=items), self.assertRaises(TypeError):
                diffmm.Dataset.from_arrays(["ann", "bob"], items)

    def test_ids_that_c_would_not_see_whole(self):
        for users in (["a\0b"], ["\ud800"]):
            with self.assertRaises(ValueError):
                diffmm.Dataset.from_arrays(users, ["x"])
        with self.assertRaisesRegex(diffmm.Error, r"user\[1\] is empty"):
            diffmm.Dataset.from_arrays(["a", ""], ["x", "y"])
        with self.assertRaisesRegex(diffmm.Error, "not UTF-8"):
            diffmm.Dataset.from_arrays(["\udcff"], ["x"])

    def test_what_is_not_a_list(self):
        dataset = diffmm.Dataset.from_arrays(["1", "2"], ["1", "2"], item_ids=["1", "2"],
                                             modalities={"image": features(2)})
        scorer = diffmm.Scorer(diffmm.Model(dataset, **SETTINGS))
        for call in (lambda: diffmm.Dataset().declare_items("12"),
                     lambda: diffmm.Dataset().declare_items({"1", "2"}),
                     lambda: diffmm.Dataset.from_arrays({"1", "2"}, ["1", "2"]),
                     lambda: diffmm.Dataset.from_arrays("12", "12"),
                     lambda: diffmm.Dataset.from_arrays({"1": 0, "2": 0}, ["1", "2"]),
                     lambda: scorer.recommend(0, exclude="12"), lambda: scorer.fold_in("12"),
                     lambda: scorer.recommend(0, candidates=b"12")):
            with self.assertRaisesRegex(TypeError, "a list or an array"):
                call()
        with self.assertRaises(ValueError):
            diffmm.Dataset.from_arrays(np.array([["1"], ["2"]]), ["1", "2"])
        # What is left out has no order.
        self.assertEqual(scorer.recommend("1", exclude=["2"]), scorer.recommend("1", exclude={"2"}))

    def test_queries_do_not_mix(self):
        dataset = diffmm.Dataset.from_arrays(["a", "b"], ["x", "y"], item_ids=["x", "y"],
                                             modalities={"image": features(2)})
        scorer = diffmm.Scorer(diffmm.Model(dataset, **SETTINGS))
        for users in (["a", 1], [0, "b"], ["a", None], np.array(["a", 1], object)):
            with self.subTest(users=users), self.assertRaises(TypeError):
                scorer.recommend(users)
            with self.subTest(users=users), self.assertRaises(TypeError):
                scorer.recommend(0, exclude=users)

    def test_tables_of_other_libraries(self):

        class Column:  # as of pandas: indexed by its own labels
            def __init__(self, values):
                self.values = np.array(values, object)

            def __array__(self, dtype=None, copy=None):
                return self.values

            def __len__(self):
                return len(self.values)

        dataset = diffmm.Dataset.from_arrays(Column(["b", "a", "b"]), Column(["y", "x", "x"]),
                                             split=Column(["test", "train", "train"]))
        dataset.seal()
        self.assertEqual(["b", "a"], [dataset.user_id(i) for i in range(2)])
        with self.assertRaises(TypeError):
            diffmm.Dataset.from_arrays(Column(["b", float("nan")]), Column(["x", "y"]))


if __name__ == "__main__":
    unittest.main()
