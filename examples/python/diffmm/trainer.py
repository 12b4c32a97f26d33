# SPDX-License-Identifier: BSD-2-Clause
"""Training: all epochs, or one at a time."""

from __future__ import annotations

import enum
from ctypes import POINTER, byref, c_size_t, c_ubyte
from typing import Callable, Iterator, NamedTuple

import numpy

from . import _callbacks, _structs
from ._handles import Object, create, file_bytes, open_file
from ._library import library
from ._types import Indices, Path, Real, SettingValue, Source, Whole
from .dataset import Dataset
from .errors import Cancelled, Status
from .file import describe
from .measures import DenoiserMeasures, GraphMeasures, denoiser_measures, graph_measures
from .metrics import PerCutoff, per_cutoff
from .model import Loss, Losses, Model, loss_terms, losses_from_struct
from .options import Options, OptionsLike, as_options, settings as all_settings


class Phase(enum.IntEnum):
    """A part of an epoch."""

    DENOISE = 0
    GENERATE = 1
    RECOMMEND = 2
    EVALUATE = 3


class Seconds(NamedTuple):
    """Seconds that each phase of an epoch took."""

    denoise: float
    generate: float
    recommend: float
    evaluate: float


class Report(NamedTuple):
    """What an epoch did. `valid` and `test` have metrics for each cutoff (`users` is 0 where the
    split is empty); `report.valid.recall` is that of the first. `losses` has every term of the
    objective, a Loss by name, and "denoiser.NAME" for each modality. `cold_users` counts the users
    of each held-out split whom its metrics leave out, because they have no training interaction.
    `graph_measures` and `denoiser_measures` have those of each modality that the option `measure` asks
    for, as of the last epoch that generated graphs."""

    epoch: int
    best_epoch: int
    finished: bool
    seconds: Seconds
    loss: Losses
    denoiser_loss: dict[str, float]
    valid: PerCutoff
    test: PerCutoff
    counted_flops: dict[Phase, float]
    straight_flops: float
    losses: dict[str, Loss]
    cold_users: dict[str, int]
    graph_measures: dict[str, GraphMeasures] = {}
    denoiser_measures: dict[str, DenoiserMeasures] = {}


class Progress(NamedTuple):
    """Where training stands: steps done of all steps of a phase."""

    epoch: int
    epochs: int
    phase: Phase
    done: int
    total: int


class Best(NamedTuple):
    """The best epoch so far."""

    epoch: int
    valid: PerCutoff
    test: PerCutoff


class Forecast(NamedTuple):
    """What training will take: bytes at the peak, FLOPs of an epoch by phase."""

    peak_bytes: int
    flops: dict[Phase, float]
    straight_flops: float


OnEpoch = Callable[[Report], object]
OnProgress = Callable[[Progress], object]
# Of the peer to send to and the bytes, of the peer to receive from and room for the bytes.
Exchange = Callable[["int | None", "memoryview | None", "int | None", "memoryview | None"], object]


def _by_phase(values):
    return dict(zip(Phase, values))


def forecast(dataset: Dataset, options: OptionsLike = None, *, rank: Whole = 0, size: Whole = 1,
             preset: str | None = None, **settings: SettingValue) -> Forecast:
    """Memory and FLOPs of a training, known beforehand; allocates nothing large. Of one that `size`
    peers share, the memory of number `rank`."""
    options = as_options(options, preset, settings, None)
    out = _structs.Forecast()
    with _callbacks.interruptible():
        library.diffmm_trainer_forecast_peer(Dataset.handle_of(dataset), Options.or_null(options),
                                             rank, size, byref(out))
    return Forecast(out.peak_bytes, _by_phase(out.flops), out.straight_flops)


def measure(dataset: Dataset, options: OptionsLike = None, *, for_seconds: Real = 1.0,
            preset: str | None = None, **settings: SettingValue) -> Seconds:
    """Seconds of an epoch by phase on this machine as it is loaded now, estimated from some steps of
    each phase."""
    options = as_options(options, preset, settings, None)
    out = _structs.Seconds()
    with _callbacks.interruptible():
        library.diffmm_trainer_measure(Dataset.handle_of(dataset),
                                       Options.or_null(options), for_seconds, byref(out))
    return Seconds(*(getattr(out, name) for name in Seconds._fields))


def sample_pairs(dataset: Dataset, seed: Whole, epoch: Whole) -> tuple[Indices, Indices, Indices]:
    """The training pairs of an epoch in random order, each with an item that the user has not
    touched: arrays of users, positive and negative items, for training loops of one's own. With a
    trainer's seed they are those of its epochs from 1 on. Needs a sealed data set."""
    handle, room = Dataset.handle_of(dataset), dataset.interactions("train")
    user, positive, negative = (numpy.empty(room, numpy.int32) for _ in range(3))
    count = c_size_t()
    library.diffmm_sample_pairs(handle, seed, epoch, user, positive, negative, byref(count))
    return user[:count.value], positive[:count.value], negative[:count.value]


