# SPDX-License-Identifier: BSD-2-Clause
"""Serving: an immutable scorer, from a model or a model file."""

from __future__ import annotations

import enum
import os
from ctypes import byref, c_int32, c_size_t, c_void_p
from typing import Any, Callable, NamedTuple, overload

import numpy
from numpy.typing import ArrayLike, NDArray

from . import _arrow, _callbacks, _structs
from ._arrays import are_ids, array, matrix, numbers, sequence, texts, view
from ._convert import flag, index, member, size, text
from ._handles import Object, create, file_bytes, open_file, sizes_of
from ._library import library
from ._types import ArrowTable, Floats, Ids, Indices, Key, Keys, Path, Real, Source, Whole
from .context import Context, default_context
from .errors import Cancelled
from .model import Model
from .query import (HIT, NEW_USER, Hit, Hits, Query, Similarity, as_hits, as_numbers, as_similarity,
                    as_table)


class Side(enum.IntEnum):
    """Whose vectors."""

    USERS = 0
    ITEMS = 1


class Index(enum.IntEnum):
    """By what an index of vectors compares them."""

    INNER_PRODUCT = 0
    L2 = 1


class VectorsFormat(enum.IntEnum):
    """Files of vectors."""

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


def search_bytes(items: Whole, dimensions: Whole, embedding_size: Whole | None = None,
                 search: Search | str | int = Search.AUTO) -> int:
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
    modalities: dict[str, float]
    collaborative: float
    items: list[Hit]
    rest: float
    denoisers: dict[str, float]


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

    def __init__(self, source: Model | Source, context: Context | None = None) -> None:
        if isinstance(source, Model):
            self._handle = create(library.diffmm_scorer_destroy, library.diffmm_scorer_create,
                                  source.handle, keeps=[source.handle])
        else:
            owner = Context.handle_of(context or default_context())
            self._handle = open_file(library.diffmm_scorer_destroy, library.diffmm_scorer_open,
                                     library.diffmm_scorer_open_memory, owner, source,
                                     keeps=[owner], lent=True)

    def _about(self):
        return (f"{self.users} users, {self.items} items, {self.dimensions} dimensions, "
                f"{sizes_of(self.modalities)}")

    def extend(self, rows: ArrayLike, ids: Ids | None = None) -> Scorer:
        """A scorer with further items that nobody has seen: their final embeddings, new items x
        dimensions, from Placer.place() or elsewhere, and an id for each, if items have ids."""
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

    def describe(self) -> ScorerInfo:
        """What the scorer is, as ScorerInfo."""
        info = _structs.ScorerInfo()
        library.diffmm_scorer_describe(self.handle, byref(info))
        return ScorerInfo(info.users, info.items, info.dimensions, Search(info.search),
                          info.head_dimensions, info.search_bytes, text(info.kernels))

    def set_search(self, search: Search | str | int) -> None:
        """Choose how rankings find the best items (Search). No other call on the scorer may run
        meanwhile."""
        library.diffmm_scorer_set_search(self.handle, member(Search, search))

    def save(self, path: Path) -> None:
        """Write a model file, with the items that extend() has added. A crash leaves the old file
        or the new one."""
        library.diffmm_scorer_save(self.handle, path)

    def to_bytes(self) -> bytes:
        """The model file as bytes, for Scorer and Model.load()."""
        return file_bytes(library.diffmm_scorer_save_memory, self.handle)

    @property
    def users(self) -> int:
        """How many users there are."""
        return library.diffmm_scorer_users(self.handle)

    @property
    def items(self) -> int:
        """How many items there are, with those that extend() has added."""
        return library.diffmm_scorer_items(self.handle)

    @property
    def dimensions(self) -> int:
        """The width of the rows that rank: with diffusion.blend, above the model's dimensions."""
        return library.diffmm_scorer_dimensions(self.handle)

    @property
    def modalities(self) -> list[str]:
        """Names of the modalities; none if the file does not tell."""
        handle = self.handle
        return [text(library.diffmm_scorer_modality_name(handle, number))
                for number in range(library.diffmm_scorer_modalities(handle))]

    @property
    def modality_weights(self) -> dict[str, float]:
        """The weight of each modality, by name; they sum to 1."""
        names = self.modalities
        weights = numpy.empty(len(names), numpy.float32)
        library.diffmm_scorer_modality_weights(self.handle, weights)
        return dict(zip(names, weights.tolist()))

    def user_id(self, user: Whole) -> str | None:
        """External id of a user (its number in decimal, if there are none); None if there is no
        such number."""
        return text(library.diffmm_scorer_user_id(self.handle, user))

    def item_id(self, item: Whole) -> str | None:
        """External id of an item, as for users."""
        return text(library.diffmm_scorer_item_id(self.handle, item))

    def find_user(self, user_id: str) -> int:
        """The number of an external id; raises NotFound."""
        user = c_int32()
        library.diffmm_scorer_find_user(self.handle, user_id, byref(user))
        return user.value

    def item_ids(self, items: ArrayLike) -> list[str]:
        """External ids of many items, given by number, in one call: a list, one for each."""
        items, length = numbers(items), c_size_t()
        handle = self.handle
        library.diffmm_scorer_item_ids(handle, items.size, items, None, 0, byref(length))
        data = numpy.empty(length.value, numpy.uint8)
        library.diffmm_scorer_item_ids(handle, items.size, items, data.ctypes.data, data.size,
                                       byref(length))
        return [text(one) for one in data.tobytes().split(b"\0")[:-1]]

    def _user_ids(self, users):
        return [self.user_id(user) for user in users]

    def find_item(self, item_id: str) -> int:
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

    def seen(self, user: Key) -> Indices:
        """The items that a user has seen, one number for each, ascending: a view. Held-out ones are
        among them, unless the model was trained with seen="train"."""
        address, count = c_void_p(), c_size_t()
        handle = self.handle
        library.diffmm_scorer_seen(handle, self._user(user), byref(address), byref(count))
        return view(address.value, (count.value,), numpy.int32, handle)

    def score(self, user: Key, items: Keys | None = None) -> Floats:
        """Scores of one user for some items, or for all: as many floats."""
        items = self._items(items)
        out = numpy.empty(self.items if items is None else items.size, numpy.float32)
        library.diffmm_score(self.handle, self._user(user), out.size, items, out)
        return out

    # A str is a sequence of str, and an array has __index__(): the order tells which is meant.
    @overload
    def recommend(self, users: str, count: Whole = 20,  # type: ignore[misc]
                  **query: Any) -> list[Hit]:
        ...

    @overload
    def recommend(self, users: Keys, count: Whole = 20,  # type: ignore[misc]
                  **query: Any) -> list[list[Hit]]:
        ...

    @overload
    def recommend(self, users: Whole, count: Whole = 20, **query: Any) -> list[Hit]:
        ...

    def recommend(self, users: Any, count: Whole = 20, **query: Any) -> Any:
        """The best items for one user, best first: a list of Hit. For several users, a list of such
        lists."""
        if isinstance(users, str) or numpy.ndim(users) == 0:
            return self._recommend_one(users, self._query(count, query))
        users = sequence(users)
        ids_of = self.item_ids if are_ids(users) else None
        hits, found = self.recommend_arrays([self._user(u) for u in users], count, **query)
        return [as_hits(row, n, ids_of) for row, n in zip(hits, found)]

    def _recommend_one(self, user, query):
        hits, found = query.hits(), c_size_t()
        with query.guard:
            library.diffmm_recommend(self.handle, self._user(user), byref(query.struct),
                                     hits.ctypes.data, byref(found))
        return as_hits(hits, found.value, self.item_ids if isinstance(user, str) else None)

    def recommend_arrays(self, users: ArrayLike | None = None, count: Whole = 20,
                         **query: Any) -> tuple[NDArray[Any], NDArray[numpy.uintp]]:
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

    def recommend_arrow(self, users: Keys | None = None, count: Whole = 20,
                        **query: Any) -> ArrowTable:
        """The best items for users (None: all), as a table in little memory with the columns user,
        item, rank and score: an object with __arrow_c_stream__(), which can be read once. There is no
        `filter`."""
        if query.get("filter") is not None:
            raise TypeError("a table takes no filter; candidates and allowed are fine")
        plan = self._query(count, query)
        users = None if users is None else as_numbers(users, self.find_user)
        rows = self.users if users is None else users.size
        return _arrow.Made(library.diffmm_recommend_arrow, self.handle, rows, users,
                           byref(plan.struct), keeps=self.handle)

    def recommend_all(self, function: Callable[[int, NDArray[Any]], object], count: Whole = 20,
                      **query: Any) -> None:
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

        plan = self._query(count, query)
        try:
            with _callbacks.interruptible():
                library.diffmm_recommend_all(self.handle, byref(plan.struct),
                                             _structs.HitsFunction(callback), None)
        except Cancelled:
            if not wanted_end:
                raise

    def fold_in(self, items: Keys, user: Key | None = None) -> Floats:
        """The embedding, `dimensions` floats, that the model gives a user with items which training
        did not know of: a new user (None), or a known one who has just touched these."""
        items = self._items(items)
        out = numpy.empty(self.dimensions, numpy.float32)
        library.diffmm_fold_in(self.handle, self._user_or_new(user), items.size, items, out)
        return out

    def _embedding(self, embedding):
        return array(embedding, numpy.float32, self.dimensions)

    def score_embedding(self, embedding: ArrayLike, items: Keys | None = None) -> Floats:
        """Scores of an embedding, `dimensions` floats such as fold_in() gives, for some items, or
        for all: as many floats."""
        items = self._items(items)
        out = numpy.empty(self.items if items is None else items.size, numpy.float32)
        library.diffmm_score_embedding(self.handle, self._embedding(embedding), out.size, items,
                                       out)
        return out

    def recommend_embedding(self, embedding: ArrayLike, count: Whole = 20, *, ids: bool = False,
                            **query: Any) -> list[Hit]:
        """The best items for an embedding, `dimensions` floats. Nothing counts as seen: exclude
        what the user has. With `ids`, items come back by external id."""
        ids, query = flag(ids), self._query(count, query)
        hits, found = query.hits(), c_size_t()
        with query.guard:
            library.diffmm_recommend_embedding(self.handle, self._embedding(embedding),
                                               byref(query.struct), hits.ctypes.data, byref(found))
        return as_hits(hits, found.value, self.item_ids if ids else None)

    def similar_items(self, item: Key, count: Whole = 20,
                      similarity: Similarity | str | int = "cosine", **query: Any) -> list[Hit]:
        """The items most similar to one, "cosine" or "dot", without itself: a list of Hit."""
        query = self._query(count, query)
        hits, found = query.hits(), c_size_t()
        with query.guard:
            library.diffmm_similar_items(self.handle, self._item(item), as_similarity(similarity),
                                         byref(query.struct), hits.ctypes.data, byref(found))
        return as_hits(hits, found.value, self.item_ids if isinstance(item, str) else None)

    def similar_users(self, user: Key, count: Whole = 20,
                      similarity: Similarity | str | int = "cosine", **query: Any) -> list[Hit]:
        """The users most similar to one. Users stand in the place of items, in the query and in
        Hit.item."""
        query = Query(self.users, self.find_user, count, **query)
        hits, found = query.hits(), c_size_t()
        with query.guard:
            library.diffmm_similar_users(self.handle, self._user(user), as_similarity(similarity),
                                         byref(query.struct), hits.ctypes.data, byref(found))
        return as_hits(hits, found.value, self._user_ids if isinstance(user, str) else None)

    def popular_items(self, count: Whole = 20, *, ids: bool = False, **query: Any) -> list[Hit]:
        """The items that most users have seen: for users of whom nothing is known. A score is the
        number of users. With `ids`, items come back by external id."""
        ids, query = flag(ids), self._query(count, query)
        hits, found = query.hits(), c_size_t()
        with query.guard:
            library.diffmm_popular_items(self.handle, byref(query.struct), hits.ctypes.data,
                                         byref(found))
        return as_hits(hits, found.value, self.item_ids if ids else None)

    def diversify(self, hits: Hits, count: Whole, *, relevance: Real = 0.7,
                  modality: str | None = None) -> list[Hit]:
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

    def explain(self, user: Key | None, item: Key, items: Keys = ()) -> Explanation:
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

    def export_arrow(self, side: Side | str | int,
                     index: Index | str | int = "inner_product") -> ArrowTable:
        """Final vectors with ids, as a table with the columns "user" or "item" and "vector"; as
        recommend_arrow(). `index` as for export()."""
        return _arrow.Made(library.diffmm_scorer_export_arrow_for, self.handle, member(Side, side),
                           member(Index, index), keeps=self.handle)

    def export(self, side: Side | str | int, path: Path,
               format: VectorsFormat | str | int | None = None,
               index: Index | str | int = "inner_product") -> None:
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
