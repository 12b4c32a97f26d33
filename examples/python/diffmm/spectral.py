# SPDX-License-Identifier: BSD-2-Clause
"""A basis for users' interactions in few dimensions, and rows of it for new items."""

from __future__ import annotations

from ctypes import byref
from typing import Any, Sequence

import numpy
from numpy.typing import ArrayLike

from . import _structs
from ._arrays import array, matrix
from ._convert import size
from ._library import library
from ._types import Floats, Whole
from .context import Context
from .measures import row_arrays


def spectral_basis(rows: Sequence[Any], items: Whole, rank: Whole, *,
                   features: ArrayLike | None = None, seed: Whole = 0,
                   context: Context | None = None) -> Floats:
    """Orthonormal columns, an array of items x rank: popularity, the constant, leading singular
    vectors of the users' items, which `rows` has as Rows does, and of the items' features, items x
    d."""
    users, items, rank = len(rows[0]) - 1, size(items), size(rank)
    pointers, row_items = row_arrays(rows, users)
    if features is not None:
        features = array(features, numpy.float32, items, None)
    basis = numpy.empty((items, rank), numpy.float32)
    arguments = _structs.SpectralBasisArguments(
        users=users, items=items, row_pointers=pointers.ctypes.data,
        row_items=row_items.ctypes.data, rank=rank, seed=seed, basis=basis.ctypes.data)
    if features is not None:
        arguments.feature_columns, arguments.features = features.shape[1], features.ctypes.data
    library.diffmm_spectral_basis_with(Context.or_null(context), byref(arguments))
    return basis


def place_in_spectral_basis(basis: ArrayLike, features: ArrayLike, new_features: ArrayLike, *,
                            seed: Whole = 0, context: Context | None = None) -> Floats:
    """Rows of a basis, items x rank, for new items: ridge regression of it on the features of its
    items, items x d. From new_features, new items x d, come new items x rank."""
    basis = matrix(basis)
    features = array(features, numpy.float32, len(basis), None)
    new_features = matrix(new_features, features.shape[1])
    placed = numpy.empty((len(new_features), basis.shape[1]), numpy.float32)
    arguments = _structs.SpectralBasisPlaceArguments(
        items=len(basis), feature_columns=features.shape[1], features=features.ctypes.data,
        rank=basis.shape[1], basis=basis.ctypes.data, new_items=len(new_features),
        new_features=new_features.ctypes.data, seed=seed, placed=placed.ctypes.data)
    library.diffmm_spectral_basis_place_with(Context.or_null(context), byref(arguments))
    return placed
