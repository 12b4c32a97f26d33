# SPDX-License-Identifier: BSD-2-Clause
"""The unit `diffusion`: noise schedule, denoiser, ELBO and MSI losses, reverse chain.

Arrays and grad_... as in losses.py; `rows` is the number of users of a batch. All random draws
are inputs."""

from __future__ import annotations

import enum
from ctypes import addressof, byref, c_double, c_size_t, create_string_buffer
from typing import Any, Iterable

import numpy
from numpy.typing import ArrayLike

from . import _structs
from ._arrays import array, matrix, numbers, result, sizes, view
from ._convert import flag, real, size, text
from ._handles import Object, create
from ._library import library
from ._types import Doubles, Floats, Gradient, Indices, Real, Whole
from .context import Context


class _Quantity(enum.IntEnum):
    BETA = 0
    ALPHA_BAR = 1
    POSTERIOR_VARIANCE = 2
    POSTERIOR_LOG_VARIANCE = 3
    POSTERIOR_MEAN_X0 = 4
    POSTERIOR_MEAN_XT = 5
    ELBO_WEIGHT = 6


def _quantity(which, what):

    def values(self: Schedule) -> Doubles:
        return self._values(which)

    return property(values, doc=what)


class Schedule(Object):
    """A noise schedule of `steps` steps; each quantity is a view of as many doubles."""

    def __init__(self, steps: Whole, noise_scale: Real, noise_min: Real, noise_max: Real,
                 beta_fixed: bool = True, *, context: Context | None = None) -> None:
        self._handle = create(library.diffmm_schedule_destroy, library.diffmm_schedule_create,
                              Context.or_null(context), steps, noise_scale, noise_min, noise_max,
                              beta_fixed, keeps=[Context.or_null(context)])

    @classmethod
    def _borrow(cls, handle):
        self = cls.__new__(cls)
        self._handle = handle
        return self

    def _about(self):
        return f"{len(self)} steps"

    def __len__(self) -> int:
        return library.diffmm_schedule_steps(self.handle)

    def _values(self, which):
        address = library.diffmm_schedule_values(self.handle, which)
        return view(address, (len(self),), numpy.float64, self.handle)

    beta = _quantity(_Quantity.BETA, "Variance added by each step.")
    alpha_bar = _quantity(_Quantity.ALPHA_BAR, "Cumulative product of 1 - beta, at each step.")
    posterior_variance = _quantity(_Quantity.POSTERIOR_VARIANCE,
                                   "Variance of the posterior, at each step.")
    posterior_log_variance = _quantity(_Quantity.POSTERIOR_LOG_VARIANCE,
                                       "Its logarithm, at each step; entry 0 repeats entry 1.")
    posterior_mean_x0 = _quantity(_Quantity.POSTERIOR_MEAN_X0, "Coefficient of x_0, at each step.")
    posterior_mean_xt = _quantity(_Quantity.POSTERIOR_MEAN_XT, "Coefficient of x_t, at each step.")
    elbo_weight = _quantity(_Quantity.ELBO_WEIGHT,
                            "At each step SNR(t-1) - SNR(t), and 1 for t = 0.")

    def q_sample(self, x0: ArrayLike, t: ArrayLike, noise: ArrayLike) -> Floats:
        """x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) noise, rows x items; t has a step for each row."""
        x0 = matrix(x0)
        x_t = numpy.empty_like(x0)
        library.diffmm_q_sample(self.handle, *x0.shape, x0, numbers(t, len(x0)),
                                array(noise, numpy.float32, *x0.shape), x_t)
        return x_t

    def elbo(self, x0: ArrayLike, x_hat: ArrayLike, t: ArrayLike, *,
             per_user: bool | Doubles = False,
             grad_x_hat: bool | Floats = True) -> tuple[float, Doubles | Any, Gradient]:
        """Per user w_t mean_i (x0 - x_hat)^2, and the mean: loss, per_user, grad_x_hat. x0 and
        x_hat are rows x items; t has a step, and per_user, where asked for, a double for each
        row."""
        x0 = matrix(x0)
        per_user = result(per_user, (len(x0),), numpy.float64)
        grad_x_hat = result(grad_x_hat, x0.shape)
        loss = c_double()
        library.diffmm_elbo(self.handle, *x0.shape, x0, array(x_hat, numpy.float32, *x0.shape),
                            numbers(t, len(x0)), per_user, byref(loss), grad_x_hat)
        return loss.value, per_user, grad_x_hat


