# SPDX-License-Identifier: BSD-2-Clause
"""The diffusion of one modality as a module of its own: schedule, denoiser, optimiser."""

from __future__ import annotations

from ctypes import POINTER, byref, c_float, c_size_t, cast
from typing import Any, Iterable, NamedTuple, Sequence

import numpy
from numpy.typing import ArrayLike

from . import _structs
from ._arrays import array, matrix, numbers, reals, result, sequence
from ._convert import real, size, uint64
from ._handles import Copied, Handle, Object, create, file_bytes, open_file
from ._library import library
from ._types import Floats, Gradient, Indices, Path, SettingValue, Source, Whole
from .context import Context, default_context
from .diffusion import Schedule
from .measures import DenoiserMeasures, denoiser_measures, row_arrays
from .model import Model, Parameters
from .options import Options, OptionsLike, as_options


class Rows(NamedTuple):
    """The interactions of all users, a sparse row for each, as scipy's csr_array has them: `items`
    of a row ascend, and `values` may be left out where all are 1."""

    pointers: numpy.ndarray
    items: numpy.ndarray
    values: numpy.ndarray | None = None

    @classmethod
    def of(cls, lists: Iterable[ArrayLike]) -> Rows:
        """From a list of items for each user: pointers (users + 1), and the items of all."""
        rows = [numpy.unique(numbers(sequence(row))) for row in lists]
        return cls(numpy.cumsum([0] + [row.size for row in rows], dtype=numpy.int64),
                   numpy.concatenate([numpy.empty(0, numpy.int32), *rows]))


class DiffusionLosses(NamedTuple):
    """Means over a batch; msi is not weighted."""

    total: float
    elbo: float
    msi: float


class DiffusionNeeds(NamedTuple):
    """What a module needs: floats, bytes and FLOPs of matrix products."""

    parameters: int
    module_bytes: int
    training_bytes: int
    generate_bytes: int
    step_flops: float
    generate_flops: float


def _address(values):
    return None if values is None else values.ctypes.data


