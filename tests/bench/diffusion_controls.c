/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion_controls.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct bench_rows bench_rows_of(const diffmm_dataset *dataset, diffmm_split split)
{
    struct bench_rows rows = {.users = diffmm_dataset_users(dataset),
                              .items = diffmm_dataset_items(dataset)};
    rows.pointers = bench_take(rows.users + 1, sizeof *rows.pointers);
    rows.row = bench_take(diffmm_dataset_interactions(dataset, split) + 1, sizeof *rows.row);
    for (size_t u = 0; u < rows.users; u++) {
        const int32_t *items;
        size_t count;
        bench_check(diffmm_dataset_row(dataset, split, (int32_t)u, &items, &count));
        if (count > 0)
            memcpy(rows.row + rows.pointers[u], items, count * sizeof *items);
        rows.pointers[u + 1] = rows.pointers[u] + (int64_t)count;
    }
    return rows;
}

void bench_rows_end(struct bench_rows *rows)
{
    free(rows->pointers);
    free(rows->row);
}

static size_t size_of(const struct bench_rows *rows, size_t user)
{
    return (size_t)(rows->pointers[user + 1] - rows->pointers[user]);
}

/* The lists of all users, by scores that `score` writes for one. */
struct scorer {
    const struct bench_rows *train;
    float *scores;        /* items */
    const size_t *degree; /* users of each item */
    /* Users of each item: item-kNN's. */
    const int64_t *column_pointers;
    const int32_t *column;
};

static int32_t *rank_all(struct scorer *s, size_t length,
                         void (*score)(const struct scorer *s, size_t user))
{
    const struct bench_rows *train = s->train;
    int32_t *lists = bench_take(train->users * length, sizeof *lists);
    s->scores = bench_take(train->items, sizeof *s->scores);
    for (size_t u = 0; u < train->users; u++) {
        size_t found;
        int32_t *list = lists + u * length;
        score(s, u);
        bench_check(diffmm_top_k(train->items, s->scores, size_of(train, u),
                                 train->row + train->pointers[u], length, list, NULL, &found));
        for (; found < length; found++)
            list[found] = -1;
    }
    free(s->scores);
    return lists;
}

static void score_random(const struct scorer *s, size_t user)
{
    for (size_t i = 0; i < s->train->items; i++)
        s->scores[i] = (float)(bench_random((uint64_t)user << 32 | i) >> 40);
}

int32_t *control_random(const struct bench_rows *train, size_t length)
{
    struct scorer s = {.train = train};
    return rank_all(&s, length, score_random);
}

static size_t *degrees(const struct bench_rows *train)
{
    size_t *degree = bench_take(train->items, sizeof *degree);
    for (int64_t e = 0; e < train->pointers[train->users]; e++)
        degree[train->row[e]]++;
    return degree;
}

static void score_popular(const struct scorer *s, size_t user)
{
    (void)user;
    for (size_t i = 0; i < s->train->items; i++)
        s->scores[i] = (float)s->degree[i];
}

int32_t *control_popular(const struct bench_rows *train, size_t length)
{
    size_t *degree = degrees(train);
    struct scorer s = {.train = train, .degree = degree};
    int32_t *lists = rank_all(&s, length, score_popular);
    free(degree);
    return lists;
}

static const float shrinkage = 10.0F;

static void score_item_knn(const struct scorer *s, size_t user)
{
    const struct bench_rows *train = s->train;
    memset(s->scores, 0, train->items * sizeof *s->scores);
    for (int64_t e = train->pointers[user]; e < train->pointers[user + 1]; e++) {
        int32_t i = train->row[e];
        for (int64_t c = s->column_pointers[i]; c < s->column_pointers[i + 1]; c++) {
            int32_t other = s->column[c];
            for (int64_t o = train->pointers[other]; o < train->pointers[other + 1]; o++)
                s->scores[train->row[o]] +=
                    1.0F /
                    (sqrtf((float)s->degree[i] * (float)s->degree[train->row[o]]) + shrinkage);
        }
    }
}

int32_t *control_item_knn(const struct bench_rows *train, size_t length)
{
    size_t *degree = degrees(train);
    int64_t *pointers = bench_take(train->items + 1, sizeof *pointers);
    int64_t *next = bench_take(train->items, sizeof *next);
    int32_t *column = bench_take((size_t)train->pointers[train->users] + 1, sizeof *column);
    for (size_t i = 0; i < train->items; i++)
        pointers[i + 1] = pointers[i] + (int64_t)degree[i];
    for (size_t i = 0; i < train->items; i++)
        next[i] = pointers[i];
    for (size_t u = 0; u < train->users; u++)
        for (int64_t e = train->pointers[u]; e < train->pointers[u + 1]; e++)
            column[next[train->row[e]]++] = (int32_t)u;
    struct scorer s = {
        .train = train, .degree = degree, .column_pointers = pointers, .column = column};
    int32_t *lists = rank_all(&s, length, score_item_knn);
    free(degree);
    free(pointers);
    free(next);
    free(column);
    return lists;
}

int32_t *control_observed(const struct bench_rows *train, size_t length)
{
    int32_t *lists = bench_take(train->users * length, sizeof *lists);
    for (size_t u = 0; u < train->users; u++)
        for (size_t j = 0; j < length; j++)
            lists[u * length + j] =
                j < size_of(train, u) ? train->row[(size_t)train->pointers[u] + j] : -1;
    return lists;
}

double control_random_hits(const struct bench_rows *train, const struct bench_rows *held)
{
    double sum = 0, users = 0;
    for (size_t u = 0; u < train->users; u++) {
        size_t left = train->items - size_of(train, u);
        if (size_of(held, u) == 0 || left == 0)
            continue;
        sum += (double)size_of(held, u) / (double)left;
        users++;
    }
    return users > 0 ? sum / users : 0;
}

double control_recall(const struct bench_rows *train, const struct bench_rows *held, size_t length,
                      const int32_t *lists)
{
    double sum = 0, users = 0;
    for (size_t u = 0; u < train->users; u++) {
        diffmm_metrics metrics;
        size_t found = 0;
        if (size_of(train, u) == 0 || size_of(held, u) == 0)
            continue;
        while (found < length && lists[u * length + found] >= 0)
            found++;
        bench_check(diffmm_ranking_metrics(found, lists + u * length, size_of(held, u),
                                           held->row + held->pointers[u], length, &metrics));
        sum += metrics.recall;
        users++;
    }
    return users > 0 ? sum / users : 0;
}
