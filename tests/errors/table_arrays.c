/* SPDX-License-Identifier: BSD-2-Clause */
/* optim.h, metrics.h, measures.h, graph.h, contrastive.h: functions on plain arrays, and graphs. */
#include "table.h"

static diffmm_status adam_step(const union value *v)
{
    return diffmm_adam_step(v[0].in, v[1].n, v[2].n, v[3].p, v[4].in, v[5].p, v[6].p);
}

static diffmm_status average_step(const union value *v)
{
    return diffmm_average_step(v[0].r, v[1].n, v[2].n, v[3].in, v[4].p);
}

static diffmm_status bpr(const union value *v)
{
    return diffmm_bpr(v[0].n, v[1].n, v[2].n, v[3].in, v[4].in, v[5].n, v[6].in, v[7].in, v[8].in,
                      v[9].r, v[10].p, v[11].p, v[12].p);
}

static diffmm_status bpr_with(const union value *v)
{
    return diffmm_bpr_with(v[0].in);
}

static diffmm_status l2(const union value *v)
{
    return diffmm_l2(v[0].n, v[1].in, v[2].r, v[3].p, v[4].p);
}

static diffmm_status xavier(const union value *v)
{
    return diffmm_initialize_xavier(v[0].n, v[1].n, v[2].n, v[3].n, v[4].p);
}

static diffmm_status uniform(const union value *v)
{
    return diffmm_initialize_uniform(v[0].n, v[1].r, v[2].n, v[3].n, v[4].p);
}

static diffmm_status normal(const union value *v)
{
    return diffmm_initialize_normal(v[0].n, v[1].r, v[2].n, v[3].n, v[4].p);
}

static diffmm_status top_k(const union value *v)
{
    return diffmm_top_k(v[0].n, v[1].in, v[2].n, v[3].in, v[4].n, v[5].p, v[6].p, v[7].p);
}

static diffmm_status ranking(const union value *v)
{
    return diffmm_ranking_metrics(v[0].n, v[1].in, v[2].n, v[3].in, v[4].n, v[5].p);
}

static diffmm_status evaluate(const union value *v)
{
    return diffmm_evaluate(v[0].p, v[1].in, (diffmm_split)v[2].i, v[3].n, v[4].in, v[5].in, v[6].n,
                           v[7].in, v[8].p);
}

static diffmm_status evaluate_with(const union value *v)
{
    return diffmm_evaluate_with(v[0].p, v[1].in, v[2].in);
}

static diffmm_status measure_graph(const union value *v)
{
    return diffmm_measure_graph_with(v[0].p, v[1].in, v[2].p);
}

static diffmm_status create_bipartite(const union value *v)
{
    return diffmm_graph_create_bipartite(v[0].p, v[1].n, v[2].n, v[3].n, v[4].in, v[5].in, v[6].p);
}

static diffmm_status create_weighted(const union value *v)
{
    return diffmm_graph_create_weighted(v[0].p, v[1].n, v[2].n, v[3].n, v[4].in, v[5].in, v[6].in,
                                        v[7].p);
}

static diffmm_status drop_edges(const union value *v)
{
    return diffmm_graph_drop_edges(v[0].in, v[1].r, v[2].in, v[3].p);
}

static diffmm_status graph_destroy(const union value *v)
{
    diffmm_graph_destroy(v[0].p);
    return DIFFMM_OK;
}

static diffmm_status graph_users(const union value *v)
{
    return answered(diffmm_graph_users(v[0].in) == users);
}

static diffmm_status graph_items(const union value *v)
{
    return answered(diffmm_graph_items(v[0].in) == items);
}

static diffmm_status graph_entries(const union value *v)
{
    return answered(diffmm_graph_entries(v[0].in) > 0);
}

static diffmm_status graph_rows(const union value *v)
{
    return diffmm_graph_rows(v[0].in, v[1].p, v[2].p, v[3].p);
}

static diffmm_status multiply(const union value *v)
{
    return diffmm_graph_multiply(v[0].in, v[1].n, v[2].in, v[3].p);
}

static diffmm_status transposed(const union value *v)
{
    return diffmm_graph_multiply_transposed(v[0].in, v[1].n, v[2].in, v[3].p);
}

static diffmm_status propagate(const union value *v)
{
    return diffmm_propagate(v[0].in, v[1].n, v[2].n, v[3].in, v[4].p);
}

