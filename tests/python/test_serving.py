# SPDX-License-Identifier: BSD-2-Clause
"""From arrays to recommendations, through a file and without."""

import json
import unittest

import numpy as np

import diffmm
from small import SETTINGS, data, features, pairs, path_in, temporary_folder, trainer


def named():
    """The two groups, by ids, with a trained model."""
    user, item = pairs()
    dataset = diffmm.Dataset.from_arrays(
        [f"u{u}" for u in user], [f"i{i}" for i in item], item_ids=[f"i{i}" for i in range(30)],
        modalities={"image": features(), "text": (lambda first, out: out.fill(1), 3)})
    return dataset, diffmm.fit(dataset, preset="tiktok", **{**SETTINGS, "epochs": 20})


class Blend(unittest.TestCase):
    """The denoisers' scores beside the recommender's: rows that rank are wider."""

    SETTINGS = {"denoiser.kind": "spectral", "denoiser.rank": 6, "diffusion.blend": 0.5}

    def test_rows_are_wider(self):
        train = trainer(**self.SETTINGS)
        train.epoch()
        model = train.model
        scorer = diffmm.Scorer(model)
        self.assertEqual(8, model.dimensions)
        self.assertEqual((80, 8), model.user_embeddings.shape)
        self.assertEqual(8 + 2 * 6, scorer.dimensions)
        self.assertEqual(5, len(scorer.recommend(3, count=5)))

    def test_newcomers_and_explanations(self):
        train = trainer(**self.SETTINGS)
        train.epoch()
        scorer = diffmm.Scorer(train.model)
        row = scorer.fold_in([1, 2])
        self.assertEqual((scorer.dimensions,), row.shape)
        self.assertTrue((row[8:] != 0).any())
        why = scorer.explain(3, 7)
        self.assertAlmostEqual(why.score, sum(why.modalities.values()) + why.collaborative, 3)
        self.assertAlmostEqual(why.score, sum(hit.score for hit in why.items) + why.rest, 3)
        self.assertEqual(list(why.modalities), list(why.denoisers))
        self.assertTrue(any(why.denoisers.values()))

    def test_full_denoisers_are_refused(self):
        with self.assertRaisesRegex(diffmm.Error, "set denoiser.kind to spectral"):
            trainer(**{"diffusion.blend": 0.5})


class Search(unittest.TestCase):
    """Ways of searching are told and chosen, and give the same hits."""

    def test_ways_of_searching(self):
        _, model = named()
        scorer = diffmm.Scorer(model)
        info = scorer.describe()
        self.assertEqual((40, 30, 8), (info.users, info.items, info.dimensions))
        self.assertEqual((diffmm.Search.FLAT, 0, 0),
                         (info.search, info.head_dimensions, info.search_bytes))
        flat = scorer.recommend("u3", count=9)
        scorer.set_search("first_pass")
        info = scorer.describe()
        self.assertEqual(diffmm.Search.FIRST_PASS, info.search)
        self.assertGreater(info.search_bytes, 30 * 8)
        self.assertEqual(flat, scorer.recommend("u3", count=9, threads=2))
        with self.assertRaises(KeyError):
            scorer.set_search("slow")

    def test_bytes(self):
        self.assertEqual(0, diffmm.search_bytes(1000, 64))
        self.assertGreater(diffmm.search_bytes(100_000, 64), 6_400_000)
        self.assertGreater(diffmm.search_bytes(1000, 64, 32, diffmm.Search.FIRST_PASS),
                           diffmm.search_bytes(1000, 64, search="first_pass"))


