/* SPDX-License-Identifier: BSD-2-Clause */
/* diffusion_module.h, and what measures.h has of modules */
#include "table.h"

static const float basis[] = {1, 0, 0, 1, 0, 0, 0, 0}, no_basis[] = {1, 1, 0, 0, 0, 0, 0, 0},
                   bad_basis_rows[] = {1, NAN, 0, 0};

static diffmm_status forecast(const union value *v)
{
    return diffmm_diffusion_forecast(v[0].p, v[1].n, v[2].n, v[3].n, v[4].in, v[5].p);
}

static diffmm_status create(const union value *v)
{
    return diffmm_diffusion_create(v[0].p, v[1].n, v[2].in, v[3].n, v[4].p);
}

static diffmm_status create_spectral(const union value *v)
{
    return diffmm_diffusion_create_spectral(v[0].p, v[1].n, v[2].n, v[3].in, v[4].in, v[5].n,
                                            v[6].p);
}

static diffmm_status extend(const union value *v)
{
    return diffmm_diffusion_extend(v[0].in, v[1].n, v[2].in, v[3].p);
}

/* There is none, which is also what there is to say of NULL. */
static diffmm_status basis_of(const union value *v)
{
    return diffmm_diffusion_basis(v[0].in, v[1].p) == NULL ? DIFFMM_OK : DIFFMM_ERROR_STATE;
}

static diffmm_status of_model(const union value *v)
{
    return answered(diffmm_model_diffusion(diffmm_trainer_model(v[0].p), v[1].in) != NULL);
}

static diffmm_status copy(const union value *v)
{
    return diffmm_diffusion_copy(v[0].in, v[1].p);
}