static diffmm_status propagate_backward(const union value *v)
{
    return diffmm_propagate_backward(v[0].in, v[1].n, v[2].n, v[3].in, v[4].p);
}

static diffmm_status infonce(const union value *v)
{
    return diffmm_infonce(v[0].p, v[1].n, v[2].n, v[3].in, v[4].in, v[5].n, v[6].in, v[7].r, v[8].p,
                          v[9].p, v[10].p);
}

static diffmm_status contrastive(const union value *v)
{
    return diffmm_contrastive_loss(v[0].p, (diffmm_anchor)v[1].i, v[2].n, v[3].n, v[4].n, v[5].n,
                                   v[6].in, v[7].in, v[8].n, v[9].in, v[10].in, v[11].r, v[12].p,
                                   v[13].p, v[14].p);
}

static diffmm_status alignment(const union value *v)
{
    return diffmm_alignment(v[0].p, v[1].n, v[2].n, v[3].in, v[4].in, v[5].p, v[6].p, v[7].p);
}

static diffmm_status infonce_with(const union value *v)
{
    return diffmm_infonce_with(v[0].p, v[1].in);
}

static diffmm_status contrastive_with(const union value *v)
{
    return diffmm_contrastive_loss_with(v[0].p, v[1].in);
}

/* 8 nodes of 2 columns, or 4 of 4. */
static const float x[16] = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.7F, 0.8F,
                            0.9F, 1.0F, 1.1F, 1.2F, 1.3F, 1.4F, 1.5F, 1.6F};
static const float nan_at_end[16] = {[15] = NAN}, infinity_at_end[16] = {[15] = INFINITY};
static const int32_t numbers[] = {3, 1, 0, 2}, negative[] = {0, 1, 2, -1}, beyond[] = {0, 1, 2, 4},
                     huge[] = {0, 1, 2, INT32_MAX}, ascending[] = {0, 2}, twice[] = {2, 2},
                     falling[] = {2, 0}, below[] = {-1, 2};
static const uint8_t kept[14] = {1, 0, 1};
static const size_t cutoffs[] = {1, 2}, cutoff_0[] = {1, 0};
static diffmm_metrics metrics[2];
enum { evaluate_size = sizeof(diffmm_evaluate_arguments) };
static const diffmm_evaluate_arguments
    evaluated = {evaluate_size, DIFFMM_TEST, 4, x, x, 2, cutoffs, metrics},
    training_split = {evaluate_size, DIFFMM_TRAIN, 4, x, x, 2, cutoffs, metrics},
    no_columns = {evaluate_size, DIFFMM_TEST, 0, x, x, 2, cutoffs, metrics},
    users_not_finite = {evaluate_size, DIFFMM_TEST, 4, nan_at_end, x, 2, cutoffs, metrics},
    no_items = {evaluate_size, DIFFMM_TEST, 4, x, NULL, 2, cutoffs, metrics},
    zero_cutoff = {evaluate_size, DIFFMM_TEST, 4, x, x, 2, cutoff_0, metrics},
    no_room = {evaluate_size, DIFFMM_TEST, 4, x, x, 2, cutoffs, NULL};
static const int64_t row_pointers[] = {0, 1, 1, 1, 2}, rows_fall[] = {0, 2, 1, 1, 2};
#define MEASURED                                                                                   \
    .struct_size = sizeof(diffmm_measure_graph_arguments), .users = 4, .items = 4,                 \
    .row_items = ascending, .held_pointers = row_pointers, .held_items = ascending
static const diffmm_measure_graph_arguments
    measured = {MEASURED,
                .count = 1,
                .row_pointers = row_pointers,
                .neighbors = numbers,
                .previous = numbers,
                .columns = 4,
                .features = x},
    no_neighbors = {MEASURED, .count = 1, .row_pointers = row_pointers},
    too_many_neighbors = {MEASURED, .count = 5, .row_pointers = row_pointers, .neighbors = numbers},
    neighbor_beyond = {MEASURED, .count = 1, .row_pointers = row_pointers, .neighbors = beyond},
    previous_beyond = {MEASURED, .count = 1, .row_pointers = row_pointers, .neighbors = numbers,
                       .previous = beyond},
    bad_rows = {MEASURED, .count = 1, .row_pointers = rows_fall, .neighbors = numbers},
    bad_features = {MEASURED,
                    .count = 1,
                    .row_pointers = row_pointers,
                    .neighbors = numbers,
                    .columns = 4,
                    .features = nan_at_end};