def msi(x0: ArrayLike, x_hat: ArrayLike, features: ArrayLike, item_embedding: ArrayLike, *,
        per_user: bool | Doubles = False, grad_x_hat: bool | Floats = True,
        context: Context | None = None) -> tuple[float, Doubles | Any, Gradient]:
    """Modality-aware signal injection, per user mean_d (x_hat X - x0 E)^2, and the mean: loss,
    per_user, grad_x_hat. x0 and x_hat are rows x items, `features` X and `item_embedding` E items x
    d; per_user, where asked for, has a double for each row."""
    x0 = matrix(x0)
    features = matrix(features)
    if len(features) != x0.shape[1]:
        raise ValueError(f"{x0.shape[1]} items in x0, but {len(features)} in features")
    per_user = result(per_user, (len(x0),), numpy.float64)
    grad_x_hat = result(grad_x_hat, x0.shape)
    loss = c_double()
    library.diffmm_msi(Context.or_null(context), *x0.shape, features.shape[1], x0,
                       array(x_hat, numpy.float32, *x0.shape), features,
                       array(item_embedding, numpy.float32, *features.shape), per_user, byref(loss),
                       grad_x_hat)
    return loss.value, per_user, grad_x_hat


def time_embedding(t: ArrayLike, size: int) -> Floats:
    """Sinusoidal embedding of step indices: an array of steps x size."""
    t = numbers(t)
    out = numpy.empty((t.size, size), numpy.float32)
    library.diffmm_time_embedding(t.size, t, size, out)
    return out


