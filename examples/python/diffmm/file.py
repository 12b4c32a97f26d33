# SPDX-License-Identifier: BSD-2-Clause
"""The metadata of a model file or a training checkpoint, read without loading it."""

from __future__ import annotations

import enum
from ctypes import byref
from typing import NamedTuple

from . import _structs
from ._convert import text
from ._handles import Handle, open_file
from ._library import library
from ._types import Source
from .context import Context, default_context
from .metrics import PerCutoff, per_cutoff
from .options import Options


class FileKind(enum.IntEnum):
    """What a file holds."""

    MODEL = 1
    CHECKPOINT = 2


class FileInfo(NamedTuple):
    """A file's metadata. `modalities` are names with raw features per item; `valid` and `test` have
    metrics of the chosen epoch for each cutoff, none where `chosen_epoch` is 0."""

    kind: FileKind
    format_version: int
    library: str
    users: int
    items: int
    dimensions: int
    modalities: dict[str, int]
    epochs_done: int
    chosen_epoch: int
    valid: PerCutoff
    test: PerCutoff
    options: Options


def describe(source: Source, context: Context | None = None) -> FileInfo:
    """Read the header of a file, given by its path or its bytes."""
    context = Context.handle_of(context or default_context())
    handle = open_file(library.diffmm_file_destroy, library.diffmm_file_open,
                       library.diffmm_file_open_memory, context, source, keeps=[context])
    info = _structs.FileInfo()
    library.diffmm_file_describe(handle, byref(info))
    modalities = {
        text(library.diffmm_file_modality_name(handle, index)):
            library.diffmm_file_modality_dimensions(handle, index)
        for index in range(info.modality_count)
    }
    options = Handle(None, handle)
    options.pointer.value = library.diffmm_file_options(handle)
    return FileInfo(
        kind=FileKind(info.kind),
        format_version=info.format_version,
        library=text(info.library),
        users=info.users,
        items=info.items,
        dimensions=info.dimensions,
        modalities=modalities,
        epochs_done=info.epochs_done,
        chosen_epoch=info.chosen_epoch,
        valid=per_cutoff(info.valid, info.cutoff_count),
        test=per_cutoff(info.test, info.cutoff_count),
        options=Options._borrow(options, modalities))