static const float *const views[] = {x, x}, *const missing[] = {x, NULL};
static float grad_a[16], grad_b[16];
static float *const grads[] = {grad_a, grad_b};
static float averages[16];
static const float weights[] = {1, 0, 2.5f, 3};
static const diffmm_adam adam = {.learning_rate = 0.1}, adam_rate = {.learning_rate = -1},
                         adam_beta1 = {.beta1 = 1}, adam_beta2 = {.beta2 = (double)NAN},
                         adam_epsilon = {.epsilon = (double)INFINITY},
                         adam_decay = {.struct_size = sizeof adam_decay, .weight_decay = 1000};

#define BPR .users = 4, .items = 4, .count = 4, .user = numbers, .positive = numbers, .divisor = 4
static const diffmm_bpr_arguments bpr_good = {BPR, .d = 4, .user_matrix = x, .item_matrix = x,
                                              .negative = numbers},
                                  bpr_d = {BPR, .user_matrix = x, .item_matrix = x,
                                           .negative = numbers},
                                  bpr_matrix = {BPR, .d = 4, .user_matrix = x, .negative = numbers},
                                  bpr_negative = {BPR, .d = 4, .user_matrix = x, .item_matrix = x,
                                                  .negative = beyond},
                                  bpr_none = {BPR, .d = 4, .user_matrix = x, .item_matrix = x};
#define INFONCE                                                                                    \
    .struct_size = sizeof(diffmm_infonce_arguments), .nodes = 4, .d = 4, .p = x, .batch_count = 4
static const diffmm_infonce_arguments
    infonce_good = {INFONCE, .q = x, .batch = numbers, .tau = 0.5},
    infonce_q = {INFONCE, .batch = numbers, .tau = 0.5},
    infonce_batch = {INFONCE, .q = x, .batch = huge, .tau = 0.5},
    infonce_tau = {INFONCE, .q = x, .batch = numbers},
    infonce_none = {INFONCE, .q = x, .batch = numbers, .tau = 0.5, .negative_count = 4},
    infonce_beyond = {INFONCE,          .q = x, .batch = numbers, .tau = 0.5, .negative_count = 4,
                      .negatives = huge},
    infonce_many = {INFONCE,
                    .q = x,
                    .batch = numbers,
                    .tau = 0.5,
                    .negative_count = SIZE_MAX,
                    .negatives = numbers},
    infonce_drawn = {
        INFONCE, .q = x, .batch = numbers, .tau = 0.5, .negative_count = 4, .negatives = numbers};
#define CONTRASTIVE                                                                                \
    .struct_size = sizeof(diffmm_contrastive_loss_arguments), .users = 4, .items = 4, .d = 2,      \
    .view_count = 2, .count = 4, .batch_users = numbers, .batch_items = numbers
static const diffmm_contrastive_loss_arguments
    contrastive_good = {CONTRASTIVE, .views = views, .tau = 0.5},
    contrastive_views = {CONTRASTIVE, .views = missing, .tau = 0.5},
    contrastive_main = {CONTRASTIVE, .views = views, .tau = 0.5, .anchor = DIFFMM_ANCHOR_MAIN},
    contrastive_tau = {CONTRASTIVE, .views = views, .tau = (double)NAN},
    contrastive_none = {CONTRASTIVE, .views = views, .tau = 0.5, .negative_count = 4,
                        .user_negatives = numbers},
    contrastive_beyond = {CONTRASTIVE,         .views = views,         .tau = 0.5,
                          .negative_count = 4, .user_negatives = huge, .item_negatives = numbers},
    contrastive_drawn = {CONTRASTIVE,
                         .views = views,
                         .tau = 0.5,
                         .negative_count = 4,
                         .user_negatives = numbers,
                         .item_negatives = numbers};

#define A_CONTEXT                                                                                  \
    {                                                                                              \
        "context", CONTEXT, true                                                                   \
    }
#define A_SIZE(what, size)                                                                         \
    {                                                                                              \
        what, SIZE, .good.n = size, .others = {                                                    \
            {{.n = 0}, INVALID},                                                                   \
            {{.n = (size_t)-1}, INVALID}                                                           \
        }                                                                                          \
    }
#define A_NOT_0(what, size)                                                                        \
    {                                                                                              \
        what, SIZE, .good.n = size, .others = { {{.n = 0}, INVALID} }                              \
    }
