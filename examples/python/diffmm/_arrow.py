# SPDX-License-Identifier: BSD-2-Clause
"""Tables of the Arrow C interface (arrow.h), as Python hands them over: an object that has one gives it
away with __arrow_c_stream__(), in a capsule. Frames without that are turned into one here."""

import ctypes
import itertools
from ctypes import POINTER, c_char_p, c_int, c_int64, c_void_p
from typing import NamedTuple

import numpy

from ._handles import NotCopied

_CAPSULE = b"arrow_array_stream"


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class Stream(ctypes.Structure):
    """struct ArrowArrayStream"""
    _fields_ = [("get_schema", c_void_p), ("get_next", c_void_p), ("get_last_error", c_void_p),
                ("release", c_void_p), ("private_data", c_void_p)]


_Schema._fields_ = [("format", c_char_p), ("name", c_char_p), ("metadata", c_char_p),
                    ("flags", c_int64), ("n_children", c_int64),
                    ("children", POINTER(POINTER(_Schema))), ("dictionary", POINTER(_Schema)),
                    ("release", c_void_p), ("private_data", c_void_p)]
_Array._fields_ = [("length", c_int64), ("null_count", c_int64), ("offset", c_int64),
                   ("n_buffers", c_int64), ("n_children", c_int64), ("buffers", POINTER(c_void_p)),
                   ("children", POINTER(POINTER(_Array))), ("dictionary", POINTER(_Array)),
                   ("release", c_void_p), ("private_data", c_void_p)]

_python = ctypes.pythonapi
_new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, c_void_p, c_char_p, c_void_p)(
    ("PyCapsule_New", _python))
_pointer_of = ctypes.PYFUNCTYPE(c_void_p, ctypes.py_object, c_char_p)(
    ("PyCapsule_GetPointer", _python))
# The destructor of a capsule has the capsule, which is dying, as a plain pointer.
_pointer_of_dying = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(
    ("PyCapsule_GetPointer", _python))

# What is out, by a number that stands in private_data: it lives until its release.
_out, _numbers = {}, itertools.count(1)


def _lend(*objects):
    number = next(_numbers)
    _out[number] = objects
    return number


class Given:
    """The stream that an object gives away, at an address; the capsule ends what C leaves of it."""

    def __init__(self, table):
        if not hasattr(table, "__arrow_c_stream__"):
            raise TypeError(f"a {type(table).__name__} has no __arrow_c_stream__()")
        self._capsule = table.__arrow_c_stream__()
        self.address = _pointer_of(self._capsule, _CAPSULE)


@ctypes.PYFUNCTYPE(None, c_void_p)
def _end_capsule(capsule):
    address = _pointer_of_dying(capsule, _CAPSULE)
    stream = Stream.from_address(address)
    if stream.release:
        ctypes.CFUNCTYPE(None, c_void_p)(stream.release)(address)
    _out.pop(("capsule", address))


def capsule(stream):
    """A capsule that owns a Stream, which is not to be used any more."""
    address = ctypes.addressof(stream)
    _out["capsule", address] = stream
    return _new_capsule(address, _CAPSULE, ctypes.cast(_end_capsule, c_void_p))


@ctypes.CFUNCTYPE(None, POINTER(Stream))
def _release_made(stream):
    release, _ = _out[stream.contents.private_data]
    number = stream.contents.private_data
    ctypes.CFUNCTYPE(None, c_void_p)(release)(ctypes.addressof(stream.contents))
    del _out[number]


class Made(NotCopied):
    """A table that the library makes as it is read: for pyarrow.table(), polars.DataFrame(), or whatever
    else asks for its __arrow_c_stream__(), once. `keeps` live as long as its stream."""

    def __init__(self, function, *arguments, keeps):
        stream = Stream()
        function(*arguments, ctypes.byref(stream))
        _out[stream.private_data] = (stream.release, keeps)
        stream.release = ctypes.cast(_release_made, c_void_p)
        self._capsule = capsule(stream)

    def __arrow_c_stream__(self, requested_schema=None):
        given, self._capsule = self._capsule, None
        if given is None:
            raise ValueError("the table has been read already; ask for a new one")
        return given


class Column(NamedTuple):
    """Values in memory: Arrow's text for their type, how many there are, their buffers after the one
    for what is missing, which of them are there (None: all), and the values that they number."""
    format: str
    length: int
    buffers: list
    present: object = None
    dictionary: object = None


def strings(values):
    """A column of strings."""
    encoded = [value.encode() for value in values]
    offsets = numpy.zeros(len(encoded) + 1, numpy.int64)
    numpy.cumsum(numpy.fromiter(map(len, encoded), numpy.int64, len(encoded)), out=offsets[1:])
    return Column("U", len(encoded), [offsets, numpy.frombuffer(b"".join(encoded), numpy.uint8)])


_FORMATS = {"i1": "c", "i2": "s", "i4": "i", "i8": "l", "u1": "C", "u2": "S", "u4": "I", "u8": "L",
            "f2": "e", "f4": "f", "f8": "g"}


def numbers(values, present=None):
    """A column of whole or real numbers, bools, or times (datetime64)."""
    values = numpy.asarray(values)
    if values.dtype.kind == "M":
        present = ~numpy.isnat(values) if present is None else present
        return Column("tsu:", len(values), [values.astype("datetime64[us]").view(numpy.int64)],
                      present)
    if values.dtype.kind == "b":
        values = values.view(numpy.uint8)
    kind = f"{values.dtype.kind}{values.dtype.itemsize}"
    if values.ndim != 1 or kind not in _FORMATS:
        return Column(str(values.dtype), len(values), [])  # a type that C refuses by this name
    native = values.dtype.newbyteorder("=")
    return Column(_FORMATS[kind], len(values), [numpy.ascontiguousarray(values, native)], present)


