/* SPDX-License-Identifier: BSD-2-Clause */
/* What a peer has is a list of facts, each a name and a value as text. Peer 0 sends its list; the others
 * hold theirs against it, and everybody receives what everybody has found. */
#include "train/agreement.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "dataset/fingerprint.h"
#include "linalg/blis.h"
#include "linalg/kernels.h"
#include "options/option_table.h"
#include "options/options.h"
#include "options/resumable.h"
#include "train/checkpoint/state.h"
#include "train/checkpoint/state_data.h"

/* Names and values in turn, each ending with NUL. Where there is no text yet, facts are only counted. */
struct facts {
    char *text;
    size_t room, size;
};

static void add_text(struct facts *facts, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void add_text(struct facts *facts, const char *format, va_list arguments)
{
    char *place = facts->text ? facts->text + facts->size : NULL;
    int length = vsnprintf(place, place ? facts->room - facts->size : 0, format, arguments);
    facts->size += length < 0 ? 0 : (size_t)length + 1;
}

static void add(struct facts *facts, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a name or a value. */
static void add(struct facts *facts, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_text(facts, format, arguments);
    va_end(arguments);
}

static void add_library(struct facts *facts)
{
    const uint16_t probe = 1;
    unsigned char first;
    memcpy(&first, &probe, sizeof first);
    add(facts, "library version");
    add(facts, "%d.%d.%d", DIFFMM_VERSION_MAJOR, DIFFMM_VERSION_MINOR, DIFFMM_VERSION_PATCH);
    add(facts, "byte order"); /* arrays are sent as they are */
    add(facts, first ? "little-endian" : "big-endian");
}

static void add_data(struct facts *facts, const diffmm_trainer *trainer)
{
    static const char *const splits[] = {"train", "valid", "test"};
    const diffmm_model *model = trainer->model;
    struct diffmm__fingerprint print;
    diffmm__fingerprint_interactions(trainer->dataset, &print);
    add(facts, "users");
    add(facts, "%zu", model->users);
    add(facts, "items");
    add(facts, "%zu", model->items);
    for (int i = 0; i < 3; i++) {
        add(facts, "interactions of split '%s'", splits[i]);
        add(facts, "%zu (hash %016" PRIx64 ")", print.pairs[i], print.hashes[i]);
    }
    for (size_t m = 0; m < model->modality_count; m++) {
        const struct diffmm__model_modality *modality = &model->modalities[m];
        add(facts, "modality %zu", m);
        add(facts, "'%s' of %zu features (hash %016" PRIx64 ")", modality->name,
            modality->dimensions, diffmm__state_features_hash(model, m));
    }
}

/* Whoever shares a batch receives what another processor has computed, and would not notice other bits. */
static void add_processor(struct facts *facts, const diffmm_trainer *trainer)
{
    if (!trainer->model->settings.peers_batches)
        return;
    add(facts, "matrix products and kernels");
    add(facts, "%s, %s", diffmm__blis_architecture(), diffmm__kernels()->name);
}

/* Those that decide what is computed, for how long, and by whom. */
static void add_option(struct facts *facts, const diffmm_options *options,
                       const struct diffmm__option_key *key, const char *name)
{
    static const char *const shared[] = {"epochs", "patience"};
    bool counts = !diffmm__options_may_change(name) || diffmm__option_is_of_peers(name);
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        counts |= strcmp(name, shared[i]) == 0;
    if (!counts)
        return;
    add(facts, "option %s", name);
    add(facts, "%s", diffmm__options_value(options, key));
}

static void add_options(struct facts *facts, const diffmm_options *options)
{
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        const char *name = diffmm__option_at(i)->name;
        if (!strchr(name, '*'))
            add_option(facts, options, &(struct diffmm__option_key){.index = i}, name);
    }
    for (size_t i = 0; i < options->override_count; i++)
        add_option(facts, options, &options->overrides[i].key, options->overrides[i].name);
}

/* The hash of several arrays, with one more. */
static uint64_t hash_with(uint64_t hash, size_t rows, size_t columns, const float *values)
{
    return hash * 3 + diffmm__fingerprint_features(rows, columns, values, columns);
}

/* The hash of everything that a checkpoint holds in arrays of floats; of a divided model, of what all peers
 * have. */
static diffmm_status hash_state(const diffmm_trainer *trainer, uint64_t *hash)
{
    struct diffmm__state state;
    diffmm_status status = diffmm__state_list(trainer, trainer->best.epoch > 0, &state);
    if (status)
        return status;
    *hash = trainer->model->steps;
    for (size_t i = 0; i < state.count; i++) {
        const struct diffmm__state_array *array = &state.arrays[i];
        if (!trainer->model->divided || !diffmm__state_array_is_divided(array))
            *hash = hash_with(*hash, array->rows, array->columns, array->values);
    }
    diffmm__state_end(trainer, &state);
    return DIFFMM_OK;
}

static void add_all(struct facts *facts, const diffmm_trainer *trainer, uint64_t state_hash)
{
    add_library(facts);
    add_data(facts, trainer);
    add_options(facts, trainer->model->options);
    add_processor(facts, trainer);
    add(facts, "epochs done");
    add(facts, "%zu", trainer->epoch);
    add(facts, "parameters of the hash");
    add(facts, "%016" PRIx64, state_hash);
}

static diffmm_status list(const diffmm_trainer *trainer, struct diffmm__arena *arena,
                          struct facts *out)
{
    uint64_t hash;
    struct facts counted = {0};
    diffmm_status status = hash_state(trainer, &hash);
    if (status)
        return status;
    add_all(&counted, trainer, hash);
    *out = (struct facts){.text = diffmm__arena_take(arena, counted.size, 1), .room = counted.size};
    if (!out->text)
        return DIFFMM_ERROR_NO_MEMORY;
    add_all(out, trainer, hash);
    return DIFFMM_OK;
}

/* A number in the same bytes everywhere. */
static diffmm_status broadcast_size(const struct diffmm__peers *peers, size_t *size)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)((uint64_t)*size >> 8 * i);
    diffmm_status status = diffmm__peers_broadcast(peers, 0, bytes, sizeof bytes);
    uint64_t read = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        read |= (uint64_t)bytes[i] << 8 * i;
    if (!status)
        *size = (size_t)read;
    return status;
}

