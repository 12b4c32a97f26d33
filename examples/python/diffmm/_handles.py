# SPDX-License-Identifier: BSD-2-Clause
"""Lifetimes: handles, and the objects that have one."""

from __future__ import annotations

import ctypes
from typing import Any, TypeVar

import numpy

from ._convert import is_path


class NotCopied:
    """An object that refers to memory of C. It cannot be copied, since the copy would refer to the
    same memory, nor pickled."""

    def __copy__(self):
        raise TypeError(f"a {type(self).__name__} cannot be copied")

    def __deepcopy__(self, memo):
        raise TypeError(f"a {type(self).__name__} cannot be copied")

    def __reduce_ex__(self, protocol):
        raise TypeError(f"a {type(self).__name__} cannot be pickled")


class Copied:
    """An object that C can copy: it has copy()."""

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()


class Handle(NotCopied):
    """A C handle, destroyed when nothing refers to it any more.

    `keeps` are what must live as long: the handles it was made from, callbacks, lent arrays. Numpy
    views of the handle's memory refer to it too. So Python objects may be deleted in any order."""

    _destroy = None  # of one that __init__ has not got to

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


Own = TypeVar("Own", bound="Object")


class Object(NotCopied):
    """An object with a handle; also a context manager that releases it at the end of its block."""

    _handle: Handle | None = None

    @property
    def handle(self) -> Handle:
        """What C knows it by."""
        if self._handle is None:
            raise ValueError(f"this {type(self).__name__} is closed")
        return self._handle

    @classmethod
    def handle_of(cls, value: Any) -> Handle:
        """The handle of a value, which must be of this class: C would accept any pointer."""
        if not isinstance(value, cls):
            raise TypeError(f"expected a {cls.__name__}, got a {type(value).__name__}")
        return value.handle

    @classmethod
    def or_null(cls, value: Any) -> Handle | None:
        """The same, or None for None."""
        return None if value is None else cls.handle_of(value)

    def close(self) -> None:
        """Release the handle. Objects made from it, views of its memory, and a call that is running
        (this may be one of its callbacks) keep it alive until they end."""
        self._handle = None

    def _about(self):
        """What repr() says of it."""
        return ""

    def __repr__(self) -> str:
        about = "closed" if self._handle is None else self._about()
        return f"<{type(self).__name__}: {about}>" if about else f"<{type(self).__name__}>"

    def __enter__(self: Own) -> Own:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def sizes_of(modalities):
    """Modalities with their features per item, or names alone, as repr() has them."""
    if isinstance(modalities, dict):
        modalities = [f"{name} ({size})" for name, size in modalities.items()]
    return "modalities " + ", ".join(modalities) if modalities else "no modalities"


def create(destroy, function, *arguments, keeps=()):
    """A new handle from a function whose last argument receives it."""
    handle = Handle(destroy, *keeps)
    function(*arguments, ctypes.byref(handle.pointer))
    return handle


def open_file(destroy, by_path, by_memory, first, source, *others, keeps=(), lent=False):
    """A new handle from a file: its path, or its bytes in whatever lends them in one piece (bytes,
    bytearray, mmap). `lent`: these must live as long as the handle."""
    if is_path(source):
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
