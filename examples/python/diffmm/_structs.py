# SPDX-License-Identifier: BSD-2-Clause
"""The public structs, laid out as the C compiler lays them out, and the types of callbacks."""

from __future__ import annotations

import ctypes
import functools
from ctypes import (CFUNCTYPE, POINTER, c_char_p, c_double, c_int, c_int32, c_size_t, c_uint32,
                    c_uint64, c_void_p)

from ._convert import Real, Whole, called, enum, int32, real, single, size, uint32, uint64

# What is assigned to a member goes through the conversion of its type.
_NUMBERS: tuple[Whole | Real, ...] = (enum, int32, uint32, size, uint64, real, single)
_CONVERSIONS = {kind.c_type: kind for kind in _NUMBERS}


@functools.lru_cache(maxsize=None)
def _conversions_of(struct):
    return {field: _CONVERSIONS.get(kind) for field, kind in struct._fields_}


class Struct(ctypes.Structure):
    """A struct with the member struct_size, which is set to its size."""

    def __init__(self, **fields):
        super().__init__()
        for field, value in fields.items():
            setattr(self, field, value)
        if self._fields_[0][0] == "struct_size":
            self.struct_size = ctypes.sizeof(self)

    def __setattr__(self, field, value):
        conversions = _conversions_of(type(self))
        if field not in conversions:
            raise TypeError(f"a {type(self).__name__} has no field '{field}'")
        convert = conversions[field]
        if convert:
            with called(field):
                value = convert(value)
        super().__setattr__(field, value)


LogFunction = CFUNCTYPE(None, c_int, c_char_p, c_void_p)
Task = CFUNCTYPE(None, c_void_p, c_size_t)
AllocateFunction = CFUNCTYPE(c_void_p, c_size_t, c_void_p)
ReleaseFunction = CFUNCTYPE(None, c_void_p, c_void_p)
PoolSizeFunction = CFUNCTYPE(c_size_t, c_void_p)
PoolRunFunction = CFUNCTYPE(None, c_size_t, Task, c_void_p, c_void_p)
FeatureLoader = CFUNCTYPE(c_int, c_size_t, c_size_t, c_void_p, c_void_p)
FeatureLookup = CFUNCTYPE(c_int, c_size_t, POINTER(c_char_p), c_void_p, c_void_p)
ItemFilter = CFUNCTYPE(c_int, c_int32, c_int32, POINTER(c_int32), c_void_p)
HitsFunction = CFUNCTYPE(c_int, c_int32, c_void_p, c_size_t, c_void_p)


class ContextSettings(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("threads", c_size_t),
        ("allocate", AllocateFunction),
        ("release", ReleaseFunction),
        ("allocator_data", c_void_p),
        ("log", LogFunction),
        ("log_data", c_void_p),
        ("log_level", c_int),
        ("pool_size", PoolSizeFunction),
        ("pool_run", PoolRunFunction),
        ("pool_data", c_void_p),
    ]


class Synthetic(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("users", c_size_t),
        ("items", c_size_t),
        ("interactions", c_size_t),
        ("factors", c_size_t),
        ("modality_count", c_size_t),
        ("dimensions", POINTER(c_size_t)),
        ("seed", c_uint64),
        ("group_items", c_size_t),
    ]


class Interactions(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("count", c_size_t),
        ("user", c_void_p),
        ("item", c_void_p),
        ("user_ids", c_void_p),
        ("item_ids", c_void_p),
        ("split", c_void_p),
        ("rating", c_void_p),
        ("time", c_void_p),
    ]


class TableFormat(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("separator", c_char_p),
        ("header", c_int32),
        ("quotes", c_int32),
        ("user", c_char_p),
        ("item", c_char_p),
        ("rating", c_char_p),
        ("timestamp", c_char_p),
        ("split", c_char_p),
    ]


class ArrowColumns(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("user", c_char_p),
        ("item", c_char_p),
        ("rating", c_char_p),
        ("timestamp", c_char_p),
        ("split", c_char_p),
    ]


class Summary(Struct):
    _fields_ = [(field, c_size_t) for field in (
        "struct_size", "users", "items", "train", "valid", "test", "repeated", "train_valid",
        "train_test", "valid_test", "valid_cold_users", "test_cold_users", "valid_cold_items",
        "test_cold_items", "zeros", "negatives", "ratings", "timestamps")]


class OptionInfo(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("symbol", c_char_p),
        ("type", c_int),
        ("default_value", c_char_p),
        ("minimum", c_double),
        ("maximum", c_double),
        ("choices", c_char_p),
        ("help", c_char_p),
    ]


