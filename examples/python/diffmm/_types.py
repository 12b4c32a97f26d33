# SPDX-License-Identifier: BSD-2-Clause
"""Names for what functions take and give, as their type hints have them."""

import os
from typing import Any, Protocol, Sequence, SupportsFloat, SupportsIndex, Union

import numpy
from numpy.typing import ArrayLike, NDArray

# What is taken: numbers of Python or numpy, paths, files in memory, ids.
Whole = SupportsIndex
Real = Union[SupportsFloat, SupportsIndex]
Path = Union[str, bytes, os.PathLike[str], os.PathLike[bytes]]
Source = Any  # a path (str or os.PathLike), or anything that lends its bytes in one piece
Key = Union[str, SupportsIndex]  # a user or an item: its id or its number
Keys = Union[Sequence[str], Sequence[SupportsIndex], NDArray[Any]]  # several
Ids = Union[Sequence[str], ArrayLike]
SettingValue = Union[str, bool, Real, Sequence[int], NDArray[Any]]

# What is given. A gradient is None where it was not asked for.
Floats = NDArray[numpy.float32]
Doubles = NDArray[numpy.float64]
Indices = NDArray[numpy.int32]
Gradient = Union[Floats, Any]


class ArrowTable(Protocol):
    """A table in memory, as the Arrow C interface hands it over."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """A capsule with a stream of record batches."""
