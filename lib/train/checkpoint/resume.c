/* SPDX-License-Identifier: BSD-2-Clause */
/* Going on from a training checkpoint: everything is held against the data set, the settings and
 * the file's own size before memory of any size is asked for; then a new trainer is made and
 * filled. */
#include <diffmm/peers.h>
#include <string.h>

#include "base/handle.h"
#include "base/log.h"
#include "base/numbers.h"
#include "base/status.h"
#include "dataset/seal.h"
#include "files/matrix.h"
#include "files/metadata.h"
#include "graph/graph.h"
#include "model/blend.h"
#include "options/options.h"
#include "options/resumable.h"
#include "train/checkpoint/state.h"
#include "train/checkpoint/state_data.h"
#include "train/checkpoint/state_metadata.h"
#include "train/checkpoint/state_neighbors.h"
#include "train/denoisers.h"
#include "train/divide.h"
#include "train/join.h"
#include "train/plan/cadence.h"
#include "train/trainer_create.h"

/* Where the settings are the file's, one that is refused is a fault of the file. */
static diffmm_status blame(const struct diffmm__safetensors *file, diffmm_status status)
{
    return status == DIFFMM_ERROR_INVALID_ARGUMENT || status == DIFFMM_ERROR_NOT_FOUND
               ? diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", diffmm__safetensors_path(file),
                              diffmm_error_message())
               : status;
}

/* The settings of the training: the file's, or the caller's where these may continue the file's. */
static diffmm_status choose_options(diffmm_dataset *dataset, const struct diffmm__safetensors *file,
                                    const diffmm_options *given, diffmm_options **out)
{
    diffmm_options *begun;
    diffmm_status status = diffmm__metadata_options(file, &begun);
    if (status || !given) {
        if (!status)
            *out = begun;
        return status;
    }
    status = diffmm__options_check_resumable(begun, given);
    diffmm_options_destroy(begun);
    return status ? status : diffmm__options_copy(dataset->context, given, out);
}

/* Whether the file is large enough for the parameters that the settings ask for; checked before a
 * trainer is created for them. */
static diffmm_status check_size(const diffmm_dataset *dataset, const diffmm_options *options,
                                const struct diffmm__safetensors *file)
{
    struct diffmm__settings settings;
    struct diffmm__plan plan;
    size_t d = 0;
    diffmm_status status = diffmm__epoch_plan_settings(dataset, options, &settings);
    if (!status)
        status = diffmm__metadata_count(file, "d", &d);
    if (!status && d != settings.embedding_size)
        status = diffmm__fail(DIFFMM_ERROR_FORMAT,
                              "%s: the options' embedding_size is %zu, but the metadata's d is %zu",
                              diffmm__safetensors_path(file), settings.embedding_size, d);
    if (!status)
        status = diffmm__epoch_plan(dataset, options, &settings, &plan);
    if (status)
        return status;
    double count =
        ((double)plan.users + (double)plan.items + (double)plan.dimensions) * (double)plan.d;
    double bases = 0.0;
    if (settings.diffusion_enabled) {
        const struct diffmm__layers *layers = &plan.denoiser_loss.layers;
        count += (double)plan.modalities * (double)layers->size;
        bases = (double)plan.modalities * (double)layers->basis_items * (double)layers->items;
    }
    return diffmm__matrix_check_sizes(file, count, bases);
}

/* Who reads the file: a process alone, or a peer that reads its part, if the model is divided. */
struct reader {
    size_t rank, size;
};

static diffmm_status read_rows(const struct diffmm__safetensors *file,
                               const struct diffmm__state_array *array, size_t first, size_t end)
{
    return diffmm__matrix_read_rows(file, array->name, array->rows, array->columns, array->squares,
                                    first, end, array->values);
}

