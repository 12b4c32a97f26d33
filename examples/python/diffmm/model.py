# SPDX-License-Identifier: BSD-2-Clause
"""The recommender: parameters, embeddings, objective, files."""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import byref
from typing import Any, Iterator, NamedTuple

import numpy
from numpy.typing import ArrayLike

from . import _structs
from ._callbacks import interruptible
from ._arrays import array, matrix, numbers, view
from ._convert import text
from ._handles import Handle, NotCopied, Object, create, file_bytes, open_file, sizes_of
from ._library import library
from ._types import Floats, Path, SettingValue, Source, Whole
from .context import Context, default_context
from .dataset import Dataset
from .graph import Graph
from .options import Options, OptionsLike, as_options


class Losses(NamedTuple):
    """The first three terms of the recommender's objective, and the sum of all (Model.losses)."""

    bpr: float
    contrastive: float
    regularizer: float
    total: float


class Loss(NamedTuple):
    """A term of the objective: its weight (0: it is off), and its value as it stands in the sum."""

    weight: float
    value: float


def loss_terms(structs):
    """Terms by name."""
    return {text(struct.name): Loss(struct.weight, struct.value) for struct in structs}


def losses_from_struct(losses):
    """Losses from the C struct."""
    return Losses(*(getattr(losses, name) for name in Losses._fields))


class Parameters(NotCopied, Mapping):
    """Parameters, or their gradients, by name: read-only views of the memory of a model or
    diffusion module, which change as it trains. Assigning to a parameter overwrites it."""

    def __init__(self, handle, field, *functions):
        self._handle = handle
        self._field = field
        self._count, self._at, self._find, self._set = functions

    def _view(self, parameter):
        address = getattr(parameter, self._field)
        if address is None:
            return None
        return view(address, (parameter.rows, parameter.columns), numpy.float32, self._handle)

    def __getitem__(self, name: str) -> Floats | Any:
        parameter = _structs.Parameter()
        self._find(self._handle, name, byref(parameter))
        return self._view(parameter)

    def __iter__(self) -> Iterator[str]:
        for index in range(len(self)):
            parameter = _structs.Parameter()
            self._at(self._handle, index, byref(parameter))
            yield text(parameter.name)

    def __repr__(self) -> str:
        shapes = {name: None if values is None else values.shape for name, values in self.items()}
        return f"<{type(self).__name__}: {shapes}>"

    def __len__(self) -> int:
        return self._count(self._handle)

    def __contains__(self, name: object) -> bool:
        return any(name == own for own in self)

    def __setitem__(self, name: str, values: ArrayLike) -> None:
        if self._field != "values":
            raise TypeError("gradients cannot be written")
        values = array(values, numpy.float32)
        if values.ndim == 1:
            values = values.reshape(-1, 1)
        values = matrix(values)
        self._set(self._handle, name, *values.shape, values)


