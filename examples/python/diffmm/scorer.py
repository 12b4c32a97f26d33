# SPDX-License-Identifier: BSD-2-Clause
"""Serving: an immutable scorer, from a model or a model file."""

import enum
import os
from ctypes import byref, c_int32, c_size_t, c_void_p
from typing import NamedTuple

import numpy

from . import _arrow, _callbacks, _structs
from ._arrays import are_ids, array, matrix, numbers, sequence, texts, view
from ._convert import flag, index, member, size, text
from ._handles import Object, create, file_bytes, open_file
from ._library import library
from .context import Context, default_context
from .errors import Cancelled
from .model import Model
from .query import HIT, NEW_USER, Query, as_hits, as_numbers, as_similarity, as_table


class Side(enum.IntEnum):
    USERS = 0
    ITEMS = 1


class Index(enum.IntEnum):
    """By what an index of vectors compares them."""

    INNER_PRODUCT = 0
    L2 = 1


class VectorsFormat(enum.IntEnum):
    NPY = 0
    SAFETENSORS = 1


class Search(enum.IntEnum):
    """How rankings find the best items; hits are the same whichever it is."""

    AUTO = 0
    FLAT = 1
    FIRST_PASS = 2


class ScorerInfo(NamedTuple):
    """What a scorer is, and how it searches: `head_dimensions` and `search_bytes` are of a first
    pass, 0 without one; `kernels` names the instructions that it is computed by."""

    users: int
    items: int
    dimensions: int
    search: Search
    head_dimensions: int
    search_bytes: int
    kernels: str


def search_bytes(items, dimensions, embedding_size=None, search=Search.AUTO):
    """The bytes that a first pass takes at most, besides a scorer's rows."""
    return library.diffmm_search_bytes(items, dimensions,
                                       dimensions if embedding_size is None else embedding_size,
                                       member(Search, search))


class Explanation(NamedTuple):
    """Where a score comes from, cut in two ways, each of which sums to it:
    sum(modalities.values()) + collaborative, and sum of items' scores + rest.

    `modalities` are parts by name; `items`, each item that the user has touched with its part (a
    Hit); `collaborative`, what learnt embeddings and other users bring; `rest`, what the user's own
    learnt embedding and generated neighbours bring; `denoisers`, by name, what each modality's
    denoiser brings of `collaborative`: 0 without diffusion.blend."""

    score: float
    modalities: dict
    collaborative: float
    items: list
    rest: float
    denoisers: dict