#define A_COUNT(what, size)                                                                        \
    {                                                                                              \
        what, SIZE, .good.n = size, .others = { {{.n = 0}, OK, ""} }                               \
    }
#define A_LENGTH(what, size)                                                                       \
    {                                                                                              \
        what, SIZE, .good.n = size, .others = {                                                    \
            {{.n = 0}, OK, ""},                                                                    \
            {{.n = (size_t)-1}, INVALID},                                                          \
            {{.n = (size_t)1 << 62}, INVALID}                                                      \
        }                                                                                          \
    }
#define A_INPUT(what, array)                                                                       \
    {                                                                                              \
        what, DATA, .good.in = array, .bytes = sizeof array                                        \
    }
#define A_NUMBERS(what)                                                                            \
    {                                                                                              \
        what, DATA, .good.in = numbers, .bytes = sizeof numbers, .others = {                       \
            {{.in = negative}, INVALID},                                                           \
            {{.in = beyond}, INVALID},                                                             \
            {{.in = huge}, INVALID}                                                                \
        }                                                                                          \
    }
#define A_ROOM(what, size)                                                                         \
    {                                                                                              \
        what, OUT, .bytes = size                                                                   \
    }
#define A_WISH(what, size)                                                                         \
    {                                                                                              \
        what, OUT, true, .bytes = size                                                             \
    }
#define A_STREAM                                                                                   \
    {                                                                                              \
        "stream", SIZE, .good.n = 1, .others = { {{.n = (size_t)1 << 56}, INVALID} }               \
    }
#define A_SPREAD(what)                                                                             \
    {                                                                                              \
        what, REAL, .good.r = 0.5, .others = {                                                     \
            {{.r = -1}, INVALID},                                                                  \
            {{.r = (double)NAN}, INVALID},                                                         \
            {{.r = (double)INFINITY}, INVALID},                                                    \
            {{.r = 0}, OK, ""}                                                                     \
        }                                                                                          \
    }
#define A_TAU                                                                                      \
    {                                                                                              \
        "tau", REAL, .good.r = 0.5, .others = {                                                    \
            {{.r = -1}, INVALID},                                                                  \
            {{.r = 0}, INVALID},                                                                   \
            {{.r = (double)NAN}, INVALID},                                                         \
            {{.r = (double)INFINITY}, INVALID}                                                     \
        }                                                                                          \
    }
#define A_COLUMNS                                                                                  \
    {                                                                                              \
        "d", SIZE, .good.n = 2, .others = { {{.n = 0}, INVALID}, {{.n = (size_t)-1}, INVALID} }    \
    }