class Model(Object):
    """A recommender's parameters and the embeddings computed from them.

    A trainer has one (Trainer.model); Model(data) makes one with initial parameters, and
    Model.load(file) reads one for scoring and reading. So does unpickling: a pickled model is its
    model file."""

    def __init__(self, dataset: Dataset, options: OptionsLike = None, *, preset: str | None = None,
                 **settings: SettingValue) -> None:
        options = as_options(options, preset, settings, None)
        source = Dataset.handle_of(dataset)
        with interruptible():
            self._handle = create(library.diffmm_model_destroy, library.diffmm_model_create, source,
                                  Options.or_null(options), keeps=[source])

    @classmethod
    def load(cls, source: Source, context: Context | None = None) -> Model:
        """Read a model file, given by its path or its bytes."""
        context = Context.handle_of(context or default_context())
        return cls._from(
            open_file(library.diffmm_model_destroy, library.diffmm_model_load,
                      library.diffmm_model_load_memory, context, source, keeps=[context]))

    @classmethod
    def _from(cls, handle):
        self = cls.__new__(cls)
        self._handle = handle
        return self

    @classmethod
    def _borrow(cls, pointer, owner):
        """A model that belongs to another handle, and keeps that alive."""
        handle = Handle(None, owner)
        handle.pointer.value = pointer
        return cls._from(handle)

    def _about(self):
        return (f"{self.users} users, {self.items} items, {self.dimensions} dimensions, "
                f"{sizes_of(self.modalities)}")

    def save(self, path: Path) -> None:
        """Write a model file. A crash leaves the old file or the new one."""
        library.diffmm_model_save(self.handle, path)

    def to_bytes(self) -> bytes:
        """The model file as bytes, for load() and Scorer."""
        return file_bytes(library.diffmm_model_save_memory, self.handle)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return Model.load, (self.to_bytes(),)

    @property
    def users(self) -> int:
        """How many users there are."""
        return library.diffmm_model_users(self.handle)

    @property
    def items(self) -> int:
        """How many items there are."""
        return library.diffmm_model_items(self.handle)

    @property
    def dimensions(self) -> int:
        """The width of an embedding."""
        return library.diffmm_model_dimensions(self.handle)

    @property
    def modalities(self) -> list[str]:
        """Names of the modalities."""
        handle = self.handle
        return [text(library.diffmm_model_modality_name(handle, index))
                for index in range(library.diffmm_model_modalities(handle))]

    @property
    def modality_weights(self) -> dict[str, float]:
        """The weight of each modality, by name; they sum to 1."""
        names = self.modalities
        weights = numpy.empty(len(names), numpy.float32)
        library.diffmm_model_modality_weights(self.handle, weights)
        return dict(zip(names, weights.tolist()))

    @property
    def options(self) -> Options:
        """The settings the model was made with."""
        handle = Handle(None, self.handle)
        handle.pointer.value = library.diffmm_model_options(self.handle)
        return Options._borrow(handle, self.modalities)

    def _parameters(self, field):
        return Parameters(self.handle, field, library.diffmm_model_parameters,
                          library.diffmm_model_parameter_at, library.diffmm_model_parameter,
                          library.diffmm_model_set_parameter)

    @property
    def parameters(self) -> Parameters:
        """Views of all parameters, by name."""
        return self._parameters("values")

    @property
    def gradients(self) -> Parameters:
        """Views of the gradients of the last objective(), by name; None where there is none."""
        return self._parameters("gradient")

    def _embeddings(self, function, rows):
        handle = self.handle
        return view(function(handle), (rows, self.dimensions), numpy.float32, handle)

    @property
    def user_embeddings(self) -> Floats:
        """Final embeddings of the last forward pass, users x dimensions: a view. A score is the dot
        product of a user's row and an item's; with diffusion.blend they are the recommender's part
        of it, and a Scorer has all."""
        return self._embeddings(library.diffmm_model_user_embeddings, self.users)

    @property
    def item_embeddings(self) -> Floats:
        """Final embeddings of the last forward pass, items x dimensions: a view."""
        return self._embeddings(library.diffmm_model_item_embeddings, self.items)

    def forward(self) -> None:
        """Compute the final embeddings from the current parameters and graphs."""
        library.diffmm_model_forward(self.handle)

    def view(self, modality: Whole) -> Floats:
        """The contrastive view of a modality, (users + items) x dimensions."""
        out = numpy.empty((self.users + self.items, self.dimensions), numpy.float32)
        library.diffmm_model_view(self.handle, modality, out)
        return out

    def graph(self, modality: str) -> Graph | None:
        """A copy of a modality's generated graph; None if the model has none."""
        handle = self.handle
        graph = library.diffmm_model_graph(handle, modality)
        if graph is None:
            return None
        # The model may replace its graph at any time, so this is a copy: with all edges kept.
        kept = numpy.ones(library.diffmm_graph_entries(graph), numpy.uint8)
        return Graph._borrow(
            create(library.diffmm_graph_destroy, library.diffmm_graph_drop_edges, graph, 1.0, kept,
                   keeps=[handle]))

    def set_graph(self, modality: str, graph: Graph) -> None:
        """Set a modality's generated graph."""
        library.diffmm_model_set_graph(self.handle, modality, Graph.handle_of(graph))

    def objective(self, user: ArrayLike, positive: ArrayLike, negative: ArrayLike) -> Losses:
        """Value of the objective for a batch of triples, user[i], positive[i] and negative[i] each;
        its gradients are then in `gradients`."""
        user = numbers(user)
        losses = _structs.Losses()
        library.diffmm_model_objective(self.handle, user.size, user, numbers(positive, user.size),
                                       numbers(negative, user.size), byref(losses))
        return losses_from_struct(losses)

    @property
    def losses(self) -> dict[str, Loss]:
        """Every term of the objective by name, a Loss with its value in the last objective()."""
        structs = [_structs.Loss() for _ in range(library.diffmm_model_losses(self.handle))]
        for index, struct in enumerate(structs):
            library.diffmm_model_loss_at(self.handle, index, byref(struct))
        return loss_terms(structs)

    def inherit(self, model: Model) -> None:
        """Take over what another model has learnt about the users, items and modalities that both
        know."""
        library.diffmm_model_inherit(self.handle, Model.handle_of(model))

    def step(self) -> None:
        """One Adam step with the gradients of the last objective()."""
        library.diffmm_model_step(self.handle)