/* What the model has of it. */
static diffmm_status read_array(const diffmm_trainer *trainer,
                                const struct diffmm__safetensors *file, const struct reader *reader,
                                const struct diffmm__state_array *array)
{
    const struct diffmm__part own = trainer->model->own_users;
    bool elsewhere = trainer->model->divided && array->of_owner &&
                     diffmm__denoisers_owner(reader->size, array->modality) != reader->rank;
    if (elsewhere)
        return read_rows(file, array, 0, 0);
    diffmm_status status =
        array->user_rows > 0 ? read_rows(file, array, own.first, own.end) : DIFFMM_OK;
    return status ? status : read_rows(file, array, array->user_rows, array->rows);
}

static diffmm_status read_arrays(diffmm_trainer *trainer, const struct diffmm__safetensors *file,
                                 const struct reader *reader)
{
    struct diffmm__state state;
    diffmm_status status = diffmm__state_list(trainer, trainer->best.epoch > 0, &state);
    if (status)
        return status;
    for (size_t i = 0; i < state.count && !status; i++)
        status = read_array(trainer, file, reader, &state.arrays[i]);
    diffmm__state_end(trainer, &state);
    return status;
}

/* Where the parts of a graph are in the file. */
struct graph_parts {
    char names[3][192];
    struct diffmm__tensor pointers, columns, values;
};

static diffmm_status find_vector(const struct diffmm__safetensors *file, const char *name,
                                 enum diffmm__dtype dtype, size_t rows, struct diffmm__tensor *out)
{
    diffmm_status status = diffmm__safetensors_find(file, name, dtype, out);
    if (!status && (out->columns || out->rows != rows))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' is not a vector of %zu",
                            diffmm__safetensors_path(file), name, rows);
    return status;
}

static diffmm_status find_parts(const diffmm_trainer *trainer,
                                const struct diffmm__safetensors *file, size_t m, const char *which,
                                struct graph_parts *out)
{
    size_t nodes = trainer->model->users + trainer->model->items;
    diffmm__state_graph_name(trainer, m, which, "pointers", out->names[0]);
    diffmm__state_graph_name(trainer, m, which, "columns", out->names[1]);
    diffmm__state_graph_name(trainer, m, which, "values", out->names[2]);
    diffmm_status status = find_vector(file, out->names[0], DIFFMM__I64, nodes + 1, &out->pointers);
    if (!status)
        status = diffmm__safetensors_find(file, out->names[1], DIFFMM__I32, &out->columns);
    if (!status)
        status = find_vector(file, out->names[1], DIFFMM__I32, out->columns.rows, &out->columns);
    return status ? status
                  : find_vector(file, out->names[2], DIFFMM__F32, out->columns.rows, &out->values);
}

/* A copy of the parts, in which they are checked: the file may change. */
static void copy_parts(const struct graph_parts *parts, struct diffmm__csr *rows, size_t nodes)
{
    size_t entries = parts->columns.rows;
    memcpy(rows->pointers, parts->pointers.data, (nodes + 1) * sizeof *rows->pointers);
    if (entries > 0) {
        memcpy(rows->indices, parts->columns.data, entries * sizeof *rows->indices);
        memcpy(rows->values, parts->values.data, entries * sizeof *rows->values);
    }
}

/* Rows of ascending columns and finite values. */
static diffmm_status check_rows(const char *path, const struct graph_parts *parts,
                                const struct diffmm__csr *rows)
{
    const struct diffmm__csr_expected expected = {.prefix = path,
                                                  .pointers = parts->names[0],
                                                  .indices = parts->names[1],
                                                  .columns = "nodes",
                                                  .ascending = true,
                                                  .status = DIFFMM_ERROR_FORMAT};
    struct diffmm__csr places = *rows;
    size_t entries = parts->columns.rows;
    int64_t end = rows->pointers[rows->rows];
    places.values = NULL;
    if (rows->pointers[0] != 0 || end < 0 || (size_t)end != entries)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: tensor '%s' does not run from 0 to the %zu entries", path,
                            parts->names[0], entries);
    diffmm_status status = diffmm__csr_check(&places, &expected);
    if (!status && !diffmm__all_finite(entries, rows->values))
        status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' holds NaN or infinity", path,
                              parts->names[2]);
    return status;
}