def coded(codes, values):
    """A column of codes, -1 for what is missing, of strings or whole numbers."""
    present = numpy.asarray(codes) >= 0
    values = list(values)
    if all(isinstance(value, str) for value in values):
        dictionary = strings(values)
    elif all(isinstance(value, (int, numpy.integer)) and not isinstance(value, bool)
             for value in values):
        dictionary = strings([str(value) for value in values])
    else:
        names = sorted({type(value).__name__ for value in values})
        return Column("object of " + ", ".join(names), len(codes), [])
    column = numbers(numpy.where(present, codes, 0).astype(numpy.int64))
    return column._replace(present=present, dictionary=dictionary)


def _of_series(series):
    """A column of pandas."""
    kind = getattr(series.dtype, "kind", "O")
    if hasattr(series, "cat"):
        return coded(series.cat.codes.to_numpy(), series.cat.categories)
    missing = series.isna().to_numpy()
    if kind == "M":
        if getattr(series.dtype, "tz", None) is not None:
            series = series.dt.tz_convert("UTC").dt.tz_localize(None)
        return numbers(series.to_numpy("datetime64[us]"))
    if kind in "iub":
        plain = {"i": numpy.int64, "u": numpy.uint64, "b": numpy.bool_}[kind]
        values = series.fillna(0).to_numpy(plain) if missing.any() else series.to_numpy(plain)
        return numbers(values, ~missing if missing.any() else None)
    if kind == "f":
        return numbers(series.to_numpy(numpy.float64, na_value=numpy.nan))
    return coded(*series.factorize())


class Table:
    """Named columns, as something that has __arrow_c_stream__()."""

    def __init__(self, columns):
        self.columns = dict(columns)

    @classmethod
    def of_frame(cls, frame):
        """A frame of pandas."""
        return cls((str(name), _of_series(frame[name])) for name in frame.columns)

    def __arrow_c_stream__(self, requested_schema=None):
        stream = Stream(*(ctypes.cast(function, c_void_p) for function in
                          (_get_schema, _get_next, _get_last_error, _release_stream)),
                        _lend(self, []))
        return capsule(stream)


@ctypes.CFUNCTYPE(None, POINTER(_Schema))
def _release_schema(schema):
    _out.pop(schema.contents.private_data, None)
    schema.contents.release = None


@ctypes.CFUNCTYPE(None, POINTER(_Array))
def _release_array(array):
    _out.pop(array.contents.private_data, None)
    array.contents.release = None


@ctypes.CFUNCTYPE(None, POINTER(Stream))
def _release_stream(stream):
    _out.pop(stream.contents.private_data, None)
    stream.contents.release = None


def _pointers(kind, values):
    return (POINTER(kind) * len(values))(*map(ctypes.pointer, values))


def _schema_of(name, column):
    schema = _Schema(format=column.format.encode(), name=name.encode(), flags=2,
                     release=ctypes.cast(_release_schema, c_void_p))
    if column.dictionary is not None:
        schema.dictionary = ctypes.pointer(_schema_of("", column.dictionary))
    return schema


def _array_of(column):
    present = None if column.present is None else numpy.packbits(column.present, bitorder="little")
    buffers = [present, *column.buffers]
    addresses = [None if buffer is None else buffer.ctypes.data for buffer in buffers]
    array = _Array(length=column.length, null_count=0 if present is None else -1,
                   n_buffers=len(buffers), buffers=(c_void_p * len(buffers))(*addresses),
                   release=ctypes.cast(_release_array, c_void_p))
    array.lent = buffers
    if column.dictionary is not None:
        array.dictionary = ctypes.pointer(_array_of(column.dictionary))
    return array


def _give(out, kind, parts, keeps, **members):
    """Write a struct of columns to where C wants it."""
    pointers = _pointers(kind, parts)
    target = out.contents
    ctypes.memset(ctypes.addressof(target), 0, ctypes.sizeof(kind))
    for field, value in members.items():
        setattr(target, field, value)
    target.n_children = len(parts)
    target.children = ctypes.cast(pointers, POINTER(POINTER(kind)))
    target.private_data = _lend(pointers, parts, keeps)


@ctypes.CFUNCTYPE(c_int, POINTER(Stream), POINTER(_Schema))
def _get_schema(stream, out):
    table = _out[stream.contents.private_data][0]
    parts = [_schema_of(name, column) for name, column in table.columns.items()]
    _give(out, _Schema, parts, None, format=b"+s", release=ctypes.cast(_release_schema, c_void_p))
    return 0


@ctypes.CFUNCTYPE(c_int, POINTER(Stream), POINTER(_Array))
def _get_next(stream, out):
    table, given = _out[stream.contents.private_data]
    if given:
        ctypes.memset(ctypes.addressof(out.contents), 0, ctypes.sizeof(_Array))
        return 0
    given.append(True)
    parts = [_array_of(column) for column in table.columns.values()]
    length = min((column.length for column in table.columns.values()), default=0)
    nothing = (c_void_p * 1)()
    _give(out, _Array, parts, nothing, length=length, n_buffers=1, buffers=nothing,
          release=ctypes.cast(_release_array, c_void_p))
    return 0


@ctypes.CFUNCTYPE(c_void_p, POINTER(Stream))
def _get_last_error(stream):
    return None
