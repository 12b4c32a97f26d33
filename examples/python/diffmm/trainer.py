# SPDX-License-Identifier: BSD-2-Clause
"""Training: all epochs, or one at a time."""

import enum
from ctypes import POINTER, byref, c_size_t
from typing import NamedTuple

from . import _callbacks, _structs
from ._handles import Object, create, optional
from ._library import library
from .errors import Cancelled
from .metrics import PerCutoff, per_cutoff
from .model import Losses, Model, losses_from_struct
from .options import as_options


class Phase(enum.IntEnum):
    DENOISE = 0
    GENERATE = 1
    RECOMMEND = 2
    EVALUATE = 3


class Seconds(NamedTuple):
    """Where the time of an epoch went."""

    denoise: float
    generate: float
    recommend: float
    evaluate: float


class Report(NamedTuple):
    """What an epoch did. `valid` and `test` have metrics for each cutoff (`users` is 0 where the
    split is empty); `report.valid.recall` is that of the first."""

    epoch: int
    best_epoch: int
    finished: bool
    seconds: Seconds
    loss: Losses
    denoiser_loss: dict
    valid: PerCutoff
    test: PerCutoff
    counted_flops: dict
    straight_flops: float


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
    flops: dict
    straight_flops: float


def _by_phase(values):
    return dict(zip(Phase, values))


def forecast(dataset, options=None, *, preset=None, **settings):
    """Know memory and work beforehand; allocates nothing large."""
    options = as_options(options, preset, settings, None)
    out = _structs.Forecast()
    with _callbacks.interruptible():
        library.diffmm_trainer_forecast(dataset.handle, optional(options), byref(out))
    return Forecast(out.peak_bytes, _by_phase(out.flops), out.straight_flops)


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
        straight_flops=struct.straight_flops)


class _Listener:
    """The host's function, told of every step. Apart from the trainer, so that the C callback,
    which the trainer's handle keeps alive, does not keep the trainer."""

    function = None

    def tell(self, progress):
        if self.function is None:
            return False
        p = progress.contents
        return self.function(Progress(p.epoch, p.epochs, Phase(p.phase), p.done, p.total))


class Trainer(Object):
    """A model in training. The host owns the loop:

        for report in Trainer(data, preset="tiktok"):
            print(report.epoch, report.valid.recall)

    or fit() does. One call at a time, except for cancel(). Ctrl-C stops at the next step and raises
    KeyboardInterrupt; an exception in a callback likewise stops, and is raised by the call."""

    def __init__(self, dataset, options=None, *, preset=None, on_progress=None, **settings):
        options = as_options(options, preset, settings, None)
        self._dataset = dataset.handle
        with _callbacks.interruptible():
            self._handle = create(library.diffmm_trainer_destroy, library.diffmm_trainer_create,
                                  dataset.handle, optional(options), keeps=[dataset.handle])
        self._modalities = self.model.modalities
        self._finished = False
        self._listener = listener = _Listener()
        # Always there, so that Python sees Ctrl-C between two steps.
        callback = _structs.ProgressFunction(
            lambda progress, _: _callbacks.run(listener.tell, progress))
        library.diffmm_trainer_on_progress(self.handle, callback, None)
        self.handle.keeps.append(callback)
        self.on_progress = on_progress

    @property
    def on_progress(self):
        """Called with a Progress after every step; what is true stops: the epoch is abandoned, and
        the call raises Cancelled."""
        return self._listener.function

    @on_progress.setter
    def on_progress(self, function):
        self._listener.function = function

    @property
    def finished(self):
        """Whether all epochs are done, or training stopped early."""
        return self._finished

    @property
    def model(self):
        """The model in training; it keeps the trainer alive."""
        return Model._borrow(library.diffmm_trainer_model(self.handle), self.handle)

    def epoch(self):
        """Train one epoch."""
        struct = _structs.Report()
        with _callbacks.interruptible():
            library.diffmm_trainer_epoch(self.handle, byref(struct))
        report = _report(struct, self._modalities)
        self._finished = report.finished
        return report

    def __iter__(self):
        """Train epoch after epoch, until finished."""
        while not self.finished:
            yield self.epoch()

    def fit(self, on_epoch=None):
        """Train until all epochs are done or validation has stopped getting better, and restore the
        best epoch's parameters, however it ends.

        on_epoch is called with a Report after every epoch; what is true ends training there.
        Returns the model."""
        wanted_end = False

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
        return self.model

    def cancel(self):
        """Ask a running epoch (or, between two, the next one) to stop at its next step; it raises
        Cancelled. From any thread."""
        library.diffmm_trainer_cancel(self.handle)

    def restore_best(self):
        """Make the best epoch's parameters the model's."""
        library.diffmm_trainer_restore_best(self.handle)

    def best(self):
        """The best epoch so far with its metrics."""
        epoch = c_size_t()
        valid, test = POINTER(_structs.Metrics)(), POINTER(_structs.Metrics)()
        library.diffmm_trainer_best(self.handle, byref(epoch), byref(valid), byref(test))
        count = len(self.model.options["cutoffs"])
        return Best(epoch.value, per_cutoff(valid, count), per_cutoff(test, count))


def fit(dataset, options=None, *, preset=None, on_epoch=None, on_progress=None, **settings):
    """Train a model on a data set, in one call."""
    trainer = Trainer(dataset, options, preset=preset, on_progress=on_progress, **settings)
    return trainer.fit(on_epoch)
