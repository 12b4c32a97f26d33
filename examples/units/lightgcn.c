/* SPDX-License-Identifier: BSD-2-Clause */
/* A baseline from the parts: LightGCN (He et al. 2020) without model or trainer. One table of
 * embeddings, propagation over the training graph, BPR, Adam; then the library's own evaluation. */
#include <stdio.h>
#include <stdlib.h>

#include <diffmm/diffmm.h>

#include "check.h"
#include "common/popularity.h"

enum { D = 32, LAYERS = 2, EPOCHS = 20, BATCH = 512, CUTOFF = 20 };

/* The training pairs of a data set: first in the order of its rows, then shuffled for an epoch. */
struct pairs {
    size_t count;
    int32_t *user, *item, *negative;
};

static struct pairs training_pairs(const diffmm_dataset *dataset)
{
    size_t count = diffmm_dataset_interactions(dataset, DIFFMM_TRAIN);
    struct pairs pairs = {0, take(count, sizeof(int32_t)), take(count, sizeof(int32_t)),
                          take(count, sizeof(int32_t))};
    for (size_t user = 0; user < diffmm_dataset_users(dataset); user++) {
        const int32_t *items;
        size_t row;
        check(diffmm_dataset_row(dataset, DIFFMM_TRAIN, (int32_t)user, &items, &row));
        for (size_t i = 0; i < row; i++) {
            pairs.user[pairs.count] = (int32_t)user;
            pairs.item[pairs.count++] = items[i];
        }
    }
    return pairs;
}

int main(void)
{
    diffmm_context *context;
    diffmm_dataset *dataset;
    check(diffmm_context_create(NULL, &context));
    check(diffmm_dataset_synthesize(context, NULL, &dataset));
    check(diffmm_dataset_seal(dataset));
    size_t users = diffmm_dataset_users(dataset), items = diffmm_dataset_items(dataset);
    size_t size = (users + items) * D;
    struct pairs pairs = training_pairs(dataset);

    diffmm_graph *graph;
    check(diffmm_graph_create_bipartite(context, users, items, pairs.count, pairs.user, pairs.item,
                                        &graph));
    float *embedding = take(size, sizeof(float)), *final = take(size, sizeof(float));
    float *grad_final = take(size, sizeof(float)), *gradient = take(size, sizeof(float));
    float *first_moment = take(size, sizeof(float)), *second_moment = take(size, sizeof(float));
    check(diffmm_initialize_xavier(users + items, D, 1, 0, embedding));

    diffmm_adam adam = {.struct_size = sizeof adam, .learning_rate = 5e-3};
    uint64_t step = 0;
    for (uint64_t epoch = 1; epoch <= EPOCHS; epoch++) {
        double total = 0;
        check(diffmm_sample_pairs(dataset, 1, epoch, pairs.user, pairs.item, pairs.negative,
                                  &pairs.count));
        for (size_t first = 0; first < pairs.count; first += BATCH) {
            size_t count = pairs.count - first < BATCH ? pairs.count - first : BATCH;
            double loss;
            check(diffmm_propagate(graph, LAYERS, D, embedding, final));
            check(diffmm_bpr(users, items, D, final, final + users * D, count, pairs.user + first,
                             pairs.item + first, pairs.negative + first, BATCH, &loss, grad_final,
                             grad_final + users * D));
            check(diffmm_propagate_backward(graph, LAYERS, D, grad_final, gradient));
            check(diffmm_adam_step(&adam, ++step, size, embedding, gradient, first_moment,
                                   second_moment));
            total += loss;
        }
        if (epoch % 5 == 0)
            printf("epoch %d: BPR %.4f\n", (int)epoch, total);
    }

    size_t cutoff = CUTOFF;
    diffmm_metrics lightgcn, popularity;
    check(diffmm_propagate(graph, LAYERS, D, embedding, final));
    check(diffmm_evaluate(context, dataset, DIFFMM_TEST, D, final, final + users * D, 1, &cutoff,
                          &lightgcn));
    check(evaluate_popularity(context, dataset, DIFFMM_TEST, 1, &cutoff, &popularity));
    printf("test Recall@%d: LightGCN %.4f, popularity %.4f\n", CUTOFF, lightgcn.recall,
           popularity.recall);

    free(embedding);
    free(final);
    free(grad_final);
    free(gradient);
    free(first_moment);
    free(second_moment);
    free(pairs.user);
    free(pairs.item);
    free(pairs.negative);
    diffmm_graph_destroy(graph);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    return lightgcn.recall > popularity.recall ? 0 : 1;
}
