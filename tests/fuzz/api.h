/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequences of public calls, decoded from bytes: handles in a few places, any of which may be
 * empty (NULL), and arguments that are mostly sensible, sometimes odd. Only what the headers forbid
 * is left out: arrays shorter than a call is told, handles after their end. Every call has a record
 * of 24 bytes, so that a change to one call's bytes leaves the others as they are. */
#ifndef DIFFMM_TESTS_FUZZ_API_H
#define DIFFMM_TESTS_FUZZ_API_H

#include "fuzz.h"

enum { api_places = 2, api_most_arrays = 32, api_record = 24 };

struct api {
    diffmm_context *context;
    const uint8_t *record; /* the bytes of the present call, read round and round */
    size_t record_size, position;
    void *arrays[api_most_arrays]; /* of the present call */
    size_t array_count;
    diffmm_options *options[api_places];
    diffmm_dataset *datasets[api_places];
    diffmm_model *models[api_places];
    diffmm_trainer *trainers[api_places];
    diffmm_scorer *scorers[api_places];
    diffmm_graph *graphs[api_places];
    diffmm_schedule *schedules[api_places];
};

/* The next byte of the call's record. */
unsigned api_byte(struct api *api);
size_t api_below(struct api *api, size_t limit);

/* 0 to 8; where `odd`, now and then a huge one. */
size_t api_size(struct api *api, bool odd);

/* Mostly within [0, limit), now and then beyond on either side. */
int32_t api_number(struct api *api, size_t limit);

/* Ordinary, zero, huge, tiny; now and then NaN or infinite. */
double api_real(struct api *api);

/* Arrays of exactly that length, until the call ends; now and then NULL. */
float *api_floats(struct api *api, size_t count);
int32_t *api_numbers(struct api *api, size_t count, size_t limit);
double *api_doubles(struct api *api, size_t count);
uint8_t *api_bytes(struct api *api, size_t count);
const char *const *api_names(struct api *api, size_t count);

/* A short text, from a list of likely ones or of the input's bytes; now and then NULL. */
const char *api_text(struct api *api);

/* One call each, on plain arrays or on handles; `which` is taken modulo the number there is. */
void api_call_arrays(struct api *api, size_t which);
void api_call_graphs(struct api *api, size_t which);
void api_call_datasets(struct api *api, size_t which);
void api_call_models(struct api *api, size_t which);

#endif
