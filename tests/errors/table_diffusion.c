/* SPDX-License-Identifier: BSD-2-Clause */
/* diffusion.h */
#include "table.h"

static diffmm_status schedule_create(const union value *v)
{
    return diffmm_schedule_create(v[0].p, v[1].n, v[2].r, v[3].r, v[4].r, (int)v[5].i, v[6].p);
}

static diffmm_status schedule_destroy(const union value *v)
{
    diffmm_schedule_destroy(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status schedule_steps(const union value *v)
{
    return answered(diffmm_schedule_steps(v[0].in) == 5);
}

static diffmm_status schedule_values(const union value *v)
{
    return answered(diffmm_schedule_values(v[0].in, (diffmm_schedule_quantity)v[1].i) != NULL);
}

static diffmm_status q_sample(const union value *v)
{
    return diffmm_q_sample(v[0].in, v[1].n, v[2].n, v[3].in, v[4].in, v[5].in, v[6].p);
}

static diffmm_status time_embedding(const union value *v)
{
    return diffmm_time_embedding(v[0].n, v[1].in, v[2].n, v[3].p);
}

static diffmm_status denoiser_size(const union value *v)
{
    return answered(diffmm_denoiser_size(v[0].in) > 0);
}

static diffmm_status denoiser_parameter(const union value *v)
{
    return diffmm_denoiser_parameter(v[0].in, v[1].n, v[2].p, v[3].p, v[4].p, v[5].p);
}

static diffmm_status denoiser_initialize(const union value *v)
{
    return diffmm_denoiser_initialize(v[0].in, v[1].n, v[2].p);
}

static diffmm_status denoiser_forward(const union value *v)
{
    return diffmm_denoiser_forward(v[0].p, v[1].in, v[2].in, v[3].n, v[4].in, v[5].in, v[6].in,
                                   v[7].p);
}

static diffmm_status denoiser_backward(const union value *v)
{
    return diffmm_denoiser_backward(v[0].p, v[1].in, v[2].in, v[3].n, v[4].in, v[5].in, v[6].in,
                                    v[7].in, v[8].p);
}

static diffmm_status elbo(const union value *v)
{
    return diffmm_elbo(v[0].in, v[1].n, v[2].n, v[3].in, v[4].in, v[5].in, v[6].p, v[7].p, v[8].p);
}

static diffmm_status denoiser_backward_with(const union value *v)
{
    return diffmm_denoiser_backward_with(v[0].p, v[1].in);
}

static diffmm_status elbo_with(const union value *v)
{
    return diffmm_elbo_with(v[0].in, v[1].in);
}

static diffmm_status msi_with(const union value *v)
{
    return diffmm_msi_with(v[0].p, v[1].in);
}

static diffmm_status denoiser_loss_with(const union value *v)
{
    return diffmm_denoiser_loss_with(v[0].p, v[1].in, v[2].in);
}

static diffmm_status spectral_loss_with(const union value *v)
{
    return diffmm_spectral_loss_with(v[0].p, v[1].in, v[2].in);
}

static diffmm_status reverse_chain_with(const union value *v)
{
    return diffmm_reverse_chain_with(v[0].p, v[1].in, v[2].in);
}

static diffmm_status generate_neighbors_with(const union value *v)
{
    return diffmm_generate_neighbors_with(v[0].p, v[1].in, v[2].in);
}

static diffmm_status spectral_basis_with(const union value *v)
{
    return diffmm_spectral_basis_with(v[0].p, v[1].in);
}

static diffmm_status spectral_basis_place_with(const union value *v)
{
    return diffmm_spectral_basis_place_with(v[0].p, v[1].in);
}

static diffmm_status msi(const union value *v)
{
    return diffmm_msi(v[0].p, v[1].n, v[2].n, v[3].n, v[4].in, v[5].in, v[6].in, v[7].in, v[8].p,
                      v[9].p, v[10].p);
}

static diffmm_status denoiser_loss(const union value *v)
{
    return diffmm_denoiser_loss(v[0].p, v[1].in, v[2].in, v[3].in, v[4].n, v[5].in, v[6].in,
                                v[7].in, v[8].in, v[9].n, v[10].in, v[11].in, v[12].r, v[13].p,
                                v[14].p, v[15].p, v[16].p);
}

static diffmm_status reverse_chain(const union value *v)
{
    return diffmm_reverse_chain(v[0].p, v[1].in, v[2].in, v[3].in, v[4].n, v[5].in, v[6].n,
                                (int)v[7].i, v[8].in, v[9].p);
}

static diffmm_status generate_neighbors(const union value *v)
{
    return diffmm_generate_neighbors(v[0].p, v[1].in, v[2].in, v[3].in, v[4].n, v[5].in, v[6].in,
                                     v[7].n, v[8].p);
}

/* I = 4, e = 2, h = 3, 4 users, T = 5 (the schedule's). Parameters: 2x2 + 2, 3x6 + 3, 4x3 + 4. */
enum { rows = 4, cells = rows * items, parameter_count = 6 + 21 + 16 };
static const size_t hidden[] = {3}, hidden_0[] = {0}, hidden_huge[] = {(size_t)-1};
static const diffmm_denoiser_shape
    shape = {.items = items, .time_size = 2, .hidden_count = 1, .hidden_sizes = hidden},
    no_items = {.time_size = 2, .hidden_count = 1, .hidden_sizes = hidden},
    no_time = {.items = items, .hidden_count = 1, .hidden_sizes = hidden},
    no_layers = {.items = items, .time_size = 2, .hidden_sizes = hidden},
    no_sizes = {.items = items, .time_size = 2, .hidden_count = 1},
    reserved = {.items = items,
                .time_size = 2,
                .hidden_count = 1,
                .hidden_sizes = hidden,
                .reserved = 1},
    size_0 = {.items = items, .time_size = 2, .hidden_count = 1, .hidden_sizes = hidden_0},
    huge = {.items = items, .time_size = 2, .hidden_count = 1, .hidden_sizes = hidden_huge};
static const float x[cells] = {1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1},
                   parameters[parameter_count] = {0.1F, 0.2F, -0.3F},
                   table_d[items * 2] = {1, 2, 3}, noise[cells * 6] = {0.3F, -0.2F};
static const int32_t t[rows] = {0, 1, 4, 2}, t_negative[rows] = {0, 0, 0, -1},
                     t_beyond[rows] = {0, 0, 0, 5}, t_huge[rows] = {0, 0, 0, INT32_MAX};
static const int64_t pointers[] = {0, 1, 2, 4, 4}, pointers_negative[] = {-1, 1, 2, 4, 4},
                     pointers_falling[] = {0, 2, 1, 4, 4};
static const int32_t entries_of_rows[] = {1, 2, 0, 3}, entries_beyond[] = {1, 2, 0, 4},
                     entries_negative[] = {1, 2, 0, -1};

/* For the functions that take a struct. What is wrong with a single member is tried with the old
 * entries, which call these functions. */
static float gradient[parameter_count], x_out[cells];
static double terms[rows], term;
static int32_t neighbors[rows * 2];
static const diffmm_denoiser_backward_arguments backward_arguments = {.shape = &shape,
                                                                      .parameters = parameters,
                                                                      .rows = rows,
                                                                      .x = x,
                                                                      .t = t,
                                                                      .grad_x_hat = x,
                                                                      .grad_parameters = gradient},
                                                backward_of_nothing = {.rows = rows};
static const diffmm_elbo_arguments elbo_arguments = {.rows = rows,
                                                     .items = items,
                                                     .x0 = x,
                                                     .x_hat = x,
                                                     .t = t,
                                                     .per_user = terms,
                                                     .loss = &term,
                                                     .grad_x_hat = x_out},
                                   elbo_of_nothing = {.rows = rows};
static const diffmm_msi_arguments msi_arguments = {.rows = rows,
                                                   .items = items,
                                                   .d = 2,
                                                   .x0 = x,
                                                   .x_hat = x,
                                                   .features = table_d,
                                                   .item_embedding = table_d,
                                                   .per_user = terms,
                                                   .loss = &term,
                                                   .grad_x_hat = x_out},
                                  msi_of_nothing = {.rows = rows};
static const diffmm_denoiser_loss_arguments loss_arguments = {.shape = &shape,
                                                              .parameters = parameters,
                                                              .rows = rows,
                                                              .x0 = x,
                                                              .t = t,
                                                              .noise = x,
                                                              .d = 2,
                                                              .features = table_d,
                                                              .item_embedding = table_d,
                                                              .e_loss = 0.1,
                                                              .loss = &term,
                                                              .grad_parameters = gradient},
                                            loss_of_nothing = {.rows = rows};
static const float identity[items * items] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
static const diffmm_spectral_loss_arguments spectral_arguments = {.shape = &shape,
                                                                  .parameters = parameters,
                                                                  .items = items,
                                                                  .basis = identity,
                                                                  .rows = rows,
                                                                  .x0 = x,
                                                                  .t = t,
                                                                  .noise = x,
                                                                  .d = 2,
                                                                  .features = table_d,
                                                                  .item_embedding = table_d,
                                                                  .e_loss = 0.1,
                                                                  .loss = &term,
                                                                  .grad_parameters = gradient},
                                            spectral_of_nothing = {.rows = rows};
static const diffmm_reverse_chain_arguments chain_arguments = {.shape = &shape,
                                                               .parameters = parameters,
                                                               .rows = rows,
                                                               .x0 = x,
                                                               .sampling_steps = 2,
                                                               .sampling_noise = 1,
                                                               .noise = noise,
                                                               .x = x_out},
                                            chain_of_nothing = {.rows = rows},
                                            chain_reserved = {.shape = &shape, .reserved = 1};
static const diffmm_generate_neighbors_arguments generate_arguments = {.shape = &shape,
                                                                       .parameters = parameters,
                                                                       .rows = rows,
                                                                       .row_pointers = pointers,
                                                                       .row_items = entries_of_rows,
                                                                       .count = 2,
                                                                       .items_out = neighbors},
                                                 generate_of_nothing = {.rows = rows};

static const float not_finite[cells] = {1, NAN};
static float basis[items * items];
#define BASIS                                                                                      \
    .users = rows, .row_items = entries_of_rows, .feature_columns = 4, .seed = 3, .basis = basis
static const diffmm_spectral_basis_arguments
    basis_arguments = {BASIS, .items = items, .rank = 3, .row_pointers = pointers, .features = x},
    basis_of_nothing = {.users = rows},
    basis_too_large = {BASIS, .items = items, .rank = items + 1, .row_pointers = pointers,
                       .features = x},
    basis_of_no_rows = {BASIS, .items = items, .rank = 3, .features = x},
    basis_of_falling = {BASIS, .items = items, .rank = 3, .row_pointers = pointers_falling,
                        .features = x},
    basis_of_no_features = {BASIS, .items = items, .rank = 3, .row_pointers = pointers},
    basis_of_nan = {BASIS, .items = items, .rank = 3, .row_pointers = pointers,
                    .features = not_finite},
    basis_nowhere = {.users = rows,
                     .items = items,
                     .rank = 3,
                     .row_items = entries_of_rows,
                     .row_pointers = pointers};
#define PLACE .items = 2, .feature_columns = 2, .rank = 3, .new_items = 2
static const diffmm_spectral_basis_place_arguments
    place_arguments = {PLACE, .features = x, .basis = x, .new_features = x, .placed = basis},
    place_of_nothing = {.feature_columns = 2},
    place_of_no_features = {PLACE, .basis = x, .new_features = x, .placed = basis},
    place_of_no_basis = {PLACE, .features = x, .new_features = x, .placed = basis},
    place_of_no_new = {PLACE, .features = x, .basis = x, .placed = basis},
    place_of_nan = {PLACE, .features = x, .basis = not_finite, .new_features = x, .placed = basis},
    place_of_new_nan = {PLACE, .features = x, .basis = x, .new_features = not_finite,
                        .placed = basis},
    place_nowhere = {PLACE, .features = x, .basis = x, .new_features = x};

#define A_CONTEXT                                                                                  \
    {                                                                                              \
        "context", CONTEXT, true                                                                   \
    }
#define A_SHAPE                                                                                    \
    {                                                                                              \
        "shape", SETTINGS, .good.in = &shape, .bytes = sizeof shape, .others = {                   \
            {{.in = &reserved}, INVALID},                                                          \
            {{.in = &no_items}, INVALID},                                                          \
            {{.in = &no_time}, INVALID},                                                           \
            {{.in = &no_layers}, INVALID},                                                         \
            {{.in = &no_sizes}, INVALID},                                                          \
            {{.in = &size_0}, INVALID},                                                            \
            {{.in = &huge}, INVALID}                                                               \
        }                                                                                          \
    }
#define ARGUMENTS(good_ones, bad, names)                                                           \
    {                                                                                              \
        "arguments", SETTINGS, .good.in = &(good_ones), .bytes = sizeof(good_ones), .others = {    \
            {{.in = &(bad)}, INVALID, names}                                                       \
        }                                                                                          \
    }
#define A_ROWS                                                                                     \
    {                                                                                              \
        "rows", SIZE, .good.n = rows, .others = {                                                  \
            {{.n = 0}, OK, ""},                                                                    \
            {{.n = (size_t)-1}, INVALID}                                                           \
        }                                                                                          \
    }
#define A_BATCH                                                                                    \
    {                                                                                              \
        "rows", SIZE, .good.n = rows, .others = {                                                  \
            {{.n = 0}, INVALID},                                                                   \
            {{.n = (size_t)-1}, INVALID}                                                           \
        }                                                                                          \
    }
#define A_INPUT(what, array)                                                                       \
    {                                                                                              \
        what, DATA, .good.in = array, .bytes = sizeof array                                        \
    }
#define A_WISH_IN(what, array)                                                                     \
    {                                                                                              \
        what, DATA, true, .good.in = array, .bytes = sizeof array                                  \
    }
#define A_ROOM(what, size)                                                                         \
    {                                                                                              \
        what, OUT, .bytes = size                                                                   \
    }
#define A_WISH(what, size)                                                                         \
    {                                                                                              \
        what, OUT, true, .bytes = size                                                             \
    }
#define A_STEPS                                                                                    \
    {                                                                                              \
        "t", DATA, .good.in = t, .bytes = sizeof t, .others = {                                    \
            {{.in = t_negative}, INVALID},                                                         \
            {{.in = t_beyond}, INVALID},                                                           \
            {{.in = t_huge}, INVALID}                                                              \
        }                                                                                          \
    }
#define A_NOISE(what, value)                                                                       \
    {                                                                                              \
        what, REAL, .good.r = value, .others = {                                                   \
            {{.r = 0}, INVALID, "noise"},                                                          \
            {{.r = -1}, INVALID, "noise"},                                                         \
            {{.r = (double)NAN}, INVALID, "noise"},                                                \
            {{.r = (double)INFINITY}, INVALID, "noise"},                                           \
            {{.r = 1e9}, INVALID, "noise"}                                                         \
        }                                                                                          \
    }

static const struct entry entries[] = {
    {"diffmm_schedule_create", schedule_create,
     .arguments = {A_CONTEXT,
                   {"steps", SIZE, .good.n = 5,
                    .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, INVALID}}},
                   A_NOISE("noise_scale", 0.1),
                   A_NOISE("noise_min", 0.001),
                   A_NOISE("noise_max", 0.02),
                   {"beta_fixed", NUMBER, .good.i = 1, .others = {{{.i = -1}, OK, ""}}},
                   {"out", MADE, .made = SCHEDULE}}},
    {"diffmm_schedule_destroy", schedule_destroy, true,
     .arguments = {{"schedule", SCHEDULE, true, .ends = true}}},
    {"diffmm_schedule_steps", schedule_steps, true, {{"schedule", SCHEDULE}}},
    {"diffmm_schedule_values",
     schedule_values,
     true,
     {{"schedule", SCHEDULE},
      {"quantity", NUMBER, .good.i = DIFFMM_SCHEDULE_ELBO_WEIGHT,
       .others = {{{.i = -1}, INVALID}, {{.i = 7}, INVALID}}}}},
    {"diffmm_q_sample", q_sample,
     .arguments = {{"schedule", SCHEDULE},
                   {"rows", SIZE, .good.n = rows,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   {"items", SIZE, .good.n = items,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   A_INPUT("x0", x),
                   A_STEPS,
                   A_INPUT("noise", x),
                   A_ROOM("x_t", sizeof x)}},
    {"diffmm_time_embedding", time_embedding,
     .arguments = {{"rows", SIZE, .good.n = rows,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   A_INPUT("t", t),
                   {"size", SIZE, .good.n = 4,
                    .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, INVALID}}},
                   A_ROOM("out", sizeof x)}},
    {"diffmm_denoiser_size", denoiser_size, true, {A_SHAPE}},
    {"diffmm_denoiser_parameter", denoiser_parameter,
     .arguments = {A_SHAPE,
                   {"index", SIZE, .good.n = 5,
                    .others = {{{.n = 6}, INVALID, "6"},
                               {{.n = (size_t)-1}, INVALID, "parameter"}}},
                   A_ROOM("name", 64),
                   A_ROOM("rows", sizeof(size_t)),
                   A_ROOM("columns", sizeof(size_t)),
                   A_ROOM("offset", sizeof(size_t))}},
    {"diffmm_denoiser_initialize", denoiser_initialize,
     .arguments = {A_SHAPE,
                   {"seed", SIZE, .good.n = 1, .others = {{{.n = (size_t)-1}, OK, ""}}},
                   A_ROOM("parameters", sizeof parameters)}},
    {"diffmm_denoiser_forward", denoiser_forward,
     .arguments = {A_CONTEXT, A_SHAPE, A_INPUT("parameters", parameters), A_ROWS, A_INPUT("x", x),
                   A_INPUT("t", t), A_WISH_IN("dropout_scale", x), A_ROOM("x_hat", sizeof x)}},
    {"diffmm_denoiser_backward", denoiser_backward,
     .arguments = {A_CONTEXT, A_SHAPE, A_INPUT("parameters", parameters), A_ROWS, A_INPUT("x", x),
                   A_INPUT("t", t), A_WISH_IN("dropout_scale", x), A_INPUT("grad_x_hat", x),
                   A_ROOM("grad_parameters", sizeof parameters)}},
    {"diffmm_denoiser_backward_with", denoiser_backward_with,
     .arguments = {A_CONTEXT, ARGUMENTS(backward_arguments, backward_of_nothing, "shape")}},
    {"diffmm_elbo_with", elbo_with,
     .arguments = {{"schedule", SCHEDULE}, ARGUMENTS(elbo_arguments, elbo_of_nothing, "x0")}},
    {"diffmm_msi_with", msi_with,
     .arguments = {A_CONTEXT, ARGUMENTS(msi_arguments, msi_of_nothing, "x0")}},
    {"diffmm_denoiser_loss_with", denoiser_loss_with,
     .arguments = {A_CONTEXT,
                   {"schedule", SCHEDULE},
                   ARGUMENTS(loss_arguments, loss_of_nothing, "shape")}},
    {"diffmm_spectral_loss_with", spectral_loss_with,
     .arguments = {A_CONTEXT,
                   {"schedule", SCHEDULE},
                   ARGUMENTS(spectral_arguments, spectral_of_nothing, "shape")}},
    {"diffmm_reverse_chain_with", reverse_chain_with,
     .arguments = {A_CONTEXT,
                   {"schedule", SCHEDULE},
                   {"arguments", SETTINGS, .good.in = &chain_arguments,
                    .bytes = sizeof chain_arguments,
                    .others = {{{.in = &chain_of_nothing}, INVALID, "shape"},
                               {{.in = &chain_reserved}, INVALID, "reserved"}}}}},
    {"diffmm_generate_neighbors_with", generate_neighbors_with,
     .arguments = {A_CONTEXT,
                   {"schedule", SCHEDULE},
                   ARGUMENTS(generate_arguments, generate_of_nothing, "shape")}},
    {"diffmm_spectral_basis_with", spectral_basis_with,
     .arguments = {A_CONTEXT,
                   {"arguments", SETTINGS, .good.in = &basis_arguments,
                    .bytes = sizeof basis_arguments,
                    .others = {{{.in = &basis_of_nothing}, INVALID, "items is 0"},
                               {{.in = &basis_too_large}, INVALID, "rank is 5, not 1 to 4"},
                               {{.in = &basis_of_no_rows}, INVALID, "row_pointers is NULL"},
                               {{.in = &basis_of_falling}, INVALID, "row_pointers["},
                               {{.in = &basis_of_no_features}, INVALID, "features is NULL"},
                               {{.in = &basis_of_nan}, NUMERIC, "features: value 1 is not finite"},
                               {{.in = &basis_nowhere}, INVALID, "basis is NULL"}}}}},
    {"diffmm_spectral_basis_place_with", spectral_basis_place_with,
     .arguments = {A_CONTEXT,
                   {"arguments", SETTINGS, .good.in = &place_arguments,
                    .bytes = sizeof place_arguments,
                    .others = {{{.in = &place_of_nothing}, INVALID, "items is 0"},
                               {{.in = &place_of_no_features}, INVALID, "features is NULL"},
                               {{.in = &place_of_no_basis}, INVALID, "basis is NULL"},
                               {{.in = &place_of_no_new}, INVALID, "new_features is NULL"},
                               {{.in = &place_of_nan}, NUMERIC, "basis: value 1"},
                               {{.in = &place_of_new_nan}, NUMERIC, "new_features: value 1"},
                               {{.in = &place_nowhere}, INVALID, "placed is NULL"}}}}},
    {"diffmm_elbo", elbo,
     .arguments = {{"schedule", SCHEDULE},
                   A_BATCH,
                   {"items", SIZE, .good.n = items,
                    .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, INVALID}}},
                   A_INPUT("x0", x),
                   A_INPUT("x_hat", x),
                   A_STEPS,
                   A_WISH("per_user", rows * sizeof(double)),
                   A_WISH("loss", sizeof(double)),
                   A_WISH("grad_x_hat", sizeof x)}},
    {"diffmm_msi", msi,
     .arguments = {A_CONTEXT,
                   A_BATCH,
                   {"items", SIZE, .good.n = items,
                    .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, INVALID}}},
                   {"d", SIZE, .good.n = 2,
                    .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, INVALID}}},
                   A_INPUT("x0", x),
                   A_INPUT("x_hat", x),
                   A_INPUT("features", table_d),
                   A_INPUT("item_embedding", table_d),
                   A_WISH("per_user", rows * sizeof(double)),
                   A_WISH("loss", sizeof(double)),
                   A_WISH("grad_x_hat", sizeof x)}},
    {"diffmm_denoiser_loss", denoiser_loss,
     .arguments = {A_CONTEXT,
                   A_SHAPE,
                   {"schedule", SCHEDULE},
                   A_INPUT("parameters", parameters),
                   A_BATCH,
                   A_INPUT("x0", x),
                   A_STEPS,
                   A_INPUT("noise", x),
                   A_WISH_IN("dropout_scale", x),
                   {"d", SIZE, .good.n = 2,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   A_INPUT("features", table_d),
                   A_INPUT("item_embedding", table_d),
                   {"e_loss", REAL, .good.r = 0.1,
                    .others = {{{.r = (double)NAN}, INVALID}, {{.r = (double)INFINITY}, INVALID}}},
                   A_WISH("loss", sizeof(double)),
                   A_WISH("elbo", sizeof(double)),
                   A_WISH("msi", sizeof(double)),
                   A_WISH("grad_parameters", sizeof parameters)}},
    {"diffmm_reverse_chain", reverse_chain,
     .arguments = {A_CONTEXT,
                   A_SHAPE,
                   {"schedule", SCHEDULE},
                   A_INPUT("parameters", parameters),
                   A_ROWS,
                   A_INPUT("x0", x),
                   {"sampling_steps", SIZE, .good.n = 2,
                    .others = {{{.n = 6}, INVALID}, {{.n = (size_t)-1}, INVALID}}},
                   {"sampling_noise", NUMBER, .good.i = 1, .others = {{{.i = 0}, OK, ""}}},
                   A_INPUT("noise", noise),
                   A_ROOM("x", sizeof x)}},
    {"diffmm_generate_neighbors", generate_neighbors,
     .arguments =
         {A_CONTEXT,
          A_SHAPE,
          {"schedule", SCHEDULE},
          A_INPUT("parameters", parameters),
          {"rows", SIZE, .good.n = rows,
           .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
          {"row_pointers", DATA, .good.in = pointers, .bytes = sizeof pointers,
           .others = {{{.in = pointers_negative}, INVALID}, {{.in = pointers_falling}, INVALID}}},
          {"row_items", DATA, .good.in = entries_of_rows, .bytes = sizeof entries_of_rows,
           .others = {{{.in = entries_beyond}, INVALID}, {{.in = entries_negative}, INVALID}}},
          {"count", SIZE, .good.n = 2,
           .others = {{{.n = 0}, INVALID}, {{.n = 5}, INVALID}, {{.n = (size_t)-1}, INVALID}}},
          A_ROOM("items_out", rows * 2 * sizeof(int32_t))}},
};

struct table table_diffusion(void)
{
    return (struct table){entries, sizeof entries / sizeof *entries};
}