static diffmm_status destroy(const union value *v)
{
    diffmm_diffusion_destroy(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status items_of(const union value *v)
{
    return answered(diffmm_diffusion_items(v[0].in) == items);
}

/* No steps have been taken, which is also what there is to say of NULL. */
static diffmm_status steps(const union value *v)
{
    return diffmm_diffusion_steps(v[0].in) == 0 ? DIFFMM_OK : DIFFMM_ERROR_STATE;
}

static diffmm_status schedule(const union value *v)
{
    return answered(diffmm_diffusion_schedule(v[0].in) != NULL);
}

static diffmm_status options(const union value *v)
{
    return answered(diffmm_diffusion_options(v[0].in) != NULL);
}

static diffmm_status parameters(const union value *v)
{
    return answered(diffmm_diffusion_parameters(v[0].in) == 6);
}

static diffmm_status parameter_at(const union value *v)
{
    return diffmm_diffusion_parameter_at(v[0].in, v[1].n, v[2].p);
}

static diffmm_status parameter(const union value *v)
{
    return diffmm_diffusion_parameter(v[0].in, v[1].in, v[2].p);
}

static diffmm_status set_parameter(const union value *v)
{
    return diffmm_diffusion_set_parameter(v[0].p, v[1].in, v[2].n, v[3].n, v[4].in);
}

static diffmm_status step(const union value *v)
{
    return diffmm_diffusion_step(v[0].p, v[1].in, v[2].p);
}

static diffmm_status objective(const union value *v)
{
    return diffmm_diffusion_objective(v[0].p, v[1].in, v[2].p, v[3].p);
}

static diffmm_status corrupt(const union value *v)
{
    return diffmm_diffusion_corrupt(v[0].in, v[1].in, v[2].p);
}

static diffmm_status denoise(const union value *v)
{
    return diffmm_diffusion_denoise(v[0].in, v[1].n, v[2].in, v[3].in, v[4].p);
}

static diffmm_status reverse(const union value *v)
{
    return diffmm_diffusion_reverse(v[0].in, v[1].in, v[2].p);
}

static diffmm_status generate(const union value *v)
{
    return diffmm_diffusion_generate(v[0].in, v[1].in, v[2].n, v[3].p, v[4].p);
}

static diffmm_status save(const union value *v)
{
    return diffmm_diffusion_save(v[0].in, v[1].in);
}

static diffmm_status measure(const union value *v)
{
    return diffmm_diffusion_measure(v[0].in, v[1].in, v[2].in, v[3].in, v[4].n, v[5].p);
}

static diffmm_status save_memory(const union value *v)
{
    return diffmm_diffusion_save_memory(v[0].in, v[1].p, v[2].n, v[3].p);
}

static diffmm_status load(const union value *v)
{
    return diffmm_diffusion_load(v[0].p, v[1].in, v[2].p);
}

static diffmm_status load_memory(const union value *v)
{
    return diffmm_diffusion_load_memory(v[0].p, v[1].in, v[2].n, v[3].p);
}

/* 3 users of 4 items; e = 4, h = 6 and batch = 8 are the options'. */
enum { rows = 3, cells = rows * items, floats = 4 * 4 + 4 + 6 * 8 + 6 + 4 * 6 + 4 };
static const int64_t pointers[rows + 1] = {0, 2, 2, 4}, falling[rows + 1] = {0, 2, 1, 4};
static const int32_t entries_of_rows[] = {0, 3, 1, 2}, t[rows] = {0, 4, 2},
                     beyond[rows] = {0, 5, 2}, not_items[] = {0, 3, 1, items};
static const float x[cells] = {1, 0, 2}, bad[cells] = {0, NAN}, bias[items] = {1, 2, 3, 4};
#define ROWS                                                                                       \
    .struct_size = sizeof(diffmm_diffusion_batch), .users = rows, .row_items = entries_of_rows,    \
    .row_pointers = pointers
static const diffmm_diffusion_batch good = {ROWS},
                                    no_rows = {.struct_size = sizeof good, .users = rows},
                                    bad_rows = {.struct_size = sizeof good,
                                                .users = rows,
                                                .row_items = entries_of_rows,
                                                .row_pointers = falling},
                                    too_many = {ROWS, .rows = 4}, bad_steps = {ROWS, .t = beyond},
                                    bad_epoch = {ROWS, .epoch = UINT64_MAX},
                                    no_features = {ROWS, .d = 2};

#define A_MODULE                                                                                   \
    {                                                                                              \
        "module", MODULE                                                                           \
    }
#define A_BATCH                                                                                    \
    {                                                                                              \
        "batch", SETTINGS, .good.in = &good, .bytes = sizeof good, .others = {                     \
            {{.in = &no_rows}, INVALID, "row_pointers"},                                           \
            {{.in = &bad_rows}, INVALID, "row_pointers[1]"},                                       \
            {{.in = &too_many}, INVALID, "rows is 4"},                                             \
            {{.in = &bad_steps}, INVALID, "t[1]"},                                                 \
            {{.in = &bad_epoch}, INVALID, "epoch"},                                                \
            {{.in = &no_features}, INVALID, "features"}                                            \
        }                                                                                          \
    }
#define A_SIZE(what, value)                                                                        \
    {                                                                                              \
        what, SIZE, .good.n = value, .others = {                                                   \
            {{.n = 0}, INVALID},                                                                   \
            {{.n = (size_t)-1}, INVALID}                                                           \
        }                                                                                          \
    }
#define A_NAME                                                                                     \
    {                                                                                              \
        "name", TEXT, .good.in = "decoder.0.bias", .others = {                                     \
            {{.in = ""}, NOT_FOUND, "''"},                                                         \
            {{.in = "decoder.1.bias"}, NOT_FOUND, "'decoder.1.bias'"},                             \
            {{.in = "\xff"}, NOT_FOUND, "parameter"}                                               \
        }                                                                                          \
    }
#define A_LOSS                                                                                     \
    {                                                                                              \
        "losses", OUT, true, .bytes = sizeof(diffmm_diffusion_losses)                              \
    }

static struct entry entries[] = {
    {"diffmm_diffusion_forecast", forecast,
     .arguments = {{"context", CONTEXT},
                   A_SIZE("items", items),
                   A_SIZE("users", rows),
                   {"entries", SIZE, .good.n = 4,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   {"options", OPTIONS, true},
                   {"out", FILLED, .bytes = sizeof(diffmm_diffusion_needs)}}},
    {"diffmm_diffusion_create", create,
     .arguments = {{"context", CONTEXT},
                   A_SIZE("items", items),
                   {"options", OPTIONS, true},
                   {"seed", SIZE, .good.n = 1, .others = {{{.n = (size_t)-1}, INVALID}}},
                   {"out", MADE, .made = MODULE}}},
    {"diffmm_diffusion_create_spectral", create_spectral,
     .arguments = {{"context", CONTEXT},
                   A_SIZE("items", items),
                   A_SIZE("rank", 2),
                   {"basis", DATA, .good.in = basis, .bytes = sizeof basis,
                    .others = {{{.in = no_basis}, INVALID, "columns 0 and 1"}}},
                   {"options", OPTIONS, true},
                   {"seed", SIZE, .good.n = 1, .others = {{{.n = (size_t)-1}, INVALID}}},
                   {"out", MADE, .made = MODULE}}},
    {"diffmm_diffusion_basis",
     basis_of,
     true,
     {{"module", MODULE, true}, {"rank", OUT, true, .bytes = sizeof(size_t)}}},
    {"diffmm_model_diffusion",
     of_model,
     true,
     {{"model", TRAINER},
      {"modality", TEXT, .good.in = "image",
       .others = {{{.in = ""}, INVALID}, {{.in = "text"}, INVALID}, {{.in = "\xff"}, INVALID}}}}},
    {"diffmm_diffusion_copy", copy, .arguments = {A_MODULE, {"out", MADE, .made = MODULE}}},
    {"diffmm_diffusion_extend", extend,
     .arguments = {{"module", SPECTRAL_MODULE},
                   A_SIZE("count", 2),
                   {"rows", DATA, .good.in = basis, .bytes = 4 * sizeof *basis,
                    .others = {{{.in = bad_basis_rows}, DIFFMM_ERROR_NUMERIC, "value 1"}}},
                   {"out", MADE, .made = MODULE}}},
    {"diffmm_diffusion_destroy", destroy, true, {{"module", MODULE, true, .ends = true}}},
    {"diffmm_diffusion_items", items_of, true, {A_MODULE}},
    {"diffmm_diffusion_steps", steps, true, {{"module", MODULE, true}}},
    {"diffmm_diffusion_schedule", schedule, true, {A_MODULE}},
    {"diffmm_diffusion_options", options, true, {A_MODULE}},
    {"diffmm_diffusion_parameters", parameters, true, {A_MODULE}},
    {"diffmm_diffusion_parameter_at", parameter_at,
     .arguments = {A_MODULE,
                   {"index", SIZE, .good.n = 5,
                    .others = {{{.n = 6}, INVALID, "6"}, {{.n = (size_t)-1}, INVALID}}},
                   {"out", FILLED, .bytes = sizeof(diffmm_parameter)}}},
    {"diffmm_diffusion_parameter", parameter,
     .arguments = {A_MODULE, A_NAME, {"out", FILLED, .bytes = sizeof(diffmm_parameter)}}},
    {"diffmm_diffusion_set_parameter", set_parameter,
     .arguments =
         {A_MODULE,
          A_NAME,
          {"rows", SIZE, .good.n = items,
           .others = {{{.n = 0}, INVALID, "4 x 1"}, {{.n = (size_t)-1}, INVALID, "4 x 1"}}},
          {"columns", SIZE, .good.n = 1,
           .others = {{{.n = 0}, INVALID, "4 x 1"}, {{.n = (size_t)-1}, INVALID, "4 x 1"}}},
          {"values", DATA, .good.in = bias, .bytes = sizeof bias,
           .others = {{{.in = bad}, NUMERIC, "value 1"}}}}},
    {"diffmm_diffusion_step", step, .arguments = {A_MODULE, A_BATCH, A_LOSS}},
    {"diffmm_diffusion_objective", objective,
     .arguments =
         {A_MODULE, A_BATCH, A_LOSS, {"gradient", OUT, true, .bytes = floats * sizeof(float)}}},
    {"diffmm_diffusion_corrupt", corrupt,
     .arguments = {A_MODULE, A_BATCH, {"x_t", OUT, .bytes = sizeof x}}},
    {"diffmm_diffusion_denoise", denoise,
     .arguments = {A_MODULE,
                   {"rows", SIZE, .good.n = rows,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   {"x", DATA, .good.in = x, .bytes = sizeof x,
                    .others = {{{.in = bad}, NUMERIC, "value 1"}}},
                   {"t", DATA, .good.in = t, .bytes = sizeof t,
                    .others = {{{.in = beyond}, INVALID, "t[1]"}}},
                   {"x_hat", OUT, .bytes = sizeof x}}},
    {"diffmm_diffusion_reverse", reverse,
     .arguments = {A_MODULE, A_BATCH, {"x", OUT, .bytes = sizeof x}}},
    {"diffmm_diffusion_generate", generate,
     .arguments = {A_MODULE,
                   A_BATCH,
                   {"count", SIZE, .good.n = 2,
                    .others = {{{.n = 0}, INVALID},
                               {{.n = items + 1}, INVALID},
                               {{.n = (size_t)-1}, INVALID}}},
                   {"items", OUT, .bytes = rows * 2 * sizeof(int32_t)},
                   {"scores", OUT, true, .bytes = rows * 2 * sizeof(float)}}},
    {"diffmm_diffusion_measure", measure,
     .arguments = {A_MODULE,
                   A_BATCH,
                   {"held_pointers", DATA, .good.in = pointers, .bytes = sizeof pointers,
                    .others = {{{.in = falling}, INVALID, "held_pointers[1]"}}},
                   {"held_items", DATA, .good.in = entries_of_rows, .bytes = sizeof entries_of_rows,
                    .others = {{{.in = not_items}, INVALID}}},
                   A_SIZE("cutoff", 2),
                   {"out", FILLED, .bytes = sizeof(diffmm_denoiser_measures)}}},
    {"diffmm_diffusion_save", save,
     .arguments = {A_MODULE,
                   {"path", TEXT, .good.in = "saved.module",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such/module"}, IO, "no-such"}}}}},
    {"diffmm_diffusion_save_memory", save_memory,
     .arguments = {A_MODULE,
                   {"data", OUT, true, .bytes = 1 << 16},
                   {"capacity", SIZE, .good.n = 1 << 16,
                    .others = {{{.n = 0}, INVALID}, {{.n = 100}, INVALID}}},
                   {"size", OUT, .bytes = sizeof(size_t)}}},
    {"diffmm_diffusion_load", load,
     .arguments = {{"context", CONTEXT},
                   {"path", TEXT, .good.in = "module.safetensors",
                    .others = {{{.in = ""}, IO, "No such file"},
                               {{.in = "no-such"}, IO, "no-such"},
                               {{.in = "clicks.tsv"}, FORMAT, "clicks.tsv"},
                               {{.in = "model.safetensors"}, FORMAT, "a diffusion module"}}},
                   {"out", MADE, .made = MODULE}}},
    {"diffmm_diffusion_load_memory", load_memory,
     .arguments = {{"context", CONTEXT},
                   {"data", DATA},
                   {"size", SIZE,
                    .others = {{{.n = 0}, FORMAT, "data"}, {{.n = 9}, FORMAT, "data"}}},
                   {"out", MADE, .made = MODULE}}},
};

struct table table_module(void)
{
    size_t count = sizeof entries / sizeof *entries;
    give_file(entries + count - 1, 1, module_file);
    return (struct table){entries, count};
}
