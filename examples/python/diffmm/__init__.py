# SPDX-License-Identifier: BSD-2-Clause
"""libdiffmm from Python: ctypes and numpy, nothing to compile.

    import diffmm

    data = diffmm.Dataset.from_arrays(user, item, modalities={"image": image})
    model = diffmm.fit(data, preset="tiktok", epochs=20,
                       on_epoch=lambda report: print(report.epoch, report.loss.total))
    diffmm.Scorer(model).recommend(["u17", "u23"], count=10)

Arrays are numpy views of the library's memory, or are read in place, wherever that is possible; a
view keeps its owner alive. A failed call raises Error. doc/bindings.md tells how this module
is made, for authors of bindings to other languages."""

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