class DenoiserShape(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("items", c_size_t),
        ("time_size", c_size_t),
        ("hidden_count", c_size_t),
        ("hidden_sizes", POINTER(c_size_t)),
        ("normalize", c_int32),
    ]


class SpectralLossArguments(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("shape", c_void_p),
        ("parameters", c_void_p),
        ("items", c_size_t),
        ("basis", c_void_p),
        ("rows", c_size_t),
        ("x0", c_void_p),
        ("t", c_void_p),
        ("noise", c_void_p),
        ("dropout_scale", c_void_p),
        ("dropout", c_double),
        ("d", c_size_t),
        ("features", c_void_p),
        ("item_embedding", c_void_p),
        ("e_loss", c_double),
        ("loss", c_void_p),
        ("elbo", c_void_p),
        ("msi", c_void_p),
        ("grad_parameters", c_void_p),
    ]


class DiffusionBatch(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("users", c_size_t),
        ("row_pointers", c_void_p),
        ("row_items", c_void_p),
        ("row_values", c_void_p),
        ("rows", c_size_t),
        ("row_numbers", c_void_p),
        ("epoch", c_uint64),
        ("t", c_void_p),
        ("noise", c_void_p),
        ("dropout_scale", c_void_p),
        ("d", c_size_t),
        ("features", c_void_p),
        ("item_embedding", c_void_p),
        ("e_loss", c_double),
    ]


class DiffusionLosses(Struct):
    _fields_ = [
        ("total", c_double),
        ("elbo", c_double),
        ("msi", c_double),
    ]


class DiffusionNeeds(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("parameters", c_size_t),
        ("module_bytes", c_size_t),
        ("training_bytes", c_size_t),
        ("generate_bytes", c_size_t),
        ("step_flops", c_double),
        ("generate_flops", c_double),
    ]


class InfonceArguments(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("nodes", c_size_t),
        ("d", c_size_t),
        ("p", c_void_p),
        ("q", c_void_p),
        ("batch_count", c_size_t),
        ("batch", c_void_p),
        ("tau", c_double),
        ("loss", POINTER(c_double)),
        ("grad_p", c_void_p),
        ("grad_q", c_void_p),
        ("negative_count", c_size_t),
        ("negatives", c_void_p),
    ]


class ContrastiveLossArguments(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("anchor", c_int),
        ("users", c_size_t),
        ("items", c_size_t),
        ("d", c_size_t),
        ("view_count", c_size_t),
        ("views", c_void_p),
        ("main", c_void_p),
        ("count", c_size_t),
        ("batch_users", c_void_p),
        ("batch_items", c_void_p),
        ("tau", c_double),
        ("loss", POINTER(c_double)),
        ("grad_views", c_void_p),
        ("grad_main", c_void_p),
        ("negative_count", c_size_t),
        ("user_negatives", c_void_p),
        ("item_negatives", c_void_p),
    ]


class SpectralBasisArguments(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("users", c_size_t),
        ("items", c_size_t),
        ("row_pointers", c_void_p),
        ("row_items", c_void_p),
        ("feature_columns", c_size_t),
        ("features", c_void_p),
        ("rank", c_size_t),
        ("seed", c_uint64),
        ("basis", c_void_p),
    ]


class SpectralBasisPlaceArguments(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("items", c_size_t),
        ("feature_columns", c_size_t),
        ("features", c_void_p),
        ("rank", c_size_t),
        ("basis", c_void_p),
        ("new_items", c_size_t),
        ("new_features", c_void_p),
        ("seed", c_uint64),
        ("placed", c_void_p),
    ]


class MeasureGraphArguments(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("users", c_size_t),
        ("items", c_size_t),
        ("count", c_size_t),
        ("neighbors", c_void_p),
        ("row_pointers", c_void_p),
        ("row_items", c_void_p),
        ("held_pointers", c_void_p),
        ("held_items", c_void_p),
        ("previous", c_void_p),
        ("columns", c_size_t),
        ("features", c_void_p),
    ]


class GraphMeasures(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("edges", c_size_t),
        ("distinct_items", c_size_t),
        ("top_share", c_double),
        ("observed_share", c_double),
        ("popularity_rank", c_double),
        ("compared_edges", c_size_t),
        ("agreement", c_double),
        ("similarity_users", c_size_t),
        ("similarity", c_double),
        ("random_similarity", c_double),
        ("similarity_gain", c_double),
        ("held_edges", c_size_t),
        ("hits", c_size_t),
        ("hit_rate", c_double),
    ]


class DenoiserMeasures(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("cutoff", c_size_t),
        ("users", c_size_t),
        ("degree_precision", c_double),
        ("held_users", c_size_t),
        ("recall", c_double),
        ("popular_recall", c_double),
    ]


