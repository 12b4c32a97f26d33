# SPDX-License-Identifier: BSD-2-Clause
"""What a failed call raises."""

from __future__ import annotations

import enum


class Status(enum.IntEnum):
    """diffmm_status. Values are never renumbered."""

    OK = 0
    INVALID_ARGUMENT = 1
    NO_MEMORY = 2
    IO = 3
    FORMAT = 4
    VERSION = 5
    NUMERIC = 6
    STATE = 7
    NOT_FOUND = 8
    UNSUPPORTED = 9
    CALLBACK = 10
    CANCELLED = 11
    PEER = 12


class Error(Exception):
    """A call failed: `status` says how, `message` what was wrong with what."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message

    def __str__(self) -> str:
        return self.message


class NotFound(Error, LookupError):
    """No user, item, modality or parameter of that name; often to be expected."""


class Cancelled(Error):
    """Trainer.cancel() or a progress callback stopped the operation."""


_CLASSES = {Status.NOT_FOUND: NotFound, Status.CANCELLED: Cancelled}


def error(code, message):
    """The exception for a status other than OK; a number this module does not know stays one."""
    try:
        status = Status(code)
    except ValueError:
        status = code
    return _CLASSES.get(status, Error)(status, message)
