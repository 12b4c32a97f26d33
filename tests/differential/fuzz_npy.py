# SPDX-License-Identifier: BSD-2-Clause
"""Arrays in .npy files, against numpy."""

import io
import struct

import numpy as np

import readers

TYPES = ["<f2", "<f4", "<f8", ">f2", ">f4", ">f8", "|i1", "<i2", "<i4", "<i8", ">i4", ">i8", "|u1", "<u2",
         ">u4", "<u8", "|b1", "|S3", "<U2", ">U5"]
PIECES = [b"'<f4'", b"'>i8'", b"'|b1'", b"'<c8'", b"'|O'", b"'<f16'", b"'f8'", b"'=i4'", b"'<M8[s]'",
          b"[('a', '<f4')]", b"True", b"False", b"None", b"1", b"(3,)", b"(3)", b"()", b"(2, 3)", b"(0, 4)",
          b"(-1,)", b"(99999999999999999999,)", b"(1000000000000000000, 0)", b"(03,)", b"3L", b", ", b"'shape'",
          b"'descr'", b"'fortran_order'", b"{", b"}", b"'", b"\"", b"\n", b"  ", b"\\x3c", b"#", b": ",
          b"'shape': (1, 1), ", b"'descr': '<i4', "]
# The header is the dictionary that numpy writes, not any expression of Python; an array holds numbers or text.
STRICTER = [r"file: offset \d+: ", r"elements of type '.*' are not read", r"exceeds the address space"]


def header(draw, descr, order, shape):
    text = {"descr": repr(descr), "fortran_order": str(order), "shape": str(shape)}
    keys = list(text)
    if draw.random() < 0.3:
        draw.shuffle(keys)
    quote = draw.choice("'\"")
    end = draw.choice((", }", "}", ",}", " }"))
    return ("{" + ", ".join(f"{quote}{key}{quote}: {text[key]}" for key in keys) + end).encode()


def make(draw):
    dtype = np.dtype(draw.choice(TYPES))
    shape = tuple(draw.choice((0, 1, 2, 3, 7)) for _ in range(draw.choice((0, 1, 1, 2, 2, 2, 3, 4))))
    count = int(np.prod(shape, dtype=np.int64))
    data = draw.randbytes(count * dtype.itemsize)
    if dtype.kind == "f" and draw.random() < 0.5:
        data = np.random.default_rng(draw.randrange(2**32)).normal(size=count).astype(dtype).tobytes()
    text = header(draw, dtype.str, draw.random() < 0.4, shape)
    text += b" " * draw.randrange(70) + b"\n"
    version = draw.choice((1, 1, 1, 2, 3))
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    content = b"\x93NUMPY" + bytes([version, 0]) + size + text + data
    if draw.random() < 0.15:
        return "npy", content + draw.randbytes(draw.randrange(3)), True
    if draw.random() < 0.6:  # in the header, whose length is then put right
        text = readers.mutate(draw, text, PIECES, 2)
        size = struct.pack("<H" if version == 1 else "<I", len(text))
        content = b"\x93NUMPY" + bytes([version, 0]) + size + text + data
    else:
        content = readers.mutate(draw, content, PIECES, 2)
    return "npy", content, False


def read(kind, content):
    array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    about = readers.numbers([ord(array.dtype.kind), array.dtype.itemsize, array.ndim, *array.shape])
    return about + (readers.as_doubles(array) if array.dtype.kind in "fiub" else b"")


if __name__ == "__main__":
    readers.run(4000, make, read, STRICTER)
