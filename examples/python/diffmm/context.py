# SPDX-License-Identifier: BSD-2-Clause
"""Threads, log and memory that the library uses."""

from __future__ import annotations

import enum
import threading
from ctypes import byref
from typing import Callable

from . import _callbacks, _structs
from ._convert import member, message, size
from ._handles import Object, create
from ._library import library
from ._types import Whole


class LogLevel(enum.IntEnum):
    """How much is logged."""

    NONE = 0
    WARNING = 1
    INFO = 2
    DEBUG = 3


def _log_callback(log):
    def callback(level, line, _):
        _callbacks.tell(log, LogLevel(level), message(line))

    return _structs.LogFunction(callback)


def _pool_callbacks(pool):
    count, run = size(pool[0]), pool[1]

    def pool_size(_):
        return count

    def run_all(tasks, task, argument, _):
        called = bytearray(tasks)

        def one(index):
            called[index] = 1
            task(argument, index)

        try:
            _callbacks.tell(run, tasks, one)
        finally:  # whatever the host did, the work must be done
            for index in range(tasks):
                if not called[index]:
                    one(index)

    return _structs.PoolSizeFunction(pool_size), _structs.PoolRunFunction(run_all)


def _allocator_callbacks(allocator):
    allocate, release = allocator

    def address(wanted):
        given = allocate(wanted)
        return None if given is None else size(given)

    return (_structs.AllocateFunction(lambda wanted, _: _callbacks.answer(address, wanted)),
            _structs.ReleaseFunction(lambda given, _: _callbacks.tell(release, given)))


class Context(Object):
    """Threads, memory and log of a group of objects.

    threads    how many compute; 0: as many as CPUs this process may use
    log        called as log(level, message)
    log_level  messages up to this one; INFO if there is a log
    pool       (size, run): your threads in place of the library's; run(count, task) calls task(i)
               once for each i below count, on any threads, and returns when all are done
    allocator  (allocate, release): allocate(size) gives the address of memory aligned for any type,
               or None; release(address) takes it back. Called from any thread.

    An exception in log, pool or allocator cannot stop the library; sys.unraisablehook is told."""

    def __init__(self, threads: Whole = 0, *, log: Callable[[LogLevel, str], object] | None = None,
                 log_level: LogLevel | str | int | None = None,
                 pool: tuple[Whole, Callable[[int, Callable[[int], object]], object]] | None = None,
                 allocator: tuple[Callable[[int], int | None], Callable[[int], object]] | None = None) -> None:
        settings = _structs.ContextSettings(threads=threads)
        if log:
            settings.log = _log_callback(log)
            settings.log_level = (LogLevel.INFO if log_level is None else
                                  member(LogLevel, log_level))
        if pool:
            settings.pool_size, settings.pool_run = _pool_callbacks(pool)
        if allocator:
            settings.allocate, settings.release = _allocator_callbacks(allocator)
        # The structure keeps the callbacks alive, the handle keeps the structure.
        self._handle = create(library.diffmm_context_destroy, library.diffmm_context_create,
                              byref(settings), keeps=[settings])

    def _about(self):
        return f"{self.threads} threads"

    @property
    def threads(self) -> int:
        """How many threads compute, the calling one included."""
        return library.diffmm_context_threads(self.handle)


_default = None
_default_lock = threading.Lock()


def default_context() -> Context:
    """The context of objects that are made without one; created when first needed."""
    global _default
    with _default_lock:
        if _default is None:
            _default = Context()
        return _default
