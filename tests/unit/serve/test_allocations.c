/* SPDX-License-Identifier: BSD-2-Clause */
/* Serving one user allocates nothing: neither through the context, nor, as far as this build lets
 * malloc be replaced, in any other way. */
#include <stdatomic.h>
#include <stdlib.h>

#include "support/failing.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/model_world.h"
#include "support/sanitizers.h"

#include <diffmm/rerank.h>

#if defined(TESTS_ADDRESS_SANITIZER) || defined(TESTS_THREAD_SANITIZER)
#define WATCHED_BY_SANITIZER
#endif

static atomic_size_t calls; /* of malloc and its like */

#if defined(__GLIBC__) && !defined(WATCHED_BY_SANITIZER)
enum { replaced = 1 };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __libc_realloc(pointer, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __libc_memalign(alignment, size);
}
#else
enum { replaced = 0 };
#endif

enum { users = 40, items = 900, d = 16, most = 600 };

static diffmm_scorer *scorer;
static int32_t ascending[most], mixed[200];
static size_t failures; /* assertions themselves allocate: they come afterwards */

static void note(diffmm_status status)
{
    failures += status != DIFFMM_OK;
}

static int keep_some(int32_t user, int32_t item, int32_t *keep, void *user_data)
{
    (void)user;
    (void)user_data;
    *keep = item % 3 != 0;
    return 0;
}

/* What may become of hits. */
static void rerank(size_t count, const diffmm_hit *hits)
{
    static diffmm_hit out[100];
    static const int32_t groups[items];
    double scratch[100];
    size_t found;
    note(diffmm_diversify(scorer, NULL, .5, count, hits, 10, scratch, out, &found));
    note(diffmm_limit_groups(items, groups, 3, count, hits, 10, out, &found));
    note(diffmm_explore(1, 2, 3, count, hits, 50, scratch, out, &found));
    note(diffmm_merge_hits(.3, count, hits, 0, NULL, 50, out, &found));
}

/* Queries of every kind. */
static void rank(int32_t user, const float *embedding)
{
    static diffmm_hit hits[users * 20 + items];
    static uint8_t allowed[(items + 7) / 8];
    const size_t size = sizeof(diffmm_query);
    const diffmm_query queries[] = {
        {.struct_size = size, .count = 20},
        {.struct_size = size, .count = items},
        {.struct_size = size, .count = 20, .exclude = ascending, .exclude_count = most},
        {.struct_size = size, .count = 500, .exclude = mixed, .exclude_count = 200},
        {.struct_size = size, .count = 20, .candidates = ascending, .candidate_count = most},
        {.struct_size = size, .count = 20, .candidates = mixed, .candidate_count = 200},
        {.struct_size = size, .count = 20, .allowed = allowed, .allowed_size = sizeof allowed},
        {.struct_size = size, .count = 20, .filter = keep_some, .has_min_score = 1},
    };
    size_t found[users];
    memset(allowed, 0x5a, sizeof allowed);
    for (size_t q = 0; q < sizeof queries / sizeof *queries; q++) {
        note(diffmm_recommend(scorer, user, &queries[q], hits, found));
        note(diffmm_recommend_embedding(scorer, embedding, &queries[q], hits, found));
        note(diffmm_similar_items(scorer, user, DIFFMM_COSINE, &queries[q], hits, found));
        note(diffmm_popular_items(scorer, &queries[q], hits, found));
        rerank(found[0] < 50 ? found[0] : 50, hits);
    }
    note(diffmm_similar_users(scorer, user, DIFFMM_DOT, &queries[0], hits, found));
    note(diffmm_recommend_users(scorer, users, NULL, &queries[0], hits, found));
}

static void serve(int32_t user)
{
    static diffmm_hit parts[items];
    float scores[items], embedding[d], modalities[2];
    diffmm_explanation explanation = {
        .struct_size = sizeof explanation, .modalities = modalities, .items = parts};
    size_t seen_count;
    const int32_t *seen;
    note(diffmm_score(scorer, user, items, NULL, scores));
    note(diffmm_scorer_seen(scorer, user, &seen, &seen_count));
    note(diffmm_fold_in(scorer, DIFFMM_NEW_USER, 200, mixed, embedding));
    note(diffmm_fold_in(scorer, user, most, ascending, embedding));
    note(diffmm_score_embedding(scorer, embedding, items, NULL, scores));
    note(diffmm_explain(scorer, user, 200, mixed, 3, &explanation));
    rank(user, embedding);
}

/* A scorer mapped from a file, with a context that counts. */
static diffmm_scorer *open_scorer(struct failing *allocations)
{
    struct folder folder = folder_begin();
    struct model_world world;
    char path[128];
    folder_file(&folder, "model", path);
    model_world_begin(
        &(struct model_case){
            .users = users, .items = items, .d = d, .layers = 1, .no_contrast = true},
        &world);
    expect_success(diffmm_model_forward(world.model));
    expect_success(diffmm_model_save(world.model, path));
    model_world_end(&world);
    diffmm_context *context = failing_context(allocations, 1);
    diffmm_scorer *opened;
    expect_success(diffmm_scorer_open(context, path, &opened));
    diffmm_context_destroy(context);
    folder_end(&folder);
    return opened;
}

START_TEST(serving_allocates_nothing)
{
    struct failing allocations = {0};
    for (int32_t i = 0; i < most; i++)
        ascending[i] = i + i / 3;
    for (int32_t i = 0; i < 200; i++)
        mixed[i] = i * 577 % items;
    scorer = open_scorer(&allocations);
    size_t through_context = atomic_load(&allocations.count);
    ck_assert_uint_gt(through_context, 0);
    size_t before = atomic_load(&calls);
    for (int32_t user = 0; user < users; user++)
        serve(user);
    size_t after = atomic_load(&calls);
    ck_assert_uint_eq(failures, 0);
    ck_assert_uint_eq(atomic_load(&allocations.count), through_context);
    ck_assert_uint_eq(after, before);
    ck_assert(!replaced || before > 0); /* or nothing was counted */
    diffmm_scorer_destroy(scorer);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {serving_allocates_nothing};
    return run_tests("allocations", tests, sizeof tests / sizeof *tests) != 0;
}
