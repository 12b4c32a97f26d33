/* SPDX-License-Identifier: BSD-2-Clause */
/* Every function that takes a batch refuses the same batches. */
#include <math.h>

#include "support/close.h"
#include "support/module_world.h"

static const char *const none[] = {NULL};

/* All of them fail in the same way, and write nothing. */
static void expect_refused(struct module_world *w, diffmm_status status, const char *part)
{
    static float x[world_size], scores[world_users];
    int32_t items[world_users];
    diffmm_diffusion_losses losses = {.total = 4.0};
    fill(world_size, 3.0f, x);
    fill(world_users, 3.0f, scores);
    memset(items, 0x55, sizeof items);
    expect_failure(diffmm_diffusion_step(w->module, &w->batch, &losses), status, part);
    expect_failure(diffmm_diffusion_objective(w->module, &w->batch, &losses, NULL), status, part);
    expect_failure(diffmm_diffusion_corrupt(w->module, &w->batch, x), status, part);
    expect_failure(diffmm_diffusion_reverse(w->module, &w->batch, x), status, part);
    expect_failure(diffmm_diffusion_generate(w->module, &w->batch, 1, items, scores), status, part);
    ck_assert(losses.total == 4.0);
    expect_untouched(world_size, x, 3.0f);
    expect_untouched(world_users, scores, 3.0f);
    for (size_t u = 0; u < world_users; u++)
        ck_assert_int_eq(items[u], 0x55555555);
}

/* The same; then the batch is made good again. */
static void expect_invalid_batch(struct module_world *w, const diffmm_diffusion_batch *good,
                                 const char *part)
{
    expect_refused(w, DIFFMM_ERROR_INVALID_ARGUMENT, part);
    w->batch = *good;
}

/* Each member made wrong in its turn, then right again. */
START_TEST(members)
{
    struct module_world w;
    module_world_begin(&w, 1, none);
    const diffmm_diffusion_batch good = w.batch;
    int32_t numbers[] = {3, world_users};
    w.batch.struct_size = 5;
    expect_invalid_batch(&w, &good, "struct_size");
    w.batch.users = 0;
    expect_invalid_batch(&w, &good, "users is 0");
    w.batch.row_pointers = NULL;
    expect_invalid_batch(&w, &good, "row_pointers");
    w.batch.row_items = NULL;
    expect_invalid_batch(&w, &good, "row_items");
    w.batch.rows = world_users + 1;
    expect_invalid_batch(&w, &good, "rows is 12");
    w.batch.row_numbers = numbers;
    expect_invalid_batch(&w, &good, "rows is 0");
    w.batch.epoch = UINT64_C(1) << 32;
    expect_invalid_batch(&w, &good, "epoch");
    w.batch.features = NULL;
    expect_invalid_batch(&w, &good, "features");
    w.batch.item_embedding = NULL;
    expect_invalid_batch(&w, &good, "item_embedding");
    w.batch.e_loss = NAN;
    expect_invalid_batch(&w, &good, "e_loss");
    w.batch.d = (size_t)1 << 30;
    expect_invalid_batch(&w, &good, "d is");
    w.batch.rows = 2;
    w.batch.row_numbers = numbers;
    expect_invalid_batch(&w, &good, "row_numbers[1] is 11");
    numbers[1] = -1;
    w.batch.rows = 2;
    w.batch.row_numbers = numbers;
    expect_invalid_batch(&w, &good, "row_numbers[1] is -1");
    module_world_end(&w);
}
END_TEST

START_TEST(entries)
{
    struct module_world w;
    module_world_begin(&w, 1, none);
    size_t last = (size_t)w.pointers[world_users] - 1;
    int32_t item = w.row_items[last];
    w.row_items[last] = world_items;
    expect_refused(&w, DIFFMM_ERROR_INVALID_ARGUMENT, "is 37, but there are 37 items");
    w.row_items[last] = -1;
    expect_refused(&w, DIFFMM_ERROR_INVALID_ARGUMENT, "is -1");
    w.row_items[last] = w.row_items[last - 1];
    expect_refused(&w, DIFFMM_ERROR_INVALID_ARGUMENT, "not above the one before it in row 10");
    w.row_items[last] = item;
    w.row_values[last] = INFINITY;
    expect_refused(&w, DIFFMM_ERROR_NUMERIC, "row_values");
    w.row_values[last] = 1.0f;
    int64_t pointer = w.pointers[2];
    w.pointers[2] = w.pointers[1] - 1;
    expect_refused(&w, DIFFMM_ERROR_INVALID_ARGUMENT, "row_pointers[1]");
    w.pointers[2] = pointer;
    w.pointers[0] = -1;
    expect_refused(&w, DIFFMM_ERROR_INVALID_ARGUMENT, "row_pointers[0] is -1");
    w.pointers[0] = 0;
    w.t[3] = 4;
    expect_refused(&w, DIFFMM_ERROR_INVALID_ARGUMENT, "t[3] is 4");
    w.t[3] = 0;
    expect_success(diffmm_diffusion_step(w.module, &w.batch, NULL));
    module_world_end(&w);
}
END_TEST

/* A wrong row that the batch does not pick does no harm; values may be absent. */
START_TEST(only_the_rows_of_the_batch_are_read)
{
    struct module_world w;
    module_world_begin(&w, 1, none);
    static const int32_t numbers[] = {9, 2};
    w.row_items[0] = -7;
    w.batch.rows = 2;
    w.batch.row_numbers = numbers;
    w.batch.row_values = NULL;
    expect_success(diffmm_diffusion_step(w.module, &w.batch, NULL));
    module_world_end(&w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {members, entries, only_the_rows_of_the_batch_are_read};
    return run_tests("batch", tests, sizeof tests / sizeof *tests) != 0;
}
