# SPDX-License-Identifier: BSD-2-Clause
"""Interactions of users with items, and features of items per modality."""

import enum
from ctypes import byref, c_int32, c_size_t, c_void_p

import numpy

from . import _structs
from ._arrays import addresses, are_ids, matrix, numbers, reals, sequence, sizes, texts, view
from ._callbacks import interruptible, run
from ._convert import is_path, member, size, text
from ._handles import Object, create
from ._library import library
from .context import Context, default_context
from .errors import Error


class Split(enum.IntEnum):
    TRAIN = 0
    VALID = 1
    TEST = 2


def as_split(value):
    """A split from itself or its name."""
    return member(Split, value)


def _as_splits(values):
    """The number of the split of each interaction."""
    values = sequence(values)
    kinds = {(type(value), value) for value in values}  # 1, 1.0 and True are equal
    split_of = {value: as_split(value) for _, value in kinds}
    return numpy.fromiter((split_of[value] for value in values), numpy.intp, len(values))


def _rows(user, item):
    """Interactions for C: the function that adds them, and its two columns."""
    if are_ids(user) or are_ids(item):
        return library.diffmm_dataset_add_named_interactions, texts(user), texts(item)
    return library.diffmm_dataset_add_interactions, numbers(user), numbers(item)


def _first_rows(ids):
    """The rows in which each id appears for the first time."""
    last = len(ids) - 1
    return list(dict(zip(ids[::-1], range(last, -1, -1))).values())  # of equal keys the last stays


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


