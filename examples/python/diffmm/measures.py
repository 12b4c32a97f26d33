# SPDX-License-Identifier: BSD-2-Clause
"""What the diffusion does: measures of a generated graph, and of the denoiser that generates it."""

from __future__ import annotations

from ctypes import byref
from typing import Any, NamedTuple, Sequence

import numpy
from numpy.typing import ArrayLike

from . import _structs
from ._arrays import array, numbers
from ._convert import size
from ._library import library
from ._types import Whole
from .context import Context


class GraphMeasures(NamedTuple):
    """Measures of a graph of users and their generated neighbours; an edge is one pair of them. What
    was not measured is 0: `agreement` where `compared_edges` is 0, the similarities where
    `similarity_users` is, `hit_rate` where `held_edges` is."""

    edges: int
    distinct_items: int
    top_share: float
    observed_share: float
    popularity_rank: float
    compared_edges: int
    agreement: float
    similarity_users: int
    similarity: float
    random_similarity: float
    similarity_gain: float
    held_edges: int
    hits: int
    hit_rate: float


class DenoiserMeasures(NamedTuple):
    """Measures of a denoiser on `users` users, `held_users` of whom have held-out items."""

    cutoff: int
    users: int
    degree_precision: float
    held_users: int
    recall: float
    popular_recall: float


def graph_measures(struct):
    """From the C struct."""
    return GraphMeasures(*(getattr(struct, name) for name in GraphMeasures._fields))


def denoiser_measures(struct):
    """From the C struct."""
    return DenoiserMeasures(*(getattr(struct, name) for name in DenoiserMeasures._fields))


def row_arrays(rows, users):
    """Pointers and items of sparse rows, which are as many as users."""
    pointers, items = numbers(rows[0], users + 1, numpy.int64), numbers(rows[1])
    if pointers[0] < 0 or numpy.any(numpy.diff(pointers) < 0) or pointers[-1] > items.size:
        raise ValueError("the pointers of rows do not ascend from 0 on, or reach beyond their items")
    return pointers, items


def _neighbors(values, *shape):
    given = numpy.asarray(values)
    if given.ndim != 2 or any(want not in (None, have) for want, have in zip(shape, given.shape)):
        raise ValueError(f"neighbors are a row for each user, as many in each; got {given.shape}")
    return numbers(given.ravel()).reshape(given.shape)


def measure_graph(neighbors: ArrayLike, rows: Sequence[Any], items: Whole, *,
                  held: Sequence[Any] | None = None, previous: ArrayLike | None = None,
                  features: ArrayLike | None = None,
                  context: Context | None = None) -> GraphMeasures:
    """Measures of generated neighbours, a row of items for each user with -1 where there is none, of
    `items` items. `rows` has the users' training items as Rows does, and `held` their held-out ones;
    `previous` is what neighbors were in the epoch before, users x as many, and `features`, items x
    d, has a row for each item."""
    neighbors = _neighbors(neighbors)
    users, count = neighbors.shape
    pointers, row_items = row_arrays(rows, users)
    held_pointers, held_items = (None, None) if held is None else row_arrays(held, users)
    previous = None if previous is None else _neighbors(previous, users, count)
    if features is not None:
        features = array(features, numpy.float32, items, None)
    arrays = {"neighbors": neighbors, "row_pointers": pointers, "row_items": row_items,
              "held_pointers": held_pointers, "held_items": held_items, "previous": previous,
              "features": features}
    arguments = _structs.MeasureGraphArguments(
        users=users, items=size(items), count=count,
        columns=0 if features is None else features.shape[1],
        **{name: values.ctypes.data for name, values in arrays.items() if values is not None})
    out = _structs.GraphMeasures()
    library.diffmm_measure_graph_with(Context.or_null(context), byref(arguments), byref(out))
    return graph_measures(out)
