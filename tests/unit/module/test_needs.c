/* SPDX-License-Identifier: BSD-2-Clause */
/* The forecast, compared with an allocator that counts. */
#include <stdatomic.h>

#include "support/counting.h"
#include "support/failure.h"
#include "support/module_world.h"

static void expect_bound(const char *what, size_t forecast, size_t counted)
{
    ck_assert_msg(counted <= forecast, "%s: %zu bytes, forecast %zu", what, counted, forecast);
    ck_assert_msg((double)forecast <= 1.05 * (double)counted + 12288, "%s: %zu bytes, forecast %zu",
                  what, counted, forecast);
}

START_TEST(memory)
{
    static const char *const variants[][10] = {
        {NULL},
        {"hidden_sizes", "200,300", "batch", "3", NULL},
        {"hidden_sizes", "20", "batch", "600", "steps", "60", NULL},
        {"sampling_noise", "true", "rebuild_k", "7", NULL},
        {"diffusion.msi", "false", "hidden_sizes", "900", NULL}};
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
        struct counter counter = {0};
        struct module_world w;
        diffmm_diffusion_needs needs = {.struct_size = sizeof needs};
        int64_t count;
        int32_t items[world_users * world_items];
        const char *msi;
        module_world_on(&w, counting_context(&counter, 2), variants[v]);
        diffmm_diffusion_destroy(w.module);
        set_all(w.options, (const char *const[]){"embedding_size", "5", NULL});
        expect_success(diffmm_diffusion_forecast(w.context, world_items, world_users,
                                                 (size_t)w.pointers[world_users], w.options,
                                                 &needs));
        size_t before = counter.now;
        expect_success(diffmm_diffusion_create(w.context, world_items, w.options, 1, &w.module));
        expect_bound("module", needs.module_bytes, counter.now - before);
        ck_assert_uint_eq(needs.parameters, w.parameters);

        expect_success(diffmm_options_get(w.options, "diffusion.msi", &msi));
        if (strcmp(msi, "false") == 0)
            w.batch.d = 0;
        w.batch.rows = 3;
        before = counter.now;
        expect_success(diffmm_diffusion_step(w.module, &w.batch, NULL));
        w.batch.rows = 0;
        if (v != 1)
            expect_success(diffmm_diffusion_step(w.module, &w.batch, NULL));
        ck_assert_msg(counter.now - before <= needs.training_bytes, "training: %zu, forecast %zu",
                      counter.now - before, needs.training_bytes);

        expect_success(diffmm_options_get_integer(w.options, "rebuild_k", &count));
        before = counter.now;
        counter.peak = before;
        w.batch.noise = NULL;
        expect_success(diffmm_diffusion_generate(w.module, &w.batch, (size_t)count, items, NULL));
        expect_bound("generate", needs.generate_bytes, counter.peak - before);
        ck_assert(needs.step_flops > 0.0 && needs.generate_flops > 0.0);
        module_world_end(&w);
        ck_assert_uint_eq(counter.now, 0);
    }
}
END_TEST

/* 1,024 users of TikTok's shape: the figures of doc/architecture.md. */
START_TEST(work)
{
    diffmm_context *context;
    diffmm_diffusion_needs needs = {.struct_size = sizeof needs};
    expect_success(diffmm_context_create(NULL, &context));
    expect_success(diffmm_diffusion_forecast(context, 6710, 9308, 59541, NULL, &needs));
    ck_assert_uint_eq(needs.parameters, 6710 * 2000 + 6710 + 1000 + 10000 + 110);
    double whole = 3 * needs.generate_flops;
    ck_assert_msg(whole > 620e9 && whole < 660e9, "%g", whole);
    whole = 27 * needs.step_flops;
    ck_assert_msg(whole > 1400e9 && whole < 1600e9, "%g", whole);
    /* Sizes beyond the address space do not wrap around. */
    expect_success(diffmm_diffusion_forecast(context, INT32_MAX, INT32_MAX,
                                             (size_t)INT32_MAX * INT32_MAX, NULL, &needs));
    ck_assert_uint_gt(needs.training_bytes, (size_t)1 << 62);
    expect_invalid(diffmm_diffusion_forecast(context, 0, 9308, 1, NULL, &needs), "items");
    expect_invalid(diffmm_diffusion_forecast(context, 10, 3, 31, NULL, &needs), "entries is 31");
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {memory, work};
    return run_tests("needs", tests, sizeof tests / sizeof *tests) != 0;
}
