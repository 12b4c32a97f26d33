# SPDX-License-Identifier: BSD-2-Clause
"""Queries for recommendations, and their results."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Set
from typing import NamedTuple, Sequence, Union

import numpy

from . import _structs
from ._arrays import are_ids, numbers, reals, sequence
from ._callbacks import interruptible, run
from ._convert import flag, is_masked, member
from ._handles import NotCopied


class Hit(NamedTuple):
    """A recommended item: its number, or its external id where ids were asked for."""

    item: Union[int, str]
    score: float


HIT = numpy.dtype([("item", numpy.int32), ("score", numpy.float32)])

# Hits as functions take them: as they are given, or an array of HIT.
Hits = Union[Sequence[Hit], numpy.ndarray]


class Similarity(enum.IntEnum):
    """How alike two embeddings are: by the angle between them, or by their dot product."""

    COSINE = 0
    DOT = 1


def as_similarity(value):
    """A similarity from itself or its name."""
    return member(Similarity, value)


NEW_USER = -1


def as_numbers(values, find):
    """Numbers of users or items given by number, or by id (`find` knows them); None stays."""
    if values is None:
        return None
    values = sequence(list(values) if isinstance(values, Set) else values)
    return numbers([find(value) for value in values] if are_ids(values) else values)


def _filter_callback(keeps):

    def ask(user, item, keep):
        keep[0] = bool(keeps(None if user == NEW_USER else user, item))

    def callback(user, item, keep, _):
        return run(ask, user, item, keep)

    return _structs.ItemFilter(callback)


def _bits(allowed, total):
    """An array of bool as a bit per number."""
    masked, allowed = is_masked(allowed), numpy.asarray(allowed)
    if masked or allowed.dtype != bool or allowed.shape != (total,):
        raise TypeError(f"allowed is an array of {total} bool, not {allowed.dtype}, shape "
                        f"{allowed.shape}")
    return numpy.packbits(allowed, bitorder="little")


class Query(NotCopied):
    """The C query with what it points to. `total` numbers can be ranked; `find` knows their ids.
    Calls that use it are made within `guard`: a filter is the host's function."""

    def __init__(self, total, find, count, *, exclude=None, candidates=None, include_seen=False,
                 allowed=None, filter=None, min_score=None, threads=0):
        self.struct = query = _structs.Query(count=count, include_seen=flag(include_seen),
                                             threads=threads)
        exclude, candidates = as_numbers(exclude, find), as_numbers(candidates, find)
        if exclude is not None and exclude.size:
            query.exclude, query.exclude_count = exclude.ctypes.data, exclude.size
        if candidates is not None:
            query.candidates, query.candidate_count = candidates.ctypes.data, candidates.size
        if allowed is not None:
            allowed = _bits(allowed, total)
            query.allowed, query.allowed_size = allowed.ctypes.data, allowed.size
        if min_score is not None:
            query.has_min_score, query.min_score = 1, min_score
        self.guard = contextlib.nullcontext()
        if filter is not None:
            query.filter = _filter_callback(filter)
            self.guard = interruptible()
        self._lent = exclude, candidates, allowed

    def hits(self, *rows):
        """An array for the hits."""
        return numpy.zeros((*rows, self.struct.count), HIT)


def as_hits(table, found, ids_of=None):
    """A row of hits as a list of Hit; by external id, where there is a function that tells them."""
    items, scores = table["item"][:found].tolist(), table["score"][:found].tolist()
    if ids_of is not None and items:
        items = ids_of(items)
    return [Hit(*hit) for hit in zip(items, scores)]


def as_table(hits, find=None):
    """Hits as an array of the C struct. By number, unless there is a function that finds ids."""
    if isinstance(hits, numpy.ndarray) and hits.dtype == HIT:
        if hits.ndim != 1:
            raise ValueError(f"hits are one ranking, not an array of shape {hits.shape}")
        return numpy.ascontiguousarray(hits)
    hits = sequence(hits)
    items = [hit[0] for hit in hits]
    table = numpy.empty(len(hits), HIT)
    table["item"] = as_numbers(items, find) if find else numbers(items)
    table["score"] = reals([hit[1] for hit in hits])
    return table
