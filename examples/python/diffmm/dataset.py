# SPDX-License-Identifier: BSD-2-Clause
"""Interactions of users with items, and features of items per modality."""

from __future__ import annotations

import enum
from ctypes import byref, c_int32, c_size_t, c_void_p
from typing import Any, Iterable, Mapping, Sequence, Union

import numpy
from numpy.typing import ArrayLike

from . import _arrow, _structs
from ._arrays import are_ids, matrix, numbers, reals, sequence, sizes, texts, view
from ._callbacks import interruptible, run
from ._convert import is_path, member, name, size, text
from ._handles import Object, create, sizes_of
from ._library import library
from ._types import ArrowTable, Floats, Ids, Indices, Path, Real, Whole
from .context import Context, default_context


class Split(enum.IntEnum):
    """What interactions are for."""

    TRAIN = 0
    VALID = 1
    TEST = 2


class Keep(enum.IntEnum):
    """Which of several interactions of a user with an item stays."""

    FIRST = 0
    LAST = 1


def as_split(value):
    """A split from itself or its name."""
    return member(Split, value)


def _as_splits(values):
    """The number of the split of each interaction."""
    values = sequence(values)
    kinds = {(type(value), value) for value in values}  # 1, 1.0 and True are equal
    split_of = {value: as_split(value) for _, value in kinds}
    return numpy.fromiter((split_of[value] for value in values), numpy.intp, len(values))


def _times(values):
    """Times in microseconds since 1970: of datetime64 (NaT: none), or of numbers by the rule for
    files: seconds, milliseconds, microseconds or nanoseconds, by their size."""
    values = numpy.asarray(values)
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]").astype(numpy.int64)
    if values.dtype.kind not in "iuf":
        raise TypeError(f"expected datetime64 or numbers, got an array of {values.dtype}")
    known = ~numpy.isnan(values)
    large = numpy.abs(numpy.where(known, values, 0).astype(float))
    if (large >= 9e18).any():
        raise OverflowError("a time is too large")
    unit = numpy.searchsorted([1e11, 1e14, 1e17], large, "right")
    if values.dtype.kind == "f":
        scaled = numpy.rint(numpy.where(known, values, 0) * numpy.array([1e6, 1e3, 1, 1e-3])[unit])
    else:
        whole = values.astype(numpy.int64)
        scaled = whole * numpy.array([10**6, 1000, 1, 1])[unit] // numpy.where(unit == 3, 1000, 1)
    return numpy.where(known, scaled.astype(numpy.int64), numpy.iinfo(numpy.int64).min)


def _table_format(columns, header, quotes, separator):
    """How a table is written, for C."""
    answers = {None: 0, True: 1, False: 2}
    texts_of = {key: None if value is None else name(str(value))
                for key, value in {**columns, "separator": separator}.items()}
    return _structs.TableFormat(header=answers[header], quotes=answers[quotes], **texts_of)


def _column(values, count, what, convert, dtype):
    """A column beside users and items as an array for C, or None."""
    if values is None:
        return None
    column = numpy.ascontiguousarray(convert(values), dtype)
    if column.shape != (count,):
        raise ValueError(f"{count} users, but {what} of shape {column.shape}")
    return column


