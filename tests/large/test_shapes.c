/* SPDX-License-Identifier: BSD-2-Clause */
/* Users x items beyond 2^32, with few interactions: the way through the library, from making the data
 * to serving, and of the last users and items what a naive computation says. */
#include <sys/resource.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/failure.h"
#include "support/settings.h"

enum { users = 66000, items = 65600, interactions = 300000 };
_Static_assert((unsigned long long)users *items > 1ULL << 32, "beyond 32 bits");

static diffmm_context *context;
static diffmm_dataset *dataset;

static diffmm_dataset *make(void)
{
    static const size_t dimensions[] = {8};
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = users,
                                   .items = items,
                                   .interactions = interactions,
                                   .modality_count = 1,
                                   .dimensions = dimensions,
                                   .group_items = 64,
                                   .seed = 3};
    diffmm_dataset *made;
    expect_success(diffmm_dataset_synthesize(context, &spec, &made));
    return made;
}

static void row(const diffmm_dataset *of, diffmm_split split, int32_t user, const int32_t **row,
                size_t *count)
{
    expect_success(diffmm_dataset_row(of, split, user, row, count));
}

static bool has(const diffmm_dataset *of, diffmm_split split, int32_t user, int32_t item)
{
    const int32_t *list;
    size_t count;
    row(of, split, user, &list, &count);
    for (size_t i = 0; i < count; i++)
        if (list[i] == item)
            return true;
    return false;
}

/* What is held out of a copy is what the copy had, no pair is lost or doubled. */
START_TEST(holding_out)
{
    diffmm_dataset *copy;
    expect_success(diffmm_dataset_create(context, &copy));
    expect_success(diffmm_dataset_reserve(copy, users, items));
    for (int32_t u = 0; u < users; u++) {
        int32_t same[items / 64];
        const int32_t *list;
        size_t count;
        row(dataset, DIFFMM_TRAIN, u, &list, &count);
        for (size_t i = 0; i < count; i++)
            same[i] = u;
        expect_success(diffmm_dataset_add_interactions(copy, DIFFMM_TRAIN, count, same, list));
    }
    expect_success(diffmm_dataset_hold_out(copy, 0.2, 0.2, 1));
    expect_success(diffmm_dataset_seal(copy));
    size_t total = 0, train = diffmm_dataset_interactions(dataset, DIFFMM_TRAIN);
    for (int s = DIFFMM_TRAIN; s <= DIFFMM_TEST; s++) {
        size_t count = diffmm_dataset_interactions(copy, (diffmm_split)s);
        ck_assert_double_gt((double)count, (s ? 0.18 : 0.58) * (double)train);
        total += count;
        for (int32_t u = users - 500; u < users; u++) {
            const int32_t *list;
            row(copy, (diffmm_split)s, u, &list, &count);
            for (size_t i = 0; i < count; i++)
                ck_assert(has(dataset, DIFFMM_TRAIN, u, list[i]));
        }
    }
    ck_assert_uint_eq(total, train);
    diffmm_dataset_destroy(copy);
}
END_TEST

/* A pair of every training interaction, with an item that the user has not; items are hit evenly up
 * to the last, also for the last users. */
START_TEST(sampling)
{
    size_t train = diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), count, upper = 0;
    int32_t *list[3];
    for (size_t i = 0; i < 3; i++)
        list[i] = malloc(train * sizeof *list[i]);
    expect_success(diffmm_sample_pairs(dataset, 5, 1, list[0], list[1], list[2], &count));
    ck_assert_uint_eq(count, train);
    for (size_t i = 0; i < count; i++) {
        ck_assert(list[2][i] >= 0 && list[2][i] < items);
        upper += list[2][i] >= items / 2;
        if (list[0][i] < users - 2000)
            continue;
        ck_assert(has(dataset, DIFFMM_TRAIN, list[0][i], list[1][i]));
        ck_assert(!has(dataset, DIFFMM_TRAIN, list[0][i], list[2][i]));
    }
    ck_assert_double_eq_tol((double)upper / (double)count, 0.5, 0.01);
    for (size_t i = 0; i < 3; i++)
        free(list[i]);
}
END_TEST

/* A_hat x of the last nodes, against the sum over the neighbours. */
START_TEST(graph)
{
    enum { nodes = users + items };
    size_t count = 0;
    int32_t *user = malloc(interactions * sizeof *user),
            *item = malloc(interactions * sizeof *item);
    double *degree = calloc(nodes, sizeof *degree);
    for (int32_t u = 0; u < users; u++) {
        const int32_t *list;
        size_t row_count;
        row(dataset, DIFFMM_TRAIN, u, &list, &row_count);
        for (size_t i = 0; i < row_count; i++) {
            user[count] = u;
            item[count++] = list[i];
            degree[u]++;
            degree[users + list[i]]++;
        }
    }
    diffmm_graph *a;
    expect_success(diffmm_graph_create_bipartite(context, users, items, count, user, item, &a));
    ck_assert_uint_eq(diffmm_graph_entries(a), 2 * count + nodes);
    float *x = malloc(nodes * sizeof *x), *y = malloc(nodes * sizeof *y);
    double *wanted = calloc(nodes, sizeof *wanted);
    for (size_t n = 0; n < nodes; n++) {
        x[n] = (float)(n % 97) - 48;
        wanted[n] = (double)x[n] / (degree[n] + 1);
    }
    for (size_t e = 0; e < count; e++) {
        size_t u = (size_t)user[e], i = (size_t)(users + item[e]);
        double weight = 1 / sqrt((degree[u] + 1) * (degree[i] + 1));
        wanted[u] += weight * (double)x[i];
        wanted[i] += weight * (double)x[u];
    }
    expect_success(diffmm_graph_multiply(a, 1, x, y));
    for (size_t n = 0; n < nodes; n++)
        ck_assert_double_eq_tol((double)y[n], wanted[n], 1e-3);
    diffmm_graph_destroy(a);
    free(user);
    free(item);
    free(degree);
    free(x);
    free(y);
    free(wanted);
}
END_TEST