class Denoiser:
    """The shape of a denoiser x_hat(x, t); its parameters stand in one array of yours.

        denoiser = Denoiser(items=100, time_size=10, hidden_sizes=[64])
        parameters = denoiser.initialize(seed=1)
        denoiser.views(parameters)["encoder.0.weight"]"""

    def __init__(self, items: Whole, time_size: Whole, hidden_sizes: Iterable[Whole],
                 normalize: bool = False) -> None:
        self.items = size(items)
        self._hidden = sizes(hidden_sizes)
        self._shape = _structs.DenoiserShape(items=items, time_size=time_size,
                                             hidden_count=len(self._hidden),
                                             hidden_sizes=self._hidden, normalize=flag(normalize))

    def __repr__(self) -> str:
        return (f"Denoiser(items={self.items}, time_size={self._shape.time_size}, "
                f"hidden_sizes={list(self._hidden)}, normalize={bool(self._shape.normalize)})")

    def __reduce__(self) -> tuple[Any, ...]:
        shape = self._shape
        return Denoiser, (self.items, shape.time_size, list(self._hidden), bool(shape.normalize))

    @property
    def size(self) -> int:
        """How many floats the parameters are; 0 for an impossible shape."""
        return library.diffmm_denoiser_size(byref(self._shape))

    def views(self, parameters: Floats) -> dict[str, Floats]:
        """The parameters by name, as views (rows x columns each) into the one array of `size`."""
        parameters = result(parameters, (self.size,))
        named = {}
        for index in range(2 + 4 * len(self._hidden)):
            name = create_string_buffer(64)
            rows, columns, offset = c_size_t(), c_size_t(), c_size_t()
            library.diffmm_denoiser_parameter(byref(self._shape), index, name, byref(rows),
                                              byref(columns), byref(offset))
            end = offset.value + rows.value * columns.value
            named[text(name.value)] = parameters[offset.value:end].reshape(
                rows.value, columns.value)
        return named

    def initialize(self, seed: Whole) -> Floats:
        """Initial values of all parameters, an array of `size` floats."""
        parameters = numpy.empty(self.size, numpy.float32)
        library.diffmm_denoiser_initialize(byref(self._shape), seed, parameters)
        return parameters

    def _parameters(self, parameters):
        return array(parameters, numpy.float32, self.size)

    def _batch(self, x, t, dropout_scale):
        x = matrix(x, self.items)
        if dropout_scale is not None:
            dropout_scale = array(dropout_scale, numpy.float32, *x.shape)
        return x, numbers(t, len(x)), dropout_scale

    def forward(self, parameters: ArrayLike, x: ArrayLike, t: ArrayLike, *,
                dropout_scale: ArrayLike | None = None, context: Context | None = None) -> Floats:
        """x_hat(x, t) for a batch: rows x items, as x and dropout_scale (which multiplies it) are;
        t has a step for each row, and `parameters` has `size` floats."""
        x, t, dropout_scale = self._batch(x, t, dropout_scale)
        x_hat = numpy.empty_like(x)
        library.diffmm_denoiser_forward(Context.or_null(context), byref(self._shape),
                                        self._parameters(parameters), len(x), x, t, dropout_scale,
                                        x_hat)
        return x_hat

    def backward(self, parameters: ArrayLike, x: ArrayLike, t: ArrayLike, grad_x_hat: ArrayLike, *,
                 dropout_scale: ArrayLike | None = None, grad_parameters: bool | Floats = True,
                 context: Context | None = None) -> Gradient:
        """The gradient of the parameters, `size` floats, given that of x_hat, rows x items; the
        rest as for forward()."""
        x, t, dropout_scale = self._batch(x, t, dropout_scale)
        grad_parameters = result(grad_parameters, (self.size,))
        library.diffmm_denoiser_backward(Context.or_null(context), byref(self._shape),
                                         self._parameters(parameters), len(x), x, t, dropout_scale,
                                         array(grad_x_hat, numpy.float32, *x.shape),
                                         grad_parameters)
        return grad_parameters

    def loss(self, parameters: ArrayLike, schedule: Schedule, x0: ArrayLike, t: ArrayLike,
             noise: ArrayLike, *, features: ArrayLike | None = None,
             item_embedding: ArrayLike | None = None, e_loss: Real = 0.0,
             dropout_scale: ArrayLike | None = None, grad_parameters: bool | Floats = True,
             context: Context | None = None) -> tuple[float, float, float, Gradient]:
        """ELBO + e_loss MSI through the denoiser: loss, elbo, msi, grad_parameters (`size` floats).
        x0, `noise` and dropout_scale are rows x items, t has a step for each row; `features` and
        item_embedding are items x d, and without them there is no MSI term."""
        x0, t, dropout_scale = self._batch(x0, t, dropout_scale)
        columns = 0
        if features is not None:
            features = array(features, numpy.float32, self.items, None)
            columns = features.shape[1]
            item_embedding = array(item_embedding, numpy.float32, *features.shape)
        grad_parameters = result(grad_parameters, (self.size,))
        loss, elbo, msi_loss = c_double(), c_double(), c_double()
        library.diffmm_denoiser_loss(Context.or_null(context), byref(self._shape),
                                     Schedule.handle_of(schedule), self._parameters(parameters),
                                     len(x0), x0, t, array(noise, numpy.float32, *x0.shape),
                                     dropout_scale, columns, features, item_embedding, e_loss,
                                     byref(loss), byref(elbo), byref(msi_loss), grad_parameters)
        return loss.value, elbo.value, msi_loss.value, grad_parameters

    def spectral_loss(self, parameters: ArrayLike, schedule: Schedule, basis: ArrayLike,
                      x0: ArrayLike, t: ArrayLike, noise: ArrayLike, *, dropout: Real = 0.0,
                      dropout_scale: ArrayLike | None = None, features: ArrayLike | None = None,
                      item_embedding: ArrayLike | None = None, e_loss: Real = 0.0,
                      grad_parameters: bool | Floats = True,
                      context: Context | None = None) -> tuple[float, float, float, Gradient]:
        """The loss of a denoiser in the coordinates of `basis`, items x rank, of which this one's
        items are the rank: loss, elbo, msi, grad_parameters. `noise` is rows x rank, `x0` and
        `dropout_scale` are rows x items, `features` and item_embedding items x d; t has a step for
        each row."""
        basis = array(basis, numpy.float32, None, self.items)
        x0 = matrix(x0, len(basis))
        arrays = {
            "parameters": self._parameters(parameters), "basis": basis, "x0": x0,
            "t": numbers(t, len(x0)), "noise": array(noise, numpy.float32, len(x0), self.items),
            "grad_parameters": result(grad_parameters, (self.size,))}
        if dropout_scale is not None:
            arrays["dropout_scale"] = array(dropout_scale, numpy.float32, *x0.shape)
        columns = 0
        if features is not None:
            arrays["features"] = array(features, numpy.float32, len(basis), None)
            columns = arrays["features"].shape[1]
            arrays["item_embedding"] = array(item_embedding, numpy.float32, len(basis), columns)
        loss, elbo, msi_loss = c_double(), c_double(), c_double()
        arguments = _structs.SpectralLossArguments(
            shape=addressof(self._shape), items=len(basis), rows=len(x0), d=columns,
            dropout=real(dropout), e_loss=real(e_loss), loss=addressof(loss), elbo=addressof(elbo),
            msi=addressof(msi_loss),
            **{name: None if a is None else a.ctypes.data for name, a in arrays.items()})
        library.diffmm_spectral_loss_with(Context.or_null(context), Schedule.handle_of(schedule),
                                          byref(arguments))
        return loss.value, elbo.value, msi_loss.value, arrays["grad_parameters"]

    def reverse_chain(self, parameters: ArrayLike, schedule: Schedule, x0: ArrayLike, *,
                      sampling_steps: int = 0, sampling_noise: bool = False,
                      noise: ArrayLike | None = None, context: Context | None = None) -> Floats:
        """The reverse chain from x0, rows x items, or from q_sample(x0, sampling_steps - 1), of the
        same shape. `noise` has rows x items draws for q_sample if sampling_steps > 0, then as many
        for each step if sampling_noise."""
        x0 = matrix(x0, self.items)
        blocks = (sampling_steps > 0) + (len(schedule) if sampling_noise else 0)
        if blocks:
            noise = numpy.ascontiguousarray(noise, numpy.float32)
            if noise.size != blocks * x0.size:
                raise ValueError(f"noise has {noise.size} draws, not {blocks} x {x0.size}")
        x = numpy.empty_like(x0)
        library.diffmm_reverse_chain(Context.or_null(context), byref(self._shape),
                                     Schedule.handle_of(schedule), self._parameters(parameters),
                                     len(x0), x0, sampling_steps, sampling_noise,
                                     noise if blocks else None, x)
        return x

    def generate_neighbors(self, parameters: ArrayLike, schedule: Schedule, row_pointers: ArrayLike,
                           row_items: ArrayLike, count: int, *,
                           context: Context | None = None) -> Indices:
        """The `count` largest entries of the reverse chain per user, as item numbers: users x
        count. x0 is given by rows: row_pointers (users + 1), and row_items."""
        row_pointers = numbers(row_pointers, dtype=numpy.int64)
        row_items = numbers(row_items)
        if row_pointers.size == 0 or row_pointers[-1] > row_items.size:
            raise ValueError("row_pointers reach beyond row_items")
        items = numpy.empty((row_pointers.size - 1, count), numpy.int32)
        library.diffmm_generate_neighbors(Context.or_null(context), byref(self._shape),
                                          Schedule.handle_of(schedule),
                                          self._parameters(parameters), len(items), row_pointers,
                                          row_items, count, items)
        return items
