# SPDX-License-Identifier: BSD-2-Clause
"""The units `contrastive` and `optim`: losses with their gradients, Adam, initial values.

Arrays are float32, indices int32, both in C order: such arrays are read in place, others are
converted first. Where a parameter is called grad_..., True makes a new array, False asks for none,
and an array of yours is written in place. A context is optional: without one the calling thread
alone computes, with the same bits."""

import enum
from ctypes import byref, c_double, c_void_p

import numpy

from . import _structs
from ._arrays import array, in_place, matrix, numbers, result
from ._convert import member, size
from ._library import library
from .context import Context


class Anchor(enum.IntEnum):
    MODAL = 0
    MAIN = 1


def infonce(p, q, batch, tau, *, grad_p=True, grad_q=True, context=None):
    """InfoNCE of two views, nodes x d, over the nodes in `batch`: loss, grad_p, grad_q."""
    p = matrix(p)
    q = array(q, numpy.float32, *p.shape)
    batch = numbers(batch)
    loss = c_double()
    grad_p, grad_q = result(grad_p, p.shape), result(grad_q, p.shape)
    library.diffmm_infonce(Context.or_null(context), *p.shape, p, q, batch.size, batch, tau,
                           byref(loss), grad_p, grad_q)
    return loss.value, grad_p, grad_q


def _addresses(arrays):
    """An array of pointers to arrays."""
    return (c_void_p * len(arrays))(*(a.ctypes.data for a in arrays))


def contrastive_loss(views, users, batch_users, batch_items, tau, *, main=None, anchor=Anchor.MODAL,
                     grad_views=True, grad_main=None, context=None):
    """InfoNCE of every contrasted pair over users and over items: loss, grad_views, grad_main.

    `views` and `main` are (users + items) x d. grad_views may be a list of arrays; grad_main is by
    default made where `main` is given."""
    views = [matrix(v) for v in views]
    shape = views[0].shape if views else (0, 0)
    views = [array(v, numpy.float32, *shape) for v in views]
    main = None if main is None else array(main, numpy.float32, *shape)
    users = size(users)
    batch_users = numbers(batch_users)
    batch_items = numbers(batch_items, batch_users.size)
    if isinstance(grad_views, (list, tuple)):
        if len(grad_views) != len(views):
            raise ValueError(f"{len(views)} views, but {len(grad_views)} gradients")
        grad_views = [result(g, shape) for g in grad_views]
    else:
        grad_views = [result(True, shape) for _ in views] if grad_views else None
    grad_main = result(main is not None if grad_main is None else grad_main, shape)
    loss = c_double()
    library.diffmm_contrastive_loss(
        Context.or_null(context), member(Anchor, anchor), users, shape[0] - users, shape[1],
        len(views), _addresses(views), main, batch_users.size, batch_users, batch_items, tau,
        byref(loss), None if grad_views is None else _addresses(grad_views), grad_main)
    return loss.value, grad_views, grad_main


def alignment(x, y, *, grad_x=True, grad_y=True, context=None):
    """The mean squared distance between the rows of x and y at unit length: loss, grad_x, grad_y."""
    x = matrix(x)
    y = matrix(y, x.shape[1])
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} rows, y {len(y)}")
    loss = c_double()
    grad_x, grad_y = result(grad_x, x.shape), result(grad_y, y.shape)
    library.diffmm_alignment(Context.or_null(context), *x.shape, x, y, byref(loss), grad_x, grad_y)
    return loss.value, grad_x, grad_y


def bpr(user_matrix, item_matrix, user, positive, negative, divisor=None, *, grad_user=True,
        grad_item=True):
    """Bayesian personalised ranking: loss, grad_user, grad_item. `divisor` is the configured batch
    size, by default the number of triples."""
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


def l2(x, weight, *, grad=True):
    """weight ||x||^2: loss, grad."""
    x = array(x, numpy.float32)
    loss = c_double()
    grad = result(grad, x.shape)
    library.diffmm_l2(x.size, x, weight, byref(loss), grad)
    return loss.value, grad


def adam_step(step, parameter, gradient, first_moment, second_moment, **settings):
    """One Adam step in place, the first with step 1. Settings: learning_rate, beta1, beta2,
    epsilon, weight_decay (decoupled)."""
    count = parameter.size
    library.diffmm_adam_step(byref(_structs.Adam(**settings)), step, count,
                             in_place(parameter, count),
                             array(gradient, numpy.float32, *parameter.shape),
                             in_place(first_moment, count), in_place(second_moment, count))


def average_step(decay, step, parameter, average):
    """Adds a parameter's present values to their exponentially weighted average, in place; the
    first step is 1."""
    library.diffmm_average_step(decay, step, parameter.size,
                                array(parameter, numpy.float32, *parameter.shape),
                                in_place(average, parameter.size))


def initialize_xavier(rows, columns, seed, stream=0):
    """Uniform within +- sqrt(6 / (rows + columns)). `stream` tells draws of one seed apart."""
    out = numpy.empty((rows, columns), numpy.float32)
    library.diffmm_initialize_xavier(rows, columns, seed, stream, out)
    return out


def initialize_uniform(shape, bound, seed, stream=0):
    """Uniform within +- bound."""
    out = numpy.empty(shape, numpy.float32)
    library.diffmm_initialize_uniform(out.size, bound, seed, stream, out)
    return out


def initialize_normal(shape, deviation, seed, stream=0):
    """Normal with mean 0."""
    out = numpy.empty(shape, numpy.float32)
    library.diffmm_initialize_normal(out.size, deviation, seed, stream, out)
    return out
