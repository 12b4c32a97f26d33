# SPDX-License-Identifier: BSD-2-Clause
"""Ranking metrics: Recall, Precision and NDCG at a cutoff."""

from __future__ import annotations

from ctypes import byref, c_size_t
from typing import Any, NamedTuple

import numpy
from numpy.typing import ArrayLike

from . import _structs
from ._arrays import array, numbers
from ._library import library
from ._types import Floats, Indices, Whole
from .context import Context
from .dataset import Dataset, SplitLike, as_split


class Metrics(NamedTuple):
    """Metrics at one cutoff, each the mean over `users` users."""

    cutoff: int
    users: int
    recall: float
    precision: float
    ndcg: float


class PerCutoff(tuple[Metrics, ...]):
    """Metrics for each cutoff; its attributes are those of the first: report.valid.recall."""

    def __getattr__(self, name: str) -> Any:
        if name in Metrics._fields and self:
            return getattr(self[0], name)
        raise AttributeError(name)


def from_struct(metrics):
    """Metrics from the C struct."""
    return Metrics(*(getattr(metrics, name) for name in Metrics._fields))


def per_cutoff(structs, count):
    """Metrics from an array of C structs."""
    return PerCutoff(from_struct(structs[i]) for i in range(count))


def top_k(scores: ArrayLike, count: int, exclude: ArrayLike = ()) -> tuple[Indices, Floats]:
    """The largest of one-dimensional scores, ties by lower index, without the indices in `exclude`:
    indices, values, at most `count` each."""
    scores = array(scores, numpy.float32)
    exclude = numpy.sort(numbers(exclude))
    indices, values = numpy.empty(count, numpy.int32), numpy.empty(count, numpy.float32)
    found = c_size_t()
    library.diffmm_top_k(scores.size, scores, exclude.size, exclude, count, indices, values,
                         byref(found))
    return indices[:found.value], values[:found.value]


def ranking_metrics(ranked: ArrayLike, held: ArrayLike, cutoff: Whole) -> Metrics:
    """Metrics of one user: item numbers `ranked`, one each, best first, against those held out."""
    ranked, held = numbers(ranked), numpy.sort(numbers(held))
    out = _structs.Metrics()
    library.diffmm_ranking_metrics(ranked.size, ranked, held.size, held, cutoff, byref(out))
    return from_struct(out)


def evaluate(dataset: Dataset, split: SplitLike, user_matrix: ArrayLike, item_matrix: ArrayLike,
             cutoffs: ArrayLike = (20,), *, context: Context | None = None) -> PerCutoff:
    """All-ranking evaluation of embeddings, users x d and items x d, whose dot product is the
    score: Metrics for each cutoff. Needs a sealed data set."""
    handle = Dataset.handle_of(dataset)
    user_matrix = array(user_matrix, numpy.float32, dataset.users, None)
    item_matrix = array(item_matrix, numpy.float32, dataset.items, user_matrix.shape[1])
    cutoffs = numbers(cutoffs, dtype=numpy.uintp)
    out = (_structs.Metrics * cutoffs.size)()
    library.diffmm_evaluate(Context.or_null(context), handle, as_split(split),
                            user_matrix.shape[1], user_matrix, item_matrix, cutoffs.size, cutoffs,
                            out)
    return per_cutoff(out, cutoffs.size)