def _changed(given, modalities, changes):
    """A copy of options with some of them changed."""
    options = Options()
    for setting in all_settings():
        names = [setting.name.replace("*", name) for name in modalities]
        for name in names if "*" in setting.name else [setting.name]:
            options[name] = given.text(name)
    options.update(**changes)
    return options


def _measures(convert, pointers, modalities):
    return {name: convert(pointers[m].contents) for m, name in enumerate(modalities)} if pointers else {}


def _report(struct, modalities):
    """A report from the C struct, whose arrays the next epoch overwrites."""
    seconds = struct.seconds
    return Report(
        epoch=struct.epoch,
        best_epoch=struct.best_epoch,
        finished=bool(struct.finished),
        seconds=Seconds(*(getattr(seconds, name) for name in Seconds._fields)),
        loss=losses_from_struct(struct.loss),
        denoiser_loss=dict(zip(modalities, struct.denoiser_loss[:struct.modality_count])),
        valid=per_cutoff(struct.valid, struct.cutoff_count),
        test=per_cutoff(struct.test, struct.cutoff_count),
        counted_flops=_by_phase(struct.counted_flops),
        straight_flops=struct.straight_flops,
        losses=loss_terms(struct.losses[:struct.loss_count]),
        cold_users={"valid": struct.valid_cold_users, "test": struct.test_cold_users},
        graph_measures=_measures(graph_measures, struct.graph_measures, modalities),
        denoiser_measures=_measures(denoiser_measures, struct.denoiser_measures, modalities))


class _Listener:
    """The host's function, told of every step. Apart from the trainer, so that the C callback,
    which the trainer's handle keeps alive, does not keep the trainer."""

    function = None

    def tell(self, progress):
        if self.function is None:
            return False
        p = progress.contents
        return self.function(Progress(p.epoch, p.epochs, Phase(p.phase), p.done, p.total))


def _sent(peer, address, count):
    if peer < 0:
        return None, None
    return peer, memoryview((c_ubyte * count).from_address(address)).cast("B").toreadonly()


def _received(peer, address, count):
    if peer < 0:
        return None, None
    return peer, memoryview((c_ubyte * count).from_address(address)).cast("B")


def _peers(rank, size, exchange, abandon):
    """How this process reaches its peers, as C has it."""
    peers = _structs.Peers(
        rank=rank, size=size,
        exchange=_structs.ExchangeFunction(
            lambda to, send, sent, source, room, received, _: _callbacks.run(
                exchange, *_sent(to, send, sent), *_received(source, room, received))))
    if abandon is not None:
        peers.abandon = _structs.AbandonFunction(
            lambda status, _: _callbacks.tell(abandon, Status(status)))
    return peers


