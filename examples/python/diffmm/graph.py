# SPDX-License-Identifier: BSD-2-Clause
"""The unit `graph`: normalised user-item graphs and propagation over them."""

from __future__ import annotations

from ctypes import byref, c_void_p

import numpy
from numpy.typing import ArrayLike, NDArray

from ._arrays import array, flags, matrix, numbers, view
from ._handles import Object, create
from ._library import library
from ._types import Floats, Indices, Real, Whole
from .context import Context


class Graph(Object):
    """The normalised adjacency of user-item pairs, with self loops: an immutable sparse N x N
    matrix, users first, N = users + items. Pair i is user[i], item[i], with weight[i]; `weight`
    None: all 1."""

    def __init__(self, users: Whole, items: Whole, user: ArrayLike, item: ArrayLike,
                 weight: ArrayLike | None = None, *, context: Context | None = None) -> None:
        user = numbers(user)
        pairs = [Context.or_null(context), users, items, user.size, user, numbers(item, user.size)]
        how = library.diffmm_graph_create_bipartite
        if weight is not None:
            how = library.diffmm_graph_create_weighted
            pairs.append(array(weight, numpy.float32, user.size))
        self._handle = create(library.diffmm_graph_destroy, how, *pairs,
                              keeps=[Context.or_null(context)])

    @classmethod
    def _borrow(cls, handle):
        self = cls.__new__(cls)
        self._handle = handle
        return self

    def _about(self):
        return f"{self.users} users, {self.items} items, {self.entries} entries"

    def drop_edges(self, keep_rate: Real, kept: ArrayLike) -> Graph:
        """A copy with only those entries whose flag in `kept`, one for each of `entries`, is not 0,
        divided by keep_rate."""
        kept = flags(kept, self.entries)
        return Graph._borrow(
            create(library.diffmm_graph_destroy, library.diffmm_graph_drop_edges, self.handle,
                   keep_rate, kept, keeps=self.handle.keeps))

    @property
    def users(self) -> int:
        """How many users there are."""
        return library.diffmm_graph_users(self.handle)

    @property
    def items(self) -> int:
        """How many items there are."""
        return library.diffmm_graph_items(self.handle)

    @property
    def entries(self) -> int:
        """How many entries of the matrix are stored."""
        return library.diffmm_graph_entries(self.handle)

    @property
    def nodes(self) -> int:
        """Its rows and columns: users and items."""
        return self.users + self.items

    def rows(self) -> tuple[NDArray[numpy.int64], Indices, Floats]:
        """The entries by rows, as views: pointers (N + 1), and columns and values of each.
        scipy.sparse.csr_array( (values, columns, pointers)) takes them as they are."""
        pointers, columns, values = c_void_p(), c_void_p(), c_void_p()
        handle = self.handle
        library.diffmm_graph_rows(handle, byref(pointers), byref(columns), byref(values))
        entries = (self.entries,)
        return (view(pointers.value, (self.nodes + 1,), numpy.int64, handle),
                view(columns.value, entries, numpy.int32, handle),
                view(values.value, entries, numpy.float32, handle))

    def _apply(self, function, x, *arguments):
        x = matrix(x)
        if len(x) != self.nodes:
            raise ValueError(f"the graph has {self.nodes} nodes, but the matrix {len(x)} rows")
        y = numpy.empty_like(x)
        function(self.handle, *arguments, x.shape[1], x, y)
        return y

    def multiply(self, x: ArrayLike) -> Floats:
        """A x, of the shape of x: N x d."""
        return self._apply(library.diffmm_graph_multiply, x)

    def multiply_transposed(self, x: ArrayLike) -> Floats:
        """The transpose of A, times x, N x d: the backward pass of multiply()."""
        return self._apply(library.diffmm_graph_multiply_transposed, x)

    def propagate(self, x: ArrayLike, layers: Whole) -> Floats:
        """The sum of A^l x for l = 0 .. layers, of the shape of x: N x d."""
        return self._apply(library.diffmm_propagate, x, layers)

    def propagate_backward(self, grad: ArrayLike, layers: Whole) -> Floats:
        """The gradient of x, given that of propagate(x, layers): N x d."""
        return self._apply(library.diffmm_propagate_backward, grad, layers)
