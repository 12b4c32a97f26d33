/* SPDX-License-Identifier: BSD-2-Clause */
/* What grows: data sets, training from a model, new items (new_items.h), exported vectors. */
#include "table.h"

static diffmm_status extend_dataset(const union value *v)
{
    return diffmm_dataset_extend(v[0].in, v[1].p);
}

static diffmm_status append_features(const union value *v)
{
    return diffmm_dataset_append_features(v[0].p, v[1].in, v[2].n, v[3].in, v[4].n);
}

static diffmm_status dataset_features(const union value *v)
{
    return diffmm_dataset_features(v[0].in, v[1].n, v[2].n, v[3].n, v[4].p);
}

static diffmm_status inherit(const union value *v)
{
    return diffmm_model_inherit(v[0].p, v[1].in);
}

static diffmm_status create_from(const union value *v)
{
    return diffmm_trainer_create_from(v[0].p, v[1].in, v[2].in, v[3].p);
}

static diffmm_status create(const union value *v)
{
    return diffmm_placer_create(v[0].in, v[1].p, v[2].p);
}

static diffmm_status save(const union value *v)
{
    return diffmm_placer_save(v[0].in, v[1].in);
}

static diffmm_status open_path(const union value *v)
{
    return diffmm_placer_open(v[0].p, v[1].in, v[2].p);
}