class Training(unittest.TestCase):

    def test_epoch_by_epoch(self):
        train = trainer()
        reports = list(train)
        self.assertEqual([1, 2, 3], [report.epoch for report in reports])
        self.assertTrue(train.finished)
        with self.assertRaises(diffmm.Error) as caught:
            train.epoch()
        self.assertIs(diffmm.Status.STATE, caught.exception.status)
        self.assertEqual(["image", "text"], sorted(reports[1].graph_measures))
        self.assertGreater(reports[1].graph_measures["image"].edges, 0)
        self.assertEqual({}, reports[1].denoiser_measures)
        full = trainer(measure="full").epoch()
        self.assertGreater(full.denoiser_measures["text"].users, 0)
        self.assertEqual(reports[0].graph_measures, full.graph_measures)
        self.assertEqual({}, trainer(measure="off").epoch().graph_measures)
        best = train.best()
        self.assertEqual(reports[best.epoch - 1].valid, best.valid)
        self.assertEqual(reports[-1].best_epoch, best.epoch)
        train.restore_best()
        other = trainer()
        np.testing.assert_array_equal(other.fit().user_embeddings, train.model.user_embeddings)
        metrics = diffmm.evaluate(data_of(train), "test", train.model.user_embeddings,
                                  train.model.item_embeddings, cutoffs=[5, 10])
        self.assertEqual(best.test, metrics)

    def test_forecast(self):
        expected = diffmm.forecast(data(), **SETTINGS)
        peer = diffmm.forecast(data(), rank=1, size=2, **SETTINGS, **{"peers.divide": True})
        self.assertLess(peer.peak_bytes, expected.peak_bytes)
        self.assertEqual(peer.flops, expected.flops)
        self.assertGreater(expected.peak_bytes, 0)
        self.assertEqual(set(diffmm.Phase), set(expected.flops))
        with self.assertRaisesRegex(diffmm.Error, "memory_limit") as caught:
            trainer(memory_limit=expected.peak_bytes // 2)
        self.assertIs(diffmm.Status.NO_MEMORY, caught.exception.status)

    def test_measure(self):
        seconds = diffmm.measure(data(), for_seconds=0.01, **SETTINGS)
        self.assertGreater(min(seconds), 0)
        with self.assertRaisesRegex(diffmm.Error, "seconds must be above 0"):
            diffmm.measure(data(), for_seconds=0, **SETTINGS)

    def test_the_model(self):
        train = trainer()
        train.fit()
        model = train.model
        self.assertEqual(["image", "text"], model.modalities)
        self.assertAlmostEqual(1, sum(model.modality_weights.values()), places=5)
        self.assertEqual(len(model.parameters), len(list(model.parameters)))
        self.assertIn("user_embedding", model.parameters)
        self.assertNotIn("user_embeddings", model.parameters)
        self.assertIsNone(model.gradients["denoiser.image.time.weight"])
        with self.assertRaises(diffmm.NotFound):
            model.parameters["user_embeddings"]
        with self.assertRaisesRegex(diffmm.Error, "80 x 8"):
            model.parameters["user_embedding"] = np.zeros((3, 8), np.float32)
        with self.assertRaises(TypeError):
            model.gradients["user_embedding"] = 0
        graph = model.graph("image")
        self.assertEqual((80, 50), (graph.users, graph.items))
        model.set_graph("image", diffmm.Graph(80, 50, [0], [0]))
        model.forward()
        self.assertEqual(80 + 50 + 2, model.graph("image").entries)
        self.assertGreater(graph.entries, 132)
        self.assertEqual((130, 8), model.view("text").shape)
        self.assertIsNone(model.graph("smell"))
        losses = model.objective([0, 1], [0, 1], [1, 0])
        self.assertAlmostEqual(losses.total, sum(term.value for term in model.losses.values()))
        self.assertEqual(diffmm.Loss(1, losses.bpr), model.losses["bpr"])
        self.assertAlmostEqual(losses.total, losses.bpr + losses.contrastive + losses.regularizer)


def data_of(train):
    """The same data set again, sealed."""
    dataset = data()
    dataset.seal()
    return dataset


class Serving(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.dataset, cls.model = named()

    def test_held_out_items(self):
        """They are not recommended, unless training's interactions alone are to count as seen."""
        for seen, comes in (("all", False), ("train", True)):
            dataset = diffmm.Dataset.from_arrays(
                [0, 0, 0, 0, 1, 1, 1, 2], [0, 1, 2, 3, 0, 3, 2, 1],
                split=["train"] * 3 + ["test"] + ["train"] * 2 + ["valid", "train"],
                modalities={"image": np.eye(4)})
            scorer = diffmm.Scorer(diffmm.fit(dataset, **{**SETTINGS, "epochs": 1, "seen": seen}))
            for user, held in ((0, 3), (1, 2)):
                hits = [hit.item for hit in scorer.recommend(user, 4)]
                self.assertEqual(comes, held in hits)
                self.assertEqual(not comes, held in scorer.seen(user))

    def test_by_id(self):
        scorer = diffmm.Scorer(self.model)
        hits = scorer.recommend("u3", 5)
        self.assertEqual(5, len(hits))
        self.assertEqual(sorted((hit.score for hit in hits), reverse=True),
                         [hit.score for hit in hits])
        # Users of odd number like items from 15 on; what they had is left out.
        seen = {scorer.item_id(item) for item in scorer.seen("u3")}
        self.assertEqual(6, len(seen))
        self.assertTrue(all(int(hit.item[1:]) >= 15 and hit.item not in seen for hit in hits))
        several = scorer.recommend(["u3", "u4"], 5)
        self.assertEqual([hits, scorer.recommend("u4", 5)], several)
        with self.assertRaises(diffmm.NotFound):
            scorer.recommend("nobody")

    def test_by_number(self):
        scorer = diffmm.Scorer(self.model)
        user = scorer.find_user("u3")
        hits = scorer.recommend(user, 5)
        self.assertEqual(scorer.recommend("u3", 5),
                         [diffmm.Hit(scorer.item_id(item), score) for item, score in hits])
        scores = scorer.score(user)
        self.assertEqual([score for _, score in hits], scores[[item for item, _ in hits]].tolist())
        np.testing.assert_allclose(
            scores, self.model.item_embeddings @ self.model.user_embeddings[user], rtol=1e-4,
            atol=1e-5)
        np.testing.assert_array_equal(scores[[4, 2]], scorer.score("u3", ["i4", "i2"]))
        table, found = scorer.recommend_arrays(count=5)
        self.assertEqual((40, 5), table.shape)
        self.assertTrue((found == 5).all())
        self.assertEqual([item for item, _ in hits], table["item"][user].tolist())

    def test_queries(self):
        scorer = diffmm.Scorer(self.model)
        first, second, *_ = scorer.recommend("u3", 5)
        self.assertEqual(second, scorer.recommend("u3", 1, exclude=[first.item])[0])
        self.assertEqual({"i1", "i2"},
                         {hit.item for hit in scorer.recommend("u4", 5, candidates=["i2", "i1"],
                                                               include_seen=True)})
        self.assertEqual([], scorer.recommend("u3", 5, candidates=[]))
        seen = scorer.seen("u3")
        self.assertEqual(30, len(scorer.recommend("u3", 30, include_seen=True)))
        self.assertEqual(30 - len(seen), len(scorer.recommend("u3", 30)))
        with self.assertRaisesRegex(diffmm.Error, "count"):
            scorer.recommend("u3", 0)

    def test_through_a_file(self):
        with temporary_folder() as folder:
            path = path_in(folder, "model.safetensors")
            self.model.save(path)
            served, loaded = diffmm.Scorer(path), diffmm.Model.load(path)
        self.assertEqual((40, 30, 8), (served.users, served.items, served.dimensions))
        scorer = diffmm.Scorer(self.model)
        for user in range(40):
            self.assertEqual(scorer.recommend(user, 10), served.recommend(user, 10))
        self.assertEqual("u7", served.user_id(served.find_user("u7")))
        self.assertIsNone(served.user_id(40))
        self.assertEqual("i9", served.item_id(served.find_item("i9")))
        np.testing.assert_array_equal(self.model.user_embeddings, loaded.user_embeddings)
        self.assertNotIn("denoiser.image.time.weight", loaded.parameters)
        with self.assertRaises(diffmm.Error) as caught:
            loaded.objective([0], [0], [1])
        self.assertIs(diffmm.Status.STATE, caught.exception.status)

    def test_export(self):
        scorer = diffmm.Scorer(self.model)
        with temporary_folder() as folder:
            users, items = path_in(folder, "users.npy"), path_in(folder, "items.npy")
            scorer.export(diffmm.Side.USERS, users)
            scorer.export(diffmm.Side.ITEMS, items)
            user_vectors, item_vectors = np.load(users), np.load(items)
            with open(path_in(folder, "items.ids.txt"), encoding="utf-8") as file:
                ids = file.read().splitlines()
            scorer.export(diffmm.Side.ITEMS, path_in(folder, "items.safetensors"))
            with open(path_in(folder, "items.safetensors"), "rb") as file:
                whole = file.read()
        np.testing.assert_array_equal(self.model.user_embeddings, user_vectors)
        np.testing.assert_array_equal(self.model.item_embeddings, item_vectors)
        self.assertEqual([scorer.item_id(item) for item in range(30)], ids)
        for user in range(40):
            np.testing.assert_allclose(scorer.score(user), item_vectors @ user_vectors[user],
                                       rtol=1e-4, atol=1e-5)
        size = int.from_bytes(whole[:8], "little")
        tensor = json.loads(whole[8:8 + size])["final.item"]
        begin, end = tensor["data_offsets"]
        np.testing.assert_array_equal(
            item_vectors, np.frombuffer(whole[8 + size + begin:8 + size + end], np.float32)
            .reshape(tensor["shape"]))
        with self.assertRaises(diffmm.Error):
            scorer.export(diffmm.Side.ITEMS, "no-such-folder/items.npy")

    def test_export_for_distances(self):
        scorer = diffmm.Scorer(self.model)
        with temporary_folder() as folder:
            for side in ("users", "items"):
                scorer.export(side, path_in(folder, f"{side}.npy"), index="l2")
            users = np.load(path_in(folder, "users.npy")).astype(np.float64)
            items = np.load(path_in(folder, "items.npy")).astype(np.float64)
        self.assertEqual((9, 9), (users.shape[1], items.shape[1]))
        for user in range(40):
            distances = ((items - users[user]) ** 2).sum(axis=1)
            # Rounding the column and the scores lets those change places that are as good as equal.
            np.testing.assert_allclose(
                scorer.score(user)[distances.argsort()],
                [hit.score for hit in scorer.recommend(user, 30, include_seen=True)],
                rtol=0, atol=2e-6 * (items ** 2).sum(axis=1).max())


if __name__ == "__main__":
    unittest.main()
