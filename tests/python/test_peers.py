# SPDX-License-Identifier: BSD-2-Clause
"""A training that peers share, each on a thread of its own."""
import pathlib
import queue
import tempfile
import threading
import unittest

import diffmm

from small import data, trainer


class Network:
    """Messages between the peers of one process."""

    def __init__(self, size):
        self.queues = {(a, b): queue.Queue() for a in range(size) for b in range(size)}
        self.told = {}

    def exchange(self, rank):
        def exchange(to, send, source, receive):
            if to is not None:
                self.queues[rank, to].put(bytes(send))
            if source is not None:
                receive[:] = self.queues[source, rank].get(timeout=60)
        return exchange

    def abandon(self, rank):
        def abandon(status):
            self.told.setdefault(rank, []).append(status)
            for (source, _), waiting in self.queues.items():
                if source == rank:
                    waiting.put(b"")  # of no size that anybody expects
        return abandon


def on_threads(size, work):
    """What work(rank) returned or raised."""
    results = [None] * size

    def one(rank):
        try:
            results[rank] = work(rank)
        except BaseException as exception:  # pylint: disable=broad-except
            results[rank] = exception

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Peers(unittest.TestCase):
    def test_the_bits_of_one(self):
        alone, network = trainer(), Network(2)
        alone.fit()

        def work(rank):
            train = trainer()
            train.join(rank, 2, network.exchange(rank), network.abandon(rank))
            return train.fit().to_bytes()

        self.assertEqual([alone.model.to_bytes()] * 2, on_threads(2, work))
        self.assertEqual({}, network.told)

    def test_each_keeps_its_own_users(self):
        alone, network = trainer(), Network(2)
        alone.fit()
        with tempfile.TemporaryDirectory() as folder:
            model, checkpoint = (pathlib.Path(folder, name) for name in ("model", "checkpoint"))

            def work(rank):
                train = trainer(**{"peers.divide": True})
                train.join(rank, 2, network.exchange(rank), network.abandon(rank))
                train.fit()
                train.save_at(1, model if rank == 1 else None)
                train.checkpoint_at(0, checkpoint if rank == 0 else None)
                return train.model.to_bytes()

            for error in on_threads(2, work):
                self.assertIs(diffmm.Status.STATE, error.status)
            self.assertEqual(alone.model.to_bytes(), model.read_bytes())
            self.assertTrue(diffmm.Trainer.resume(data(), checkpoint).finished)
            again = Network(2)

            def go_on(rank):
                train = diffmm.Trainer.resume_peer(
                    data(), checkpoint, rank=rank, size=2, exchange=again.exchange(rank),
                    abandon=again.abandon(rank), **{"peers.divide": True})
                train.save_at(0, model if rank == 0 else None)
                return train.finished

            model.unlink()
            self.assertEqual([True, True], on_threads(2, go_on))
            one = diffmm.Trainer.resume(data(), checkpoint, **{"peers.divide": True})
            self.assertEqual(one.model.to_bytes(), model.read_bytes())
        self.assertEqual({}, network.told)

    def test_a_difference_is_told_to_both(self):
        network = Network(2)

        def work(rank):
            trainer(seed=rank + 1).join(rank, 2, network.exchange(rank))

        for error in on_threads(2, work):
            self.assertIs(diffmm.Status.PEER, error.status)
            self.assertEqual("peer 1 has option seed = 2, peer 0 has 1", str(error))

    def test_an_exception_is_a_failure(self):
        network, calls = Network(2), []

        def work(rank):
            train = trainer()
            exchange = network.exchange(rank)

            def fail(*arguments):
                calls.append(arguments)
                if len(calls) > 12:
                    raise ConnectionError("the cable is out")
                return exchange(*arguments)

            train.join(rank, 2, fail if rank == 0 else exchange, network.abandon(rank))
            train.fit()

        first, second = on_threads(2, work)
        self.assertIsInstance(first, ConnectionError)
        self.assertIsInstance(second, ValueError)  # of receive[:] = b""
        self.assertEqual({0: [diffmm.Status.PEER], 1: [diffmm.Status.PEER]}, network.told)
        self.assertEqual(13, len(calls))

    def test_what_is_true_is_a_failure(self):
        told = []
        train = trainer()
        with self.assertRaisesRegex(diffmm.Error, "exchange with peer 1 failed") as caught:
            train.join(0, 2, lambda *_: True, told.append)
        self.assertIs(diffmm.Status.PEER, caught.exception.status)
        self.assertEqual([diffmm.Status.PEER], told)
        self.assertEqual(1, train.epoch().epoch)

    def test_bytes_are_lent(self):
        seen = []

        def exchange(to, send, source, receive):
            seen.append((to, send.readonly, send.nbytes, source, receive))
            return True

        with self.assertRaises(diffmm.Error):
            trainer().join(0, 3, exchange)
        self.assertEqual([(2, True, 8, None, None)], seen)

    def test_bad_numbers(self):
        for rank, size in ((2, 2), (0, 0)):
            with self.assertRaisesRegex(diffmm.Error, "peers: "):
                trainer().join(rank, size, lambda *_: None)
        with self.assertRaises((OverflowError, ValueError, diffmm.Error)):
            trainer().join(-1, 2, lambda *_: None)

    def test_leaving(self):
        train = trainer()
        train.join(0, 1, lambda *_: self.fail())
        train.leave()
        self.assertEqual(1, train.epoch().epoch)


if __name__ == "__main__":
    unittest.main()
