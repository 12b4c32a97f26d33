/* SPDX-License-Identifier: BSD-2-Clause */
/* Two sizes, each of which there can be, whose product there cannot: the product must not wrap
 * around to what the arrays have. Nothing is read or written but what the arrays hold. */
#include <stdint.h>

#include "support/failure.h"
#include "world.h"

enum { some = 64 };

static const size_t huge = (size_t)1 << 62; /* times 4: 0 */
static const float x[some];
static const int32_t t[some];
static const int64_t pointers[some];
static float out[some];
static int32_t numbers[some];
static double loss;
static const diffmm_denoiser_shape wide = {.struct_size = sizeof wide,
                                           .items = INT32_MAX,
                                           .time_size = 1,
                                           .hidden_count = 1,
                                           .hidden_sizes = (const size_t[]){1}};

/* A schedule, a scorer, a placer, a data set that is sealed and one that is open. */
struct handles {
    diffmm_schedule *schedule;
    diffmm_scorer *scorer;
    diffmm_placer *placer;
    diffmm_dataset *dataset, *open;
};

static diffmm_status q_sample(const struct handles *h)
{
    return diffmm_q_sample(h->schedule, INT32_MAX, INT32_MAX, x, t, x, out);
}

static diffmm_status time_embedding(const struct handles *h)
{
    (void)h;
    /* At most 2^31 x 2^24: there can be so many, but not here. */
    return diffmm_time_embedding((size_t)1 << 40, t, (size_t)1 << 24, out);
}

static diffmm_status elbo(const struct handles *h)
{
    return diffmm_elbo(h->schedule, INT32_MAX, INT32_MAX, x, x, t, NULL, &loss, out);
}

static diffmm_status msi(const struct handles *h)
{
    (void)h;
    return diffmm_msi(NULL, INT32_MAX, INT32_MAX, 1, x, x, x, x, NULL, &loss, out);
}

static diffmm_status forward(const struct handles *h)
{
    (void)h;
    return diffmm_denoiser_forward(NULL, &wide, x, INT32_MAX, x, t, NULL, out);
}

static diffmm_status backward(const struct handles *h)
{
    (void)h;
    return diffmm_denoiser_backward(NULL, &wide, x, INT32_MAX, x, t, NULL, x, out);
}

static diffmm_status denoiser_loss(const struct handles *h)
{
    return diffmm_denoiser_loss(NULL, &wide, h->schedule, x, INT32_MAX, x, t, x, NULL, 0, NULL,
                                NULL, 0, &loss, NULL, NULL, NULL);
}

static diffmm_status chain(const struct handles *h)
{
    return diffmm_reverse_chain(NULL, &wide, h->schedule, x, INT32_MAX, x, 0, 0, NULL, out);
}

static diffmm_status neighbors(const struct handles *h)
{
    return diffmm_generate_neighbors(NULL, &wide, h->schedule, x, INT32_MAX, pointers, t, INT32_MAX,
                                     numbers);
}

static diffmm_status bpr_users(const struct handles *h)
{
    (void)h;
    return diffmm_bpr(huge, 4, 4, x, x, 1, t, t, t, 1, &loss, out, NULL);
}

static diffmm_status bpr_items(const struct handles *h)
{
    (void)h;
    return diffmm_bpr(4, 4, huge, x, x, 1, t, t, t, 1, &loss, NULL, out);
}

static diffmm_status xavier(const struct handles *h)
{
    (void)h;
    return diffmm_initialize_xavier(huge, 4, 1, 1, out);
}

static diffmm_status xavier_bytes(const struct handles *h)
{
    (void)h;
    return diffmm_initialize_xavier(huge, 1, 1, 1, out);
}

static diffmm_status evaluate(const struct handles *h)
{
    static const size_t cutoffs[] = {1};
    diffmm_metrics metrics;
    return diffmm_evaluate(NULL, h->dataset, DIFFMM_TEST, huge, x, x, 1, cutoffs, &metrics);
}

