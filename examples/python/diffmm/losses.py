# SPDX-License-Identifier: BSD-2-Clause
"""The units `contrastive` and `optim`: losses with their gradients, Adam, initial values.

Arrays are float32, indices int32, both in C order: such arrays are read in place, others are
converted first. Where a parameter is called grad_..., True makes a new array, False asks for none,
and an array of yours is written in place. A context is optional: without one the calling thread
alone computes, with the same bits."""

from __future__ import annotations

import enum
from ctypes import addressof, byref, c_double, c_void_p, pointer
from typing import Any, Sequence

import numpy
from numpy.typing import ArrayLike

from . import _structs
from ._arrays import array, in_place, matrix, numbers, result
from ._convert import member, size
from ._library import library
from ._types import Floats, Gradient, Real, Whole
from .context import Context


class Anchor(enum.IntEnum):
    """What views are contrasted with: each other, or the main one."""

    MODAL = 0
    MAIN = 1


def _address(values):
    return None if values is None else values.ctypes.data


def infonce(p: ArrayLike, q: ArrayLike, batch: ArrayLike, tau: Real, *,
            negatives: ArrayLike | None = None, grad_p: bool | Floats = True,
            grad_q: bool | Floats = True,
            context: Context | None = None) -> tuple[float, Gradient, Gradient]:
    """InfoNCE of two views, nodes x d, over the nodes in `batch`, whose numbers it has: loss,
    grad_p, grad_q. The denominators run over all nodes, or are estimated from `negatives`, numbers
    of nodes drawn at random."""
    p = matrix(p)
    q = array(q, numpy.float32, *p.shape)
    batch = numbers(batch)
    loss = c_double()
    grad_p, grad_q = result(grad_p, p.shape), result(grad_q, p.shape)
    arguments = _structs.InfonceArguments(
        nodes=p.shape[0], d=p.shape[1], p=p.ctypes.data, q=q.ctypes.data, batch_count=batch.size,
        batch=batch.ctypes.data, tau=tau, loss=pointer(loss), grad_p=_address(grad_p),
        grad_q=_address(grad_q))
    if negatives is not None:
        negatives = _drawn("negatives", negatives)
        arguments.negative_count, arguments.negatives = negatives.size, negatives.ctypes.data
    library.diffmm_infonce_with(Context.or_null(context), byref(arguments))
    return loss.value, grad_p, grad_q


def _drawn(name, negatives, count=None):
    negatives = numbers(negatives, count)
    if negatives.size == 0:
        raise ValueError(f"no nodes in {name}")
    return negatives


def _addresses(arrays):
    """An array of pointers to arrays."""
    return (c_void_p * len(arrays))(*(a.ctypes.data if a is not None else None for a in arrays))


def _results_of_views(wanted, views, shape):
    """Where the gradients of views go: a list, or None."""
    if isinstance(wanted, (list, tuple)):
        if len(wanted) != len(views):
            raise ValueError(f"{len(views)} views, but {len(wanted)} gradients")
        return [result(one, shape) for one in wanted]
    return [result(True, shape) for _ in views] if wanted else None


def contrastive_loss(views: Sequence[ArrayLike], users: Whole, batch_users: ArrayLike,
                     batch_items: ArrayLike, tau: Real, *, main: ArrayLike | None = None,
                     anchor: Anchor | str | int = Anchor.MODAL,
                     negatives: tuple[ArrayLike, ArrayLike] | None = None,
                     grad_views: bool | Sequence[bool | Floats] = True,
                     grad_main: bool | Floats | None = None,
                     context: Context | None = None) -> tuple[float, list[Gradient] | Any, Gradient]:
    """InfoNCE of every contrasted pair over users and over items: loss, grad_views, grad_main.

    `views` and `main` are (users + items) x d; batch_users and batch_items have a number each for
    every pair of the batch, of users and of items from 0. `negatives` is a pair, as many drawn
    users as drawn items, or None: all stand in the denominators. grad_views may be a list of
    arrays; grad_main is by default made where `main` is given."""
    views = [matrix(v) for v in views]
    shape = views[0].shape if views else (0, 0)
    views = [array(v, numpy.float32, *shape) for v in views]
    main = None if main is None else array(main, numpy.float32, *shape)
    users = size(users)
    batch_users = numbers(batch_users)
    batch_items = numbers(batch_items, batch_users.size)
    grad_views = _results_of_views(grad_views, views, shape)
    grad_main = result(main is not None if grad_main is None else grad_main, shape)
    loss = c_double()
    of_views = _addresses(views)
    of_gradients = None if grad_views is None else _addresses(grad_views)
    arguments = _structs.ContrastiveLossArguments(
        anchor=member(Anchor, anchor), users=users, items=shape[0] - users, d=shape[1],
        view_count=len(views), views=addressof(of_views), main=_address(main),
        count=batch_users.size, batch_users=batch_users.ctypes.data,
        batch_items=batch_items.ctypes.data, tau=tau, loss=pointer(loss),
        grad_views=None if of_gradients is None else addressof(of_gradients),
        grad_main=_address(grad_main))
    if negatives is not None:
        drawn_users, drawn_items = negatives
        drawn_users = _drawn("negatives", drawn_users)
        drawn_items = _drawn("negatives", drawn_items, drawn_users.size)
        arguments.negative_count = drawn_users.size
        arguments.user_negatives = drawn_users.ctypes.data
        arguments.item_negatives = drawn_items.ctypes.data
    library.diffmm_contrastive_loss_with(Context.or_null(context), byref(arguments))
    return loss.value, grad_views, grad_main