/* The list of peer 0. */
static diffmm_status receive(const struct diffmm__peers *peers, const struct facts *own,
                             struct diffmm__arena *arena, struct facts *out)
{
    *out = *own;
    diffmm_status status = broadcast_size(peers, &out->size);
    if (!status && peers->rank > 0) {
        out->text = diffmm__arena_take(arena, out->size, 1);
        status = out->text ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
    }
    if (!status)
        status = diffmm__peers_broadcast(peers, 0, out->text, out->size);
    if (!status && out->size > 0)
        out->text[out->size - 1] = '\0'; /* whatever came */
    return status;
}

/* The fact that begins at *place, which moves to the next. False at the end. */
static bool next_fact(const struct facts *facts, size_t *place, const char **name,
                      const char **value)
{
    size_t at = *place;
    if (at >= facts->size)
        return false;
    *name = facts->text + at;
    at += strlen(*name) + 1;
    if (at >= facts->size)
        return false;
    *value = facts->text + at;
    *place = at + strlen(*value) + 1;
    return true;
}

static const char *value_of(const struct facts *facts, const char *wanted)
{
    const char *name, *value;
    for (size_t place = 0; next_fact(facts, &place, &name, &value);)
        if (strcmp(name, wanted) == 0)
            return value;
    return "none";
}

/* The name of the first fact that differs, of either list in turn, so that what comes first in any of
 * them is found first: parameters differ where anything does. NULL where there is none. */
static const char *first_difference(const struct facts *own, const struct facts *first)
{
    const struct facts *const lists[] = {own, first};
    size_t places[] = {0, 0};
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < 2; i++) {
            const char *name, *value;
            if (!next_fact(lists[i], &places[i], &name, &value))
                continue;
            more = true;
            if (strcmp(value, value_of(lists[1 - i], name)) != 0)
                return name;
        }
    }
    return NULL;
}

