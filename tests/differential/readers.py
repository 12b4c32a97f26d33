# SPDX-License-Identifier: BSD-2-Clause
"""What the differential fuzzers of data set files share: the library's reader as a process, files made
from seeds, and the judgement. A fuzzer is called as `fuzz_X.py PROGRAM [SECONDS [SEED]]`; without SECONDS (or the
environment variable DIFFMM_DIFFERENTIAL_SECONDS) it makes a fixed number of files.

The library and the independent reader must both refuse a file, or both accept it and find the same. The library
may be stricter where it says so in doc/file-formats.md: each fuzzer lists the messages of these refusals."""

import multiprocessing
import os
import random
import re
import resource
import struct
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np


class Library:
    """The program read_dataset, and the folder in which it is given files."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="diffmm-differential-")
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, kind, content):
        """What it made of a file: (None, its message) or (bytes, None)."""
        path = os.path.join(self.folder.name, "file." + kind)
        with open(path, "wb") as file:
            file.write(content)
        self.process.stdin.write(f"{kind} {path}\n".encode())
        self.process.stdin.flush()
        size = self.process.stdout.read(4)
        if len(size) < 4:
            raise RuntimeError(f"the program ended with {self.process.wait()}")
        answer = self.process.stdout.read(struct.unpack("=I", size)[0])
        if answer[:1] == b"-":
            return None, answer[1:].decode()
        return answer[1:], None

    def close(self):
        self.process.stdin.close()
        if self.process.wait():
            raise RuntimeError(f"the program ended with {self.process.returncode}")
        self.folder.cleanup()


class Refused(Exception):
    """The independent reader does not take a file."""


def _serve(read, connection):
    # The others allocate what a file claims.
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    warnings.simplefilter("ignore")
    while True:
        kind, content = connection.recv()
        try:
            connection.send((read(kind, content), None))
        except Exception as error:  # whatever a reader of other people's files raises
            connection.send((None, f"{type(error).__name__}: {error}"))


class Other:
    """The independent reader in a process of its own: numpy crashes on some pickles."""

    def __init__(self, read):
        self.serve = read
        self.begin()

    def begin(self):
        context = multiprocessing.get_context("fork")
        self.connection, end = context.Pipe()
        self.process = context.Process(target=_serve, args=(self.serve, end), daemon=True)
        self.process.start()
        end.close()

    def read(self, kind, content):
        """What it made of a file: (None, why not) or (bytes, None)."""
        try:
            self.connection.send((kind, content))
            return self.connection.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            self.begin()
            return None, "it crashed"

    def close(self):
        self.process.kill()
        self.process.join()


def numbers(values, dtype=np.uint64):
    return np.array(values, dtype).tobytes()


def mutate(draw, content, pieces=(), most=4):
    """Change a file in a few places: bytes, runs of them, or whole pieces put in the place of others."""
    data = bytearray(content)
    for _ in range(draw.randint(1, most)):
        at = draw.randrange(len(data) + 1)
        length = draw.choice((1, 1, 2, 4, draw.randint(0, 40)))
        way = draw.randrange(8)
        if way == 0 and at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        elif way == 1:
            data[at:at + length] = draw.randbytes(length)
        elif way == 2:
            data[at:at + length] = bytes([draw.choice((0, 1, 0x7f, 0x80, 0xff))]) * length
        elif way == 3:
            del data[at:at + length]
        elif way == 4:
            data[at:at] = data[at:at + length]
        elif way == 5:
            del data[at:]
        elif way == 6:
            other = draw.randrange(len(data) + 1)
            data[at:at + length] = data[other:other + length]
        elif pieces:
            piece = draw.choice(pieces)
            found = data.find(draw.choice(pieces)) if draw.random() < 0.7 else at
            found = at if found < 0 else found
            data[found:found + draw.choice((0, len(piece), length))] = piece
    return bytes(data)


def as_doubles(array):
    """All elements in C order as float64, as bytes; of NaN there is one."""
    doubles = array.astype(np.float64)
    return np.ascontiguousarray(np.where(np.isnan(doubles), np.nan, doubles)).tobytes()


def integers(array):
    """The elements of a one-dimensional array, each of which must be an integer of 64 bits."""
    if array.ndim != 1 or array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise Refused("no one-dimensional array of numbers")
    if array.dtype.kind == "f":
        if not np.isfinite(array).all() or (array != np.trunc(array)).any() or (abs(array) >= 2**63).any():
            raise Refused("a number is no integer")
    elif array.dtype.kind == "u" and (array > 2**63 - 1).any():
        raise Refused("a number is too large")
    return array.astype(np.int64)


def matrix(csr, shape, row, column, data):
    """What the library must find in a sparse matrix of these arrays."""
    rows, columns = int(shape[0]), int(shape[1])
    if min(rows, columns) < 0:
        raise Refused("a negative shape")
    row, column = integers(row), integers(column)
    if data.ndim != 1 or data.dtype.kind not in "fiub" or data.dtype.itemsize > 8:
        raise Refused("no one-dimensional array of numbers")
    if len(column) != len(data) or len(row) != (rows + 1 if csr else len(data)):
        raise Refused("arrays of different lengths")
    if csr:
        if row[0] != 0 or (row[1:] < row[:-1]).any() or row[-1] != len(data):
            raise Refused("wrong pointers")
        row = np.repeat(np.arange(rows), np.diff(row))
    if (row < 0).any() or (row >= rows).any() or (column < 0).any() or (column >= columns).any():
        raise Refused("an entry outside the matrix")
    data = data.astype(np.float64)
    if not np.isfinite(data).all():
        raise Refused("a value is not finite")
    kept = data != 0
    counts = numbers([rows, columns, kept.sum(), (~kept).sum(), (data < 0).sum()])
    return counts + numbers(row[kept], np.int32) + numbers(column[kept], np.int32)


def run(cases, make, read, stricter):
    """make(draw) gives (kind, content, intact); read(kind, content) what the library must answer, or raises. An
    intact file must be read."""
    program, seed = sys.argv[1], int((sys.argv[3:] or [1])[0])
    seconds = float((sys.argv[2:] or [os.environ.get("DIFFMM_DIFFERENTIAL_SECONDS", 0)])[0])
    allowed = [re.compile(pattern) for pattern in stricter]
    used = {pattern: 0 for pattern in stricter}
    np.seterr(all="ignore")
    library, other = Library(program), Other(read)
    done, accepted, end = 0, 0, time.monotonic() + seconds
    while time.monotonic() < end if seconds else done < cases:
        kind, content, intact = make(random.Random(f"{seed} {done}"))
        wanted, reason = other.read(kind, content)
        found, message = library.read(kind, content)
        finding = None
        if found is not None and wanted is None:
            finding = f"the library reads what the other refuses ({reason})"
        elif found is None and wanted is not None:
            match = [rule.pattern for rule in allowed if rule.search(message)]
            if not match or intact:
                finding = f"the library refuses what the other reads: {message}"
            for pattern in match[:1]:
                used[pattern] += 1
        elif found != wanted:
            finding = "both read it, but not the same"
        elif found is None and intact:
            finding = f"an intact file is refused: {message} ({reason})"
        if finding:
            path = os.path.join(tempfile.gettempdir(), f"finding-{seed}-{done}.{kind}")
            with open(path, "wb") as file:
                file.write(content)
            sys.exit(f"seed {seed}, file {done}: {finding}\nsee {path}")
        done += 1
        accepted += found is not None
    other.close()  # first: it has inherited the pipe to the library's process
    library.close()
    print(f"{done} files, {accepted} of them read; stricter: {sum(used.values())}")
    if accepted == 0 or accepted == done:
        sys.exit("all or none were read: that tells nothing")
