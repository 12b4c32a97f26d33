# SPDX-License-Identifier: BSD-2-Clause
"""Single values on their way to C, and text on its way back: one conversion for each kind.

ctypes cuts a number that does not fit to the bits that do, and `int()` cuts a fraction: the call
would then answer for another user. Here such a value is refused: TypeError for what is not of the
kind, OverflowError for a number that its C type does not hold, ValueError for text that C would
not see whole."""

import ctypes
import math
import operator
import os
import reprlib

import numpy


def shown(value):
    """A value for a message, cut short if it is long."""
    return f"{reprlib.repr(value)} ({type(value).__name__})"


class called:
    """Conversions inside name the argument in their messages."""

    def __init__(self, name):
        self._name = name

    def __enter__(self):
        pass

    def __exit__(self, kind, error, traceback):
        if kind in (TypeError, OverflowError):
            raise kind(f"{self._name}: {error}") from None


def is_masked(value):
    """Whether a value, or one in an array, is masked by numpy."""
    return isinstance(value, numpy.ma.MaskedArray) and numpy.ma.is_masked(value)


def index(value):
    """A whole number, of Python or numpy, as an int."""
    if not isinstance(value, (bool, numpy.bool_)) and not is_masked(value):
        try:
            return operator.index(value)
        except TypeError:
            pass
    raise TypeError(f"expected a whole number, got {shown(value)}")


class Whole:
    """A whole number that a C type holds."""

    def __init__(self, c_type):
        bits = 8 * ctypes.sizeof(c_type)
        signed = c_type(-1).value < 0
        self.c_type = c_type
        self.least = -2**(bits - 1) if signed else 0
        self.most = 2**(bits - signed) - 1
        self._form = f"{bits} bits" if signed else f"{bits} bits without a sign"

    def __call__(self, value):
        if type(value) is not int:  # most are: the quick way
            value = index(value)
        if not self.least <= value <= self.most:
            raise OverflowError(f"{shown(value)} does not fit into {self._form}")
        return value


class Real:
    """A number that a C floating-point type holds, infinities and NaN included."""

    def __init__(self, c_type):
        self.c_type = c_type

    def __call__(self, value):
        kind = getattr(getattr(value, "dtype", None), "kind", "f")
        numeric = hasattr(value, "__float__") or hasattr(value, "__index__")
        if (not numeric or isinstance(value, bool) or kind not in "iuf" or
                getattr(value, "ndim", 0) or is_masked(value)):
            raise TypeError(f"expected a number, got {shown(value)}")
        result = self.c_type(float(value)).value
        if math.isinf(result) and value != result:
            raise OverflowError(f"{shown(value)} is too large for a {self.c_type.__name__[2:]}")
        return result


class Flag:
    """True or false, also as 1 or 0; not what else Python counts as true, such as "false"."""

    c_type = ctypes.c_int

    def __call__(self, value):
        if isinstance(value, (bool, numpy.bool_)):
            return int(value)
        value = index(value)
        if value not in (0, 1):
            raise ValueError(f"expected true or false, got {shown(value)}")
        return value


class Text:
    """A name or an id. Bytes that are not UTF-8, which text() has passed on, become what they were;
    the library then says that it does not know the name."""

    c_type = ctypes.c_char_p

    def __call__(self, value):
        if not isinstance(value, str):
            raise TypeError(f"expected a string, got {shown(value)}")
        return _without_nul(value.encode(errors="surrogateescape"), value)


class OptionalText(Text):
    """The same, or None for NULL."""

    def __call__(self, value):
        return None if value is None else super().__call__(value)


class Path(Text):
    """A path: str, bytes or os.PathLike, in the file system's own encoding."""

    def __call__(self, value):
        return _without_nul(os.fsencode(value), value)


class OptionalPath(Path):
    """The same, or None for NULL."""

    def __call__(self, value):
        return None if value is None else super().__call__(value)


def _without_nul(data, value):
    if b"\0" in data:
        raise ValueError(f"{shown(value)} has a NUL inside")
    return data


size, uint64 = Whole(ctypes.c_size_t), Whole(ctypes.c_uint64)
int32, int64, enum = Whole(ctypes.c_int32), Whole(ctypes.c_int64), Whole(ctypes.c_int)
uint32 = Whole(ctypes.c_uint32)
real, single, flag = Real(ctypes.c_double), Real(ctypes.c_float), Flag()
name, path = Text(), Path()
optional_name, optional_path = OptionalText(), OptionalPath()


def member(kind, value):
    """A member of an enum, from itself, its number, or its name in small or capital letters."""
    if isinstance(value, numpy.ndarray) and value.ndim == 0:
        value = value.item()
    return kind[value.upper()] if isinstance(value, str) else kind(index(value))


def is_path(value):
    """Whether a value names a file, where it might also be other things than bytes."""
    return isinstance(value, (str, os.PathLike))


def text(data):
    """A name or an id from C; None stays. It need not be UTF-8 (it may be from a file): what is not
    becomes lone surrogates, which name and path take back."""
    return None if data is None else data.decode(errors="surrogateescape")


def message(data):
    """What C says to people, to be printed anywhere: what is not UTF-8 becomes \\x.."""
    return data.decode(errors="backslashreplace")