static const struct entry entries[] = {
    {"diffmm_adam_step", adam_step,
     .arguments = {{"adam", SETTINGS, true, .good.in = &adam, .bytes = sizeof adam,
                    .others = {{{.in = &adam_rate}, INVALID, "learning_rate"},
                               {{.in = &adam_beta1}, INVALID, "beta1"},
                               {{.in = &adam_beta2}, INVALID, "beta2"},
                               {{.in = &adam_epsilon}, INVALID, "epsilon"},
                               {{.in = &adam_decay}, INVALID, "weight_decay"}}},
                   {"step", SIZE, .good.n = 1,
                    .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, OK, ""}}},
                   A_LENGTH("count", 16),
                   {"parameter", OUT, .good.in = x, .bytes = sizeof x},
                   A_INPUT("gradient", x),
                   {"first_moment", OUT, .good.in = x, .bytes = sizeof x},
                   {"second_moment", OUT, .good.in = x, .bytes = sizeof x}}},
    {"diffmm_average_step", average_step,
     .arguments =
         {{"decay", REAL, .good.r = 0.5,
           .others = {{{.r = -0.1}, INVALID}, {{.r = 1}, INVALID}, {{.r = (double)NAN}, INVALID}}},
          {"step", SIZE, .good.n = 1, .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, OK, ""}}},
          A_LENGTH("count", 16),
          A_INPUT("parameter", x),
          {"average", OUT, .good.in = averages, .bytes = sizeof averages}}},
    {"diffmm_bpr", bpr,
     .arguments =
         {{"users", SIZE, .good.n = 4,
           .others = {{{.n = 0}, INVALID, "user[0]"},
                      {{.n = (size_t)-1}, INVALID},
                      {{.n = ((size_t)1 << 60) + 4}, INVALID}}},
          {"items", SIZE, .good.n = 4,
           .others = {{{.n = 0}, INVALID, "positive[0]"},
                      {{.n = (size_t)-1}, INVALID},
                      {{.n = ((size_t)1 << 60) + 4}, INVALID}}},
          {"d", SIZE, .good.n = 4,
           .others = {{{.n = 0}, INVALID},
                      {{.n = (size_t)-1}, INVALID},
                      {{.n = ((size_t)1 << 60) + 4}, INVALID}}},
          A_INPUT("user_matrix", x),
          A_INPUT("item_matrix", x),
          A_COUNT("count", 4),
          A_NUMBERS("user"),
          A_NUMBERS("positive"),
          A_NUMBERS("negative"),
          {"divisor", REAL, .good.r = 4,
           .others = {{{.r = 0}, INVALID}, {{.r = -1}, INVALID}, {{.r = (double)NAN}, INVALID}}},
          A_WISH("loss", sizeof(double)),
          A_WISH("grad_user", sizeof x),
          A_WISH("grad_item", sizeof x)}},
    {"diffmm_bpr_with", bpr_with,
     .arguments = {{"arguments", SETTINGS, .good.in = &bpr_good, .bytes = sizeof bpr_good,
                    .others = {{{.in = &bpr_d}, INVALID, "d is 0"},
                               {{.in = &bpr_matrix}, INVALID, "item_matrix"},
                               {{.in = &bpr_negative}, INVALID, "negative[3]"},
                               {{.in = &bpr_none}, INVALID, "negative"}}}}},
    {"diffmm_l2", l2,
     .arguments = {A_LENGTH("count", 16),
                   A_INPUT("x", x),
                   {"weight", REAL, .good.r = 0.5,
                    .others = {{{.r = (double)NAN}, INVALID},
                               {{.r = (double)INFINITY}, INVALID},
                               {{.r = -1}, OK, ""}}},
                   A_WISH("loss", sizeof(double)),
                   A_WISH("grad", sizeof x)}},
    {"diffmm_initialize_xavier", xavier,
     .arguments = {{"rows", SIZE, .good.n = 4,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   {"columns", SIZE, .good.n = 4,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   {"seed", SIZE, .good.n = 1, .others = {{{.n = (size_t)-1}, OK, ""}}},
                   A_STREAM,
                   A_ROOM("out", sizeof x)}},
    {"diffmm_initialize_uniform", uniform,
     .arguments = {A_LENGTH("count", 16),
                   A_SPREAD("bound"),
                   {"seed", SIZE, .good.n = 1, .others = {{{.n = (size_t)-1}, OK, ""}}},
                   A_STREAM,
                   A_ROOM("out", sizeof x)}},
    {"diffmm_initialize_normal", normal,
     .arguments = {A_LENGTH("count", 16),
                   A_SPREAD("deviation"),
                   {"seed", SIZE, .good.n = 1, .others = {{{.n = (size_t)-1}, OK, ""}}},
                   A_STREAM,
                   A_ROOM("out", sizeof x)}},
    {"diffmm_top_k", top_k,
     .arguments = {{"score_count", SIZE, .good.n = 16,
                    .others = {{{.n = (size_t)-1}, INVALID}, {{.n = 0}, INVALID, "exclude[0]"}}},
                   A_INPUT("scores", x),
                   A_COUNT("exclude_count", 2),
                   {"exclude", DATA, .good.in = ascending, .bytes = sizeof ascending,
                    .others = {{{.in = twice}, OK, ""},
                               {{.in = falling}, INVALID},
                               {{.in = below}, INVALID}}},
                   A_COUNT("count", 4),
                   A_ROOM("indices", 4 * sizeof(int32_t)),
                   A_WISH("values", 4 * sizeof(float)),
                   A_ROOM("found", sizeof(size_t))}},
    {"diffmm_ranking_metrics", ranking,
     .arguments = {A_COUNT("ranked_count", 4),
                   A_INPUT("ranked", numbers),
                   A_NOT_0("held_count", 2),
                   {"held", DATA, .good.in = ascending, .bytes = sizeof ascending,
                    .others = {{{.in = twice}, OK, ""},
                               {{.in = falling}, INVALID},
                               {{.in = below}, INVALID}}},
                   {"cutoff", SIZE, .good.n = 2,
                    .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, OK, ""}}},
                   A_ROOM("out", sizeof(diffmm_metrics))}},
    {"diffmm_evaluate", evaluate,
     .arguments =
         {A_CONTEXT,
          {"dataset", DATASET},
          {"split", NUMBER, .good.i = DIFFMM_TEST,
           .others = {{{.i = DIFFMM_TRAIN}, INVALID}, {{.i = -1}, INVALID}, {{.i = 3}, INVALID}}},
          A_SIZE("d", 4),
          {"user_matrix", DATA, .good.in = x, .bytes = sizeof x,
           .others = {{{.in = nan_at_end}, NUMERIC}, {{.in = infinity_at_end}, NUMERIC}}},
          {"item_matrix", DATA, .good.in = x, .bytes = sizeof x,
           .others = {{{.in = nan_at_end}, NUMERIC}, {{.in = infinity_at_end}, NUMERIC}}},
          A_SIZE("cutoff_count", 2),
          {"cutoffs", DATA, .good.in = cutoffs, .bytes = sizeof cutoffs,
           .others = {{{.in = cutoff_0}, INVALID}}},
          A_ROOM("out", 2 * sizeof(diffmm_metrics))}},
    {"diffmm_evaluate_with", evaluate_with,
     .arguments = {A_CONTEXT,
                   {"dataset", DATASET},
                   {"arguments", SETTINGS, .good.in = &evaluated, .bytes = sizeof evaluated,
                    .others = {{{.in = &training_split}, INVALID, "split is 0"},
                               {{.in = &no_columns}, INVALID, "d is 0"},
                               {{.in = &users_not_finite}, NUMERIC, "user_matrix"},
                               {{.in = &no_items}, INVALID, "item_matrix is NULL"},
                               {{.in = &zero_cutoff}, INVALID, "cutoffs[1] is 0"},
                               {{.in = &no_room}, INVALID, "out is NULL"}}}}},
    {"diffmm_measure_graph_with", measure_graph,
     .arguments = {A_CONTEXT,
                   {"arguments", SETTINGS, .good.in = &measured, .bytes = sizeof measured,
                    .others = {{{.in = &no_neighbors}, INVALID, "neighbors is NULL"},
                               {{.in = &too_many_neighbors}, INVALID, "count is 5"},
                               {{.in = &neighbor_beyond}, INVALID, "neighbors[3] is 4"},
                               {{.in = &previous_beyond}, INVALID, "previous[3] is 4"},
                               {{.in = &bad_rows}, INVALID, "row_pointers[1]"},
                               {{.in = &bad_features}, NUMERIC, "features: value 15"}}},
                   {"out", FILLED, .bytes = sizeof(diffmm_graph_measures)}}},
    {"diffmm_graph_create_bipartite", create_bipartite,
     .arguments = {A_CONTEXT,
                   A_SIZE("users", 4),
                   A_SIZE("items", 4),
                   {"count", SIZE, .good.n = 4,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   A_NUMBERS("user"),
                   A_NUMBERS("item"),
                   {"out", MADE, .made = GRAPH}}},
    {"diffmm_graph_create_weighted", create_weighted,
     .arguments = {A_CONTEXT,
                   A_SIZE("users", 4),
                   A_SIZE("items", 4),
                   {"count", SIZE, .good.n = 4,
                    .others = {{{.n = 0}, OK, ""}, {{.n = (size_t)-1}, INVALID}}},
                   A_NUMBERS("user"),
                   A_NUMBERS("item"),
                   A_INPUT("weight", weights),
                   {"out", MADE, .made = GRAPH}}},
    {"diffmm_graph_drop_edges", drop_edges,
     .arguments = {{"graph", GRAPH},
                   {"keep_rate", REAL, .good.r = 0.5,
                    .others = {{{.r = 0}, INVALID},
                               {{.r = -1}, INVALID},
                               {{.r = 1.5}, INVALID},
                               {{.r = (double)NAN}, INVALID}}},
                   A_INPUT("kept", kept),
                   {"out", MADE, .made = GRAPH}}},
    {"diffmm_graph_destroy", graph_destroy, true,
     .arguments = {{"graph", GRAPH, true, .ends = true}}},
    {"diffmm_graph_users", graph_users, true, {{"graph", GRAPH}}},
    {"diffmm_graph_items", graph_items, true, {{"graph", GRAPH}}},
    {"diffmm_graph_entries", graph_entries, true, {{"graph", GRAPH}}},
    {"diffmm_graph_rows", graph_rows,
     .arguments = {{"graph", GRAPH},
                   A_WISH("pointers", sizeof(void *)),
                   A_WISH("columns", sizeof(void *)),
                   A_WISH("values", sizeof(void *))}},
    {"diffmm_graph_multiply", multiply,
     .arguments = {{"graph", GRAPH}, A_COLUMNS, A_INPUT("x", x), A_ROOM("y", sizeof x)}},
    {"diffmm_graph_multiply_transposed", transposed,
     .arguments = {{"graph", GRAPH}, A_COLUMNS, A_INPUT("x", x), A_ROOM("y", sizeof x)}},
    {"diffmm_propagate", propagate,
     .arguments = {{"graph", GRAPH},
                   A_COUNT("layers", 2),
                   A_COLUMNS,
                   A_INPUT("x", x),
                   A_ROOM("h", sizeof x)}},
    {"diffmm_propagate_backward", propagate_backward,
     .arguments = {{"graph", GRAPH},
                   A_COUNT("layers", 2),
                   A_COLUMNS,
                   A_INPUT("grad_h", x),
                   A_ROOM("grad_x", sizeof x)}},
    {"diffmm_infonce", infonce,
     .arguments = {A_CONTEXT, A_SIZE("nodes", 4), A_SIZE("d", 4), A_INPUT("p", x), A_INPUT("q", x),
                   A_NOT_0("batch_count", 4), A_NUMBERS("batch"), A_TAU,
                   A_WISH("loss", sizeof(double)), A_WISH("grad_p", sizeof x),
                   A_WISH("grad_q", sizeof x)}},
    {"diffmm_alignment", alignment,
     .arguments = {A_CONTEXT, A_SIZE("rows", 4), A_SIZE("d", 4), A_INPUT("x", x), A_INPUT("y", x),
                   A_WISH("loss", sizeof(double)), A_WISH("grad_x", sizeof x),
                   A_WISH("grad_y", sizeof x)}},
    {"diffmm_infonce_with", infonce_with,
     .arguments = {A_CONTEXT,
                   {"arguments", SETTINGS, .good.in = &infonce_good, .bytes = sizeof infonce_good,
                    .others = {{{.in = &infonce_q}, INVALID, "q is NULL"},
                               {{.in = &infonce_batch}, INVALID, "batch[3]"},
                               {{.in = &infonce_tau}, INVALID, "tau"},
                               {{.in = &infonce_none}, INVALID, "negatives is NULL"},
                               {{.in = &infonce_beyond}, INVALID, "negatives[3]"},
                               {{.in = &infonce_many}, INVALID, "negative_count"},
                               {{.in = &infonce_drawn}, OK, ""}}}}},
    {"diffmm_contrastive_loss_with", contrastive_with,
     .arguments = {A_CONTEXT,
                   {"arguments", SETTINGS, .good.in = &contrastive_good,
                    .bytes = sizeof contrastive_good,
                    .others = {{{.in = &contrastive_views}, INVALID, "views[1]"},
                               {{.in = &contrastive_main}, INVALID, "main"},
                               {{.in = &contrastive_tau}, INVALID, "tau"},
                               {{.in = &contrastive_none}, INVALID, "item_negatives is NULL"},
                               {{.in = &contrastive_beyond}, INVALID, "user_negatives[3]"},
                               {{.in = &contrastive_drawn}, OK, ""}}}}},
    {"diffmm_contrastive_loss", contrastive,
     .arguments = {A_CONTEXT,
                   {"anchor", NUMBER, .good.i = DIFFMM_ANCHOR_MAIN,
                    .others = {{{.i = -1}, INVALID}, {{.i = 2}, INVALID}}},
                   A_SIZE("users", 4),
                   A_SIZE("items", 4),
                   A_SIZE("d", 2),
                   {"view_count", SIZE, .good.n = 2,
                    .others = {{{.n = 0}, INVALID}, {{.n = (size_t)-1}, INVALID}}},
                   {"views", DATA, .good.in = views, .bytes = sizeof views,
                    .others = {{{.in = missing}, INVALID}}},
                   A_INPUT("main", x),
                   A_NOT_0("count", 4),
                   A_NUMBERS("batch_users"),
                   A_NUMBERS("batch_items"),
                   A_TAU,
                   A_WISH("loss", sizeof(double)),
                   {"grad_views", DATA, true, .good.in = grads, .bytes = sizeof grads},
                   A_WISH("grad_main", sizeof x)}},
};

struct table table_arrays(void)
{
    return (struct table){entries, sizeof entries / sizeof *entries};
}