class Diffusion(Copied, Object):
    """A module that learns to restore rows of interactions from noise.

        module = Diffusion(items=100, seed=1, hidden_sizes=[64])
        rows = Rows.of([[3, 5], [0, 7, 9], ..])
        for epoch in range(1, 51):
            for users in batches:
                module.step(rows, users, epoch=epoch)
        neighbors, scores = module.generate(rows, count=10)

    `users` are numbers of rows; None: all of them. `t`, `noise` and `dropout_scale` are draws, one
    row for each of these users; the module makes those that are not given, from its seed, the epoch
    and the numbers of the rows."""

    def __init__(self, items: Whole, options: OptionsLike = None, *, seed: Whole = 1,
                 preset: str | None = None, context: Context | None = None,
                 **settings: SettingValue) -> None:
        options = as_options(options, preset, settings, context)
        context = Context.handle_of(context or default_context())
        self._handle = create(library.diffmm_diffusion_destroy, library.diffmm_diffusion_create,
                              context, items, Options.or_null(options), seed, keeps=[context])

    @classmethod
    def _from(cls, handle):
        self = cls.__new__(cls)
        self._handle = handle
        return self

    @classmethod
    def spectral(cls, basis: ArrayLike, options: OptionsLike = None, *, seed: Whole = 1,
                 preset: str | None = None, context: Context | None = None,
                 **settings: SettingValue) -> Diffusion:
        """A module whose denoiser works in the coordinates of `basis`, items x rank with orthonormal
        columns. Its own noise, and noise that is given, has one column for each of these."""
        options = as_options(options, preset, settings, context)
        context = Context.handle_of(context or default_context())
        basis = array(basis, numpy.float32, None, None)
        return cls._from(
            create(library.diffmm_diffusion_destroy, library.diffmm_diffusion_create_spectral,
                   context, *basis.shape, basis, Options.or_null(options), seed, keeps=[context]))

    @classmethod
    def of(cls, model: Model, modality: str) -> Diffusion:
        """A copy of the module of a modality, from a model that has its denoisers: a trainer's."""
        source = Model.handle_of(model)
        module = library.diffmm_model_diffusion(source, modality)
        if module is None:
            raise ValueError(f"the model has no diffusion of a modality '{modality}'")
        return cls._from(
            create(library.diffmm_diffusion_destroy, library.diffmm_diffusion_copy, module,
                   keeps=[source.context]))

    @classmethod
    def load(cls, source: Source, context: Context | None = None) -> Diffusion:
        """Read a module's file, given by its path or its bytes."""
        context = Context.handle_of(context or default_context())
        return cls._from(
            open_file(library.diffmm_diffusion_destroy, library.diffmm_diffusion_load,
                      library.diffmm_diffusion_load_memory, context, source, keeps=[context]))

    def _about(self):
        return f"{self.items} items, {self._size()} parameters, {self.steps} optimiser steps"

    def save(self, path: Path) -> None:
        """Write parameters, moments, steps and settings. A crash leaves the old file or the new."""
        library.diffmm_diffusion_save(self.handle, path)

    def to_bytes(self) -> bytes:
        """The file as bytes."""
        return file_bytes(library.diffmm_diffusion_save_memory, self.handle)

    def copy(self) -> Diffusion:
        """A module of its own with all the state of this one."""
        handle = self.handle
        return self._from(
            create(library.diffmm_diffusion_destroy, library.diffmm_diffusion_copy, handle,
                   keeps=[handle.context]))

    def extended(self, rows: ArrayLike) -> Diffusion:
        """A copy of a spectral module with further items, one for each of these rows of the
        basis, new items x rank."""
        handle = self.handle
        rows = matrix(rows, self._width())
        return self._from(
            create(library.diffmm_diffusion_destroy, library.diffmm_diffusion_extend, handle,
                   len(rows), rows, keeps=[handle.context]))

    @staticmethod
    def forecast(items: Whole, users: Whole, entries: Whole, options: OptionsLike = None, *,
                 preset: str | None = None, context: Context | None = None,
                 **settings: SettingValue) -> DiffusionNeeds:
        """Memory and FLOPs, known beforehand; a batch has at most `entries` interactions."""
        options = as_options(options, preset, settings, context)
        needs = _structs.DiffusionNeeds()
        library.diffmm_diffusion_forecast(Context.handle_of(context or default_context()), items,
                                          users, entries, Options.or_null(options), byref(needs))
        return DiffusionNeeds(*(getattr(needs, name) for name in DiffusionNeeds._fields))

    @property
    def items(self) -> int:
        """How many items a row has."""
        return library.diffmm_diffusion_items(self.handle)

    @property
    def basis(self) -> Floats | None:
        """The basis of a spectral denoiser, items x rank, as a copy; None for a full one."""
        rank = c_size_t()
        address = library.diffmm_diffusion_basis(self.handle, byref(rank))
        if not address:
            return None
        values = cast(address, POINTER(c_float))
        return numpy.ctypeslib.as_array(values, (self.items, rank.value)).copy()

    @property
    def steps(self) -> int:
        """Optimiser steps taken."""
        return library.diffmm_diffusion_steps(self.handle)

    def _borrowed(self, function):
        handle = Handle(None, self.handle)
        handle.pointer.value = function(self.handle)
        return handle

    @property
    def schedule(self) -> Schedule:
        """The noise schedule."""
        return Schedule._borrow(self._borrowed(library.diffmm_diffusion_schedule))

    @property
    def options(self) -> Options:
        """The settings, with the module's seed; to be read, or copied."""
        return Options._borrow(self._borrowed(library.diffmm_diffusion_options))

    @property
    def parameters(self) -> Parameters:
        """Views of all parameters, by name."""
        return Parameters(self.handle, "values", library.diffmm_diffusion_parameters,
                          library.diffmm_diffusion_parameter_at, library.diffmm_diffusion_parameter,
                          library.diffmm_diffusion_set_parameter)

    def _size(self):
        return sum(values.size for values in self.parameters.values())

    def _width(self):
        """Columns of noise."""
        rank = c_size_t()
        return rank.value if library.diffmm_diffusion_basis(self.handle, byref(rank)) else self.items

    def _batch(self, rows, users, epoch, noise=None, blocks=1, *, t=None, dropout_scale=None,
               features=None, item_embedding=None, e_loss=0.0):
        """The C struct, how many users it has, and the arrays that must live as long as it."""
        rows = Rows(*rows)
        pointers = numbers(rows.pointers, dtype=numpy.int64)
        items = numbers(rows.items)
        values = None if rows.values is None else array(rows.values, numpy.float32, items.size)
        if pointers.size == 0 or pointers[0] < 0 or numpy.any(numpy.diff(pointers) < 0):
            raise ValueError("the pointers of rows are not ascending numbers from 0 on")
        if pointers[-1] > items.size:
            raise ValueError("the pointers of rows reach beyond their items")
        users = None if users is None else numbers(users)
        if users is not None and users.size == 0:
            raise ValueError("a batch without users")
        count = pointers.size - 1 if users is None else users.size
        cells = (count, self.items)
        if noise is not None:
            noise = numpy.ascontiguousarray(reals(noise))
            draws = (count, self._width())
            if noise.size != blocks * count * draws[1]:
                raise ValueError(f"noise has {noise.size} draws, not {blocks} x {draws}")
        t = None if t is None else numbers(t, count)
        if dropout_scale is not None:
            dropout_scale = array(dropout_scale, numpy.float32, *cells)
        if features is not None:
            features = array(features, numpy.float32, self.items, None)
            item_embedding = array(item_embedding, numpy.float32, *features.shape)
        batch = _structs.DiffusionBatch(
            users=pointers.size - 1, row_pointers=_address(pointers), row_items=_address(items),
            row_values=_address(values), rows=count, row_numbers=_address(users), epoch=uint64(epoch),
            t=_address(t), noise=_address(noise), dropout_scale=_address(dropout_scale),
            d=0 if features is None else features.shape[1], features=_address(features),
            item_embedding=_address(item_embedding), e_loss=real(e_loss))
        arrays = (pointers, items, values, users, t, noise, dropout_scale, features, item_embedding)
        return batch, count, arrays

    def step(self, rows: Rows | Sequence[Any], users: ArrayLike | None = None, *, epoch: Whole = 0,
             noise: ArrayLike | None = None, **more: Any) -> DiffusionLosses:
        """One step of Adam on ELBO + e_loss MSI; the losses are those before it. `rows` are
        those of all users; `users` chooses among them (None: all). `more`: t, a step for each user;
        dropout_scale, users x items; features and item_embedding, items x d (without, no MSI);
        e_loss (0: the option's). `noise` is users x items, or x rank of a spectral module; without
        t or noise, they are drawn for this epoch."""
        batch, _, arrays = self._batch(rows, users, epoch, noise, **more)
        losses = _structs.DiffusionLosses()
        library.diffmm_diffusion_step(self.handle, byref(batch), byref(losses))
        return DiffusionLosses(losses.total, losses.elbo, losses.msi)

    def objective(self, rows: Rows | Sequence[Any], users: ArrayLike | None = None, *,
                  epoch: Whole = 0, noise: ArrayLike | None = None, gradient: bool | Floats = True,
                  **more: Any) -> tuple[DiffusionLosses, Gradient]:
        """Losses and the gradient of all parameters, one after the other in one array of as many
        floats, without a step; the arguments are those of step()."""
        batch, _, arrays = self._batch(rows, users, epoch, noise, **more)
        losses = _structs.DiffusionLosses()
        gradient = result(gradient, (self._size(),))
        library.diffmm_diffusion_objective(self.handle, byref(batch), byref(losses), gradient)
        return DiffusionLosses(losses.total, losses.elbo, losses.msi), gradient

    def corrupt(self, rows: Rows | Sequence[Any], users: ArrayLike | None = None, *,
                epoch: Whole = 0, t: ArrayLike | None = None,
                noise: ArrayLike | None = None) -> Floats:
        """The rows with noise at steps t: users x items."""
        batch, count, arrays = self._batch(rows, users, epoch, noise, t=t)
        x_t = numpy.empty((count, self.items), numpy.float32)
        library.diffmm_diffusion_corrupt(self.handle, byref(batch), x_t)
        return x_t

    def denoise(self, x: ArrayLike, t: ArrayLike) -> Floats:
        """The prediction x_hat(x, t) of clean rows: rows x items, as x is; t has a step for each
        row."""
        x = matrix(x, self.items)
        x_hat = numpy.empty_like(x)
        library.diffmm_diffusion_denoise(self.handle, len(x), x, numbers(t, len(x)), x_hat)
        return x_hat

    def _blocks(self):
        options = self.options
        return (options["sampling_steps"] > 0) + options["sampling_noise"] * options["steps"]

    def reverse(self, rows: Rows | Sequence[Any], users: ArrayLike | None = None, *,
                epoch: Whole = 0, noise: ArrayLike | None = None) -> Floats:
        """The result of the reverse chain, users x items: scores to rank by."""
        batch, count, arrays = self._batch(rows, users, epoch, noise, self._blocks())
        x = numpy.empty((count, self.items), numpy.float32)
        library.diffmm_diffusion_reverse(self.handle, byref(batch), x)
        return x

    def generate(self, rows: Rows | Sequence[Any], users: ArrayLike | None = None, *, count: Whole,
                 epoch: Whole = 0, noise: ArrayLike | None = None) -> tuple[Indices, Floats]:
        """The `count` items with the largest entries of it for each user: items, scores, both
        users x count."""
        batch, asked, arrays = self._batch(rows, users, epoch, noise, self._blocks())
        count = size(count)
        shape = (asked, count if 0 < count <= self.items else 0)  # the library refuses others
        items, scores = numpy.empty(shape, numpy.int32), numpy.empty(shape, numpy.float32)
        library.diffmm_diffusion_generate(self.handle, byref(batch), count, items, scores)
        return items, scores

    def measure(self, rows: Rows | Sequence[Any], held: Sequence[Any],
                users: ArrayLike | None = None, *, cutoff: Whole = 20,
                epoch: Whole = 0) -> DenoiserMeasures:
        """How well it restores the items of these users, and finds their held-out ones, which
        `held` has as Rows does, a row for each user: DenoiserMeasures."""
        batch, _, arrays = self._batch(rows, users, epoch)
        pointers, items = row_arrays(held, batch.users)
        out = _structs.DenoiserMeasures()
        library.diffmm_diffusion_measure(self.handle, byref(batch), pointers, items, size(cutoff),
                                         byref(out))
        return denoiser_measures(out)
