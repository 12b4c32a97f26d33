# SPDX-License-Identifier: BSD-2-Clause
"""From texts to vectors: TF-IDF of hashed words and a truncated singular value decomposition, or
fastText; numpy alone for the former.

What a mapping has learnt comes from the texts it was fitted to; further texts are mapped alike, so
that items come later."""

import os
import re
import subprocess
import tempfile
import zlib

import numpy

WORD = re.compile(r"[a-z][a-z0-9+]+")


class VectorFailure(Exception):
    """Texts from which no vectors can be made."""


def words(text):
    return WORD.findall(text.lower())


class _Rows:
    """A sparse matrix by rows."""

    def __init__(self, row, column, value, shape):
        order = numpy.lexsort((column, row))
        self.column, self.value, self.shape = column[order], value[order], shape
        self.begin = numpy.searchsorted(row[order], numpy.arange(shape[0] + 1))

    def row(self):
        """The row of each entry."""
        return numpy.repeat(numpy.arange(self.shape[0]), numpy.diff(self.begin))

    def transposed(self):
        return _Rows(self.column, self.row(), self.value, self.shape[::-1])

    def times(self, dense):
        out = numpy.zeros((self.shape[0], dense.shape[1]))
        filled = numpy.flatnonzero(numpy.diff(self.begin))
        for block in numpy.array_split(filled, max(1, len(self.column) // 100_000)):
            if len(block):
                first, last = self.begin[block[0]], self.begin[block[-1] + 1]
                products = self.value[first:last, None] * dense[self.column[first:last]]
                out[block] = numpy.add.reduceat(products, self.begin[block] - first)
        return out


def _decompose(matrix, rank, seed, rounds=6, more=32):
    """The first `rank` right singular vectors, as columns: randomised subspace iteration (Halko,
    Martinsson and Tropp 2011). Fewer, where the matrix has not as many: what is left then is rounding,
    along which a further text would go astray."""
    transposed = matrix.transposed()
    size = min(rank + more, *matrix.shape)
    start = numpy.random.default_rng(seed).standard_normal((matrix.shape[1], size))
    basis = numpy.linalg.qr(matrix.times(start))[0]
    for _ in range(rounds):
        basis = numpy.linalg.qr(matrix.times(transposed.times(basis)))[0]
    axes, rest = numpy.linalg.qr(transposed.times(basis))
    rotation, values, _ = numpy.linalg.svd(rest)
    kept = min(rank, numpy.count_nonzero(values > 1e-6 * values[0]))
    return axes @ rotation[:, :kept]


class HashedText:
    """TF-IDF of words (or of any tokens) hashed to `buckets` columns with a sign, rows of length 1,
    then the leading `dimensions` of a singular value decomposition. Kept as two arrays: `idf`
    (buckets) and `axes` (buckets x dimensions)."""

    def __init__(self, idf, axes):
        self.idf, self.axes = idf, axes

    @classmethod
    def fit(cls, documents, dimensions, buckets=1 << 15, seed=0):
        """From lists of tokens."""
        counts = cls._counts(documents, buckets)
        if len(counts.value) == 0:
            raise VectorFailure("none of the texts has a word")
        spread = numpy.bincount(counts.column, minlength=buckets)
        idf = numpy.log((1 + len(documents)) / (1 + spread)) + 1
        axes = _decompose(cls._weighted(counts, idf), dimensions, seed)
        missing = dimensions - axes.shape[1]  # of few documents, or few words
        return cls(idf, numpy.pad(axes, ((0, 0), (0, missing))))

    @staticmethod
    def _counts(documents, buckets):
        """How often each document has each column's tokens, with the sign of each token."""
        row, column, value = [], [], []
        for number, document in enumerate(documents):
            found = {}
            for token in document:
                code = zlib.crc32(token.encode())
                bucket = code % buckets
                found[bucket] = found.get(bucket, 0) + (1 if code >> 31 else -1)
            row += [number] * len(found)
            column += found.keys()
            value += found.values()
        kept = numpy.array(value, float) != 0  # where tokens of one bucket cancel out
        return _Rows(numpy.array(row, int)[kept], numpy.array(column, int)[kept],
                     numpy.array(value, float)[kept], (len(documents), buckets))

    @staticmethod
    def _weighted(counts, idf):
        counts.value = (numpy.sign(counts.value) * (1 + numpy.log(numpy.abs(counts.value))) *
                        idf[counts.column])
        row = counts.row()
        length = numpy.sqrt(numpy.bincount(row, counts.value**2, counts.shape[0]))
        counts.value /= length[row]
        return counts

    def of(self, documents):
        """A row for each list of tokens; zeros where it has none."""
        counts = self._counts(documents, len(self.idf))
        return self._weighted(counts, self.idf).times(self.axes).astype(numpy.float32)

    def save(self, path):
        numpy.savez_compressed(path, idf=self.idf, axes=self.axes)

    @classmethod
    def open(cls, path):
        with numpy.load(path) as file:
            return cls(file["idf"], file["axes"])


class FastText:
    """Vectors of words and their parts, learnt by the program fasttext (Debian's package of that
    name), and their mean over a text. Kept as the program's own file."""

    def __init__(self, path):
        self.path = path

    @classmethod
    def fit(cls, documents, dimensions, path, buckets=20_000, epochs=5, seed=0):
        """From lists of words. Small `buckets` keep the file small: it has a vector for each. One
        thread, so that the same texts give the same vectors."""
        with tempfile.TemporaryDirectory() as folder:
            texts, model = os.path.join(folder, "texts"), os.path.join(folder, "model")
            with open(texts, "w", encoding="utf-8") as file:
                file.writelines(" ".join(document) + "\n" for document in documents)
            cls._run(b"", "skipgram", "-input", texts, "-output", model, "-dim", str(dimensions),
                     "-bucket", str(buckets), "-epoch", str(epochs), "-minCount", "2",
                     "-thread", "1", "-seed", str(seed), "-verbose", "0")
            os.replace(model + ".bin", path)
        return cls(path)

    def of(self, documents):
        lines = "".join(" ".join(document) + "\n" for document in documents).encode()
        out = self._run(lines, "print-sentence-vectors", self.path).decode().splitlines()
        return numpy.array([line.split() for line in out], numpy.float32)

    @staticmethod
    def _run(lines, *arguments):
        try:
            return subprocess.run(["fasttext", *arguments], input=lines, check=True,
                                  capture_output=True).stdout
        except FileNotFoundError:
            raise VectorFailure("there is no program fasttext; Debian's package of that name has "
                                "it") from None
        except subprocess.CalledProcessError as error:
            raise VectorFailure(f"fasttext {arguments[0]} failed:\n" +
                                error.stderr.decode(errors="replace").strip()) from None
