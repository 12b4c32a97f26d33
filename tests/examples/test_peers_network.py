#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""diffmm_train --peers on three hosts with a network between them that delays and loses packets, or is cut.

A host is a network namespace with a TAP device, and the network a switch in this program, which passes Ethernet frames on
from device to device: so it needs no more of the kernel than namespaces and TAP, where `tc netem` is often missing. Skipped
without the right to make them.

    test_peers_network.py DIFFMM_TRAIN"""

import fcntl
import heapq
import itertools
import os
import random
import select
import shutil
import struct
import subprocess
import sys
import threading
import time
import unittest

from peer_processes import PeerProcesses

SKIPPED = 77
HOSTS = 3
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000


def may():
    """Whether this process may make a host."""
    if not all(shutil.which(name) for name in ("ip", "unshare", "nsenter")):
        return False
    try:
        Host(0).end()
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


class Host:
    """A network namespace, which lasts as long as a process in it; its TAP device, whose other end is `tap`."""

    def __init__(self, number):
        self.address = f"10.87.0.{number + 1}"
        name = f"dm{os.getpid()}.{number}"
        self.tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        self.keeper = subprocess.Popen(["unshare", "--net", "sleep", "3600"], stderr=subprocess.DEVNULL)
        try:
            fcntl.ioctl(self.tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
            while os.readlink(f"/proc/{self.keeper.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
                time.sleep(0.01)
            self.run("ip", "link", "set", name, "netns", str(self.keeper.pid))
            for command in (f"addr add {self.address}/24 dev {name}", f"link set {name} up", "link set lo up"):
                self.run(*self.inside(), "ip", *command.split())
        except (OSError, subprocess.CalledProcessError):
            self.end()
            raise

    @staticmethod
    def run(*command):
        subprocess.run(command, check=True, capture_output=True)

    def inside(self):
        return ["nsenter", "--target", str(self.keeper.pid), "--net"]

    def end(self):
        self.keeper.kill()
        self.keeper.wait()
        os.close(self.tap)


class Switch(threading.Thread):
    """Passes each frame to all other hosts: after `delay` seconds on the average, unless it is lost."""

    def __init__(self, hosts, delay=0.0, loss=0.0):
        super().__init__(daemon=True)
        self.hosts, self.delay, self.loss = hosts, delay, loss
        self.cut = set()  # the numbers of hosts that hear and say nothing
        self.passed, self.lost = 0, 0
        self.draws, self.order, self.waiting, self.ended = random.Random(1), itertools.count(), [], False

    def run(self):
        taps = {host.tap: number for number, host in enumerate(self.hosts)}
        while not self.ended:
            left = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else 0.05
            for tap in select.select(list(taps), [], [], min(left, 0.05))[0]:
                self.take(os.read(tap, 65536), taps[tap])
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, _, number, frame = heapq.heappop(self.waiting)
                self.give(frame, number)

    def take(self, frame, source):
        for number in range(len(self.hosts)):
            if number == source:
                continue
            if self.draws.random() < self.loss or {number, source} & self.cut:
                self.lost += 1
                continue
            due = time.monotonic() + self.delay * 2 * self.draws.random()
            heapq.heappush(self.waiting, (due, next(self.order), number, frame))

    def give(self, frame, number):
        try:
            os.write(self.hosts[number].tap, frame)
            self.passed += 1
        except OSError:  # its queue is full, or it is down
            self.lost += 1

    def end(self):
        self.ended = True
        self.join()


class Network(PeerProcesses):

    def setUp(self):
        super().setUp()
        self.hosts = []
        for number in range(HOSTS):
            self.hosts.append(Host(number))
            self.addCleanup(self.hosts[-1].end)

    def connect(self, **settings):
        switch = Switch(self.hosts, **settings)
        switch.start()
        self.addCleanup(switch.end)
        return switch

    def start(self, count, *arguments):
        hosts = self.hosts[:count]
        peers = "tcp://" + ",".join(f"{host.address}:7000" for host in hosts)
        return self.start_ranks(peers, [host.inside() for host in hosts], "--set", "peers.batches=true", *arguments)

    def expect_model(self, *arguments):
        self.alone(*arguments, "--model", "alone")
        self.assertEqual(self.bytes_of("alone"), self.bytes_of("shared"))

    def test_delays_and_losses(self):
        """Packets come late, in another order, and one in fifty not at all: the model is the same."""
        switch = self.connect(delay=0.002, loss=0.02)
        self.finish(self.start(3, "--epochs", "1", "--model", "shared"))
        self.assertGreater(switch.lost, 0)
        self.expect_model("--epochs", "1")
        print(f"{switch.passed} frames passed, {switch.lost} lost", file=sys.stderr)

    def test_a_short_cut(self):
        """A host is cut off for less than the deadline: nobody learns of it."""
        switch = self.connect()
        processes = self.start(3, "--epochs", "25", "--checkpoint", "kept", "--model", "shared", "--peer-deadline", "60")
        self.wait_for_checkpoint(processes[0])
        switch.cut = {1}
        time.sleep(1)
        self.assertEqual([None] * 3, [process.poll() for process in processes])
        switch.cut = set()
        self.finish(processes)
        self.expect_model("--epochs", "25")

    def test_a_cut(self):
        """A host is cut off for good: all end, and two go on from the last checkpoint."""
        switch = self.connect()
        processes = self.start(3, "--epochs", "100000", "--checkpoint", "kept", "--peer-deadline", "3")
        self.wait_for_checkpoint(processes[0])
        switch.cut, since = {2}, time.monotonic()
        said = [errors for _, errors in self.finish(processes, status=1)]
        print(f"all ended {time.monotonic() - since:.2f} s after the cut, with a deadline of 3 s", file=sys.stderr)
        for each in said:
            self.assertRegex(each, r"diffmm_train: (peer [12]: )?epoch [0-9]+, \w+(, batch [0-9]+)?: the exchange with peer")
        self.assertRegex(said[0] + said[1], r"peer 2 did not answer within 3 seconds\n")
        self.assertRegex(said[2], r"peer [01] did not answer within 3 seconds\n")
        self.finish(self.start(2, "--epochs", "100000", "--set", "patience=1", "--checkpoint", "kept", "--resume",
                               "--model", "shared"))
        self.assertTrue((self.folder / "shared").exists())


if __name__ == "__main__":
    PeerProcesses.program = os.path.abspath(sys.argv[1])
    if not may():
        print("network namespaces and TAP devices may not be made here")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
