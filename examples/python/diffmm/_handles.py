# SPDX-License-Identifier: BSD-2-Clause
"""Lifetimes, and arrays that cross the border without being copied."""

import ctypes
import os

import numpy


class Handle:
    """A C handle, destroyed when nothing refers to it any more.

    `keeps` are what must live as long: the handles it was made from, callbacks, lent arrays. Numpy
    views of the handle's memory refer to it too. So Python objects may be deleted in any order."""

    def __init__(self, destroy, *keeps):
        self.pointer = ctypes.c_void_p()
        self.keeps = list(keeps)
        self._destroy = destroy

    @property
    def _as_parameter_(self):
        return self.pointer

    @property
    def context(self):
        """The handle of the context at the beginning of what this was made from. It is all that
        must live on where a function has only borrowed or copied the rest."""
        parent = next((kept for kept in self.keeps if isinstance(kept, Handle)), None)
        return self if parent is None else parent.context

    def __del__(self):
        if self._destroy:
            self._destroy(self.pointer)


class Object:
    """What has a handle; also a context manager that lets go of it at the end of its block."""

    _handle = None

    @property
    def handle(self):
        if self._handle is None:
            raise ValueError(f"this {type(self).__name__} is closed")
        return self._handle

    def close(self):
        """Let go of the handle. What was made from it, and views of its memory, live on."""
        self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.close()


def create(destroy, function, *arguments, keeps=()):
    """A new handle from a function whose last argument says where it goes."""
    handle = Handle(destroy, *keeps)
    function(*arguments, ctypes.byref(handle.pointer))
    return handle


def open_file(destroy, by_path, by_memory, first, source, *others, keeps=(), lent=False):
    """A new handle from a file: its path, or its bytes in whatever lends them in one piece (bytes,
    bytearray, mmap). `lent`: these must live as long as the handle."""
    if isinstance(source, (str, os.PathLike)):
        return create(destroy, by_path, first, source, *others, keeps=keeps)
    data = numpy.frombuffer(source, numpy.uint8)
    return create(destroy, by_memory, first, data.ctypes.data, data.size, *others,
                  keeps=[*keeps, data] if lent else keeps)


def file_bytes(save_memory, handle):
    """A file that a function writes into memory."""
    size = ctypes.c_size_t()
    save_memory(handle, None, 0, ctypes.byref(size))
    data = numpy.empty(size.value, numpy.uint8)
    save_memory(handle, data.ctypes.data, data.size, ctypes.byref(size))
    return data[:size.value].tobytes()


class _Memory:
    """Memory of the library or the host, as numpy wants it described."""

    def __init__(self, address, shape, dtype, owner, writable):
        self.owner = owner
        self.__array_interface__ = {
            "version": 3,
            "data": (address, not writable),
            "shape": shape,
            "typestr": numpy.dtype(dtype).str,
            "descr": numpy.dtype(dtype).descr,
        }


def view(address, shape, dtype, owner, writable=False):
    """A numpy view of memory that lives as long as `owner`."""
    if not address or 0 in shape:
        return numpy.empty(shape, dtype)
    return numpy.asarray(_Memory(address, shape, dtype, owner, writable))


def array(values, dtype, *shape):
    """Values as an array in C order of a type and, where a size is not None, a shape. An array that
    is one already is taken as it is; anything else is converted into a new one."""
    result = numpy.ascontiguousarray(values, dtype)
    if shape and (result.ndim != len(shape) or
                  any(want not in (None, have) for want, have in zip(shape, result.shape))):
        wanted = " x ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"expected an array of {wanted}, got {result.shape}")
    return result


def matrix(values, columns=None):
    """Rows of floats."""
    return array(values, numpy.float32, None, columns)


def numbers(values, count=None):
    """Numbers of users, items, nodes or steps; refuses what int32 cannot hold."""
    given = numpy.asarray(values)
    if given.size and given.dtype.kind not in "iu":
        raise TypeError(f"expected whole numbers, got {given.dtype}")
    if given.size and (given.max() > 2**31 - 1 or given.min() < -2**31):
        raise OverflowError("a number does not fit into 32 bits")
    return array(given, numpy.int32, count)


def result(wanted, shape, dtype=numpy.float32):
    """Where a result goes: True makes a new array, False or None asks for none, and an array of the
    right type and shape is written in place."""
    if wanted is True:
        return numpy.empty(shape, dtype)
    if wanted is None or wanted is False:
        return None
    if (not isinstance(wanted, numpy.ndarray) or wanted.dtype != dtype or wanted.shape != shape or
            not wanted.flags.c_contiguous or not wanted.flags.writeable):
        raise TypeError(f"a result needs a writable array of {numpy.dtype(dtype)}, shape {shape}, "
                        "in C order")
    return wanted


def in_place(values, count):
    """An array that the library changes: float32, in C order, writable."""
    if not isinstance(values, numpy.ndarray) or values.size != count:
        raise TypeError(f"expected a numpy array of {count} floats")
    return result(values, values.shape)


def texts(values):
    """An array of C strings, and how many."""
    encoded = [str(value).encode() for value in values]
    if any(b"\0" in value for value in encoded):
        raise ValueError("an id has a NUL inside")
    return (ctypes.c_char_p * len(encoded))(*encoded), len(encoded)


def optional(handle_of):
    """The handle of a context or other object, or None."""
    return None if handle_of is None else handle_of.handle
