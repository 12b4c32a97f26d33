#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""diffmm_train --peers: processes on this machine that reach each other through TCP, or MPI where it is there,
save the model that one process saves; only the first one speaks; failures are told by all.

    test_peers.py DIFFMM_TRAIN MPIRUN.SH|none"""

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time
import unittest

from peer_processes import SMALL, PeerProcesses

MPIRUN = ""
SKIPPED = 77


def free_list(count):
    """Addresses at which nobody listens."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return "tcp://" + ",".join(f"127.0.0.1:{port}" for port in ports)


class Peers(PeerProcesses):

    def start(self, count, *arguments, own=None):
        return self.start_ranks(free_list(count), [[]] * count, *arguments, own=own)

    def together(self, count, *arguments, own=None, status=0):
        return self.finish(self.start(count, *arguments, own=own), status)

    def mpi(self, count, *arguments, status=0):
        if MPIRUN == "none":
            self.skipTest("no MPI")
        done = subprocess.run(["sh", MPIRUN, str(count), self.program, *SMALL, *arguments, "--peers", "mpi"],
                              cwd=self.folder, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode == SKIPPED:
            self.skipTest("no mpirun")
        self.assertEqual(status, done.returncode, done.stderr)
        return done

    def test_the_same_model_through_tcp(self):
        for count, batches in (1, "false"), (2, "true"), (3, "false"), (3, "true"):
            options = ["--epochs", "2"]
            self.alone(*options, "--model", "alone")
            said = self.together(count, *options, "--set", "peers.batches=" + batches, "--model", "shared", "--log", "log",
                                 "--csv", "table", "--report", "page")
            self.assertEqual(self.bytes_of("alone"), self.bytes_of("shared"))
            (self.folder / "alone").unlink()
            self.assertIn("best epoch", said[0][0])
            self.assertEqual([("", "")] * (count - 1), said[1:])
            self.assertEqual(3, len(self.bytes_of("log").splitlines()))
            self.assertEqual({"shared", "log", "table", "page"}, set(os.listdir(self.folder)))
            for name in ("shared", "log", "table", "page"):
                (self.folder / name).unlink()

    def test_the_same_model_through_mpi(self):
        self.alone("--epochs", "2", "--model", "alone")
        for count in (1, 2, 4):
            done = self.mpi(count, "--epochs", "2", "--model", "shared", "--set", "peers.batches=true")
            self.assertEqual(self.bytes_of("alone"), self.bytes_of("shared"))
            self.assertEqual(1, done.stdout.count("best epoch"))
            self.assertEqual(1, done.stderr.count(" users, "), done.stderr)
            (self.folder / "shared").unlink()

    def test_the_same_final_model(self):
        options = ["--epochs", "2", "--final-fit"]
        self.alone(*options, "--model", "alone")
        for divide in "false", "true":
            said = self.together(2, *options, "--model", "shared", "--set", "peers.divide=" + divide)
            self.assertEqual(self.bytes_of("alone"), self.bytes_of("shared"))
            self.assertIn("final fit: ", said[0][1])
            self.assertEqual(("", ""), said[1])

    def test_divided(self):
        """Who keeps his own users alone writes files together with the others, whose names peer 0 has."""
        self.alone("--epochs", "4", "--model", "alone")
        first = ["--checkpoint", "kept", "--model", "half", "--log", "log"]
        divide = ["--set", "peers.divide=true"]
        said = self.together(3, "--epochs", "2", *divide, own={0: first})
        self.assertEqual([("", "")] * 2, said[1:])
        self.assertIn("saved half", said[0][0])
        self.assertEqual({"alone", "half", "kept", "log"}, set(os.listdir(self.folder)))
        for count in 2, 1:
            self.together(count, "--epochs", "4", *divide, "--checkpoint", "kept", "--resume", "--model", "shared")
            self.assertEqual(self.bytes_of("alone"), self.bytes_of("shared"))

    def test_divided_through_mpi(self):
        self.alone("--epochs", "2", "--model", "alone")
        for count in (2, 4):
            self.mpi(count, "--epochs", "2", "--model", "shared", "--checkpoint", "kept", "--set", "peers.divide=true")
            self.assertEqual(self.bytes_of("alone"), self.bytes_of("shared"))

    def test_divided_and_interrupted(self):
        first, second = self.start(2, "--epochs", "100000", "--set", "peers.divide=true", "--checkpoint", "kept",
                                   "--model", "model")
        self.wait_for_checkpoint(first)
        first.send_signal(signal.SIGINT)
        _, said = first.communicate(timeout=300)
        self.assertEqual(130, first.returncode, said)
        self.assertIn("stopped: no peer has the whole model", said)
        _, said = second.communicate(timeout=300)
        self.assertEqual(1, second.returncode, said)
        self.assertNotIn("model", os.listdir(self.folder))
        self.alone("--epochs", "100000", "--checkpoint", "kept", "--resume", "--set", "patience=1")

    def test_divided_and_nowhere_to_write(self):
        nowhere = {0: ["--checkpoint", "/dev/full"]}
        said = self.together(2, "--epochs", "2", "--set", "peers.divide=true", own=nowhere, status=1)
        for rank in range(2):
            self.assertRegex(said[rank][1], "peer 0: cannot write /dev/full: ")

    def test_resumed_by_another_number(self):
        self.alone("--epochs", "3", "--model", "alone")
        self.together(2, "--epochs", "1", "--checkpoint", "kept")
        said = self.together(3, "--epochs", "3", "--checkpoint", "kept", "--resume", "--model", "shared")
        self.assertEqual(self.bytes_of("alone"), self.bytes_of("shared"))
        self.assertIn("going on after epoch 1", said[0][1])
        self.assertEqual([("", "")] * 2, said[1:])

    def test_other_settings(self):
        said = self.together(2, "--epochs", "1", own={1: ["--seed", "5"]}, status=1)
        self.assertIn("diffmm_train: peer 1 has option seed = 5, peer 0 has 1\n", said[0][1])
        self.assertEqual("diffmm_train: peer 1: peer 1 has option seed = 5, peer 0 has 1\n", said[1][1])
        self.assertEqual(["", ""], [out for out, _ in said])

    def test_other_processors(self):
        """Who shares batches would not notice that a peer's processor has other bits."""
        if "avx2" not in pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii"):
            self.skipTest("BLIS has but one kind of kernels here")
        kinds = [["env", "BLIS_ARCH_TYPE=3"], ["env", "BLIS_ARCH_TYPE=4"]]
        arguments = ["--epochs", "1", "--set", "peers.batches=true"]
        said = self.finish(self.start_ranks(free_list(2), kinds, *arguments), status=1)
        self.assertRegex(said[0][1], r"\ndiffmm_train: peer 1 has matrix products and kernels = .*, peer 0 has ")
        self.finish(self.start_ranks(free_list(2), [kinds[1], kinds[1]], *arguments))

    def lose(self, number, *arguments):
        """Two peers, of which the second gets a signal after the first epoch; what the first says."""
        first, second = self.start(2, "--epochs", "100000", "--checkpoint", "kept", *arguments)
        self.wait_for_checkpoint(first)
        second.send_signal(number)
        _, said = first.communicate(timeout=300)
        self.assertEqual(1, first.returncode)
        self.assertRegex(said, r"\ndiffmm_train: epoch [0-9]+, \w+(, batch [0-9]+)?: .*peer 1")
        return said

    def test_a_killed_peer(self):
        self.assertIn("diffmm_train: peer 1 has left\n", self.lose(signal.SIGKILL))
        self.alone("--epochs", "100000", "--checkpoint", "kept", "--resume", "--set", "patience=1")

    def test_a_stopped_peer(self):
        said = self.lose(signal.SIGSTOP, "--peer-deadline", "5")
        self.assertIn("diffmm_train: peer 1 did not answer within 5 seconds\n", said)

    def lose_denoising(self, number, *arguments):
        """Two peers, of which the second gets a signal in the midst of an epoch of denoising that would take many
        minutes; what the first says."""
        first, second = self.start(2, "--data", "synthetic", "--epochs", "1", "--set", "hidden_sizes=1000", "--set",
                                   "denoiser.passes=1000", "--set", "batch=64", "--verbose", *arguments)
        while "peer 0 of 2" not in first.stderr.readline():
            self.assertIsNone(first.poll())
        time.sleep(0.5)
        second.send_signal(number)
        since = time.monotonic()
        _, said = first.communicate(timeout=120)
        print(f"noticed after {time.monotonic() - since:.2f} s", file=sys.stderr)
        self.assertEqual(1, first.returncode)
        self.assertIn("diffmm_train: epoch 1, denoise: the exchange with peer 1 failed", said)
        return said

    def test_a_peer_killed_while_it_denoises(self):
        self.assertIn("diffmm_train: peer 1 has left\n", self.lose_denoising(signal.SIGKILL))

    def test_a_peer_stopped_while_it_denoises(self):
        said = self.lose_denoising(signal.SIGSTOP, "--peer-deadline", "3")
        self.assertIn("diffmm_train: peer 1 did not answer within 3 seconds\n", said)

    def test_late_peers(self):
        """Whoever comes later than the deadline, or takes longer to read its data, is waited for."""
        self.alone("--epochs", "1", "--model", "alone")
        os.mkfifo(self.folder / "log")  # opened when the data have been read: stands still until there is a reader
        late = ["sh", "-c", 'sleep 2; exec "$@"', "sh"]
        processes = self.start_ranks(free_list(2), [[], late], "--epochs", "1", "--peer-deadline", "1", "--model", "shared",
                                     own={0: ["--log", "log"]})
        time.sleep(4)
        self.assertEqual([None, None], [process.poll() for process in processes])
        with open(self.folder / "log", encoding="ascii") as log:
            self.finish(processes)
            self.assertEqual(2, len(log.readlines()))
        self.assertEqual(self.bytes_of("alone"), self.bytes_of("shared"))

    def lose_any(self, victim, number, moment):
        """Three peers, one of which is lost at some moment; the others go on from the last checkpoint."""
        processes = self.start(3, "--epochs", "100000", "--checkpoint", "kept", "--peer-deadline", "2",
                               "--set", "peers.batches=true")
        self.wait_for_checkpoint(processes[0])
        time.sleep(moment)
        processes[victim].send_signal(number)
        said = {}
        for rank, process in enumerate(processes):
            if rank != victim:
                _, said[rank] = process.communicate(timeout=120)
                self.assertEqual(1, process.returncode, said)
                self.assertRegex(said[rank], r"diffmm_train: (peer [12]: )?epoch [0-9]+, \w+(, batch [0-9]+)?: the exchange")
        # One of them at least names the peer that is missing; another may first miss the one that left for that.
        self.assertRegex("".join(said.values()), rf"peer {victim} (has left|did not answer within 2 seconds)\n", said)
        processes[victim].kill()
        before = self.epoch_of("kept")
        self.together(2, "--epochs", str(before + 1), "--checkpoint", "kept", "--resume")  # the batches whole
        self.assertEqual(before + 1, self.epoch_of("kept"))
        (self.folder / "kept").unlink()

    def epoch_of(self, name):
        """The epochs that a checkpoint has behind it."""
        with open(self.folder / name, "rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        return json.loads(header["__metadata__"]["evaluated"])["epoch"]

    def test_lost_at_any_time(self):
        draws = random.Random(int(os.environ.get("DIFFMM_PEER_SEED", "1")))
        # With two builds that test, 20 in the test command.
        for turn in range(int(os.environ.get("DIFFMM_PEER_LOSSES", "10"))):
            victim, moment = draws.randrange(3), draws.random() * 0.2
            number = signal.SIGSTOP if turn % 2 else signal.SIGKILL
            with self.subTest(turn=turn, victim=victim, number=number, moment=moment):
                self.lose_any(victim, number, moment)

    def test_an_interrupted_peer(self):
        """Ctrl-C at the first one saves the best epoch; the others fail."""
        first, second = self.start(2, "--epochs", "100000", "--checkpoint", "kept", "--model", "best")
        self.wait_for_checkpoint(first)
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=300)
        _, said = second.communicate(timeout=300)
        self.assertEqual((130, 1), (first.returncode, second.returncode))
        self.assertIn("diffmm_train: peer 1: peer 0 has left\n", said)
        self.assertTrue((self.folder / "best").exists())

    def test_a_failing_rank(self):
        """The first cannot write what it is to write: the others do not wait for it."""
        said = self.mpi(2, "--epochs", "1", "--log", "missing/log", status=1).stderr
        self.assertIn("diffmm_train: cannot write missing/log", said)

    def test_wrong_command_lines(self):
        tcp = ["--peers", "tcp://127.0.0.1:5000,127.0.0.1:5001"]
        for arguments, reason in (
                (["--peers", "udp"], "--peers takes mpi or tcp://HOST:PORT,HOST:PORT,.., not udp"),
                (tcp, "--rank is missing: which of the peers this is, from 0"),
                (["--peers", "mpi", "--rank", "0"], "--rank goes with --peers tcp://.."),
                (["--peer-deadline", "5"], "--peer-deadline goes with --peers"),
                ([*tcp, "--rank", "0", "--forecast"], "--forecast is for one process: leave out --peers"),
                ([*tcp, "--rank", "-1"], "--rank takes a number from 0 to 1023, not -1"),
                (["--peer-deadline", "0"], "--peer-deadline takes a number from 1 to 1000000, not 0")):
            self.assertIn(f"diffmm_train: {reason}\n", self.alone(*arguments, status=2).stderr)
        self.assertIn("diffmm_train: peer 2: rank 2: there are 2 peers, which count from 0\n",
                      self.alone(*tcp, "--rank", "2", status=1).stderr)
        self.assertIn("diffmm_train: 'nobody' is no HOST:PORT\n",
                      self.alone("--peers", "tcp://nobody", "--rank", "0", status=1).stderr)

    def test_without_mpi(self):
        if MPIRUN != "none":
            self.skipTest("there is MPI")
        self.assertIn("--peers mpi: this program was built without MPI", self.alone("--peers", "mpi", status=2).stderr)


if __name__ == "__main__":
    PeerProcesses.program, MPIRUN = os.path.abspath(sys.argv[1]), sys.argv[2]
    unittest.main(argv=sys.argv[:1])