class Trainer(Object):
    """A model in training. The host owns the loop:

        for report in Trainer(data, preset="tiktok"):
            print(report.epoch, report.valid.recall)

    or fit() does. One call at a time, except for cancel(). Ctrl-C stops at the next step and raises
    KeyboardInterrupt; an exception in a callback likewise stops, and is raised by the call."""

    def __init__(self, dataset: Dataset, options: OptionsLike = None, *, preset: str | None = None,
                 on_progress: OnProgress | None = None, **settings: SettingValue) -> None:
        options = as_options(options, preset, settings, None)
        source = Dataset.handle_of(dataset)
        with _callbacks.interruptible():
            handle = create(library.diffmm_trainer_destroy, library.diffmm_trainer_create, source,
                            Options.or_null(options), keeps=[source])
        self._begin(handle, on_progress)

    @classmethod
    def from_model(cls, dataset: Dataset, model: Model, options: OptionsLike = None, *,
                   on_progress: OnProgress | None = None, **settings: SettingValue) -> Trainer:
        """A trainer with a new model that inherits what another has learnt, also on a data set to
        which users, items and interactions were added since (Dataset.extend()). Options are the
        model's, with `settings` on top."""
        if options is None and settings:
            options, settings = _changed(model.options, model.modalities, settings), {}
        options = as_options(options, None, settings, None)
        self = cls.__new__(cls)
        source = Dataset.handle_of(dataset)
        with _callbacks.interruptible():
            handle = create(library.diffmm_trainer_destroy, library.diffmm_trainer_create_from,
                            source, Options.or_null(options), Model.handle_of(model),
                            keeps=[source])
        self._begin(handle, on_progress)
        return self

    @classmethod
    def resume(cls, dataset: Dataset, source: Source, options: OptionsLike = None, *,
               on_progress: OnProgress | None = None, **settings: SettingValue) -> Trainer:
        """A trainer that goes on from a checkpoint, given by its path or its bytes, to the same
        bits as if it had never been interrupted. `dataset` is the one the training was begun with,
        or an equal one.

        Options are those of the checkpoint; epochs, patience, memory_limit and seen may be others,
        for example Trainer.resume(data, "run.ckpt", epochs=40)."""
        if options is None and settings:
            found = describe(source)
            options, settings = _changed(found.options, found.modalities, settings), {}
        options = as_options(options, None, settings, None)
        self = cls.__new__(cls)
        data = Dataset.handle_of(dataset)
        with _callbacks.interruptible():
            handle = open_file(library.diffmm_trainer_destroy, library.diffmm_trainer_resume,
                               library.diffmm_trainer_resume_memory, data, source,
                               Options.or_null(options), keeps=[data])
        self._begin(handle, on_progress)
        return self

    @classmethod
    def resume_peer(cls, dataset: Dataset, path: Path, options: OptionsLike = None, *, rank: Whole,
                    size: Whole, exchange: Exchange,
                    abandon: Callable[[Status], object] | None = None,
                    on_progress: OnProgress | None = None, **settings: SettingValue) -> Trainer:
        """resume() and join() in one call, which every peer makes: with the option peers.divide each
        reads its own users' rows alone."""
        if options is None:
            found = describe(path)
            options, settings = _changed(found.options, found.modalities, settings), {}
        options = as_options(options, None, settings, None)
        self = cls.__new__(cls)
        data, peers = Dataset.handle_of(dataset), _peers(rank, size, exchange, abandon)
        with _callbacks.interruptible():
            handle = create(library.diffmm_trainer_destroy, library.diffmm_trainer_resume_peer, data,
                            path, Options.or_null(options), byref(peers), keeps=[data, peers])
        self._begin(handle, on_progress)
        return self

    def _begin(self, handle, on_progress):
        self._handle = handle
        self._modalities = self.model.modalities
        report = self.report()
        self._finished = report is not None and report.finished
        self._listener = listener = _Listener()
        # Always there, so that Python sees Ctrl-C between two steps.
        callback = _structs.ProgressFunction(
            lambda progress, _: _callbacks.run(listener.tell, progress))
        library.diffmm_trainer_on_progress(self.handle, callback, None)
        self.handle.keeps.append(callback)
        self.on_progress = on_progress

    def _about(self):
        report, epochs = self.report(), self.model.options["epochs"]
        done = f"{report.epoch if report else 0} of {epochs} epochs"
        return f"{done}, finished" if self._finished else done

    @property
    def on_progress(self) -> OnProgress | None:
        """Called with a Progress after every step; a true result stops training: the epoch is
        abandoned, and the call raises Cancelled."""
        return self._listener.function

    @on_progress.setter
    def on_progress(self, function: OnProgress | None) -> None:
        self._listener.function = function

    def join(self, rank: Whole, size: Whole, exchange: Exchange,
             abandon: Callable[[Status], object] | None = None) -> None:
        """Share the training with peers: `size` processes, of which this is number `rank`. Each has
        the whole data set, the same options and a trainer of its own, and makes the same calls in
        the same order; all end with the model of a training without peers, bit by bit.

        exchange(to, send, from_, receive) sends the bytes `send` to peer `to`, fills `receive` with
        what peer `from_` sends, and returns when both are done. Where there is nothing to send or to
        receive, peer and bytes are None. Both are memoryviews, to be used during the call only. A true
        result, or an exception, means that it failed: the call then raises an error of
        Status.PEER, or the exception.

        abandon(status) is called once when this process leaves its peers because a call ended early;
        it should let the others know."""
        peers = _peers(rank, size, exchange, abandon)
        self.handle.keeps.append(peers)
        with _callbacks.interruptible():
            library.diffmm_trainer_join(self.handle, byref(peers))

    def leave(self) -> None:
        """Train without peers from now on."""
        library.diffmm_trainer_join(self.handle, None)

    def save_at(self, rank: Whole, path: Path | None = None) -> None:
        """Write the model at peer `rank`: every peer makes this call, and only that one needs a path.
        With the option peers.divide, where each peer has the rows of its own users alone, this is the
        only way to the model; its final fit is create_final(), join(), fit() and save_at()."""
        with _callbacks.interruptible():
            library.diffmm_trainer_save_at(self.handle, rank, path)

    def checkpoint_at(self, rank: Whole, path: Path | None = None) -> None:
        """Write a checkpoint at peer `rank`, in the same way."""
        with _callbacks.interruptible():
            library.diffmm_trainer_checkpoint_at(self.handle, rank, path)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or training stopped early."""
        return self._finished

    @property
    def model(self) -> Model:
        """The model in training; it keeps the trainer alive."""
        return Model._borrow(library.diffmm_trainer_model(self.handle), self.handle)

    def epoch(self) -> Report:
        """Train one epoch."""
        struct = _structs.Report()
        handle = self.handle  # the report's arrays last, even where a callback closes this object
        with _callbacks.interruptible():
            library.diffmm_trainer_epoch(handle, byref(struct))
        report = _report(struct, self._modalities)
        self._finished = report.finished
        return report

    def __iter__(self) -> Iterator[Report]:
        """Train epoch after epoch, until finished."""
        while not self.finished:
            yield self.epoch()

    def fit(self, on_epoch: OnEpoch | None = None) -> Model:
        """Train until all epochs are done or validation has stopped getting better, and restore the
        best epoch's parameters, however it ends.

        on_epoch is called with a Report after every epoch; a true result ends training.
        Returns the model."""
        wanted_end, model = False, self.model  # a callback may close this object

        def after_epoch(struct, _):
            nonlocal wanted_end
            self._finished = bool(struct.contents.finished)
            if on_epoch is None:
                return _callbacks.run(lambda: False)
            report = _report(struct.contents, self._modalities)
            wanted_end = _callbacks.run(on_epoch, report)
            return wanted_end

        try:
            with _callbacks.interruptible():
                library.diffmm_trainer_fit(self.handle, _structs.EpochFunction(after_epoch), None)
        except Cancelled:
            if not wanted_end:
                raise
        return model

    def final(self, *, on_progress: OnProgress | None = None) -> Trainer:
        """The trainer of a final fit: a new model, on the interactions of all splits, for as many
        epochs as best() has chosen."""
        other = Trainer.__new__(Trainer)
        handle = create(library.diffmm_trainer_destroy, library.diffmm_trainer_create_final,
                        self.handle, keeps=[self.handle])
        other._begin(handle, on_progress)
        return other

    def fit_final(self, on_epoch: OnEpoch | None = None) -> Model:
        """The final fit in one call: trains a new model on the interactions of all splits, for as
        many epochs as best() has chosen, and returns it.

        on_epoch is called with a Report after every epoch, on_progress of this trainer after every
        step; one that ends training, and cancel(), make this raise Cancelled."""
        def after_epoch(struct, _):
            if on_epoch is None:
                return _callbacks.run(lambda: False)
            return _callbacks.run(on_epoch, _report(struct.contents, modalities))

        modalities, handle = self._modalities, self.handle  # a callback may close this object
        with _callbacks.interruptible():
            finished = create(library.diffmm_trainer_destroy, library.diffmm_trainer_fit_final,
                              handle, _structs.EpochFunction(after_epoch), None, keeps=[handle])
        return Model._borrow(library.diffmm_trainer_model(finished), finished)

    def cancel(self) -> None:
        """Ask a running epoch (or, between two, the next one) to stop at its next step; it raises
        Cancelled. From any thread."""
        library.diffmm_trainer_cancel(self.handle)

    def restore_best(self) -> None:
        """Make the best epoch's parameters the model's."""
        library.diffmm_trainer_restore_best(self.handle)

    def report(self) -> Report | None:
        """The Report of the last finished epoch, also if training was resumed after it; None before
        the first."""
        struct = _structs.Report()
        library.diffmm_trainer_report(self.handle, byref(struct))
        return _report(struct, self._modalities) if struct.epoch else None

    def checkpoint(self, path: Path) -> None:
        """Write the whole state of the training, for resume(). Between two epochs, or
        from fit()'s on_epoch. A crash leaves the old file or the new one."""
        library.diffmm_trainer_checkpoint(self.handle, path)

    def checkpoint_bytes(self) -> bytes:
        """The same as bytes."""
        return file_bytes(library.diffmm_trainer_checkpoint_memory, self.handle)

    def best(self) -> Best:
        """The best epoch so far with its metrics."""
        epoch = c_size_t()
        valid, test = POINTER(_structs.Metrics)(), POINTER(_structs.Metrics)()
        library.diffmm_trainer_best(self.handle, byref(epoch), byref(valid), byref(test))
        count = len(self.model.options["cutoffs"])
        return Best(epoch.value, per_cutoff(valid, count), per_cutoff(test, count))


def fit(dataset: Dataset, options: OptionsLike = None, *, preset: str | None = None,
        on_epoch: OnEpoch | None = None, on_progress: OnProgress | None = None,
        **settings: SettingValue) -> Model:
    """Train a model on a data set, in one call."""
    trainer = Trainer(dataset, options, preset=preset, on_progress=on_progress, **settings)
    return trainer.fit(on_epoch)
