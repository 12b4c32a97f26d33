# SPDX-License-Identifier: BSD-2-Clause
"""What repr() says of an object that has a handle: its sizes, and that it is closed."""

import unittest

import diffmm
from diffmm import _handles
from small import data, trainer


class Representations(unittest.TestCase):

    def test_sizes(self):
        dataset = data(dimensions=[5, 7])
        dataset.seal()
        names = list(dataset.modalities)
        features = f"modalities {names[0]} (5), {names[1]} (7)"
        counts = [dataset.interactions(split) for split in diffmm.Split]
        train = trainer(dataset)
        self.assertEqual("<Trainer: 0 of 3 epochs>", repr(train))
        train.epoch()
        self.assertEqual("<Trainer: 1 of 3 epochs>", repr(train))
        model = train.fit()
        module, schedule = diffmm.Diffusion(6, hidden_sizes=[3]), diffmm.Schedule(3, 0.1, 1e-4, 0.02)
        module.step([[0, 2], [1, 3], None], epoch=1)
        sizes = f"80 users, 50 items, 8 dimensions, modalities {', '.join(names)}"
        graph = model.graph(names[0])
        expected = {
            dataset: "<Dataset: 80 users, 50 items, interactions {} train, {} valid, {} test, "
                     "{}>".format(*counts, features),
            train: "<Trainer: 3 of 3 epochs, finished>",
            model: f"<Model: {sizes}>",
            diffmm.Scorer(model): f"<Scorer: {sizes}>",
            diffmm.Placer(model, dataset): f"<Placer: 8 dimensions, {features}>",
            diffmm.Context(threads=1): "<Context: 1 threads>",
            graph: f"<Graph: 80 users, 50 items, {graph.entries} entries>",
            schedule: "<Schedule: 3 steps>",
            module: f"<Diffusion: 6 items, {sum(p.size for p in module.parameters.values())} "
                    "parameters, 1 optimiser steps>"}
        for thing, text in expected.items():
            self.assertEqual(text, repr(thing))
        with_handle = {kind for kind in vars(diffmm).values()
                       if isinstance(kind, type) and issubclass(kind, _handles.Object)}
        self.assertEqual(with_handle - {diffmm.Options}, {type(thing) for thing in expected})

    def test_parameters(self):
        model = diffmm.Model(data(), embedding_size=8)
        self.assertIn("'user_embedding': (80, 8)", repr(model.parameters))
        loaded = diffmm.Model.load(model.to_bytes())
        self.assertIn("'user_embedding': None", repr(loaded.gradients))

    def test_a_denoiser_is_what_makes_it(self):
        denoiser = diffmm.Denoiser(6, 2, [4, 3], normalize=True)
        again = eval(repr(denoiser), {"Denoiser": diffmm.Denoiser})
        self.assertEqual((repr(denoiser), denoiser.size), (repr(again), again.size))

    def test_options_are_what_makes_them(self):
        options = diffmm.Options(epochs=7, hidden_sizes=[3, 4])
        self.assertEqual(dict(options), dict(eval(repr(options), {"Options": diffmm.Options})))

    def test_a_data_set_in_the_making(self):
        self.assertEqual("<Dataset: 0 users, 0 items, interactions 0 train, 0 valid, 0 test, "
                         "no modalities>", repr(diffmm.Dataset()))

    def test_closed_and_half_made_ones(self):
        for name, kind in vars(diffmm).items():
            if isinstance(kind, type) and issubclass(kind, _handles.Object):
                self.assertEqual(f"<{name}: closed>", repr(kind.__new__(kind)))
        options = diffmm.Options()
        options.close()
        self.assertEqual("<Options: closed>", repr(options))


if __name__ == "__main__":
    unittest.main()