/* Whether a graph is the one in the file. */
static bool is_graph(const diffmm_graph *graph, const struct graph_parts *parts)
{
    size_t entries = diffmm_graph_entries(graph);
    const struct diffmm__csr *rows = &graph->rows;
    return parts->columns.rows == entries &&
           memcmp(rows->pointers, parts->pointers.data,
                  (graph->nodes + 1) * sizeof *rows->pointers) == 0 &&
           memcmp(rows->indices, parts->columns.data, entries * sizeof *rows->indices) == 0 &&
           memcmp(rows->values, parts->values.data, entries * sizeof *rows->values) == 0;
}

static diffmm_status build_graph(const diffmm_trainer *trainer, const char *path,
                                 const struct graph_parts *parts, diffmm_graph **out)
{
    const diffmm_model *model = trainer->model;
    diffmm_graph *graph = NULL;
    diffmm_status status = diffmm__graph_create(trainer->context, model->users, model->items,
                                                parts->columns.rows, true, &graph);
    if (status)
        return status;
    copy_parts(parts, &graph->rows, graph->nodes);
    status = check_rows(path, parts, &graph->rows);
    if (!status && !diffmm__graph_is_symmetric(graph))
        status = diffmm__graph_transpose_apart(graph);
    if (status) {
        diffmm_graph_destroy(graph);
        return status;
    }
    *out = graph;
    return DIFFMM_OK;
}

/* In place of what the modality has. It takes no more memory than when training made it: a graph of
 * all observed edges is A_hat itself, one of all generated edges shares its arrays with its
 * transpose. */
static diffmm_status read_graph(const diffmm_trainer *trainer,
                                const struct diffmm__safetensors *file, size_t m, const char *which,
                                diffmm_graph **place)
{
    const diffmm_graph *adjacency = trainer->model->adjacency;
    struct graph_parts parts;
    diffmm_graph *graph = NULL;
    diffmm_status status = find_parts(trainer, file, m, which, &parts);
    if (status)
        return status;
    if (is_graph(adjacency, &parts))
        graph = diffmm__graph_retain(adjacency);
    else
        status = build_graph(trainer, diffmm__safetensors_path(file), &parts, &graph);
    if (status)
        return status;
    diffmm_graph_destroy(*place);
    *place = graph;
    return DIFFMM_OK;
}

static diffmm_status read_graphs(diffmm_trainer *trainer, const struct diffmm__safetensors *file)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < trainer->model->modality_count && !status; m++) {
        struct diffmm__model_modality *modality = &trainer->model->modalities[m];
        char name[192];
        diffmm__state_graph_name(trainer, m, "observed", "pointers", name);
        status = read_graph(trainer, file, m, "graph", &modality->graph);
        if (!status && diffmm__safetensors_has(file, name))
            status = read_graph(trainer, file, m, "observed", &modality->observed);
        if (!status)
            status = diffmm__state_read_neighbors(trainer, m, file);
    }
    return status;
}

static diffmm_status fill(diffmm_trainer *trainer, const struct diffmm__safetensors *file,
                          const struct reader *reader)
{
    diffmm_status status;
    if ((status = diffmm__state_check_features(trainer, file)) ||
        (status = diffmm__state_read(trainer, file)))
        return status;
    if (reader->size > 1 && trainer->model->settings.peers_divide)
        status = diffmm__divide(trainer, reader->rank, reader->size);
    if (!status)
        status = read_arrays(trainer, file, reader);
    if (status)
        return status;
    if (!trainer->model->stale)
        diffmm__blend_restored(trainer->model);
    status = read_graphs(trainer, file);
    const struct diffmm__settings *settings = &trainer->model->settings;
    if (!status && trainer->epoch > 0 && trainer->report.graph && !diffmm__cadence_keeps(settings))
        diffmm__graphs_recall(&trainer->graphs, trainer->model, trainer->epoch, &trainer->measures);
    return status;
}