static diffmm_status array(const struct handles *h)
{
    return diffmm_dataset_add_modality_array(h->open, "wide", 4, 1, x, huge);
}

static diffmm_status append(const struct handles *h)
{
    return diffmm_dataset_append_features(h->open, "image", 4, x, huge);
}

static const int32_t two_users[] = {0, 1};
static diffmm_hit hits[some];
static size_t found[some];

/* Times 8 bytes and 2 users: 16. */
static diffmm_status users_by_count(const struct handles *h)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = ((size_t)1 << 60) + 1};
    return diffmm_recommend_users(h->scorer, 2, two_users, &query, hits, found);
}

static diffmm_status users_by_count_filtered(const struct handles *h)
{
    const uint8_t allowed[] = {255};
    const diffmm_query query = {.struct_size = sizeof query,
                                .count = SIZE_MAX,
                                .allowed = allowed,
                                .allowed_size = sizeof allowed};
    return diffmm_recommend_users(h->scorer, 2, two_users, &query, hits, found);
}

static diffmm_status many_users(const struct handles *h)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = 4};
    return diffmm_recommend_users(h->scorer, huge, two_users, &query, hits, found);
}

static diffmm_status place(const struct handles *h)
{
    static const float *const rows[] = {x};
    return diffmm_place_items(h->placer, (size_t)1 << 61, rows, 1, out);
}

static diffmm_status extend(const struct handles *h)
{
    diffmm_scorer *extended;
    return diffmm_scorer_extend(h->scorer, (size_t)1 << 61, NULL, x, &extended);
}

START_TEST(no_product_wraps_around)
{
    static const struct {
        const char *name;
        diffmm_status (*call)(const struct handles *);
    } calls[] = {{"q_sample", q_sample},
                 {"time_embedding", time_embedding},
                 {"elbo", elbo},
                 {"msi", msi},
                 {"denoiser_forward", forward},
                 {"denoiser_backward", backward},
                 {"denoiser_loss", denoiser_loss},
                 {"reverse_chain", chain},
                 {"generate_neighbors", neighbors},
                 {"bpr, users", bpr_users},
                 {"bpr, items", bpr_items},
                 {"initialize_xavier", xavier},
                 {"initialize_xavier, bytes", xavier_bytes},
                 {"evaluate", evaluate},
                 {"add_modality_array", array},
                 {"append_features", append},
                 {"recommend_users", users_by_count},
                 {"recommend_users, allowed", users_by_count_filtered},
                 {"recommend_users, users", many_users},
                 {"place_items", place},
                 {"scorer_extend", extend}};
    world_open();
    struct handles h = {world_make(SCHEDULE), world_make(SCORER), world_make(PLACER),
                        world_make(DATASET), world_make(OPEN_DATASET)};
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        diffmm_status status = calls[c].call(&h);
        ck_assert_msg(status == DIFFMM_ERROR_INVALID_ARGUMENT, "%s: %s", calls[c].name,
                      diffmm_status_name(status));
    }
    for (size_t i = 0; i < some; i++)
        ck_assert(out[i] == 0 && numbers[i] == 0 && found[i] == 0);
    ck_assert(loss == 0);
    world_end(SCHEDULE, h.schedule);
    world_end(SCORER, h.scorer);
    world_end(PLACER, h.placer);
    world_end(DATASET, h.dataset);
    world_end(OPEN_DATASET, h.open);
    world_close();
}
END_TEST

/* One user's ranking needs room for no more than there is, whatever is asked for. */
START_TEST(one_user_may_ask_for_all)
{
    world_open();
    diffmm_scorer *scorer = world_make(SCORER);
    const diffmm_query query = {.struct_size = sizeof query, .count = SIZE_MAX};
    expect_success(diffmm_recommend_users(scorer, 1, two_users, &query, hits, found));
    ck_assert_uint_le(found[0], items);
    world_end(SCORER, scorer);
    world_close();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {no_product_wraps_around, one_user_may_ask_for_all};
    return run_tests("errors/sizes", tests, sizeof tests / sizeof *tests) != 0;
}