class Scorer(Object):
    """Finished embeddings, seen items and ids, of a model, or of a model file given by its path or
    its bytes (which are read in place). Any number of threads may use one at once.

    Users and items are given by number or by external id (a string); where they are given by id,
    what is found comes back by id. A ranking takes these restrictions, `**query`, which hold
    together:

    exclude       items never recommended
    candidates    only these
    allowed       an array of bool, one per item: only where it is true
    filter        filter(user, item) tells whether an item may be recommended, given their numbers
                  (None for a user without one); asked only of items among the best so far
    min_score     only scores of at least this
    include_seen  items that the user has seen too
    threads       so many of the context's threads may share one ranking of many items"""

    def __init__(self, source, context=None):
        if isinstance(source, Model):
            self._handle = create(library.diffmm_scorer_destroy, library.diffmm_scorer_create,
                                  source.handle, keeps=[source.handle])
        else:
            context = Context.handle_of(context or default_context())
            self._handle = open_file(library.diffmm_scorer_destroy, library.diffmm_scorer_open,
                                     library.diffmm_scorer_open_memory, context, source,
                                     keeps=[context], lent=True)

    def extend(self, rows, ids=None):
        """A scorer with further items that nobody has seen: their final embeddings, from
        Placer.place() or elsewhere, and their ids, if items have ids."""
        rows = matrix(rows, self.dimensions)
        strings = texts(() if ids is None else ids)
        if ids is not None and len(strings) != len(rows):
            raise ValueError(f"{len(rows)} rows, but {len(strings)} ids")
        extended = Scorer.__new__(Scorer)
        extended._handle = create(library.diffmm_scorer_destroy, library.diffmm_scorer_extend,
                                  self.handle, len(rows),
                                  None if ids is None else strings.ctypes.data, rows,
                                  keeps=[self.handle.context])
        return extended

    def describe(self):
        """What the scorer is, as ScorerInfo."""
        info = _structs.ScorerInfo()
        library.diffmm_scorer_describe(self.handle, byref(info))
        return ScorerInfo(info.users, info.items, info.dimensions, Search(info.search),
                          info.head_dimensions, info.search_bytes, text(info.kernels))

    def set_search(self, search):
        """Choose how rankings find the best items (Search). No other call on the scorer may run
        meanwhile."""
        library.diffmm_scorer_set_search(self.handle, member(Search, search))

    def save(self, path):
        """Write a model file, with the items that extend() has added. A crash leaves the old file
        or the new one."""
        library.diffmm_scorer_save(self.handle, path)

    def to_bytes(self):
        """The model file as bytes, for Scorer and Model.load()."""
        return file_bytes(library.diffmm_scorer_save_memory, self.handle)

    @property
    def users(self):
        return library.diffmm_scorer_users(self.handle)

    @property
    def items(self):
        return library.diffmm_scorer_items(self.handle)

    @property
    def dimensions(self):
        """The width of the rows that rank: with diffusion.blend, above the model's dimensions."""
        return library.diffmm_scorer_dimensions(self.handle)

    @property
    def modalities(self):
        """Names of the modalities; none if the file does not tell."""
        handle = self.handle
        return [text(library.diffmm_scorer_modality_name(handle, number))
                for number in range(library.diffmm_scorer_modalities(handle))]

    @property
    def modality_weights(self):
        """The weight of each modality, by name; they sum to 1."""
        names = self.modalities
        weights = numpy.empty(len(names), numpy.float32)
        library.diffmm_scorer_modality_weights(self.handle, weights)
        return dict(zip(names, weights.tolist()))

    def user_id(self, user):
        """External id of a user (its number in decimal, if there are none); None if there is no
        such number."""
        return text(library.diffmm_scorer_user_id(self.handle, user))

    def item_id(self, item):
        """External id of an item, as for users."""
        return text(library.diffmm_scorer_item_id(self.handle, item))

    def find_user(self, user_id):
        """The number of an external id; raises NotFound."""
        user = c_int32()
        library.diffmm_scorer_find_user(self.handle, user_id, byref(user))
        return user.value

    def item_ids(self, items):
        """External ids of many items, in one call: a list."""
        items, length = numbers(items), c_size_t()
        handle = self.handle
        library.diffmm_scorer_item_ids(handle, items.size, items, None, 0, byref(length))
        data = numpy.empty(length.value, numpy.uint8)
        library.diffmm_scorer_item_ids(handle, items.size, items, data.ctypes.data, data.size,
                                       byref(length))
        return [text(one) for one in data.tobytes().split(b"\0")[:-1]]

    def _user_ids(self, users):
        return [self.user_id(user) for user in users]

    def find_item(self, item_id):
        """The number of an external id; raises NotFound."""
        item = c_int32()
        library.diffmm_scorer_find_item(self.handle, item_id, byref(item))
        return item.value

    def _user(self, user):
        return self.find_user(user) if isinstance(user, str) else index(user)

    def _user_or_new(self, user):
        if user is None:
            return NEW_USER
        number = self._user(user)
        if number == NEW_USER:
            raise ValueError(f"there is no user {number}; a new user is None")
        return number

    def _item(self, item):
        return self.find_item(item) if isinstance(item, str) else index(item)

    def _items(self, items):
        return as_numbers(items, self.find_item)

    def _query(self, count, query):
        return Query(self.items, self.find_item, count, **query)

    def seen(self, user):
        """The items that a user has seen, ascending: a view. Held-out ones are among them, unless the
        model was trained with seen="train"."""
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

    def recommend(self, users, count=20, **query):
        """The best items for one user, best first: a list of Hit. For several users, a list of such
        lists."""
        if isinstance(users, str) or numpy.ndim(users) == 0:
            query = self._query(count, query)
            hits, found = query.hits(), c_size_t()
            with query.guard:
                library.diffmm_recommend(self.handle, self._user(users), byref(query.struct),
                                         hits.ctypes.data, byref(found))
            return as_hits(hits, found.value, self.item_ids if isinstance(users, str) else None)
        users = sequence(users)
        ids_of = self.item_ids if are_ids(users) else None
        hits, found = self.recommend_arrays([self._user(u) for u in users], count, **query)
        return [as_hits(row, n, ids_of) for row, n in zip(hits, found)]

    def recommend_arrays(self, users=None, count=20, **query):
        """The same for many users given by number (None: all), on the context's threads, as arrays:
        hits (users x count, with fields `item` and `score`) and how many each user got."""
        query = self._query(count, query)
        users = None if users is None else numbers(users)
        rows = self.users if users is None else users.size
        hits, found = query.hits(rows), numpy.zeros(rows, numpy.uintp)
        with query.guard:
            library.diffmm_recommend_users(self.handle, rows, users, byref(query.struct),
                                           hits.ctypes.data, found)
        return hits, found

    def recommend_arrow(self, users=None, count=20, **query):
        """The best items for users (None: all), as a table in little memory with the columns user,
        item, rank and score: an object with __arrow_c_stream__(), which can be read once. There is no
        `filter`."""
        if query.get("filter") is not None:
            raise TypeError("a table takes no filter; candidates and allowed are fine")
        query = self._query(count, query)
        users = None if users is None else as_numbers(users, self.find_user)
        rows = self.users if users is None else users.size
        return _arrow.Made(library.diffmm_recommend_arrow, self.handle, rows, users,
                           byref(query.struct), keeps=self.handle)

    def recommend_all(self, function, count=20, **query):
        """The same for all users, one after the other, in little memory: function(user, hits) is
        told each user's number and hits, an array with fields `item` and `score`. A true
        result ends the call."""
        wanted_end = False

        def tell(user, address, found):
            return function(user, view(address, (found,), HIT, None).copy())

        def callback(user, address, found, _):
            nonlocal wanted_end
            wanted_end = _callbacks.run(tell, user, address, found)
            return wanted_end

        query = self._query(count, query)
        try:
            with _callbacks.interruptible():
                library.diffmm_recommend_all(self.handle, byref(query.struct),
                                             _structs.HitsFunction(callback), None)
        except Cancelled:
            if not wanted_end:
                raise

    def fold_in(self, items, user=None):
        """The embedding that the model gives a user with items which training did not know of: a
        new user (None), or a known one who has just touched these."""
        items = self._items(items)
        out = numpy.empty(self.dimensions, numpy.float32)
        library.diffmm_fold_in(self.handle, self._user_or_new(user), items.size, items, out)
        return out

    def _embedding(self, embedding):
        return array(embedding, numpy.float32, self.dimensions)

    def score_embedding(self, embedding, items=None):
        """Scores of an embedding, such as fold_in() gives, for some items, or for all."""
        items = self._items(items)
        out = numpy.empty(self.items if items is None else items.size, numpy.float32)
        library.diffmm_score_embedding(self.handle, self._embedding(embedding), out.size, items,
                                       out)
        return out

    def recommend_embedding(self, embedding, count=20, *, ids=False, **query):
        """The best items for an embedding. Nothing counts as seen: exclude what the user has. With
        `ids`, items come back by external id."""
        ids, query = flag(ids), self._query(count, query)
        hits, found = query.hits(), c_size_t()
        with query.guard:
            library.diffmm_recommend_embedding(self.handle, self._embedding(embedding),
                                               byref(query.struct), hits.ctypes.data, byref(found))
        return as_hits(hits, found.value, self.item_ids if ids else None)

    def similar_items(self, item, count=20, similarity="cosine", **query):
        """The items most similar to one, "cosine" or "dot", without itself: a list of Hit."""
        query = self._query(count, query)
        hits, found = query.hits(), c_size_t()
        with query.guard:
            library.diffmm_similar_items(self.handle, self._item(item), as_similarity(similarity),
                                         byref(query.struct), hits.ctypes.data, byref(found))
        return as_hits(hits, found.value, self.item_ids if isinstance(item, str) else None)

    def similar_users(self, user, count=20, similarity="cosine", **query):
        """The users most similar to one. Users stand in the place of items, in the query and in
        Hit.item."""
        query = Query(self.users, self.find_user, count, **query)
        hits, found = query.hits(), c_size_t()
        with query.guard:
            library.diffmm_similar_users(self.handle, self._user(user), as_similarity(similarity),
                                         byref(query.struct), hits.ctypes.data, byref(found))
        return as_hits(hits, found.value, self._user_ids if isinstance(user, str) else None)

    def popular_items(self, count=20, *, ids=False, **query):
        """The items that most users have seen: for users of whom nothing is known. A score is the
        number of users. With `ids`, items come back by external id."""
        ids, query = flag(ids), self._query(count, query)
        hits, found = query.hits(), c_size_t()
        with query.guard:
            library.diffmm_popular_items(self.handle, byref(query.struct), hits.ctypes.data,
                                         byref(found))
        return as_hits(hits, found.value, self.item_ids if ids else None)

    def diversify(self, hits, count, *, relevance=0.7, modality=None):
        """The hits in an order of more variety, by maximal marginal relevance: `relevance` (lambda)
        is from 0, as different as can be, to 1, as they are ranked. Items are compared by their final
        embeddings, or by their features in a modality. Hits by external id come back so."""
        by_id = not isinstance(hits, numpy.ndarray) and are_ids([hit[0] for hit in hits])
        table, found = as_table(hits, self.find_item), c_size_t()
        out = numpy.zeros(min(size(count), table.size), HIT)
        scratch = numpy.empty(2 * table.size)
        library.diffmm_diversify(self.handle, modality, relevance, table.size, table.ctypes.data,
                                 out.size, scratch, out.ctypes.data, byref(found))
        return as_hits(out, found.value, self.item_ids if by_id else None)

    def explain(self, user, item, items=()):
        """Explain the score of a user and an item: an Explanation. `items` and `user` as for
        fold_in(); without items, the user as trained."""
        items = self._items(items)
        names = self.modalities
        parts, denoisers = numpy.empty((2, len(names)), numpy.float32)
        own = 0 if user is None else self.seen(user).size
        touched = numpy.empty(own + items.size, HIT)
        out = _structs.Explanation(modalities=parts.ctypes.data, items=touched.ctypes.data,
                                   denoisers=denoisers.ctypes.data)
        library.diffmm_explain(self.handle, self._user_or_new(user), items.size, items,
                               self._item(item), byref(out))
        return Explanation(
            score=out.score,
            modalities=dict(zip(names, parts.tolist())),
            collaborative=out.collaborative,
            items=as_hits(touched, out.item_count, self.item_ids if isinstance(item, str) else None),
            rest=out.rest,
            denoisers=dict(zip(names, denoisers.tolist())))

    def export_arrow(self, side, index="inner_product"):
        """Final vectors with ids, as a table with the columns "user" or "item" and "vector"; as
        recommend_arrow(). `index` as for export()."""
        return _arrow.Made(library.diffmm_scorer_export_arrow_for, self.handle, member(Side, side),
                           member(Index, index), keeps=self.handle)

    def export(self, side, path, format=None, index="inner_product"):
        """Write final vectors with ids, for a vector index; `side` is "users" or "items". The score
        is the dot product of a user's and an item's vector. For an `index` of "l2" distances,
        vectors have a column more, by which the nearest items are those with the largest scores.
        Without a format, the path's ending decides: .npy, with the ids in .ids.txt beside it, or else
        safetensors."""
        if format is None:
            npy = os.fsencode(path).endswith(b".npy")
            format = VectorsFormat.NPY if npy else VectorsFormat.SAFETENSORS
        library.diffmm_scorer_export_for(self.handle, member(Side, side), member(Index, index),
                                         member(VectorsFormat, format), path)