class Dataset(Object):
    """Interactions in three splits, ids, and item features per modality. Filled, then sealed: a
    trainer or a model seals it. Users and items are numbers, or strings of yours throughout."""

    def __init__(self, context=None):
        self._context = context or default_context()
        self._handle = self._make(library.diffmm_dataset_create)

    def _make(self, function, *arguments):
        context = Context.handle_of(self._context)
        return create(library.diffmm_dataset_destroy, function, context, *arguments,
                      keeps=[context])

    @classmethod
    def open(cls, path, context=None):
        """A folder in the released layout, or an interactions file with NAME_feat.npy beside it."""
        self = cls.__new__(cls)
        self._context = context or default_context()
        with interruptible():
            self._handle = self._make(library.diffmm_dataset_open, path)
        return self

    @classmethod
    def synthetic(cls, *, dimensions=None, context=None, **fields):
        """Made-up data with a structure to be found. Fields: users, items, interactions, factors,
        seed; modality_count, or dimensions, one feature size per modality."""
        self = cls.__new__(cls)
        self._context = context or default_context()
        spec = _structs.Synthetic(**fields)
        if dimensions is not None:
            dimensions = sizes(dimensions)
            spec.dimensions, spec.modality_count = dimensions, len(dimensions)
        self._handle = self._make(library.diffmm_dataset_synthesize, byref(spec))
        return self

    @classmethod
    def from_arrays(cls, user, item, *, split="train", modalities=None, item_ids=None,
                    context=None):
        """From arrays of equal length, one entry per interaction, by number or by id; ids are
        numbered in the order in which they appear, or as in `item_ids`, which features in rows need
        unless ids are the numbers of the rows. `split` is one for all, or an array too;
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
        if isinstance(split, str) or numpy.ndim(split) == 0:
            self.add_interactions(user, item, split)
        else:
            self._add_split_interactions(user, item, _as_splits(split))
        for name, arguments in modalities.items():
            self.add_modality(name, **arguments)
        return self

    def _add_split_interactions(self, user, item, splits):
        """Interactions with a split for each, to the same as if they were added one by one: ids are
        numbered in the order in which they appear, whatever the split."""
        if not len(user) == len(item) == len(splits):
            raise ValueError(f"{len(user)} users, {len(item)} items and {len(splits)} splits")
        count = len(splits)
        add, users, items = _rows(user, item)
        # Rows that name a user or an item for the first time come first, in their order; for the
        # others only the split matters. So the runs of one split are few.
        order = numpy.full(count, count)
        if add is library.diffmm_dataset_add_named_interactions:
            for ids in (user, item):
                first = _first_rows(ids)
                order[first] = first
        order = numpy.lexsort((splits, order))
        splits, users_in_order, items_in_order = splits[order], users[order], items[order]
        begins = numpy.flatnonzero(numpy.diff(splits, prepend=-1))
        try:
            for part in zip(splits[begins].tolist(), numpy.diff(begins, append=count).tolist(),
                            addresses(users_in_order, begins), addresses(items_in_order, begins)):
                add(self.handle, *part)
        except Error:
            # The message counts rows of a run. Where rows themselves are wrong, this one counts as
            # the caller does.
            Dataset(self._context).add_interactions(user, item)
            raise

    def reserve(self, users, items):
        """Declare that there are at least so many, even if no interaction names them."""
        library.diffmm_dataset_reserve(self.handle, users, items)

    def declare_items(self, ids):
        """Fix the numbering of items: number i is ids[i]."""
        strings = texts(ids)
        library.diffmm_dataset_declare_items(self.handle, len(strings), strings.ctypes.data)

    def add_interactions(self, user, item, split="train"):
        """Interactions by number (whole numbers) or by external id (strings), one or the other
        throughout a column: what is missing (None, NaN) is neither, and is refused."""
        user, item = sequence(user), sequence(item)
        if len(user) != len(item):
            raise ValueError(f"{len(user)} users, but {len(item)} items")
        add, users, items = _rows(user, item)
        add(self.handle, as_split(split), len(user), users.ctypes.data, items.ctypes.data)

    def read_interactions(self, path, split="train"):
        """Read a table (.tsv, .csv, .inter, ..), .npz or .pkl file; `split` is where interactions
        go that name none."""
        library.diffmm_dataset_read_interactions(self.handle, as_split(split), path)

    def add_modality(self, name, features, dimensions=None, *, ids=None, copy=False,
                     mapped=False):
        """Item features from one of
        - an array, items x features: read in place, not copied, if it is float32 and each row is in
          one piece; it must not change while the data set or what is made from it lives. With
          `copy` it is copied in any case, and may change
        - the path of a file: .npy, .npz, .. With `mapped` the features stay in the file (.npy or
          .safetensors, float32), which must not change meanwhile
        - a function load(first, out) that fills `out`, a block of rows from item `first` on, with
          `dimensions` features each; `out` is valid during the call only
        `ids` says which item each row is (for a function: of rows 0, 1, ..); then rows may be in
        any order, and items without one get zeros."""
        strings = None if ids is None else texts(ids)
        if strings is not None:
            self._check_rows(features, strings, ids)
        self._add_modality(name, features, dimensions, copy, mapped)
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

    def _add_modality(self, name, features, dimensions, copy, mapped):
        if callable(features):
            if dimensions is None:
                raise TypeError("a loader needs to know its dimensions")
            callback = _loader_callback(features, dimensions)
            library.diffmm_dataset_add_modality(self.handle, name, dimensions, callback, None)
            self.handle.keeps.append(callback)
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

    def append_features(self, name, features):
        """Add rows, of the items that follow, to a modality from an array or a file; copied."""
        rows = matrix(features, self.modalities.get(name))
        library.diffmm_dataset_append_features(self.handle, name, len(rows), rows, rows.shape[1])

    def extend(self):
        """A new data set, not yet sealed, with all that this sealed one holds, to add users, items
        and interactions to. Users and items keep their numbers and ids. The source may be closed:
        what was lent to it is kept."""
        source = self.handle
        extended = Dataset.__new__(Dataset)
        extended._context = self._context
        extended._handle = create(library.diffmm_dataset_destroy, library.diffmm_dataset_extend,
                                  source, keeps=source.keeps)
        return extended

    def features(self, modality, first=0, count=None):
        """Raw features of a modality, by name, for `count` items from `first` on (None: all).
        Needs a sealed data set."""
        modalities = self.modalities
        index = list(modalities).index(modality) if modality in modalities else len(modalities)
        first = size(first)
        count = max(self.items - first, 0) if count is None else size(count)
        out = numpy.empty((count, modalities.get(modality, 0)), numpy.float32)
        with interruptible():
            library.diffmm_dataset_features(self.handle, index, first, count, out)
        return out

    def hold_out(self, valid, test, seed=0):
        """Hold out a random share of every user's training interactions for validation and test,
        where the data have no splits of their own. Once all interactions have been added, before
        sealing; the same seed holds out the same."""
        library.diffmm_dataset_hold_out(self.handle, valid, test, seed)

    def seal(self):
        """Check everything and index it; after that it cannot change."""
        with interruptible():
            library.diffmm_dataset_seal(self.handle)

    @property
    def users(self):
        return library.diffmm_dataset_users(self.handle)

    @property
    def items(self):
        return library.diffmm_dataset_items(self.handle)

    def interactions(self, split="train"):
        """The number of interactions in a split."""
        return library.diffmm_dataset_interactions(self.handle, as_split(split))

    @property
    def modalities(self):
        """Names of modalities with their features per item, in the order added."""
        handle = self.handle
        return {
            text(library.diffmm_dataset_modality_name(handle, index)):
                library.diffmm_dataset_modality_dimensions(handle, index)
            for index in range(library.diffmm_dataset_modalities(handle))
        }

    def user_id(self, user):
        """External id of a user (its number in decimal, if there are none); None if there is no
        such number, or before sealing."""
        return text(library.diffmm_dataset_user_id(self.handle, user))

    def item_id(self, item):
        """External id of an item, as for users."""
        return text(library.diffmm_dataset_item_id(self.handle, item))

    def find_user(self, user_id):
        """The number of an external id; raises NotFound."""
        user = c_int32()
        library.diffmm_dataset_find_user(self.handle, user_id, byref(user))
        return user.value

    def find_item(self, item_id):
        """The number of an external id; raises NotFound."""
        item = c_int32()
        library.diffmm_dataset_find_item(self.handle, item_id, byref(item))
        return item.value

    def row(self, user, split="train"):
        """The items of a user in a split, ascending: a view. Needs a sealed data set."""
        address, count = c_void_p(), c_size_t()
        handle = self.handle
        library.diffmm_dataset_row(handle, as_split(split), user, byref(address), byref(count))
        return view(address.value, (count.value,), numpy.int32, handle)
