# SPDX-License-Identifier: BSD-2-Clause
"""Find the shared library, check its version, and make a failed call raise.

The environment variable DIFFMM_LIBRARY names the library's file. Without it the one is taken that a
wheel has brought in a folder beside this file, if there is one; else the dynamic linker looks as it
does for any program (LD_LIBRARY_PATH, the system's folders)."""

from __future__ import annotations

import ctypes
import ctypes.util
import os

from . import _callbacks
from ._convert import message
from ._functions import declare
from .errors import error

WRITTEN_FOR = (0, 1, 0)
SONAME = "libdiffmm.so.1"


def _load():
    path = os.environ.get("DIFFMM_LIBRARY")
    if path:
        return ctypes.CDLL(path)
    bundled = os.path.join(os.path.dirname(__file__), "lib", SONAME)
    if os.path.exists(bundled):
        return ctypes.CDLL(bundled)
    try:
        return ctypes.CDLL(SONAME)
    except OSError:
        found = ctypes.util.find_library("diffmm")
        if not found:
            raise ImportError(f"{SONAME} is not installed where the dynamic linker looks; "
                              "DIFFMM_LIBRARY can name its file") from None
        return ctypes.CDLL(found)


def check_version(number):
    """Refuse a library that does not fit this module: an older one, or one of another major version
    (before 1.0: another minor version), whose interface may differ."""
    running = (number // 1000000, number // 1000 % 1000, number % 1000)
    same = 2 if WRITTEN_FOR[0] == 0 else 1
    if running < WRITTEN_FOR or running[:same] != WRITTEN_FOR[:same]:
        raise ImportError("this module was written for libdiffmm {}.{}.{}, ".format(*WRITTEN_FOR) +
                          "but the library is {}.{}.{}".format(*running))


def _check(code, function, arguments):
    _callbacks.raise_pending()
    if code:
        raise error(code, message(library.diffmm_error_message()))
    return code


_file = _load()
_file.diffmm_version.restype = ctypes.c_int
check_version(_file.diffmm_version())
library = declare(_file, _check)


def version() -> tuple[int, int, int]:
    """The running library's version, for example (0, 1, 0)."""
    number = library.diffmm_version()
    return number // 1000000, number // 1000 % 1000, number % 1000


def build_info() -> str:
    """One line about the running library, for bug reports."""
    return message(library.diffmm_build_info())
