# SPDX-License-Identifier: BSD-2-Clause
"""Serving: an immutable scorer, from a model or a model file."""

import os
from ctypes import byref, c_int32, c_size_t, c_void_p
from typing import NamedTuple, Union

import numpy

from . import _structs
from ._handles import Object, create, numbers, view
from ._library import library
from .context import default_context
from .dataset import are_ids


class Hit(NamedTuple):
    """A recommended item: its number, or its external id where the user was given by one."""

    item: Union[int, str]
    score: float


HIT = numpy.dtype([("item", numpy.int32), ("score", numpy.float32)])


class Scorer(Object):
    """Finished embeddings, seen items and ids. Any number of threads may use one at once.

    Users and items are given by number or by external id (a string); where users are given by id,
    items come back by id."""

    def __init__(self, source, context=None):
        if isinstance(source, (str, os.PathLike)):
            context = (context or default_context()).handle
            self._handle = create(library.diffmm_scorer_destroy, library.diffmm_scorer_open,
                                  context, source, keeps=[context])
        else:
            self._handle = create(library.diffmm_scorer_destroy, library.diffmm_scorer_create,
                                  source.handle, keeps=[source.handle])

    @property
    def users(self):
        return library.diffmm_scorer_users(self.handle)

    @property
    def items(self):
        return library.diffmm_scorer_items(self.handle)

    @property
    def dimensions(self):
        return library.diffmm_scorer_dimensions(self.handle)

    def user_id(self, user):
        """External id of a user (its number in decimal, if there are none); None if there is no
        such number."""
        found = library.diffmm_scorer_user_id(self.handle, user)
        return None if found is None else found.decode()

    def item_id(self, item):
        """External id of an item, as for users."""
        found = library.diffmm_scorer_item_id(self.handle, item)
        return None if found is None else found.decode()

    def find_user(self, user_id):
        """The number of an external id; raises NotFound."""
        user = c_int32()
        library.diffmm_scorer_find_user(self.handle, user_id, byref(user))
        return user.value

    def find_item(self, item_id):
        """The number of an external id; raises NotFound."""
        item = c_int32()
        library.diffmm_scorer_find_item(self.handle, item_id, byref(item))
        return item.value

    def _user(self, user):
        return self.find_user(user) if isinstance(user, str) else int(user)

    def _items(self, items):
        """Numbers of items given by number or id; None stays."""
        if items is None:
            return None
        items = list(items) if not isinstance(items, numpy.ndarray) else items
        return numbers([self.find_item(i) for i in items] if are_ids(items) else items)

    def seen(self, user):
        """The items of a user's training row, ascending: a view."""
        address, count = c_void_p(), c_size_t()
        handle = self.handle
        library.diffmm_scorer_seen(handle, self._user(user), byref(address), byref(count))
        return view(address.value, (count.value,), numpy.int32, handle)

    def score(self, user, items=None):
        """Scores of one user for some items, or for all."""
        items = self._items(items)
        out = numpy.empty(self.items if items is None else items.size, numpy.float32)
        library.diffmm_score(self.handle, self._user(user), out.size, items, out)
        return out

    def _query(self, count, exclude, candidates, include_seen):
        """A query, and the arrays it points to."""
        exclude, candidates = self._items(exclude), self._items(candidates)
        query = _structs.Query(count=count, include_seen=include_seen)
        if exclude is not None and exclude.size:
            query.exclude, query.exclude_count = exclude.ctypes.data, exclude.size
        if candidates is not None:
            query.candidates, query.candidate_count = candidates.ctypes.data, candidates.size
        return query, (exclude, candidates)

    def _hits(self, hits, found, by_id):
        items, scores = hits["item"][:found].tolist(), hits["score"][:found].tolist()
        if by_id:
            items = [self.item_id(item) for item in items]
        return [Hit(*hit) for hit in zip(items, scores)]

    def recommend(self, users, count=20, *, exclude=None, candidates=None, include_seen=False):
        """The best items for one user, best first: a list of Hit. For several users, a list of such
        lists.

        exclude       items never recommended
        candidates    only these
        include_seen  items of the user's training row too"""
        if isinstance(users, str) or numpy.ndim(users) == 0:
            query, lent = self._query(count, exclude, candidates, include_seen)
            hits, found = numpy.empty(count, HIT), c_size_t()
            library.diffmm_recommend(self.handle, self._user(users), byref(query), hits.ctypes.data,
                                     byref(found))
            del lent
            return self._hits(hits, found.value, isinstance(users, str))
        users = list(users)
        by_id = are_ids(users)
        hits, found = self.recommend_arrays([self._user(u) for u in users], count, exclude=exclude,
                                            candidates=candidates, include_seen=include_seen)
        return [self._hits(row, n, by_id) for row, n in zip(hits, found)]

    def recommend_arrays(self, users=None, count=20, *, exclude=None, candidates=None,
                         include_seen=False):
        """The same for many users given by number (None: all), on the context's threads, as arrays:
        hits (users x count, with fields `item` and `score`) and how many each user got."""
        query, lent = self._query(count, exclude, candidates, include_seen)
        users = None if users is None else numbers(users)
        rows = self.users if users is None else users.size
        hits, found = numpy.zeros((rows, count), HIT), numpy.zeros(rows, numpy.uintp)
        library.diffmm_recommend_users(self.handle, rows, users, byref(query), hits.ctypes.data,
                                       found)
        del lent
        return hits, found