/* The score of every pair of the metrics' matrices is the dot product: of one user, the held-out item
 * comes first, of all others it comes last. */
START_TEST(evaluation)
{
    const size_t cutoffs[] = {1};
    float *user_matrix = malloc(users * sizeof *user_matrix);
    float *item_matrix = malloc(items * sizeof *item_matrix);
    int32_t user = users - 1;
    const int32_t *list;
    size_t count = 0, with = 0;
    while (count != 1)
        row(dataset, DIFFMM_TEST, user--, &list, &count);
    for (int32_t u = 0; u < users; u++) {
        const int32_t *other;
        row(dataset, DIFFMM_TEST, u, &other, &count);
        with += count > 0;
        user_matrix[u] = u == user + 1 ? 1.0f : -1.0f;
    }
    for (int32_t i = 0; i < items; i++)
        item_matrix[i] = i == *list ? 2.0f : (float)i / items;
    diffmm_metrics metrics;
    expect_success(diffmm_evaluate(context, dataset, DIFFMM_TEST, 1, user_matrix, item_matrix, 1,
                                   cutoffs, &metrics));
    ck_assert_uint_eq(metrics.users, with);
    /* Item 0 has the best score for the others. */
    size_t hits = 1;
    for (int32_t u = 0; u < users; u++)
        if (u != user + 1 && has(dataset, DIFFMM_TEST, u, 0)) {
            row(dataset, DIFFMM_TEST, u, &list, &count);
            hits += count == 1;
        }
    ck_assert_double_eq_tol(metrics.recall * (double)with, (double)hits, 2.0);
    ck_assert_double_ge(metrics.recall * (double)with, 0.99);
    free(user_matrix);
    free(item_matrix);
}
END_TEST

/* Of some of the last users, the best items by the scores, none of which the user has seen. */
static void expect_ranking(const diffmm_scorer *scorer, int32_t user)
{
    enum { best = 10 };
    const diffmm_query query = {.struct_size = sizeof query, .count = best};
    diffmm_hit hits[best];
    float *scores = malloc(items * sizeof *scores);
    size_t found;
    expect_success(diffmm_recommend(scorer, user, &query, hits, &found));
    ck_assert_uint_eq(found, best);
    expect_success(diffmm_score(scorer, user, items, NULL, scores));
    const int32_t *seen;
    size_t count, above = 0;
    expect_success(diffmm_scorer_seen(scorer, user, &seen, &count));
    for (size_t i = 0; i < count; i++)
        scores[seen[i]] = -INFINITY;
    for (size_t i = 0; i < items; i++)
        above += scores[i] > hits[best - 1].score ? 1 : 0;
    ck_assert_uint_le(above, best - 1);
    for (size_t i = 0; i < best; i++)
        ck_assert(scores[hits[i].item] == hits[i].score);
    free(scores);
}

/* Spectral denoisers, ranked over candidates, one epoch; saved, opened, served. */
START_TEST(training_and_serving)
{
    static const char *const list[] = {"embedding_size",
                                       "8",
                                       "denoiser.kind",
                                       "spectral",
                                       "denoiser.rank",
                                       "8",
                                       "hidden_sizes",
                                       "16",
                                       "time_embedding_size",
                                       "4",
                                       "generate.exact",
                                       "false",
                                       "contrastive.enabled",
                                       "false",
                                       "batch",
                                       "65536",
                                       "denoiser.rows",
                                       "plain",
                                       "epochs",
                                       "1",
                                       "measure",
                                       "off",
                                       "seed",
                                       "5",
                                       NULL};
    diffmm_options *options = settings(context, list);
    diffmm_trainer *trainer;
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_create(dataset, options, &trainer));
    expect_success(diffmm_trainer_epoch(trainer, &report));
    ck_assert_uint_eq(report.epoch, 1);
    const diffmm_model *model = diffmm_trainer_model(trainer);
    size_t size;
    expect_success(diffmm_model_save_memory(model, NULL, 0, &size));
    void *file = malloc(size);
    expect_success(diffmm_model_save_memory(model, file, size, &size));
    diffmm_scorer *scorer;
    expect_success(diffmm_scorer_open_memory(context, file, size, &scorer));
    ck_assert_uint_eq(diffmm_scorer_users(scorer) * diffmm_scorer_items(scorer),
                      (size_t)users * items);
    for (int32_t u = users - 20; u < users; u++)
        expect_ranking(scorer, u);
    diffmm_scorer_destroy(scorer);
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    free(file);
}
END_TEST

/* All of this within 6 GB. */
START_TEST(memory)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    ck_assert_int_lt(usage.ru_maxrss, 6000000);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {holding_out,          sampling, graph, evaluation,
                                  training_and_serving, memory};
    expect_success(diffmm_context_create(NULL, &context));
    dataset = make();
    expect_success(diffmm_dataset_seal(dataset));
    int failed = run_tests("shapes", tests, sizeof tests / sizeof *tests);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    return failed;
}
