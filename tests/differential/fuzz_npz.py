# SPDX-License-Identifier: BSD-2-Clause
"""Sparse matrices in .npz archives, against numpy: as scipy.sparse.load_npz takes them apart."""

import io
import struct
import warnings
import zipfile

import numpy as np

import readers

# An archive fills its file, its directory is as long as it says, members' own headers agree with it, members are
# as long as they claim, and their checksums are right to their ends; a shape must not be out of all proportion.
STRICTER = [r"bytes follow the end of the zip archive", r"does not lie right before its end",
            r"one of several parts", r"long end record", r"directory holds more than its entries",
            r"has another header than", r"both a member '.*' and a member '.*\.npy'", r"is encrypted",
            r"is compressed by method", r"compressed bytes cannot hold", r"bytes long that it claims",
            r"is stored in another size", r"(begins|ends) outside the archive", r"damaged entry",
            r"name holds a NUL", r"CRC", r"[Cc]ompressed data|Zlib|zlib", r"cannot be in a file of",
            r"directory ends within an entry", r"does not begin where", r"something that is not an entry",
            r"offset \d+: ", r"elements of type '.*' are not read"]
KEYS = ("row", "col", "indptr", "indices", "data", "format", "shape")


def arrays(draw):
    rng = np.random.default_rng(draw.randrange(2**32))
    csr = draw.random() < 0.5
    rows, columns, count = draw.randint(1, 9), draw.randint(1, 9), draw.choice((0, 1, 3, 10, 40))
    index = draw.choice(("<i4", "<i4", "<i8", ">i4", "u1", "<u8", "<f8"))
    row = rng.integers(0, rows, count)
    values = rng.choice([1, 1, 1, 2, 0, -1], count).astype(draw.choice(("<f8", "<f4", "<f2", "i1", ">i8", "?")))
    shape = np.array([rows, columns], draw.choice(("<i8", "<i4", ">i8", "u1")))
    out = {"format": np.array(b"csr" if csr else b"coo"), "shape": shape, "data": values}
    if draw.random() < 0.2:
        out["format"] = np.array("csr" if csr else "coo")
    column = rng.integers(0, columns, count).astype(index)
    if csr:
        out["indices"] = column
        out["indptr"] = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))]).astype(index)
    else:
        out["row"], out["col"] = row.astype(index), column
    return out


def spoil(draw, out):
    """Change what the members hold, so that checksums stay right."""
    key = draw.choice(list(out))
    array = out[key]
    way = draw.randrange(8)
    if way == 0 and array.ndim and array.size:
        array.flat[draw.randrange(array.size)] = draw.choice((0, 1, 2, 5, 100))
    elif way == 1 and array.ndim:
        out[key] = array[:-1]
    elif way == 2 and array.ndim:
        out[key] = np.append(array, array[:1])
    elif way == 3:
        out[key] = array.reshape(array.shape + (1,))
    elif way == 4 and array.dtype.kind != "S" and array.dtype.kind != "U":
        out[key] = array.astype(draw.choice(("<f4", "<i8", "i1", "S3", "U2")))
    elif way == 5:
        del out[key]
    elif way == 6 and array.dtype.kind == "f" and array.size:
        array.flat[draw.randrange(array.size)] = draw.choice((np.nan, np.inf, 0.5, -0.0, 1e300))
    elif key == "shape":
        out[key] = draw.choice((np.array([3, 3]), np.array([-1, 3]), np.array([2**40, 3]), np.array([1, 2, 3]),
                                np.array([0, 0]), np.array([1.5, 2]), np.array([[1], [9]])))


def npy(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array))
    return file.getvalue()


def make(draw):
    out = arrays(draw)
    intact = draw.random() < 0.15
    if not intact and draw.random() < 0.6:
        for _ in range(draw.randint(1, 2)):
            if out:
                spoil(draw, out)
    members = [(key + ".npy", npy(array)) for key, array in out.items()]
    draw.shuffle(members)
    if draw.random() < 0.2:
        members.insert(draw.randrange(len(members) + 1), ("other.npy", b"no array"))
    if draw.random() < 0.2 and members:  # written again; intact files only after an older one
        name = draw.choice(members)[0]
        again = (name if draw.random() < 0.8 or intact else name[:-4],
                 npy(arrays(draw).get(name[:-4], np.zeros(3))))
        members.insert(0 if intact else draw.randrange(len(members) + 1), again)
    if not intact and draw.random() < 0.3 and members:
        at = draw.randrange(len(members))
        members[at] = (members[at][0], readers.mutate(draw, members[at][1], most=1))
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that come twice
        with zipfile.ZipFile(file, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            for name, content in members:
                with archive.open(name, "w", force_zip64=draw.random() < 0.5) as member:
                    member.write(content)
            if draw.random() < 0.1:
                archive.comment = draw.choice((b"comment", b"PK\5\6", bytes(60)))
    content = file.getvalue()
    if intact:
        return "npz", content, b"PK\5\6" not in content[:-22]
    if draw.random() < 0.5:
        pieces = [b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\b", b".npy", b"row", b"data",
                  struct.pack("<I", 0xffffffff), struct.pack("<HH", 1, 8), b"\0\0", b"\0\b"]
        content = readers.mutate(draw, content, pieces, 2)
    return "npz", content, False


def read(kind, content):
    archive = np.load(io.BytesIO(content), allow_pickle=False)
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise readers.Refused("no archive")
    archive = {key: archive[key] for key in KEYS if key in archive or key + ".npy" in archive.files}
    if not all(isinstance(array, np.ndarray) for array in archive.values()):
        raise readers.Refused("a member is no array")
    form = archive["format"]
    if form.size != 1 or form.dtype.kind not in "SU":
        raise readers.Refused("no text")
    form = form.reshape(()).item()
    form = form.decode("ascii", "replace") if isinstance(form, bytes) else form
    if form not in ("coo", "csr"):
        raise readers.Refused("another format")
    shape = archive["shape"]
    if shape.size != 2:
        raise readers.Refused("not two dimensions")
    shape = readers.integers(shape.reshape(-1))
    row, column = ("indptr", "indices") if form == "csr" else ("row", "col")
    return readers.matrix(form == "csr", shape, archive[row], archive[column], archive["data"])


if __name__ == "__main__":
    readers.run(2000, make, read, STRICTER)