def alignment(x: ArrayLike, y: ArrayLike, *, grad_x: bool | Floats = True,
              grad_y: bool | Floats = True,
              context: Context | None = None) -> tuple[float, Gradient, Gradient]:
    """The mean squared distance between the rows of x and y, both rows x d, at unit length: loss,
    grad_x, grad_y."""
    x = matrix(x)
    y = matrix(y, x.shape[1])
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} rows, y {len(y)}")
    loss = c_double()
    grad_x, grad_y = result(grad_x, x.shape), result(grad_y, y.shape)
    library.diffmm_alignment(Context.or_null(context), *x.shape, x, y, byref(loss), grad_x, grad_y)
    return loss.value, grad_x, grad_y


def bpr(user_matrix: ArrayLike, item_matrix: ArrayLike, user: ArrayLike, positive: ArrayLike,
        negative: ArrayLike, divisor: Whole | None = None, *, grad_user: bool | Floats = True,
        grad_item: bool | Floats = True) -> tuple[float, Gradient, Gradient]:
    """Bayesian personalised ranking: loss, grad_user, grad_item, of the shapes of user_matrix,
    users x d, and item_matrix, items x d. Triple i is user[i], positive[i], negative[i]. `divisor`
    is the configured batch size, by default the number of triples."""
    user_matrix = matrix(user_matrix)
    item_matrix = matrix(item_matrix, user_matrix.shape[1])
    user = numbers(user)
    positive, negative = numbers(positive, user.size), numbers(negative, user.size)
    loss = c_double()
    grad_user = result(grad_user, user_matrix.shape)
    grad_item = result(grad_item, item_matrix.shape)
    library.diffmm_bpr(len(user_matrix), *item_matrix.shape, user_matrix, item_matrix, user.size,
                       user, positive, negative, user.size if divisor is None else divisor,
                       byref(loss), grad_user, grad_item)
    return loss.value, grad_user, grad_item


def l2(x: ArrayLike, weight: Real, *, grad: bool | Floats = True) -> tuple[float, Gradient]:
    """weight ||x||^2 of x of any shape: loss, grad."""
    x = array(x, numpy.float32)
    loss = c_double()
    grad = result(grad, x.shape)
    library.diffmm_l2(x.size, x, weight, byref(loss), grad)
    return loss.value, grad


def adam_step(step: Whole, parameter: Floats, gradient: ArrayLike, first_moment: Floats,
              second_moment: Floats, **settings: Real) -> None:
    """One Adam step in place, the first with step 1, on arrays of any shape, as many floats in
    each. Settings: learning_rate, beta1, beta2, epsilon, weight_decay (decoupled)."""
    count = parameter.size
    library.diffmm_adam_step(byref(_structs.Adam(**settings)), step, count,
                             in_place(parameter, count),
                             array(gradient, numpy.float32, *parameter.shape),
                             in_place(first_moment, count), in_place(second_moment, count))


def average_step(decay: Real, step: Whole, parameter: Floats, average: Floats) -> None:
    """Adds a parameter's present values to their exponentially weighted average, of as many floats,
    in place; the first step is 1."""
    library.diffmm_average_step(decay, step, parameter.size,
                                array(parameter, numpy.float32, *parameter.shape),
                                in_place(average, parameter.size))


def initialize_xavier(rows: int, columns: int, seed: Whole, stream: Whole = 0) -> Floats:
    """Uniform within +- sqrt(6 / (rows + columns)): rows x columns. `stream` tells draws of one
    seed apart."""
    out = numpy.empty((rows, columns), numpy.float32)
    library.diffmm_initialize_xavier(rows, columns, seed, stream, out)
    return out


def initialize_uniform(shape: int | Sequence[int], bound: Real, seed: Whole,
                       stream: Whole = 0) -> Floats:
    """An array of a shape, uniform within +- bound."""
    out = numpy.empty(shape, numpy.float32)
    library.diffmm_initialize_uniform(out.size, bound, seed, stream, out)
    return out


def initialize_normal(shape: int | Sequence[int], deviation: Real, seed: Whole,
                      stream: Whole = 0) -> Floats:
    """An array of a shape, normal with mean 0 and this standard deviation."""
    out = numpy.empty(shape, numpy.float32)
    library.diffmm_initialize_normal(out.size, deviation, seed, stream, out)
    return out