static diffmm_status resume_file(diffmm_dataset *dataset, const struct diffmm__safetensors *file,
                                 const diffmm_options *given, const struct reader *reader,
                                 diffmm_trainer **out)
{
    diffmm_options *options;
    diffmm_trainer *trainer = NULL;
    diffmm_status status;
    if ((status = diffmm__metadata_check_format(file, DIFFMM__CHECKPOINT_FORMAT,
                                                DIFFMM__CHECKPOINT_KIND)) ||
        (status = diffmm__state_check_data(dataset, file)) ||
        (status = choose_options(dataset, file, given, &options)))
        return status;
    status = diffmm__state_check_modalities(dataset, options, file);
    if (!status) {
        status = check_size(dataset, options, file);
        if (!status)
            status = diffmm__trainer_create_empty(dataset, options, &trainer);
        if (status && !given)
            status = blame(file, status);
    }
    diffmm_options_destroy(options);
    if (!status)
        status = fill(trainer, file, reader);
    if (status) {
        diffmm_trainer_destroy(trainer);
        return status;
    }
    diffmm__log(dataset->context, DIFFMM_LOG_INFO, "going on after epoch %zu", trainer->epoch);
    *out = trainer;
    return DIFFMM_OK;
}

static diffmm_status resume(diffmm_dataset *dataset, const struct diffmm__source *source,
                            const diffmm_options *options, const struct reader *reader,
                            diffmm_trainer **out)
{
    struct diffmm__safetensors *file;
    DIFFMM__CALL options_call = diffmm__call_reads(options);
    DIFFMM__CALL dataset_call;
    diffmm_status status = diffmm__seal_call(&dataset_call, dataset);
    if (!status)
        status = diffmm__safetensors_open_source(dataset->context, source, &file);
    if (status)
        return status;
    status = resume_file(dataset, file, options, reader, out);
    diffmm__safetensors_close(file);
    return status;
}

static const struct reader alone = {.size = 1};

diffmm_status diffmm_trainer_resume(diffmm_dataset *dataset, const char *path,
                                    const diffmm_options *options, diffmm_trainer **out)
{
    struct diffmm__source source;
    diffmm_status status = diffmm__source_path(dataset, "dataset", path, out, &source);
    return status ? status : resume(dataset, &source, options, &alone, out);
}

diffmm_status diffmm_trainer_resume_memory(diffmm_dataset *dataset, const void *data, size_t size,
                                           const diffmm_options *options, diffmm_trainer **out)
{
    struct diffmm__source source;
    diffmm_status status = diffmm__source_memory(dataset, "dataset", data, size, out, &source);
    return status ? status : resume(dataset, &source, options, &alone, out);
}

/* With its peers, who would wait for one that has failed. */
static diffmm_status resume_and_join(diffmm_dataset *dataset, const struct diffmm__source *source,
                                     const diffmm_options *options, const diffmm_peers *host,
                                     diffmm_trainer **out)
{
    const struct reader reader = {.rank = host->rank, .size = host->size};
    diffmm_trainer *trainer;
    diffmm_status status = resume(dataset, source, options, &reader, &trainer);
    if (status) {
        if (host->size > 1)
            diffmm__join_abandon(host, status);
        return status;
    }
    if (host->size > 1)
        status = diffmm__join_agree(trainer, host);
    if (status) {
        diffmm_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return DIFFMM_OK;
}

diffmm_status diffmm_trainer_resume_peer(diffmm_dataset *dataset, const char *path,
                                         const diffmm_options *options, const diffmm_peers *peers,
                                         diffmm_trainer **out)
{
    struct diffmm__source source;
    diffmm_peers host;
    DIFFMM__CALL call = diffmm__call_reads(NULL); /* lasts until the trainer is the caller's */
    diffmm_status status = diffmm__source_path(dataset, "dataset", path, out, &source);
    if (!status && !peers)
        status = diffmm__null("peers");
    if (!status)
        status = diffmm__join_read(peers, &host);
    return status ? status : resume_and_join(dataset, &source, options, &host, out);
}
