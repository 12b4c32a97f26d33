# SPDX-License-Identifier: BSD-2-Clause
"""Python functions called by the library.

An exception cannot pass through C. It is kept for the thread, the callback asks the library to
stop, and when the call has returned the exception is raised there, as if nothing lay between.

Ctrl-C needs more. Python runs signal handlers between two instructions, thus in our callback, but
perhaps before its first `try`, where ctypes would print the exception and go on. So while a call
runs that may call back, SIGINT has a handler which keeps what the host's own handler raises."""

import signal
import threading
from ctypes import CFUNCTYPE, py_object


class _Thread(threading.local):
    exception = None  # waits for the running call to return
    in_host = False  # the host's code is running inside a callback


_thread = _Thread()


@CFUNCTYPE(None, py_object)
def _unraisable(exception):
    """Report an exception as ctypes does: through sys.unraisablehook."""
    raise exception


def raise_pending():
    """Raise what a callback of the call that just returned has raised."""
    exception, _thread.exception = _thread.exception, None
    if exception is not None:
        raise exception


def run(function, *arguments):
    """Call the host's function from a callback. True: the library shall stop."""
    if _thread.exception is not None:
        return True
    try:
        _thread.in_host = True
        return bool(function(*arguments)) or _thread.exception is not None
    except BaseException as exception:  # pylint: disable=broad-except
        _thread.exception = exception
        return True
    finally:
        _thread.in_host = False


def tell(function, *arguments):
    """Call the host's function from a callback that cannot stop anything. An exception from it is
    reported as Python reports those that nobody can catch (sys.unraisablehook)."""
    kept, _thread.exception = _thread.exception, None
    try:
        return function(*arguments)
    finally:
        if kept is not None:
            _thread.exception = kept


def answer(function, *arguments):
    """The same, for a callback whose result C uses: None after an exception (ctypes would return
    uninitialised memory to C)."""
    try:
        return tell(function, *arguments)
    except BaseException as exception:  # pylint: disable=broad-except
        _unraisable(exception)
        return None


class interruptible:
    """While a call runs that may call back, Ctrl-C stops it at its next callback.

    Only the main thread receives signals; elsewhere this does nothing."""

    def __enter__(self):
        self._previous = None
        self._in_host, _thread.in_host = _thread.in_host, False
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._previous = handler
                signal.signal(signal.SIGINT, self._keep)

    def __exit__(self, *raised):
        # The host may have set another handler meanwhile: then it stays.
        if self._previous and signal.getsignal(signal.SIGINT) == self._keep:
            signal.signal(signal.SIGINT, self._previous)
        _thread.in_host = self._in_host
        raise_pending()

    def _keep(self, number, frame):
        if _thread.in_host:
            return self._previous(number, frame)
        try:
            return self._previous(number, frame)
        except BaseException as exception:  # pylint: disable=broad-except
            _thread.exception = exception
