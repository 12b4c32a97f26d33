# SPDX-License-Identifier: BSD-2-Clause
"""Every function of the library with the types of its result and its arguments, in the order of
the headers. Every argument goes through the conversion of its type (_convert.py), so that nothing
is cut on the way. An array argument accepts numpy arrays of exactly its type, in C order, and
passes their address on: nothing is copied, and nothing of another type gets through."""

from ctypes import c_char_p, c_int, c_size_t, c_uint64, c_void_p
from types import SimpleNamespace

import numpy

from ._convert import (enum, flag, int32, int64, name, optional_name, optional_path, path, real,
                       size, uint64)
from ._structs import (EpochFunction, FeatureLoader, FeatureLookup, HitsFunction,
                       ProgressFunction)


class Status(c_int):
    """Marks a function whose result is a diffmm_status: a failure is raised (see _library.py)."""


class Array:
    """An argument that is a pointer to an array's first element, or None for NULL."""

    c_type = c_void_p

    def __init__(self, dtype):
        self.dtype = numpy.dtype(dtype)

    def __call__(self, value):
        if value is None:
            return None
        if not isinstance(value, numpy.ndarray):
            raise TypeError(f"expected a numpy array of {self.dtype}, got {type(value).__name__}")
        if value.dtype != self.dtype or not value.flags.c_contiguous or not value.flags.aligned:
            raise TypeError(f"expected an array of {self.dtype} in C order, "
                            f"got {value.dtype} with strides {value.strides}")
        return c_void_p(value.ctypes.data)


status, nothing = Status, None
static_text, amount, number, steps = c_char_p, c_size_t, c_int, c_uint64  # as result
pointer, out = c_void_p, c_void_p  # a handle or struct; where a result goes
floats, doubles = Array(numpy.float32), Array(numpy.float64)
int32s, int64s = Array(numpy.int32), Array(numpy.int64)
sizes, octets = Array(numpy.uintp), Array(numpy.uint8)
strings = c_void_p  # an array of addresses, by its own