static void compare(size_t rank, const struct facts *own, const struct facts *first,
                    char difference[DIFFMM__DIFFERENCE])
{
    const char *name = first_difference(own, first);
    if (name)
        snprintf(difference, DIFFMM__DIFFERENCE, "peer %zu has %s = %s, peer 0 has %s", rank, name,
                 value_of(own, name), value_of(first, name));
}

/* Everybody receives everybody's sentence, and takes the first that says something. */
static diffmm_status gather(const struct diffmm__peers *peers, struct diffmm__arena *arena,
                            const struct facts *own, const struct facts *first,
                            char difference[DIFFMM__DIFFERENCE])
{
    char *all = diffmm__arena_take_zero(arena, peers->size, DIFFMM__DIFFERENCE);
    if (!all)
        return DIFFMM_ERROR_NO_MEMORY;
    compare(peers->rank, own, first, all + peers->rank * DIFFMM__DIFFERENCE);
    diffmm_status status =
        diffmm__peers_gather(peers, all, DIFFMM__DIFFERENCE, peers->size * DIFFMM__DIFFERENCE);
    if (status)
        return status;
    size_t peer = 0;
    while (peer + 1 < peers->size && !all[peer * DIFFMM__DIFFERENCE])
        peer++;
    memcpy(difference, all + peer * DIFFMM__DIFFERENCE, DIFFMM__DIFFERENCE);
    difference[DIFFMM__DIFFERENCE - 1] = '\0';
    return DIFFMM_OK;
}

diffmm_status diffmm__agreement_reach(const diffmm_trainer *trainer,
                                      const struct diffmm__peers *peers,
                                      char difference[DIFFMM__DIFFERENCE])
{
    struct diffmm__arena arena = diffmm__arena_on(trainer->context);
    struct facts own, first;
    diffmm_status status = list(trainer, &arena, &own);
    if (!status)
        status = receive(peers, &own, &arena, &first);
    if (!status)
        status = gather(peers, &arena, &own, &first, difference);
    diffmm__arena_end(&arena);
    return status;
}

/* The parameters; and the final embeddings, which each peer has computed alone where it has not shared the
 * batches, though parameters may have been received. Of a divided model, what all peers have. */
static uint64_t hash_results(const diffmm_model *model)
{
    size_t users = model->divided ? model->users : 0;
    uint64_t hash = hash_with(0, model->users + model->items - users, model->d,
                              model->final + users * model->d);
    for (size_t p = model->divided ? 1 : 0; p < diffmm_model_parameters(model); p++) {
        diffmm_parameter parameter = {.struct_size = sizeof parameter};
        diffmm_model_parameter_at(model, p, &parameter);
        hash = hash_with(hash, parameter.rows, parameter.columns, parameter.values);
    }
    return hash;
}

/* The first peer that has another word than peer 0; their number if there is none. */
static size_t first_other(const struct diffmm__peers *peers)
{
    size_t peer = 1;
    while (peer < peers->size && peers->words[peer] == peers->words[0])
        peer++;
    return peer;
}

diffmm_status diffmm__agreement_check(diffmm_trainer *trainer)
{
    struct diffmm__peers *peers = &trainer->peers;
    if (peers->size == 1)
        return DIFFMM_OK;
    peers->words[peers->rank] = hash_results(trainer->model);
    diffmm_status status = diffmm__peers_gather(peers, peers->words, sizeof *peers->words,
                                                peers->size * sizeof *peers->words);
    if (status)
        return diffmm__progress_failed(status, trainer->epoch + 1, "comparison");
    size_t other = first_other(peers);
    if (other == peers->size)
        return DIFFMM_OK;
    diffmm__peers_end(trainer->context, peers);
    return diffmm__fail(DIFFMM_ERROR_PEER,
                        "epoch %zu: peer %zu has other parameters than peer 0; do they run on "
                        "different kinds of processors?",
                        trainer->epoch + 1, other);
}
