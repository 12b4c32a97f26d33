# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of `diffmm_train --peers` share: a scratch folder, and processes that train in it."""

import pathlib
import subprocess
import tempfile
import time
import unittest

DATA = pathlib.Path(__file__).resolve().parents[2] / "examples/data"
SMALL = ["--data", str(DATA / "clicks.tsv"), "--set", "hidden_sizes=8", "--set", "embedding_size=8", "--set", "patience=0",
         "--threads", "1"]


class PeerProcesses(unittest.TestCase):
    program = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diffmm-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def alone(self, *arguments, status=0):
        done = subprocess.run([self.program, *SMALL, *arguments], cwd=self.folder, capture_output=True, text=True,
                              check=False)
        self.assertEqual(status, done.returncode, done.stderr)
        return done

    def start_ranks(self, peers, places, *arguments, own=None):
        """Peers through TCP, each by the command of its place; `own`: further arguments of one, by its rank."""
        processes = []
        for rank, place in enumerate(places):
            processes.append(subprocess.Popen(
                [*place, self.program, *SMALL, *arguments, *(own or {}).get(rank, []), "--peers", peers, "--rank", str(rank)],
                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
            self.addCleanup(self.end, processes[-1])
        return processes

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        if not process.stdout.closed:
            process.communicate()

    def finish(self, processes, status=0):
        """What each of them says: (stdout, stderr)."""
        said = [process.communicate(timeout=300) for process in processes]
        self.assertEqual([status] * len(processes), [process.returncode for process in processes], said)
        return said

    def bytes_of(self, name):
        return (self.folder / name).read_bytes()

    def wait_for_checkpoint(self, first):
        while not (self.folder / "kept").exists():
            self.assertIsNone(first.poll())
            time.sleep(0.01)
