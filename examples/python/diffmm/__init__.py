# SPDX-License-Identifier: BSD-2-Clause
"""libdiffmm from Python: ctypes and numpy, nothing to compile.

    import diffmm

    data = diffmm.Dataset.from_arrays(user, item, modalities={"image": image})
    model = diffmm.fit(data, preset="tiktok", epochs=20,
                       on_epoch=lambda report: print(report.epoch, report.loss.total))
    diffmm.Scorer(model).recommend(["u17", "u23"], count=10)

Arrays are numpy views of the library's memory, or are read in place, wherever that is possible; a
view keeps its owner alive. doc/bindings.md tells how this module is made, for authors of bindings
to other languages.

In the documentation of functions, `users x d` is the shape of an array, `a x b` that of the others
likewise. Arrays of reals are float32 in C order, of numbers of users or items int32; others are
converted, and what does not fit is refused. Numbers of users and items count from 0. A gradient has
the shape of what it is the gradient of: True makes an array for it, False asks for none (None comes
back), and an array of that type and shape is written in place.

A call that fails raises Error, whose `status` says how; NotFound and Cancelled are kinds of it. An
argument of a wrong type raises TypeError, of a wrong shape ValueError, and a number that its C type
does not hold OverflowError, all before the library is called."""

__version__ = "0.1.0"

from ._library import build_info, version
from .context import Context, LogLevel, default_context
from .dataset import Dataset, Split
from .diffusion import Denoiser, Schedule, msi, time_embedding
from .diffusion_module import Diffusion, DiffusionLosses, DiffusionNeeds, Rows
from .errors import Cancelled, Error, NotFound, Status
from .file import FileInfo, FileKind, describe
from .graph import Graph
from .losses import (Anchor, adam_step, alignment, average_step, bpr, contrastive_loss, infonce,
                     initialize_normal, initialize_uniform, initialize_xavier, l2)
from .measures import DenoiserMeasures, GraphMeasures, measure_graph
from .metrics import Metrics, PerCutoff, evaluate, ranking_metrics, top_k
from .model import Loss, Losses, Model
from .new_items import Placer
from .options import Options, OptionType, Setting, settings
from .query import Hit, Similarity
from .recommender import Recommender
from .rerank import explore, limit_groups, merge_hits
from .scorer import (Explanation, Index, Scorer, ScorerInfo, Search, Side, VectorsFormat,
                     search_bytes)
from .spectral import place_in_spectral_basis, spectral_basis
from .trainer import (Best, Forecast, Phase, Progress, Report, Seconds, Trainer, fit, forecast,
                      measure, sample_pairs)

__all__ = ["Anchor", "Best", "Cancelled", "Context", "Dataset", "Denoiser", "DenoiserMeasures",
           "Diffusion", "DiffusionLosses", "DiffusionNeeds", "Error", "Explanation", "FileInfo",
           "FileKind", "Forecast", "Graph", "GraphMeasures", "Hit", "Index", "LogLevel", "Loss",
           "Losses", "Metrics", "Model", "NotFound", "OptionType", "Options", "PerCutoff", "Phase",
           "Placer", "Progress", "Recommender", "Report", "Rows", "Schedule", "Scorer",
           "ScorerInfo", "Search", "Seconds", "Setting", "Side", "Similarity", "Split", "Status",
           "Trainer", "VectorsFormat", "adam_step", "alignment", "average_step", "bpr",
           "build_info", "contrastive_loss", "default_context", "describe", "evaluate", "explore",
           "fit", "forecast", "infonce", "initialize_normal", "initialize_uniform",
           "initialize_xavier", "l2", "limit_groups", "measure", "measure_graph", "merge_hits",
           "msi", "place_in_spectral_basis", "ranking_metrics", "sample_pairs", "search_bytes",
           "settings", "spectral_basis", "time_embedding", "top_k", "version"]
