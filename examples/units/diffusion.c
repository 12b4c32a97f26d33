/* SPDX-License-Identifier: BSD-2-Clause */
/* A recommender that is a diffusion and nothing else, as DiffRec is (Wang et al., SIGIR 2023): the
 * module learns to restore users' rows of interactions from noise, in a loop of our own, without
 * model or trainer; then the items that it generates for a user are the recommendation. They are
 * ranked and evaluated here, and compared with recommending what most users have. */
#include <stdio.h>
#include <stdlib.h>

#include <diffmm/diffmm.h>

#include "check.h"
#include "common/popularity.h"

enum { EPOCHS = 60, BATCH = 200, CUTOFF = 20, SEED = 7 };

/* Rows of interactions, one after the other: any source of them will do. */
struct rows {
    size_t users;
    int64_t *pointers;
    int32_t *items;
};

static struct rows rows_of(const diffmm_dataset *dataset, diffmm_split split)
{
    struct rows rows = {.users = diffmm_dataset_users(dataset)};
    rows.pointers = take(rows.users + 1, sizeof *rows.pointers);
    rows.items = take(diffmm_dataset_interactions(dataset, split), sizeof *rows.items);
    for (size_t user = 0; user < rows.users; user++) {
        const int32_t *items;
        size_t count, first = (size_t)rows.pointers[user];
        check(diffmm_dataset_row(dataset, split, (int32_t)user, &items, &count));
        for (size_t i = 0; i < count; i++)
            rows.items[first + i] = items[i];
        rows.pointers[user + 1] = (int64_t)(first + count);
    }
    return rows;
}

static void end_rows(struct rows *rows)
{
    free(rows->pointers);
    free(rows->items);
}

static size_t row_size(const struct rows *rows, size_t user)
{
    return (size_t)(rows->pointers[user + 1] - rows->pointers[user]);
}

static diffmm_diffusion *make_module(diffmm_context *context, size_t items)
{
    static const char *const settings[][2] = {{"hidden_sizes", "200"},
                                              {"noise_scale", "0.1"},
                                              {"steps", "5"},
                                              {"dropout", "0.5"},
                                              {"denoiser_learning_rate", "0.002"}};
    diffmm_options *options;
    diffmm_diffusion *module;
    check(diffmm_options_create(context, &options));
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        check(diffmm_options_set(options, settings[i][0], settings[i][1]));
    check(diffmm_options_set_integer(options, "batch", BATCH));
    check(diffmm_diffusion_create(context, items, options, SEED, &module));
    diffmm_options_destroy(options);
    return module;
}

/* Users in another order each epoch. */
static void shuffle(size_t count, int32_t *numbers)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)rand() % i;
        int32_t last = numbers[i - 1];
        numbers[i - 1] = numbers[other];
        numbers[other] = last;
    }
}

static void train(diffmm_diffusion *module, const struct rows *rows)
{
    int32_t *order = take(rows->users, sizeof *order);
    diffmm_diffusion_batch batch = {.struct_size = sizeof batch,
                                    .users = rows->users,
                                    .row_pointers = rows->pointers,
                                    .row_items = rows->items};
    for (size_t user = 0; user < rows->users; user++)
        order[user] = (int32_t)user;
    for (batch.epoch = 1; batch.epoch <= EPOCHS; batch.epoch++) {
        double sum = 0;
        shuffle(rows->users, order);
        for (size_t first = 0; first < rows->users; first += batch.rows) {
            diffmm_diffusion_losses losses;
            batch.rows = rows->users - first < BATCH ? rows->users - first : BATCH;
            batch.row_numbers = order + first;
            check(diffmm_diffusion_step(module, &batch, &losses));
            sum += losses.total * (double)batch.rows;
        }
        if (batch.epoch % 20 == 0)
            printf("epoch %d: ELBO %.6f\n", (int)batch.epoch, sum / (double)rows->users);
    }
    free(order);
}

/* The scores of one user's items are what the reverse chain makes of the user's row. */
static diffmm_metrics evaluate(const diffmm_diffusion *module, const struct rows *seen,
                               const struct rows *held)
{
    size_t items = diffmm_diffusion_items(module);
    float *scores = take(seen->users * items, sizeof *scores);
    diffmm_metrics mean = {.cutoff = CUTOFF};
    const diffmm_diffusion_batch all = {.struct_size = sizeof all,
                                        .users = seen->users,
                                        .row_pointers = seen->pointers,
                                        .row_items = seen->items};
    check(diffmm_diffusion_reverse(module, &all, scores));
    for (size_t user = 0; user < seen->users; user++) {
        int32_t ranked[CUTOFF];
        size_t found;
        diffmm_metrics one;
        if (row_size(held, user) == 0)
            continue;
        check(diffmm_top_k(items, scores + user * items, row_size(seen, user),
                           seen->items + seen->pointers[user], CUTOFF, ranked, NULL, &found));
        check(diffmm_ranking_metrics(found, ranked, row_size(held, user),
                                     held->items + held->pointers[user], CUTOFF, &one));
        mean.users++;
        mean.recall += one.recall;
        mean.ndcg += one.ndcg;
    }
    mean.recall /= (double)mean.users;
    mean.ndcg /= (double)mean.users;
    free(scores);
    return mean;
}

/* A user whom training has not seen needs no more than a row. */
static void show_new_user(const diffmm_diffusion *module)
{
    static const int64_t pointers[] = {0, 3};
    static const int32_t has[] = {2, 3, 5};
    int32_t items[5];
    float scores[5];
    const diffmm_diffusion_batch new_user = {
        .struct_size = sizeof new_user, .users = 1, .row_pointers = pointers, .row_items = has};
    check(diffmm_diffusion_generate(module, &new_user, 5, items, scores));
    printf("to a new user who has items 2, 3 and 5:");
    for (size_t i = 0; i < 5; i++)
        printf(" %d (%.3f)", (int)items[i], (double)scores[i]);
    printf("\n");
}

int main(void)
{
    diffmm_context *context;
    diffmm_dataset *dataset;
    check(diffmm_context_create(NULL, &context));
    check(diffmm_dataset_synthesize(context, NULL, &dataset));
    check(diffmm_dataset_seal(dataset));
    struct rows seen = rows_of(dataset, DIFFMM_TRAIN), held = rows_of(dataset, DIFFMM_TEST);

    diffmm_diffusion *module = make_module(context, diffmm_dataset_items(dataset));
    train(module, &seen);
    diffmm_metrics found = evaluate(module, &seen, &held), popularity;
    size_t cutoff = CUTOFF;
    check(evaluate_popularity(context, dataset, DIFFMM_TEST, 1, &cutoff, &popularity));
    printf("test Recall@%d: diffusion %.4f, popularity %.4f; NDCG %.4f, %.4f\n", CUTOFF,
           found.recall, popularity.recall, found.ndcg, popularity.ndcg);
    show_new_user(module);

    end_rows(&seen);
    end_rows(&held);
    diffmm_diffusion_destroy(module);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    return found.recall > popularity.recall ? 0 : 1;
}