FUNCTIONS = {
    # version.h, status.h
    "diffmm_version": (number,),
    "diffmm_build_info": (static_text,),
    "diffmm_status_name": (static_text, enum),
    "diffmm_error_message": (static_text,),
    # context.h
    "diffmm_context_create": (status, pointer, out),
    "diffmm_context_destroy": (nothing, pointer),
    "diffmm_context_threads": (amount, pointer),
    # arrow.h
    "diffmm_dataset_read_arrow": (status, pointer, enum, pointer, pointer),
    "diffmm_dataset_read_modality_arrow": (status, pointer, name, pointer, pointer),
    "diffmm_recommend_arrow": (status, pointer, size, int32s, pointer, out),
    "diffmm_scorer_export_arrow_for": (status, pointer, enum, enum, out),
    # dataset.h
    "diffmm_dataset_create": (status, pointer, out),
    "diffmm_dataset_open": (status, pointer, path, out),
    "diffmm_dataset_synthesize": (status, pointer, pointer, out),
    "diffmm_dataset_destroy": (nothing, pointer),
    "diffmm_dataset_reserve": (status, pointer, size, size),
    "diffmm_dataset_add_interactions_with": (status, pointer, enum, pointer),
    "diffmm_dataset_read_table": (status, pointer, enum, path, pointer),
    "diffmm_dataset_open_table": (status, pointer, path, pointer, out),
    "diffmm_dataset_read_interactions": (status, pointer, enum, path),
    "diffmm_dataset_declare_items": (status, pointer, size, strings),
    "diffmm_dataset_add_modality": (status, pointer, name, size, FeatureLoader, pointer),
    "diffmm_dataset_add_modality_by_id": (status, pointer, name, size, FeatureLookup, pointer),
    "diffmm_dataset_add_modality_array": (status, pointer, name, size, size, pointer, size),
    "diffmm_dataset_add_modality_copy": (status, pointer, name, size, size, floats, size),
    "diffmm_dataset_name_rows": (status, pointer, name, size, strings),
    "diffmm_dataset_map_modality": (status, pointer, name, path),
    "diffmm_dataset_read_modality": (status, pointer, name, path),
    "diffmm_dataset_append_features": (status, pointer, name, size, floats, size),
    "diffmm_dataset_extend": (status, pointer, out),
    "diffmm_dataset_features": (status, pointer, size, size, size, floats),
    "diffmm_dataset_filter_ratings": (status, pointer, real),
    "diffmm_dataset_deduplicate": (status, pointer, enum),
    "diffmm_dataset_filter_features": (status, pointer),
    "diffmm_dataset_filter_features_of": (status, pointer, name),
    "diffmm_dataset_filter_core": (status, pointer, size, size),
    "diffmm_dataset_hold_out_last": (status, pointer, size, size),
    "diffmm_dataset_hold_out_from": (status, pointer, optional_name, optional_name),
    "diffmm_dataset_hold_out": (status, pointer, real, real, uint64),
    "diffmm_dataset_seal": (status, pointer),
    "diffmm_dataset_summary": (status, pointer, pointer),
    "diffmm_dataset_users": (amount, pointer),
    "diffmm_dataset_items": (amount, pointer),
    "diffmm_dataset_interactions": (amount, pointer, enum),
    "diffmm_dataset_modalities": (amount, pointer),
    "diffmm_dataset_modality_name": (static_text, pointer, size),
    "diffmm_dataset_modality_dimensions": (amount, pointer, size),
    "diffmm_dataset_user_id": (static_text, pointer, int32),
    "diffmm_dataset_item_id": (static_text, pointer, int32),
    "diffmm_dataset_find_user": (status, pointer, name, out),
    "diffmm_dataset_find_item": (status, pointer, name, out),
    "diffmm_dataset_row": (status, pointer, enum, int32, out, out),
    # options.h
    "diffmm_options_create": (status, pointer, out),
    "diffmm_options_copy": (status, pointer, out),
    "diffmm_options_destroy": (nothing, pointer),
    "diffmm_options_preset": (status, pointer, name),
    "diffmm_options_set": (status, pointer, name, name),
    "diffmm_options_set_integer": (status, pointer, name, int64),
    "diffmm_options_set_real": (status, pointer, name, real),
    "diffmm_options_get": (status, pointer, name, out),
    "diffmm_options_get_integer": (status, pointer, name, out),
    "diffmm_options_get_real": (status, pointer, name, out),
    "diffmm_option_count": (amount,),
    "diffmm_option_describe": (status, size, pointer),
    # diffusion.h
    "diffmm_schedule_create": (status, pointer, size, real, real, real, flag, out),
    "diffmm_schedule_destroy": (nothing, pointer),
    "diffmm_schedule_steps": (amount, pointer),
    "diffmm_schedule_values": (pointer, pointer, enum),
    "diffmm_q_sample": (status, pointer, size, size, floats, int32s, floats, floats),
    "diffmm_time_embedding": (status, size, int32s, size, floats),
    "diffmm_denoiser_size": (amount, pointer),
    "diffmm_denoiser_parameter": (status, pointer, size, pointer, out, out, out),
    "diffmm_denoiser_initialize": (status, pointer, uint64, floats),
    "diffmm_denoiser_forward": (status, pointer, pointer, floats, size, floats, int32s, floats,
                                floats),
    "diffmm_denoiser_backward": (status, pointer, pointer, floats, size, floats, int32s, floats,
                                 floats, floats),
    "diffmm_elbo": (status, pointer, size, size, floats, floats, int32s, doubles, out, floats),
    "diffmm_msi": (status, pointer, size, size, size, floats, floats, floats, floats, doubles, out,
                   floats),
    "diffmm_denoiser_loss": (status, pointer, pointer, pointer, floats, size, floats, int32s,
                             floats, floats, size, floats, floats, real, out, out, out, floats),
    "diffmm_spectral_loss_with": (status, pointer, pointer, pointer),
    "diffmm_reverse_chain": (status, pointer, pointer, pointer, floats, size, floats, size, flag,
                             floats, floats),
    "diffmm_generate_neighbors": (status, pointer, pointer, pointer, floats, size, int64s, int32s,
                                  size, int32s),
    "diffmm_spectral_basis_with": (status, pointer, pointer),
    "diffmm_spectral_basis_place_with": (status, pointer, pointer),
    # diffusion_module.h
    "diffmm_diffusion_forecast": (status, pointer, size, size, size, pointer, out),
    "diffmm_diffusion_create": (status, pointer, size, pointer, uint64, out),
    "diffmm_diffusion_create_spectral": (status, pointer, size, size, floats, pointer, uint64, out),
    "diffmm_diffusion_basis": (pointer, pointer, out),
    "diffmm_model_diffusion": (pointer, pointer, name),
    "diffmm_diffusion_copy": (status, pointer, out),
    "diffmm_diffusion_extend": (status, pointer, size, floats, out),
    "diffmm_diffusion_destroy": (nothing, pointer),
    "diffmm_diffusion_items": (amount, pointer),
    "diffmm_diffusion_steps": (steps, pointer),
    "diffmm_diffusion_schedule": (pointer, pointer),
    "diffmm_diffusion_options": (pointer, pointer),
    "diffmm_diffusion_parameters": (amount, pointer),
    "diffmm_diffusion_parameter_at": (status, pointer, size, out),
    "diffmm_diffusion_parameter": (status, pointer, name, out),
    "diffmm_diffusion_set_parameter": (status, pointer, name, size, size, floats),
    "diffmm_diffusion_step": (status, pointer, pointer, out),
    "diffmm_diffusion_objective": (status, pointer, pointer, out, floats),
    "diffmm_diffusion_corrupt": (status, pointer, pointer, floats),
    "diffmm_diffusion_denoise": (status, pointer, size, floats, int32s, floats),
    "diffmm_diffusion_reverse": (status, pointer, pointer, floats),
    "diffmm_diffusion_generate": (status, pointer, pointer, size, int32s, floats),
    "diffmm_diffusion_save": (status, pointer, path),
    "diffmm_diffusion_save_memory": (status, pointer, pointer, size, out),
    "diffmm_diffusion_load": (status, pointer, path, out),
    "diffmm_diffusion_load_memory": (status, pointer, pointer, size, out),
    # measures.h
    "diffmm_measure_graph_with": (status, pointer, pointer, out),
    "diffmm_diffusion_measure": (status, pointer, pointer, int64s, int32s, size, out),
    # graph.h
    "diffmm_graph_create_bipartite": (status, pointer, size, size, size, int32s, int32s, out),
    "diffmm_graph_create_weighted": (status, pointer, size, size, size, int32s, int32s, floats,
                                     out),
    "diffmm_graph_drop_edges": (status, pointer, real, octets, out),
    "diffmm_graph_destroy": (nothing, pointer),
    "diffmm_graph_users": (amount, pointer),
    "diffmm_graph_items": (amount, pointer),
    "diffmm_graph_entries": (amount, pointer),
    "diffmm_graph_rows": (status, pointer, out, out, out),
    "diffmm_graph_multiply": (status, pointer, size, floats, floats),
    "diffmm_graph_multiply_transposed": (status, pointer, size, floats, floats),
    "diffmm_propagate": (status, pointer, size, size, floats, floats),
    "diffmm_propagate_backward": (status, pointer, size, size, floats, floats),
    # contrastive.h, optim.h
    "diffmm_alignment": (status, pointer, size, size, floats, floats, out, floats, floats),
    "diffmm_infonce_with": (status, pointer, pointer),
    "diffmm_contrastive_loss_with": (status, pointer, pointer),
    "diffmm_average_step": (status, real, uint64, size, floats, floats),
    "diffmm_adam_step": (status, pointer, uint64, size, floats, floats, floats, floats),
    "diffmm_bpr": (status, size, size, size, floats, floats, size, int32s, int32s, int32s, real,
                   out, floats, floats),
    "diffmm_l2": (status, size, floats, real, out, floats),
    "diffmm_initialize_xavier": (status, size, size, uint64, uint64, floats),
    "diffmm_initialize_uniform": (status, size, real, uint64, uint64, floats),
    "diffmm_initialize_normal": (status, size, real, uint64, uint64, floats),
    # metrics.h
    "diffmm_top_k": (status, size, floats, size, int32s, size, int32s, floats, out),
    "diffmm_ranking_metrics": (status, size, int32s, size, int32s, size, out),
    "diffmm_evaluate": (status, pointer, pointer, enum, size, floats, floats, size, sizes, out),
    # model.h
    "diffmm_model_create": (status, pointer, pointer, out),
    "diffmm_model_destroy": (nothing, pointer),
    "diffmm_model_users": (amount, pointer),
    "diffmm_model_items": (amount, pointer),
    "diffmm_model_dimensions": (amount, pointer),
    "diffmm_model_modalities": (amount, pointer),
    "diffmm_model_modality_name": (static_text, pointer, size),
    "diffmm_model_modality_weights": (status, pointer, floats),
    "diffmm_model_options": (pointer, pointer),
    "diffmm_model_losses": (amount, pointer),
    "diffmm_model_loss_at": (status, pointer, size, out),
    "diffmm_model_parameters": (amount, pointer),
    "diffmm_model_parameter_at": (status, pointer, size, out),
    "diffmm_model_parameter": (status, pointer, name, out),
    "diffmm_model_set_parameter": (status, pointer, name, size, size, floats),
    "diffmm_model_set_graph": (status, pointer, name, pointer),
    "diffmm_model_graph": (pointer, pointer, name),
    "diffmm_model_forward": (status, pointer),
    "diffmm_model_user_embeddings": (pointer, pointer),
    "diffmm_model_item_embeddings": (pointer, pointer),
    "diffmm_model_view": (status, pointer, name, floats),
    "diffmm_model_objective": (status, pointer, size, int32s, int32s, int32s, out),
    "diffmm_model_step": (status, pointer),
    "diffmm_model_inherit": (status, pointer, pointer),
    "diffmm_model_save": (status, pointer, path),
    "diffmm_model_save_memory": (status, pointer, pointer, size, out),
    "diffmm_model_load": (status, pointer, path, out),
    "diffmm_model_load_memory": (status, pointer, pointer, size, out),
    # file.h
    "diffmm_file_open": (status, pointer, path, out),
    "diffmm_file_open_memory": (status, pointer, pointer, size, out),
    "diffmm_file_destroy": (nothing, pointer),
    "diffmm_file_describe": (status, pointer, out),
    "diffmm_file_options": (pointer, pointer),
    "diffmm_file_modality_name": (static_text, pointer, size),
    "diffmm_file_modality_dimensions": (amount, pointer, size),
    # trainer.h
    "diffmm_trainer_measure": (status, pointer, pointer, real, out),
    "diffmm_trainer_create": (status, pointer, pointer, out),
    "diffmm_trainer_create_from": (status, pointer, pointer, pointer, out),
    "diffmm_trainer_destroy": (nothing, pointer),
    "diffmm_trainer_on_progress": (status, pointer, ProgressFunction, pointer),
    "diffmm_trainer_epoch": (status, pointer, out),
    "diffmm_trainer_create_final": (status, pointer, out),
    "diffmm_trainer_fit_final": (status, pointer, EpochFunction, pointer, out),
    "diffmm_trainer_fit": (status, pointer, EpochFunction, pointer),
    "diffmm_trainer_restore_best": (status, pointer),
    "diffmm_trainer_cancel": (nothing, pointer),
    "diffmm_trainer_best": (status, pointer, out, out, out),
    "diffmm_trainer_report": (status, pointer, out),
    "diffmm_trainer_checkpoint": (status, pointer, path),
    "diffmm_trainer_checkpoint_memory": (status, pointer, pointer, size, out),
    "diffmm_trainer_resume": (status, pointer, path, pointer, out),
    "diffmm_trainer_resume_memory": (status, pointer, pointer, size, pointer, out),
    "diffmm_sample_pairs": (status, pointer, uint64, uint64, int32s, int32s, int32s, out),
    "diffmm_trainer_model": (pointer, pointer),
    # peers.h
    "diffmm_trainer_join": (status, pointer, pointer),
    "diffmm_trainer_resume_peer": (status, pointer, path, pointer, pointer, out),
    "diffmm_trainer_forecast_peer": (status, pointer, pointer, size, size, out),
    "diffmm_trainer_save_at": (status, pointer, size, optional_path),
    "diffmm_trainer_checkpoint_at": (status, pointer, size, optional_path),
    # recommend.h
    "diffmm_scorer_create": (status, pointer, out),
    "diffmm_scorer_open": (status, pointer, path, out),
    "diffmm_scorer_open_memory": (status, pointer, pointer, size, out),
    "diffmm_scorer_save": (status, pointer, path),
    "diffmm_scorer_save_memory": (status, pointer, pointer, size, out),
    "diffmm_scorer_destroy": (nothing, pointer),
    "diffmm_scorer_describe": (status, pointer, pointer),
    "diffmm_scorer_set_search": (status, pointer, enum),
    "diffmm_search_bytes": (amount, size, size, size, enum),
    "diffmm_scorer_users": (amount, pointer),
    "diffmm_scorer_items": (amount, pointer),
    "diffmm_scorer_dimensions": (amount, pointer),
    "diffmm_scorer_user_id": (static_text, pointer, int32),
    "diffmm_scorer_item_ids": (status, pointer, size, int32s, pointer, size, out),
    "diffmm_scorer_item_id": (static_text, pointer, int32),
    "diffmm_scorer_find_user": (status, pointer, name, out),
    "diffmm_scorer_find_item": (status, pointer, name, out),
    "diffmm_scorer_seen": (status, pointer, int32, out, out),
    "diffmm_score": (status, pointer, int32, size, int32s, floats),
    "diffmm_recommend": (status, pointer, int32, pointer, pointer, out),
    "diffmm_recommend_users": (status, pointer, size, int32s, pointer, pointer, sizes),
    "diffmm_recommend_all": (status, pointer, pointer, HitsFunction, pointer),
    "diffmm_fold_in": (status, pointer, int32, size, int32s, floats),
    "diffmm_score_embedding": (status, pointer, floats, size, int32s, floats),
    "diffmm_recommend_embedding": (status, pointer, floats, pointer, pointer, out),
    "diffmm_similar_items": (status, pointer, int32, enum, pointer, pointer, out),
    "diffmm_similar_users": (status, pointer, int32, enum, pointer, pointer, out),
    "diffmm_popular_items": (status, pointer, pointer, pointer, out),
    "diffmm_scorer_modalities": (amount, pointer),
    "diffmm_scorer_modality_name": (static_text, pointer, size),
    "diffmm_scorer_modality_weights": (status, pointer, floats),
    "diffmm_explain": (status, pointer, int32, size, int32s, int32, pointer),
    "diffmm_scorer_export_for": (status, pointer, enum, enum, enum, path),
    # rerank.h
    "diffmm_diversify": (status, pointer, optional_name, real, size, pointer, size, doubles, pointer,
                         out),
    "diffmm_limit_groups": (status, size, int32s, size, size, pointer, size, pointer, out),
    "diffmm_merge_hits": (status, real, size, pointer, size, pointer, size, pointer, out),
    "diffmm_explore": (status, real, uint64, uint64, size, pointer, size, doubles, pointer, out),
    # new_items.h
    "diffmm_placer_create": (status, pointer, pointer, out),
    "diffmm_placer_save": (status, pointer, path),
    "diffmm_placer_open": (status, pointer, path, out),
    "diffmm_placer_destroy": (nothing, pointer),
    "diffmm_placer_dimensions": (amount, pointer),
    "diffmm_placer_modalities": (amount, pointer),
    "diffmm_placer_modality_name": (static_text, pointer, size),
    "diffmm_placer_modality_dimensions": (amount, pointer, size),
    "diffmm_place_items": (status, pointer, size, pointer, real, floats),
    "diffmm_scorer_extend": (status, pointer, size, strings, floats, out),
}


def _converting(function, kinds):
    """A function that converts its arguments itself: what ctypes catches of a conversion comes out
    as an ArgumentError that tells neither TypeError nor OverflowError. `given` also keeps every
    handle and callback until the call has returned, even if one of its callbacks closes them."""
    conversions = [(place, kind) for place, kind in enumerate(kinds) if hasattr(kind, "c_type")]

    def call(*given):
        converted = list(given)
        for place, convert in conversions:
            converted[place] = convert(given[place])
        return function(*converted)

    return call


def declare(library, check):
    """The functions of a ctypes library, by name as attributes; `check` sees each returned
    status."""
    declared = SimpleNamespace()
    for name_, (result, *kinds) in FUNCTIONS.items():
        function = getattr(library, name_)
        function.restype = c_int if result is Status else result
        function.argtypes = [getattr(kind, "c_type", kind) for kind in kinds]
        if result is Status:
            function.errcheck = check
        setattr(declared, name_, _converting(function, kinds))
    return declared