class Adam(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("learning_rate", c_double),
        ("beta1", c_double),
        ("beta2", c_double),
        ("epsilon", c_double),
        ("weight_decay", c_double),
    ]


class Metrics(Struct):
    _fields_ = [
        ("cutoff", c_size_t),
        ("users", c_size_t),
        ("recall", c_double),
        ("precision", c_double),
        ("ndcg", c_double),
    ]


class Parameter(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("rows", c_size_t),
        ("columns", c_size_t),
        ("values", c_void_p),
        ("gradient", c_void_p),
    ]


class Loss(Struct):
    _fields_ = [
        ("name", c_char_p),
        ("weight", c_double),
        ("value", c_double),
    ]


class Losses(Struct):
    _fields_ = [
        ("bpr", c_double),
        ("contrastive", c_double),
        ("regularizer", c_double),
        ("total", c_double),
    ]


class Seconds(Struct):
    _fields_ = [
        ("denoise", c_double),
        ("generate", c_double),
        ("recommend", c_double),
        ("evaluate", c_double),
    ]


class Report(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("epoch", c_size_t),
        ("best_epoch", c_size_t),
        ("finished", c_int32),
        ("reserved", c_int32),
        ("seconds", Seconds),
        ("loss", Losses),
        ("modality_count", c_size_t),
        ("denoiser_loss", POINTER(c_double)),
        ("cutoff_count", c_size_t),
        ("valid", POINTER(Metrics)),
        ("test", POINTER(Metrics)),
        ("counted_flops", c_double * 4),
        ("straight_flops", c_double),
        ("loss_count", c_size_t),
        ("losses", POINTER(Loss)),
        ("valid_cold_users", c_size_t),
        ("test_cold_users", c_size_t),
        ("graph_measures", POINTER(POINTER(GraphMeasures))),
        ("denoiser_measures", POINTER(POINTER(DenoiserMeasures))),
    ]


class Progress(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("epoch", c_size_t),
        ("epochs", c_size_t),
        ("phase", c_int),
        ("done", c_size_t),
        ("total", c_size_t),
    ]


class Forecast(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("peak_bytes", c_size_t),
        ("flops", c_double * 4),
        ("straight_flops", c_double),
    ]


class FileInfo(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("kind", c_int),
        ("format_version", c_int32),
        ("library", c_char_p),
        ("users", c_size_t),
        ("items", c_size_t),
        ("dimensions", c_size_t),
        ("modality_count", c_size_t),
        ("epochs_done", c_size_t),
        ("chosen_epoch", c_size_t),
        ("cutoff_count", c_size_t),
        ("valid", POINTER(Metrics)),
        ("test", POINTER(Metrics)),
    ]


class Hit(Struct):
    _fields_ = [("item", c_int32), ("score", ctypes.c_float)]


class Query(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("count", c_size_t),
        ("include_seen", c_int32),
        ("reserved", c_int32),
        ("exclude", c_void_p),
        ("exclude_count", c_size_t),
        ("candidates", c_void_p),
        ("candidate_count", c_size_t),
        ("allowed", c_void_p),
        ("allowed_size", c_size_t),
        ("filter", ItemFilter),
        ("filter_data", c_void_p),
        ("has_min_score", c_int32),
        ("min_score", ctypes.c_float),
        ("threads", c_size_t),
    ]


class ScorerInfo(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("users", c_size_t),
        ("items", c_size_t),
        ("dimensions", c_size_t),
        ("search", c_int),
        ("head_dimensions", c_size_t),
        ("search_bytes", c_size_t),
        ("kernels", c_char_p),
    ]


class Explanation(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("modalities", c_void_p),
        ("items", c_void_p),
        ("item_count", c_size_t),
        ("score", ctypes.c_float),
        ("collaborative", ctypes.c_float),
        ("rest", ctypes.c_float),
        ("denoisers", c_void_p),
    ]


EpochFunction = CFUNCTYPE(c_int, POINTER(Report), c_void_p)
ProgressFunction = CFUNCTYPE(c_int, POINTER(Progress), c_void_p)
ExchangeFunction = CFUNCTYPE(c_int, c_int32, c_void_p, c_size_t, c_int32, c_void_p, c_size_t, c_void_p)
AbandonFunction = CFUNCTYPE(None, c_int32, c_void_p)


class Peers(Struct):
    _fields_ = [
        ("struct_size", c_size_t),
        ("rank", c_uint32),
        ("size", c_uint32),
        ("exchange", ExchangeFunction),
        ("abandon", AbandonFunction),
        ("user_data", c_void_p),
    ]
