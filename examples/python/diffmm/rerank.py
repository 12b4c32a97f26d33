# SPDX-License-Identifier: BSD-2-Clause
"""Re-ranking: what becomes of hits after the ranking. Hits are a list of Hit whose items are
numbers, or an array of the dtype that Scorer.recommend_arrays() gives; a list of Hit comes back.
(Scorer.diversify() is there, too.)"""

from __future__ import annotations

from ctypes import byref, c_size_t

import numpy
from numpy.typing import ArrayLike

from ._arrays import numbers
from ._convert import size
from ._library import library
from ._types import Real, Whole
from .query import HIT, Hit, Hits, as_hits, as_table


def _room(count, most):
    """An array for as many hits as are wanted, None being all of them."""
    return numpy.zeros(most if count is None else min(size(count), most), HIT)


def limit_groups(hits: Hits, groups: ArrayLike, most: Whole,
                 count: Whole | None = None) -> list[Hit]:
    """Limit groups, such as authors: of each, the first `most` hits stay, in their order. `groups` has
    the group of each item, -1 being none."""
    hits, groups, found = as_table(hits), numbers(groups), c_size_t()
    out = _room(count, hits.size)
    library.diffmm_limit_groups(groups.size, groups, most, hits.size, hits.ctypes.data, out.size,
                                out.ctypes.data, byref(found))
    return as_hits(out, found.value)


def merge_hits(share: Real, first: Hits, second: Hits, count: Whole | None = None) -> list[Hit]:
    """Merge two rankings, such as of all items and of new ones, so that at least floor(share n) of
    the first n hits are of items in `second`."""
    first, second, found = as_table(first), as_table(second), c_size_t()
    out = _room(count, first.size + second.size)
    library.diffmm_merge_hits(share, first.size, first.ctypes.data, second.size,
                              second.ctypes.data, out.size, out.ctypes.data, byref(found))
    return as_hits(out, found.value)


def explore(hits: Hits, count: Whole | None = None, *, temperature: Real = 1.0, seed: Whole,
            stream: Whole) -> list[Hit]:
    """Draw hits at random without replacement, with probabilities in proportion to
    exp(score / temperature): the same for the same seed and stream, which is a number of the user or
    of the request."""
    hits, found = as_table(hits), c_size_t()
    out = _room(count, hits.size)
    scratch = numpy.empty(out.size)
    library.diffmm_explore(temperature, seed, stream, hits.size, hits.ctypes.data, out.size, scratch,
                           out.ctypes.data, byref(found))
    return as_hits(out, found.value)