static diffmm_status destroy(const union value *v)
{
    diffmm_placer_destroy(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status dimensions(const union value *v)
{
    return answered(diffmm_placer_dimensions(v[0].in) == d);
}

static diffmm_status modalities(const union value *v)
{
    return answered(diffmm_placer_modalities(v[0].in) == 1);
}

static diffmm_status modality_name(const union value *v)
{
    return answered(diffmm_placer_modality_name(v[0].in, v[1].n) != NULL);
}

static diffmm_status modality_dimensions(const union value *v)
{
    return answered(diffmm_placer_modality_dimensions(v[0].in, v[1].n) == features);
}

static diffmm_status place_items(const union value *v)
{
    return diffmm_place_items(v[0].in, v[1].n, v[2].in, v[3].r, v[4].p);
}

static diffmm_status extend_scorer(const union value *v)
{
    return diffmm_scorer_extend(v[0].in, v[1].n, v[2].in, v[3].in, v[4].p);
}

static diffmm_status save_scorer(const union value *v)
{
    return diffmm_scorer_save(v[0].in, v[1].in);
}

static diffmm_status save_scorer_memory(const union value *v)
{
    return diffmm_scorer_save_memory(v[0].in, v[1].p, v[2].n, v[3].p);
}

static diffmm_status export_vectors(const union value *v)
{
    return diffmm_scorer_export(v[0].in, (diffmm_side)v[1].i, (diffmm_vectors_format)v[2].i,
                                v[3].in);
}

static diffmm_status export_vectors_for(const union value *v)
{
    return diffmm_scorer_export_for(v[0].in, (diffmm_side)v[1].i, (diffmm_index)v[2].i,
                                    (diffmm_vectors_format)v[3].i, v[4].in);
}

enum { more = 2 };
static const float image[more * features] = {1, 2, 3, 4, 5, 6},
                                no_feature[features] = {[features - 1] = NAN},
                                vast[features] = {INFINITY};
/* The second item has no features. */
static const float *const placed[more] = {image, NULL}, *const not_a_number[more] = {no_feature},
                          *const not_finite[more] = {image, vast},
                          *const of_none[more] = {NULL, NULL};
static const float rows[more * d] = {1, 2, 3}, nan_row[more * d] = {[more * d - 1] = NAN},
                               infinite_row[more * d] = {[d] = INFINITY},
                               large_row[more * d] = {3e38f, 3e38f};
static const char *const ids[] = {"new", "newer"}, *const missing[] = {"new", NULL},
                         *const empty[] = {"new", ""}, *const bytes[] = {"new", "\xc0\x80"},
                         *const twice[] = {"new", "new"}, *const known[] = {"new", "3"};

#define A_PLACER                                                                                   \
    {                                                                                              \
        "placer", PLACER                                                                           \
    }
#define AN_INDEX                                                                                   \
    {                                                                                              \
        "index", SIZE, .good.n = 0, .others = {                                                    \
            {{.n = 1}, INVALID},                                                                   \
            {{.n = (size_t)-1}, INVALID}                                                           \
        }                                                                                          \
    }

static const struct entry entries[] = {
    {"diffmm_dataset_extend", extend_dataset,
     .arguments = {{"source", DATASET}, {"out", MADE, .made = DATASET}}},
    {"diffmm_dataset_append_features", append_features,
     .arguments = {{"dataset", OPEN_DATASET},
                   {"name", TEXT, .good.in = "image",
                    .others = {{{.in = ""}, NOT_FOUND, "''"},
                               {{.in = "cover"}, NOT_FOUND, "'cover'"},
                               {{.in = "\xff"}, NOT_FOUND, "modality"}}},
                   {"count", SIZE, .good.n = more,
                    .others = {{{.n = 0}, OK, ""},
                               {{.n = INT32_MAX}, INVALID, "2147483647 more rows"},
                               {{.n = (size_t)-1}, INVALID, "more rows"}}},
                   {"features", DATA, .good.in = image, .bytes = sizeof image},
                   {"stride", SIZE, .good.n = features,
                    .others = {{{.n = 0}, INVALID},
                               {{.n = features - 1}, INVALID},
                               {{.n = (size_t)-1}, INVALID}}}}},
    {"diffmm_dataset_features", dataset_features,
     .arguments = {{"dataset", DATASET},
                   AN_INDEX,
                   {"first", SIZE, .good.n = 1,
                    .others = {{{.n = items - more + 1}, INVALID, "2 items from 3 on"},
                               {{.n = items + 1}, INVALID, "2 items from 5 on"},
                               {{.n = (size_t)-1}, INVALID, "2 items from"},
                               {{.n = 0}, OK, ""}}},
                   {"count", SIZE, .good.n = more,
                    .others = {{{.n = 0}, OK, ""},
                               {{.n = items}, INVALID, "4 items from 1 on"},
                               {{.n = (size_t)-1}, INVALID, "items from 1 on"}}},
                   {"out", OUT, .bytes = sizeof image}}},
    {"diffmm_model_inherit", inherit, .arguments = {{"model", MODEL}, {"from", MANY_ITEMS_MODEL}}},
    {"diffmm_trainer_create_from", create_from,
     .arguments = {{"dataset", OPEN_DATASET},
                   {"options", OPTIONS, true},
                   {"model", MODEL},
                   {"out", MADE, .made = TRAINER}}},
    {"diffmm_placer_create", create,
     .arguments = {{"model", MANY_ITEMS_MODEL},
                   {"dataset", MANY_ITEMS},
                   {"out", MADE, .made = PLACER}}},
    {"diffmm_placer_save", save,
     .arguments = {A_PLACER,
                   {"path", TEXT, .good.in = "saved.placer",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such/placer"}, IO, "no-such"}}}}},
    {"diffmm_placer_open", open_path,
     .arguments = {{"context", CONTEXT},
                   {"path", TEXT, .good.in = "placer.safetensors",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such"}, IO, "no-such"},
                               {{.in = "clicks.tsv"}, FORMAT, "clicks.tsv"},
                               {{.in = "model.safetensors"}, FORMAT, "model.safetensors"}}},
                   {"out", MADE, .made = PLACER}}},
    {"diffmm_placer_destroy", destroy, true, .arguments = {{"placer", PLACER, true, .ends = true}}},
    {"diffmm_placer_dimensions", dimensions, true, {A_PLACER}},
    {"diffmm_placer_modalities", modalities, true, {A_PLACER}},
    {"diffmm_placer_modality_name", modality_name, true, {A_PLACER, AN_INDEX}},
    {"diffmm_placer_modality_dimensions", modality_dimensions, true, {A_PLACER, AN_INDEX}},
    {"diffmm_place_items", place_items,
     .arguments = {A_PLACER,
                   {"count", SIZE, .good.n = more,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   {"features", DATA, .good.in = placed, .bytes = sizeof placed,
                    .others = {{{.in = not_a_number}, NUMERIC, "feature 2 of item 0"},
                               {{.in = not_finite}, NUMERIC, "feature 0 of item 1"},
                               {{.in = of_none}, OK, ""}}},
                   {"boost", REAL, .good.r = 1,
                    .others = {{{.r = -0.1}, INVALID},
                               {{.r = 1e300}, INVALID},
                               {{.r = (double)NAN}, INVALID},
                               {{.r = (double)INFINITY}, INVALID},
                               {{.r = 0}, OK, ""}}},
                   {"out", OUT, .bytes = more * d * sizeof(float)}}},
    {"diffmm_scorer_extend", extend_scorer,
     .arguments = {{"scorer", SCORER},
                   {"count", SIZE, .good.n = more,
                    .others = {{{.n = 0}, INVALID},
                               {{.n = INT32_MAX}, INVALID, "2147483647 more items"},
                               {{.n = (size_t)-1}, INVALID, "more items"}}},
                   {"ids", DATA, true, .good.in = ids, .bytes = sizeof ids,
                    .others = {{{.in = missing}, INVALID, "ids[1]"},
                               {{.in = empty}, INVALID, "ids[1]"},
                               {{.in = bytes}, INVALID, "ids[1]"},
                               {{.in = twice}, INVALID, "'new'"},
                               {{.in = known}, INVALID, "'3'"}}},
                   {"rows", DATA, .good.in = rows, .bytes = sizeof rows,
                    .others = {{{.in = nan_row}, NUMERIC},
                               {{.in = infinite_row}, NUMERIC},
                               {{.in = large_row}, NUMERIC}}},
                   {"out", MADE, .made = SCORER}}},
    {"diffmm_scorer_save", save_scorer,
     .arguments = {{"scorer", SCORER},
                   {"path", TEXT, .good.in = "saved.safetensors",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such/model"}, IO, "no-such"}}}}},
    {"diffmm_scorer_save_memory", save_scorer_memory,
     .arguments = {{"scorer", SCORER},
                   {"data", OUT, true, .bytes = 16384},
                   {"capacity", SIZE, .good.n = 16384,
                    .others = {{{.n = 0}, INVALID, "bytes"}, {{.n = 100}, INVALID, "bytes"}}},
                   {"size", OUT, .bytes = sizeof(size_t)}}},
    {"diffmm_scorer_export_for", export_vectors_for,
     .arguments = {{"scorer", SCORER},
                   {"side", NUMBER, .good.i = DIFFMM_ITEMS,
                    .others = {{{.i = -1}, INVALID}, {{.i = 2}, INVALID}}},
                   {"index", NUMBER, .good.i = DIFFMM_INDEX_L2,
                    .others = {{{.i = -1}, INVALID},
                               {{.i = 2}, INVALID},
                               {{.i = DIFFMM_INDEX_INNER_PRODUCT}, OK, ""}}},
                   {"format", NUMBER, .good.i = DIFFMM_VECTORS_NPY,
                    .others = {{{.i = -1}, INVALID},
                               {{.i = 2}, INVALID},
                               {{.i = DIFFMM_VECTORS_SAFETENSORS}, OK, ""}}},
                   {"path", TEXT, .good.in = "items.npy",
                    .others = {{{.in = ""}, INVALID},
                               {{.in = "no-such/items.npy"}, IO, "no-such"}}}}},
    {"diffmm_scorer_export", export_vectors,
     .arguments = {{"scorer", SCORER},
                   {"side", NUMBER, .good.i = DIFFMM_ITEMS,
                    .others = {{{.i = -1}, INVALID}, {{.i = 2}, INVALID}}},
                   {"format", NUMBER, .good.i = DIFFMM_VECTORS_NPY,
                    .others = {{{.i = -1}, INVALID},
                               {{.i = 2}, INVALID},
                               {{.i = DIFFMM_VECTORS_SAFETENSORS}, OK, ""}}},
                   {"path", TEXT, .good.in = "items.npy",
                    .others = {{{.in = ""}, INVALID},
                               {{.in = "no-such/items.npy"}, IO, "no-such"}}}}},
};

struct table table_growth(void)
{
    return (struct table){entries, sizeof entries / sizeof *entries};
}
