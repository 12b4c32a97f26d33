# SPDX-License-Identifier: BSD-2-Clause
"""Arrays and lists on their way to C, and the library's memory as arrays. An array of the right
type is taken as it is; a conversion that would change a value is refused (_convert.py)."""

import ctypes
from collections.abc import Mapping, Set

import numpy

from ._convert import index, is_masked, name, shown, size


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


def _given(values):
    """A value as an array, of the type that numpy chooses."""
    if is_masked(values):
        raise TypeError("an array with masked values: say what they are (.filled())")
    return numpy.asarray(values)


def reals(values, dtype=numpy.float32):
    """Values as an array of a floating-point type, in any order in memory. Text, None and complex
    numbers are refused, and so is a finite value that the type cannot hold."""
    given = _given(values)
    if given.dtype == dtype:
        return given
    if given.size and given.dtype.kind not in "biuf":
        raise TypeError(f"expected numbers, got an array of {given.dtype}")
    with numpy.errstate(over="ignore"):
        converted = given.astype(dtype)
    if given.dtype.kind == "f" and given.dtype.itemsize > converted.dtype.itemsize:
        if (numpy.isinf(converted) & numpy.isfinite(given)).any():
            raise OverflowError(f"a number is too large for {numpy.dtype(dtype)}")
    return converted


def _in_order(values, shape):
    """An array in C order, and of a shape; None in it: any size."""
    result = numpy.ascontiguousarray(values)
    if shape and (result.ndim != len(shape) or
                  any(want not in (None, have) for want, have in zip(shape, result.shape))):
        wanted = " x ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"expected an array of {wanted}, got {result.shape}")
    return result


def array(values, dtype, *shape):
    """Reals as an array in C order of a type and, where a size is not None, a shape. An array that
    is one already is taken as it is; anything else is converted into a new one."""
    return _in_order(reals(values, dtype), shape)


def matrix(values, columns=None):
    """Rows of floats."""
    return array(values, numpy.float32, None, columns)


def _whole(values):
    """Values as an array of whole numbers; of Python ints if they are too large for numpy."""
    given = _given(values)
    if isinstance(values, (list, tuple)) and {bool, numpy.bool_} & set(map(type, values)):
        raise TypeError("expected whole numbers, got a bool among them")
    if given.dtype.kind == "O":
        return numpy.array([index(value) for value in given.flat], object).reshape(given.shape)
    if given.size and given.dtype.kind not in "iu":
        raise TypeError(f"expected whole numbers, got {given.dtype}")
    return given


def numbers(values, count=None, dtype=numpy.int32):
    """Whole numbers (of users, items, nodes or steps) as an array of an integer type."""
    given = _whole(values)
    if given.dtype != dtype:
        limits = numpy.iinfo(dtype)
        for value in (given.min(), given.max()) if given.size else ():
            if not limits.min <= int(value) <= limits.max:
                raise OverflowError(f"{shown(int(value))} does not fit into {limits.bits} bits" +
                                    ("" if limits.min else " without a sign"))
        given = given.astype(dtype)
    return _in_order(given, (count,))


def flags(values, count):
    """Flags as bytes, from bools or whole numbers (0 is false)."""
    given = _given(values)
    return numbers(given.view(numpy.uint8) if given.dtype == bool else given, count, numpy.uint8)


def sizes(values):
    """A C array of sizes."""
    values = list(values)
    return (ctypes.c_size_t * len(values))(*map(size, values))


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


def sequence(values):
    """Users, items or splits in order: an array as it is, anything else as a list. Refuses a set,
    which has no order, and a string, which is one id."""
    if isinstance(values, (str, bytes, Set, Mapping)):
        raise TypeError(f"expected a list or an array, got {shown(values)}")
    if hasattr(values, "__array__"):
        values = _given(values)
        if values.ndim != 1:
            raise ValueError(f"expected one dimension, got an array of {values.shape}")
        return values
    return list(values)


def are_ids(values):
    """Whether the result of sequence() holds external ids (strings) rather than numbers. Refuses
    strings mixed with anything else, as None or NaN for a missing id."""
    if isinstance(values, numpy.ndarray) and values.dtype.kind != "O":
        return values.dtype.kind in "UT"
    kinds = set(map(type, values))
    strings = {kind for kind in kinds if issubclass(kind, str)}
    if strings and strings != kinds:
        at = next(i for i, value in enumerate(values) if not isinstance(value, str))
        raise TypeError(f"ids are strings throughout, but number {at} is {shown(values[at])}")
    return bool(strings)


def texts(values):
    """Ids as an array of the addresses of C strings, which live as long as it (its copies do not
    keep them); whole numbers as ids are their digits."""
    values = sequence(values)
    if not are_ids(values):
        values = [str(value) for value in _whole(values).tolist()]
    elif isinstance(values, numpy.ndarray):
        values = values.tolist()  # joining a list takes a sixth of the time
    return _addresses(values) if len(values) else numpy.empty(0, numpy.uintp)


def _encoded(values):
    """All strings, each with a NUL behind it, as UTF-8. One at a time would take much longer."""
    joined = "\0".join(values) + "\0"
    if joined.count("\0") > len(values):
        name(next(value for value in values if "\0" in value))  # refuses it
    try:
        return joined.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        for value in values:
            name(value)  # refuses the one that is not Unicode
        raise


def _addresses(values):
    """The addresses of the strings, in one block of memory with them."""
    text = numpy.frombuffer(_encoded(values), numpy.uint8)
    ends = numpy.flatnonzero(text == 0)
    size = ends.size * numpy.dtype(numpy.uintp).itemsize
    memory = numpy.empty(size + text.size, numpy.uint8)
    memory[size:] = text
    addresses = memory[:size].view(numpy.uintp)
    addresses[0] = 0
    addresses[1:] = ends[:-1] + 1
    addresses += numpy.uintp(memory.ctypes.data + size)
    return addresses