def _rows_in_place(features):
    """Features as the library can read them in place, with the distance between rows in floats: as
    they are, where each row is in one piece; else a copy."""
    features = reals(features)
    if features.ndim != 2:
        raise ValueError(f"features have two dimensions (items x features), not {features.ndim}")
    row, column = features.strides
    columns = features.shape[1]
    if column != 4 or row % 4 or row < 4 * columns or not features.flags.aligned:
        features = numpy.ascontiguousarray(features)
    return features, max(columns, features.strides[0] // 4)


def _modality_arguments(features):
    """What a modality of from_arrays() is given as, as arguments of add_modality()."""
    if isinstance(features, dict):
        return features
    if isinstance(features, tuple):
        return dict(zip(("features", "dimensions"), features, strict=True))
    return {"features": features}


def _loader_callback(load, dimensions):

    def fill(first, count, address):
        # The result of the host's function is ignored: it raises an exception to stop.
        load(first, view(address, (count, dimensions), numpy.float32, None, writable=True))

    def callback(first, count, address, _):
        return run(fill, first, count, address)

    return _structs.FeatureLoader(callback)


def _lookup_callback(load, dimensions):

    def fill(count, ids, address):
        load([text(ids[i]) for i in range(count)],
             view(address, (count, dimensions), numpy.float32, None, writable=True))

    def callback(count, ids, address, _):
        return run(fill, count, ids, address)

    return _structs.FeatureLookup(callback)


SplitLike = Union[Split, str, int]
Splits = Union[SplitLike, Sequence[SplitLike], ArrayLike]  # one for all, or one for each


class Dataset(Object):
    """Interactions in three splits, ids, and item features per modality. Filled, then sealed: a
    trainer or a model seals it. Users and items are numbers, or strings of yours throughout."""

    def __init__(self, context: Context | None = None) -> None:
        self._context = context or default_context()
        self._handle = self._make(library.diffmm_dataset_create)

    def _make(self, function, *arguments):
        context = Context.handle_of(self._context)
        return create(library.diffmm_dataset_destroy, function, context, *arguments,
                      keeps=[context])

    @classmethod
    def open(cls, path: Path, context: Context | None = None) -> Dataset:
        """A folder in the released layout, or an interactions file with NAME_feat.npy beside it."""
        self = cls.__new__(cls)
        self._context = context or default_context()
        with interruptible():
            self._handle = self._make(library.diffmm_dataset_open, path)
        return self

    @classmethod
    def open_table(cls, path: Path, *, separator: str | None = None, header: bool | None = None,
                   quotes: bool | None = None, context: Context | None = None,
                   **columns: str | int | None) -> Dataset:
        """A table of text, compressed or not, with what lies beside it, as open() does. What is None
        is found out: the separator, whether there are a header and quotes, and which column (a name,
        or a number from 1; "" leaves it out) is the user, item, rating, timestamp, split."""
        self = cls.__new__(cls)
        self._context = context or default_context()
        given = _table_format(columns, header, quotes, separator)
        with interruptible():
            self._handle = self._make(library.diffmm_dataset_open_table, path, byref(given))
        return self

    @classmethod
    def synthetic(cls, *, dimensions: Sequence[Whole] | None = None, context: Context | None = None,
                  **fields: Whole) -> Dataset:
        """Made-up data with a structure to be found. Fields: users, items, interactions, factors,
        seed; modality_count, or dimensions, one feature size per modality; group_items, about 64,
        for millions of users and items."""
        self = cls.__new__(cls)
        self._context = context or default_context()
        spec = _structs.Synthetic(**fields)
        if dimensions is not None:
            spec.dimensions, spec.modality_count = sizes(dimensions), len(dimensions)
        self._handle = self._make(library.diffmm_dataset_synthesize, byref(spec))
        return self

    @classmethod
    def from_arrays(cls, user: Ids, item: Ids, *, split: Splits = "train",
                    rating: ArrayLike | None = None, time: ArrayLike | None = None,
                    modalities: Mapping[str, Any] | None = None, item_ids: Ids | None = None,
                    context: Context | None = None) -> Dataset:
        """From arrays of equal length, one entry per interaction, by number or by id; ids are
        numbered in the order in which they appear, or as in `item_ids`, which features in rows need
        unless ids are the numbers of the rows. `split`, `rating` and `time` are those of
        add_interactions();
        `modalities` maps names to what add_modality() takes: an array, a path, or
        (load, dimensions); or to a dictionary of its arguments, as
        {"features": array, "ids": ids}."""
        self = cls(context)
        user, item = sequence(user), sequence(item)
        modalities = {name: _modality_arguments(features)
                      for name, features in (modalities or {}).items()}
        if item_ids is not None:
            self.declare_items(item_ids)
        elif not are_ids(user) and not are_ids(item):
            # Items without interactions have features, too.
            self.reserve(0, max((len(of["features"]) for of in modalities.values()
                                 if isinstance(of["features"], (numpy.ndarray, list))
                                 and of.get("ids") is None), default=0))
        self.add_interactions(user, item, split, rating=rating, time=time)
        for name, arguments in modalities.items():
            self.add_modality(name, **arguments)
        return self

    @classmethod
    def from_arrow(cls, table: ArrowTable, *, context: Context | None = None,
                   **columns: str) -> Dataset:
        """From a table of interactions in memory: anything with __arrow_c_stream__(), as pyarrow,
        polars and duckdb have it. Columns are known by the usual names, or given by their own: user,
        item, rating, timestamp, split ("" leaves one out). Ids are strings or whole numbers."""
        self = cls(context)
        self.read_arrow(table, columns=columns)
        return self

    @classmethod
    def from_pandas(cls, frame: Any, *, context: Context | None = None, **columns: str) -> Dataset:
        """From a frame of interactions, as from_arrow() says; ids are strings, whole numbers or
        categories."""
        self = cls(context)
        self.read_pandas(frame, columns=columns)
        return self

    def _about(self):
        counts = ", ".join(f"{self.interactions(split)} {split.name.lower()}" for split in Split)
        return (f"{self.users} users, {self.items} items, interactions {counts}, "
                f"{sizes_of(self.modalities)}")

    def reserve(self, users: Whole, items: Whole) -> None:
        """Declare that there are at least so many, even if no interaction names them."""
        library.diffmm_dataset_reserve(self.handle, users, items)

    def declare_items(self, ids: Ids) -> None:
        """Fix the numbering of items: number i is ids[i], a different id for each."""
        strings = texts(ids)
        library.diffmm_dataset_declare_items(self.handle, len(strings), strings.ctypes.data)

    def add_interactions(self, user: Ids, item: Ids, split: Splits = "train", *,
                         rating: ArrayLike | None = None, time: ArrayLike | None = None) -> None:
        """Interactions by number (whole numbers) or by external id (strings), one or the other
        throughout a column: what is missing (None, NaN) is neither, and is refused. All columns
        are of equal length, one entry per interaction. `split` is one for all, or one for each.
        `rating` has any scale (NaN: none); `time` is datetime64 (NaT: none), or numbers since 1970,
        whose size tells whether they are seconds, milliseconds, microseconds or nanoseconds.
        Filters and hold-outs use both; training takes all alike."""
        user, item = sequence(user), sequence(item)
        count = len(user)
        if isinstance(split, str) or numpy.ndim(split) == 0:
            otherwise, splits = as_split(split), None
        else:
            otherwise, splits = Split.TRAIN, _as_splits(split).astype(numpy.int32)
            if not count == len(item) == len(splits):
                raise ValueError(f"{count} users, {len(item)} items and {len(splits)} splits")
        if count != len(item):
            raise ValueError(f"{count} users, but {len(item)} items")
        ratings = _column(rating, count, "ratings", lambda v: reals(v, numpy.float64),
                          numpy.float64)
        times = _column(time, count, "times", _times, numpy.int64)
        ids = are_ids(user) or are_ids(item)
        users, items = (texts(user), texts(item)) if ids else (numbers(user), numbers(item))
        given = _structs.Interactions(count=count)
        for field, column in (("user_ids" if ids else "user", users),
                              ("item_ids" if ids else "item", items), ("split", splits),
                              ("rating", ratings), ("time", times)):
            if column is not None:
                setattr(given, field, column.ctypes.data)
        library.diffmm_dataset_add_interactions_with(self.handle, otherwise, byref(given))

    def read_interactions(self, path: Path, split: SplitLike = "train") -> None:
        """Read a table (.tsv, .csv, .inter, ..), .npz or .pkl file; `split` is where interactions
        go that name none."""
        library.diffmm_dataset_read_interactions(self.handle, as_split(split), path)

    def read_table(self, path: Path, split: SplitLike = "train", *, separator: str | None = None,
                   header: bool | None = None, quotes: bool | None = None,
                   **columns: str | int | None) -> None:
        """Read a table of text, as open_table() describes it."""
        given = _table_format(columns, header, quotes, separator)
        library.diffmm_dataset_read_table(self.handle, as_split(split), path, byref(given))

    def read_arrow(self, table: ArrowTable, split: SplitLike = "train", *,
                   columns: Mapping[str, str | None] | None = None) -> None:
        """Read a table in memory, as from_arrow() says; `columns` are a dictionary of those that it
        takes by name."""
        named = {key: None if value is None else name(value)
                 for key, value in (columns or {}).items()}
        given = _arrow.Given(table)
        with interruptible():
            library.diffmm_dataset_read_arrow(self.handle, as_split(split), given.address,
                                              byref(_structs.ArrowColumns(**named)))

    def read_pandas(self, frame: Any, split: SplitLike = "train", *,
                    columns: Mapping[str, str | None] | None = None) -> None:
        """Read a frame, as from_pandas() says."""
        self.read_arrow(_arrow.Table.of_frame(frame), split, columns=columns)

    def add_modality(self, name: str, features: Any, dimensions: Whole | None = None, *,
                     ids: Ids | None = None, copy: bool = False, mapped: bool = False,
                     by_id: bool = False) -> None:
        """Item features from one of
        - an array, items x features: read in place, not copied, if it is float32 and each row is in
          one piece; it must not change while the data set or what is made from it lives. With
          `copy` it is copied in any case, and may change
        - the path of a file: .npy, .npz, .. With `mapped` the features stay in the file (.npy or
          .safetensors, float32 or float16), which must not change meanwhile
        - a table in memory (with __arrow_c_stream__()): a row for each item, with its id in a column
          `item` or `id`, and its features in a column of lists, or each in one of its own
        - a function load(first, out) that fills `out`, a block of rows from item `first` on, with
          `dimensions` features each; `out` is valid during the call only. With `by_id` a function
          load(ids, out), which is given a list of external ids instead
        `ids` says which item each row is (for a function: of rows 0, 1, ..); then rows may be in
        any order, and items without one get zeros."""
        strings = None if ids is None else texts(ids)
        if strings is not None and by_id:
            raise TypeError("a loader that is asked by id has no rows that ids could name")
        if strings is not None:
            self._check_rows(features, strings, ids)
        if strings is None and hasattr(features, "__arrow_c_stream__"):
            given = _arrow.Given(features)
            with interruptible():
                library.diffmm_dataset_read_modality_arrow(self.handle, name, given.address, None)
            return
        self._add_modality(name, features, dimensions, copy, mapped, by_id)
        if strings is not None:
            library.diffmm_dataset_name_rows(self.handle, name, len(strings), strings.ctypes.data)

    @staticmethod
    def _check_rows(features, strings, ids):
        """What would be refused when the modality is there already."""
        if hasattr(features, "__len__") and not isinstance(features, (str, bytes)):
            if len(features) != len(strings):
                raise ValueError(f"{len(strings)} ids for {len(features)} rows")
        values = [str(value) for value in sequence(ids)]
        if len(set(values)) != len(values):
            seen = set()
            twice = next(value for value in values if value in seen or seen.add(value))
            raise ValueError(f"the id '{twice}' comes twice")

    def _add_loader(self, name, load, dimensions, by_id):
        if dimensions is None:
            raise TypeError("a loader needs to know its dimensions")
        callback = (_lookup_callback if by_id else _loader_callback)(load, dimensions)
        add = library.diffmm_dataset_add_modality_by_id if by_id else \
            library.diffmm_dataset_add_modality
        add(self.handle, name, dimensions, callback, None)
        self.handle.keeps.append(callback)

    def _add_modality(self, name, features, dimensions, copy, mapped, by_id):
        if callable(features):
            self._add_loader(name, features, dimensions, by_id)
        elif by_id:
            raise TypeError("by_id is for a loader, which is a function")
        elif is_path(features) or isinstance(features, bytes):
            read = library.diffmm_dataset_map_modality if mapped else \
                library.diffmm_dataset_read_modality
            read(self.handle, name, features)
        elif copy:
            rows = matrix(features)
            library.diffmm_dataset_add_modality_copy(self.handle, name, *rows.shape, rows,
                                                     rows.shape[1])
        else:
            rows, stride = _rows_in_place(features)
            library.diffmm_dataset_add_modality_array(self.handle, name, *rows.shape,
                                                      rows.ctypes.data, stride)
            self.handle.keeps.append(rows)

    def append_features(self, name: str, features: ArrayLike) -> None:
        """Add rows, new items x the modality's features, of the items that follow, to a modality
        from an array or a file; copied."""
        rows = matrix(features, self.modalities.get(name))
        library.diffmm_dataset_append_features(self.handle, name, len(rows), rows, rows.shape[1])

    def extend(self) -> Dataset:
        """A new data set, not yet sealed, with all that this sealed one holds, to add users, items
        and interactions to. Users and items keep their numbers and ids. The source may be closed:
        what was lent to it is kept."""
        source = self.handle
        extended = Dataset.__new__(Dataset)
        extended._context = self._context
        extended._handle = create(library.diffmm_dataset_destroy, library.diffmm_dataset_extend,
                                  source, keeps=source.keeps)
        return extended

    def features(self, modality: str, first: Whole = 0, count: Whole | None = None) -> Floats:
        """Raw features of a modality, by name, for `count` items from `first` on (None: all):
        count x dimensions.
        Needs a sealed data set."""
        modalities = self.modalities
        index = list(modalities).index(modality) if modality in modalities else len(modalities)
        first = size(first)
        count = max(self.items - first, 0) if count is None else size(count)
        out = numpy.empty((count, modalities.get(modality, 0)), numpy.float32)
        with interruptible():
            library.diffmm_dataset_features(self.handle, index, first, count, out)
        return out

    def hold_out(self, valid: Real, test: Real, seed: Whole = 0) -> None:
        """Hold out a random share of every user's training interactions for validation and test,
        where the data have no splits of their own. Once all interactions have been added, before
        sealing; the same seed holds out the same."""
        library.diffmm_dataset_hold_out(self.handle, valid, test, seed)

    def filter_ratings(self, least: Real) -> None:
        """Leave out interactions with a rating below `least`; before any hold_out()."""
        library.diffmm_dataset_filter_ratings(self.handle, least)

    def deduplicate(self, keep: Keep | str | int = "first") -> None:
        """Leave one interaction of each user with each item: the "first" or the "last"."""
        library.diffmm_dataset_deduplicate(self.handle, member(Keep, keep))

    def filter_features(self, modality: str | None = None) -> None:
        """Leave out the items for which a modality, or any one, whose rows have ids has no row."""
        if modality is None:
            library.diffmm_dataset_filter_features(self.handle)
        else:
            library.diffmm_dataset_filter_features_of(self.handle, modality)

    def filter_core(self, users: Whole, items: Whole) -> None:
        """Leave out users and items with fewer interactions than that, until none is left that has
        too few: the k-core, if both numbers are k. Users alone: items 0."""
        library.diffmm_dataset_filter_core(self.handle, users, items)

    def hold_out_last(self, valid: Whole = 1, test: Whole = 1) -> None:
        """Hold out each user's last interactions by time: so many for test, and those before for
        validation."""
        library.diffmm_dataset_hold_out_last(self.handle, valid, test)

    def hold_out_from(self, valid: str | None, test: str | None) -> None:
        """Hold out all interactions from a time on: those from `test` on for test, those from
        `valid` on for validation. Dates of ISO 8601; None: nothing of that split."""
        library.diffmm_dataset_hold_out_from(self.handle, valid, test)

    def summary(self) -> dict[str, int]:
        """What a sealed data set holds, and what in it is probably a mistake, as a dict of counts
        (see diffmm_summary)."""
        counts = _structs.Summary()
        library.diffmm_dataset_summary(self.handle, byref(counts))
        return {field: getattr(counts, field) for field, _ in counts._fields_[1:]}

    def seal(self) -> None:
        """Check everything and index it; after that it cannot change."""
        with interruptible():
            library.diffmm_dataset_seal(self.handle)

    @property
    def users(self) -> int:
        """How many users there are."""
        return library.diffmm_dataset_users(self.handle)

    @property
    def items(self) -> int:
        """How many items there are."""
        return library.diffmm_dataset_items(self.handle)

    def interactions(self, split: SplitLike = "train") -> int:
        """The number of interactions in a split."""
        return library.diffmm_dataset_interactions(self.handle, as_split(split))

    @property
    def modalities(self) -> dict[str, int]:
        """Names of modalities with their features per item, in the order added."""
        handle = self.handle
        return {
            text(library.diffmm_dataset_modality_name(handle, index)):
                library.diffmm_dataset_modality_dimensions(handle, index)
            for index in range(library.diffmm_dataset_modalities(handle))
        }

    def user_id(self, user: Whole) -> str | None:
        """External id of a user (its number in decimal, if there are none); None if there is no
        such number, or before sealing."""
        return text(library.diffmm_dataset_user_id(self.handle, user))

    def item_id(self, item: Whole) -> str | None:
        """External id of an item, as for users."""
        return text(library.diffmm_dataset_item_id(self.handle, item))

    def find_user(self, user_id: str) -> int:
        """The number of an external id; raises NotFound."""
        user = c_int32()
        library.diffmm_dataset_find_user(self.handle, user_id, byref(user))
        return user.value

    def find_item(self, item_id: str) -> int:
        """The number of an external id; raises NotFound."""
        item = c_int32()
        library.diffmm_dataset_find_item(self.handle, item_id, byref(item))
        return item.value

    def row(self, user: Whole, split: SplitLike = "train") -> Indices:
        """The items of a user in a split, ascending: a view, one number for each. Needs a sealed
        data set."""
        address, count = c_void_p(), c_size_t()
        handle = self.handle
        library.diffmm_dataset_row(handle, as_split(split), user, byref(address), byref(count))
        return view(address.value, (count.value,), numpy.int32, handle)
