/* SPDX-License-Identifier: BSD-2-Clause */
/* model.h, file.h */
#include "table.h"

static diffmm_status create(const union value *v)
{
    return diffmm_model_create(v[0].p, v[1].in, v[2].p);
}

static diffmm_status destroy(const union value *v)
{
    diffmm_model_destroy(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status count_users(const union value *v)
{
    return answered(diffmm_model_users(v[0].in) == users);
}

static diffmm_status count_items(const union value *v)
{
    return answered(diffmm_model_items(v[0].in) == items);
}

static diffmm_status dimensions(const union value *v)
{
    return answered(diffmm_model_dimensions(v[0].in) == d);
}

static diffmm_status modalities(const union value *v)
{
    return answered(diffmm_model_modalities(v[0].in) == 1);
}

static diffmm_status modality_name(const union value *v)
{
    return answered(diffmm_model_modality_name(v[0].in, v[1].n) != NULL);
}

static diffmm_status modality_weights(const union value *v)
{
    return diffmm_model_modality_weights(v[0].in, v[1].p);
}

static diffmm_status model_options(const union value *v)
{
    return answered(diffmm_model_options(v[0].in) != NULL);
}

static diffmm_status parameters(const union value *v)
{
    return answered(diffmm_model_parameters(v[0].in) > 0);
}

static diffmm_status losses(const union value *v)
{
    return answered(diffmm_model_losses(v[0].in) >= 3);
}

static diffmm_status loss_at(const union value *v)
{
    return diffmm_model_loss_at(v[0].in, v[1].n, v[2].p);
}

static diffmm_status loss(const union value *v)
{
    return diffmm_model_loss(v[0].in, v[1].in, v[2].p);
}

static diffmm_status parameter_at(const union value *v)
{
    return diffmm_model_parameter_at(v[0].in, v[1].n, v[2].p);
}

static diffmm_status parameter(const union value *v)
{
    return diffmm_model_parameter(v[0].in, v[1].in, v[2].p);
}

static diffmm_status set_parameter(const union value *v)
{
    return diffmm_model_set_parameter(v[0].p, v[1].in, v[2].n, v[3].n, v[4].in);
}

static diffmm_status set_graph(const union value *v)
{
    return diffmm_model_set_graph(v[0].p, v[1].in, v[2].in);
}

static diffmm_status graph(const union value *v)
{
    return answered(diffmm_model_graph(v[0].in, v[1].in) != NULL);
}

static diffmm_status forward(const union value *v)
{
    return diffmm_model_forward(v[0].p);
}

static diffmm_status user_embeddings(const union value *v)
{
    return answered(diffmm_model_user_embeddings(v[0].in) != NULL);
}

static diffmm_status item_embeddings(const union value *v)
{
    return answered(diffmm_model_item_embeddings(v[0].in) != NULL);
}

static diffmm_status view(const union value *v)
{
    return diffmm_model_view(v[0].p, v[1].in, v[2].p);
}

static diffmm_status objective(const union value *v)
{
    return diffmm_model_objective(v[0].p, v[1].n, v[2].in, v[3].in, v[4].in, v[5].p);
}

static diffmm_status step(const union value *v)
{
    return diffmm_model_step(v[0].p);
}

static diffmm_status save(const union value *v)
{
    return diffmm_model_save(v[0].in, v[1].in);
}

static diffmm_status save_memory(const union value *v)
{
    return diffmm_model_save_memory(v[0].in, v[1].p, v[2].n, v[3].p);
}

static diffmm_status load(const union value *v)
{
    return diffmm_model_load(v[0].p, v[1].in, v[2].p);
}

static diffmm_status load_memory(const union value *v)
{
    return diffmm_model_load_memory(v[0].p, v[1].in, v[2].n, v[3].p);
}

static diffmm_status file_open(const union value *v)
{
    return diffmm_file_open(v[0].p, v[1].in, v[2].p);
}

static diffmm_status file_open_memory(const union value *v)
{
    return diffmm_file_open_memory(v[0].p, v[1].in, v[2].n, v[3].p);
}

static diffmm_status file_destroy(const union value *v)
{
    diffmm_file_destroy(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status file_describe(const union value *v)
{
    return diffmm_file_describe(v[0].in, v[1].p);
}

static diffmm_status file_options(const union value *v)
{
    return answered(diffmm_file_options(v[0].in) != NULL);
}

static diffmm_status file_modality_name(const union value *v)
{
    return answered(diffmm_file_modality_name(v[0].in, v[1].n) != NULL);
}

static diffmm_status file_modality_dimensions(const union value *v)
{
    return answered(diffmm_file_modality_dimensions(v[0].in, v[1].n) == features);
}

static const int32_t numbers[] = {3, 1, 0}, negative[] = {0, 1, -1}, beyond[] = {0, 1, 4},
                     huge[] = {0, 1, INT32_MAX};
static const float values[users * d] = {1}, no_number[users * d] = {[users * d - 1] = NAN},
                                  infinite[users * d] = {[3] = -INFINITY};

#define A_MODEL                                                                                    \
    {                                                                                              \
        "model", MODEL                                                                             \
    }
#define AN_INDEX                                                                                   \
    {                                                                                              \
        "index", SIZE, .good.n = 0, .others = {                                                    \
            {{.n = 100}, INVALID, "100"},                                                          \
            {{.n = (size_t)-1}, INVALID, "parameter"}                                              \
        }                                                                                          \
    }
#define A_PLACE                                                                                    \
    {                                                                                              \
        "index", SIZE, .good.n = 0, .others = {                                                    \
            {{.n = 1}, INVALID},                                                                   \
            {{.n = (size_t)-1}, INVALID}                                                           \
        }                                                                                          \
    }
#define A_MODALITY                                                                                 \
    {                                                                                              \
        "modality", TEXT, .good.in = "image", .others = {                                          \
            {{.in = ""}, NOT_FOUND, "''"},                                                         \
            {{.in = "images"}, NOT_FOUND, "images"}                                                \
        }                                                                                          \
    }
#define A_PARAMETER                                                                                \
    {                                                                                              \
        "name", TEXT, .good.in = "user_embedding", .others = {                                     \
            {{.in = ""}, NOT_FOUND, "''"},                                                         \
            {{.in = "user"}, NOT_FOUND, "user"}                                                    \
        }                                                                                          \
    }
#define A_NUMBERS(what)                                                                            \
    {                                                                                              \
        what, DATA, .good.in = numbers, .bytes = sizeof numbers, .others = {                       \
            {{.in = negative}, INVALID},                                                           \
            {{.in = beyond}, INVALID},                                                             \
            {{.in = huge}, INVALID}                                                                \
        }                                                                                          \
    }
#define A_MODEL_PATH                                                                               \
    {                                                                                              \
        "path", TEXT, .good.in = "model.safetensors", .others = {                                  \
            {{.in = ""}, IO, "No such file"},                                                      \
            {{.in = "no-such"}, IO, "no-such"},                                                    \
            {{.in = "."}, IO, "."},                                                                \
            {{.in = "clicks.tsv"}, FORMAT, "clicks.tsv"}                                           \
        }                                                                                          \
    }

static struct entry entries[] = {
    {"diffmm_model_create", create,
     .arguments = {{"dataset", OPEN_DATASET},
                   {"options", OPTIONS, true},
                   {"out", MADE, .made = MODEL}}},
    {"diffmm_model_destroy", destroy, true, .arguments = {{"model", MODEL, true, .ends = true}}},
    {"diffmm_model_users", count_users, true, {A_MODEL}},
    {"diffmm_model_items", count_items, true, {A_MODEL}},
    {"diffmm_model_dimensions", dimensions, true, {A_MODEL}},
    {"diffmm_model_modalities", modalities, true, {A_MODEL}},
    {"diffmm_model_modality_name", modality_name, true, {A_MODEL, A_PLACE}},
    {"diffmm_model_modality_weights", modality_weights,
     .arguments = {A_MODEL, {"weights", OUT, .bytes = sizeof(float)}}},
    {"diffmm_model_options", model_options, true, {A_MODEL}},
    {"diffmm_model_losses", losses, true, {A_MODEL}},
    {"diffmm_model_loss_at", loss_at,
     .arguments = {A_MODEL,
                   {"index", SIZE, .good.n = 0,
                    .others = {{{.n = 100}, INVALID, "100"},
                               {{.n = (size_t)-1}, INVALID, "terms"}}},
                   {"out", OUT, .bytes = sizeof(diffmm_loss)}}},
    {"diffmm_model_loss", loss,
     .arguments = {A_MODEL,
                   {"name", TEXT, .good.in = "bpr",
                    .others = {{{.in = ""}, NOT_FOUND, "''"}, {{.in = "BPR"}, NOT_FOUND, "'BPR'"}}},
                   {"out", OUT, .bytes = sizeof(diffmm_loss)}}},
    {"diffmm_model_parameters", parameters, true, {A_MODEL}},
    {"diffmm_model_parameter_at", parameter_at,
     .arguments = {A_MODEL, AN_INDEX, {"out", FILLED, .bytes = sizeof(diffmm_parameter)}}},
    {"diffmm_model_parameter", parameter,
     .arguments = {A_MODEL, A_PARAMETER, {"out", FILLED, .bytes = sizeof(diffmm_parameter)}}},
    {"diffmm_model_set_parameter", set_parameter,
     .arguments = {A_MODEL,
                   A_PARAMETER,
                   {"rows", SIZE, .good.n = users,
                    .others = {{{.n = 0}, INVALID, "user_embedding"},
                               {{.n = (size_t)-1}, INVALID, "user_embedding"}}},
                   {"columns", SIZE, .good.n = d,
                    .others = {{{.n = 0}, INVALID, "user_embedding"},
                               {{.n = (size_t)-1}, INVALID, "user_embedding"}}},
                   {"values", DATA, .good.in = values, .bytes = sizeof values,
                    .others = {{{.in = no_number}, NUMERIC, "user_embedding"},
                               {{.in = infinite}, NUMERIC, "user_embedding"}}}}},
    {"diffmm_model_set_graph", set_graph, .arguments = {A_MODEL, A_MODALITY, {"graph", GRAPH}}},
    {"diffmm_model_graph",
     graph,
     true,
     {A_MODEL,
      {"modality", TEXT, .good.in = "image",
       .others = {{{.in = ""}, INVALID}, {{.in = "images"}, INVALID}}}}},
    {"diffmm_model_forward", forward, .arguments = {A_MODEL}},
    {"diffmm_model_user_embeddings", user_embeddings, true, {A_MODEL}},
    {"diffmm_model_item_embeddings", item_embeddings, true, {A_MODEL}},
    {"diffmm_model_view", view,
     .arguments = {A_MODEL,
                   A_MODALITY,
                   {"out", OUT, .bytes = (users + items) * d * sizeof(float)}}},
    {"diffmm_model_objective", objective,
     .arguments = {A_MODEL,
                   {"count", SIZE, .good.n = 3,
                    .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, INVALID}}},
                   A_NUMBERS("user"),
                   A_NUMBERS("positive"),
                   A_NUMBERS("negative"),
                   {"losses", OUT, true, .bytes = sizeof(diffmm_losses)}}},
    {"diffmm_model_step", step, .arguments = {A_MODEL}},
    {"diffmm_model_save", save,
     .arguments = {A_MODEL,
                   {"path", TEXT, .good.in = "saved.safetensors",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such/model"}, IO, "no-such"}}}}},
    {"diffmm_model_save_memory", save_memory,
     .arguments = {A_MODEL,
                   {"data", OUT, true, .bytes = 16384},
                   {"capacity", SIZE, .good.n = 16384,
                    .others = {{{.n = 0}, INVALID, "bytes"}, {{.n = 100}, INVALID, "bytes"}}},
                   {"size", OUT, .bytes = sizeof(size_t)}}},
    {"diffmm_model_load", load,
     .arguments = {{"context", CONTEXT}, A_MODEL_PATH, {"out", MADE, .made = MODEL}}},
    {"diffmm_model_load_memory", load_memory,
     .arguments = {{"context", CONTEXT},
                   {"data", DATA},
                   {"size", SIZE,
                    .others = {{{.n = 0}, FORMAT, "data"},
                               {{.n = 7}, FORMAT, "data"},
                               {{.n = 100}, FORMAT, "data"}}},
                   {"out", MADE, .made = MODEL}}},
    {"diffmm_file_open", file_open,
     .arguments = {{"context", CONTEXT}, A_MODEL_PATH, {"out", MADE, .made = FILE_INFO}}},
    {"diffmm_file_open_memory", file_open_memory,
     .arguments = {{"context", CONTEXT},
                   {"data", DATA},
                   {"size", SIZE,
                    .others = {{{.n = 0}, FORMAT, "data"},
                               {{.n = 7}, FORMAT, "data"},
                               {{.n = 100}, FORMAT, "data"}}},
                   {"out", MADE, .made = FILE_INFO}}},
    {"diffmm_file_destroy", file_destroy, true,
     .arguments = {{"file", FILE_INFO, true, .ends = true}}},
    {"diffmm_file_describe", file_describe,
     .arguments = {{"file", FILE_INFO}, {"out", FILLED, .bytes = sizeof(diffmm_file_info)}}},
    {"diffmm_file_options", file_options, true, {{"file", FILE_INFO}}},
    {"diffmm_file_modality_name", file_modality_name, true, {{"file", FILE_INFO}, A_PLACE}},
    {"diffmm_file_modality_dimensions",
     file_modality_dimensions,
     true,
     {{"file", FILE_INFO}, A_PLACE}},
};

struct table table_model(void)
{
    give_file(entries, sizeof entries / sizeof *entries, model_file);
    return (struct table){entries, sizeof entries / sizeof *entries};
}
