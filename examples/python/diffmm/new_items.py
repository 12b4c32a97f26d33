# SPDX-License-Identifier: BSD-2-Clause
"""Cold start: final embeddings of items that training has not seen, from their raw features."""

from __future__ import annotations

from ctypes import c_void_p
from typing import Mapping, Sequence

import numpy
from numpy.typing import ArrayLike

from ._callbacks import interruptible
from ._arrays import array
from ._convert import text
from ._handles import Object, create, sizes_of
from ._library import library
from ._types import Floats, Path, Real
from .context import Context, default_context
from .dataset import Dataset
from .model import Model


class Placer(Object):
    """Maps raw features of items to final embeddings of a model, fitted on the items of a data
    set. It belongs to that model: after further training, make another.

        placer = Placer(model, data)
        rows = placer.place({"image": image_of_new_items, "text": text_of_new_items})
        scorer = Scorer(model).extend(rows, ids=["n1", "n2"])"""

    def __init__(self, model: Model, dataset: Dataset) -> None:
        trained, raw = Model.handle_of(model), Dataset.handle_of(dataset)
        with interruptible():
            self._handle = create(library.diffmm_placer_destroy, library.diffmm_placer_create,
                                  trained, raw, keeps=[raw.context])

    @classmethod
    def open(cls, path: Path, context: Context | None = None) -> Placer:
        """Read a file that save() has written."""
        context = Context.handle_of(context or default_context())
        self = cls.__new__(cls)
        self._handle = create(library.diffmm_placer_destroy, library.diffmm_placer_open, context,
                              path, keeps=[context])
        return self

    def _about(self):
        return f"{self.dimensions} dimensions, {sizes_of(self.modalities)}"

    def save(self, path: Path) -> None:
        """Write to a file. A crash leaves the old file or the new one."""
        library.diffmm_placer_save(self.handle, path)

    @property
    def dimensions(self) -> int:
        """The width of an embedding."""
        return library.diffmm_placer_dimensions(self.handle)

    @property
    def modalities(self) -> dict[str, int]:
        """Names of modalities with their features per item."""
        handle = self.handle
        return {
            text(library.diffmm_placer_modality_name(handle, index)):
                library.diffmm_placer_modality_dimensions(handle, index)
            for index in range(library.diffmm_placer_modalities(handle))
        }

    def place(self, features: Mapping[str, Sequence[ArrayLike | None] | Floats],
              boost: Real = 1.0) -> Floats:
        """Final embeddings of new items, items x dimensions, for Scorer.extend(). `features` maps names
        of modalities to a row per item, of as many features as `modalities` says, or None for an
        item without; a modality may be left out.
        With boost 1 a new item is shown about as often as a trained one."""
        counts = {len(rows) for rows in features.values()}
        if len(counts) != 1:
            raise ValueError(f"modalities with rows for {sorted(counts)} items")
        unknown = sorted(features.keys() - self.modalities.keys())
        if unknown:
            raise ValueError(f"there is no modality {unknown}")
        count = counts.pop()
        rows = [[None if row is None else array(row, numpy.float32, size)
                 for row in features.get(name, [None] * count)]
                for name, size in self.modalities.items()]
        pointers = [None if row is None else row.ctypes.data for item in zip(*rows) for row in item]
        out = numpy.empty((count, self.dimensions), numpy.float32)
        library.diffmm_place_items(self.handle, count, (c_void_p * len(pointers))(*pointers), boost,
                                   out)
        return out
