/* SPDX-License-Identifier: BSD-2-Clause */
/* A block of users is ranked at a time, and each list judged: its first n items against the n items
 * that the user has, and what is left without these against the held-out ones. */
#include "evaluation/denoiser_measures.h"

#include "base/pool.h"
#include "base/sizes.h"
#include "evaluation/metrics.h"

/* A block is as many users as fit into `most_ranked` items of lists, but at least `few_users`. */
enum { most_ranked = 1 << 18, few_users = 16, judged_at_once = 16 };

struct diffmm__denoiser_user {
    bool known, held; /* has training items; and held-out ones, too */
    double precision, recall, popular_recall;
};

void diffmm__denoiser_measuring_plan(const struct diffmm__layers *layers, size_t steps,
                                     const struct diffmm__sampling *sampling, size_t items,
                                     size_t users, size_t longest, size_t cutoff,
                                     struct diffmm__generation *out)
{
    size_t most = diffmm__size_sum(cutoff, longest);
    size_t count = most < items ? most : items;
    diffmm__generation_plan(layers, steps, sampling, users, count, out);
    size_t block = count * few_users < most_ranked ? most_ranked / count : few_users;
    if (out->block > block)
        out->block = block;
}

static void lay_out(struct diffmm__denoiser_measuring *m, size_t workers)
{
    size_t row = m->plan.count;
    m->lists = diffmm__arena_take(&m->arena, m->plan.block, row * sizeof *m->lists);
    m->ranked = diffmm__arena_take(&m->arena, workers, row * sizeof *m->ranked);
    m->judged = diffmm__arena_take(&m->arena, m->plan.users, sizeof *m->judged);
}

size_t diffmm__denoiser_measuring_bytes(const struct diffmm__generation *plan, size_t threads)
{
    struct diffmm__denoiser_measuring measured = {.arena = diffmm__arena_measure(), .plan = *plan};
    lay_out(&measured, threads);
    return diffmm__size_sum(measured.arena.bytes, diffmm__generator_bytes(plan));
}

diffmm_status diffmm__denoiser_measuring_begin(const diffmm_context *context,
                                               const struct diffmm__generation *plan,
                                               struct diffmm__denoiser_measuring *out)
{
    *out = (struct diffmm__denoiser_measuring){
        .context = context, .arena = diffmm__arena_on(context), .plan = *plan};
    lay_out(out, diffmm__workers(context));
    diffmm_status status = out->arena.failed
                               ? DIFFMM_ERROR_NO_MEMORY
                               : diffmm__generator_create(context, plan, &out->generator);
    if (status)
        diffmm__denoiser_measuring_end(out);
    return status;
}

void diffmm__denoiser_measuring_end(struct diffmm__denoiser_measuring *measuring)
{
    diffmm__generator_destroy(measuring->generator);
    diffmm__arena_end(&measuring->arena);
    *measuring = (struct diffmm__denoiser_measuring){0};
}

/* A block of lists, for the tasks. */
struct block {
    struct diffmm__denoiser_measuring *m;
    const struct diffmm__denoiser_batch *batch;
    const struct diffmm__csr *held;
    const struct diffmm__popularity *popularity;
    size_t cutoff, first, rows;
};

/* Recall of the first K items of a list that the user does not have. */
static double recall(const struct block *block, size_t user, size_t count, const int32_t *list,
                     struct diffmm__ranked *room)
{
    const struct diffmm__csr *train = &block->batch->x0.matrix, *held = block->held;
    struct diffmm__user_metrics metrics;
    size_t ranked = 0;
    for (size_t j = 0; j < count && list[j] >= 0 && ranked < block->cutoff; j++)
        if (!diffmm__csr_has(train, user, list[j]))
            room[ranked++] = (struct diffmm__ranked){.index = list[j]};
    diffmm__metrics_of_user(ranked, room, diffmm__csr_row_entries(held, user),
                            held->indices + held->pointers[user], block->cutoff, &metrics);
    return metrics.recall;
}

static void judge_user(const struct block *block, size_t b, struct diffmm__ranked *room)
{
    const struct diffmm__csr *train = &block->batch->x0.matrix;
    size_t user = diffmm__batch_rows_row(&block->batch->x0, block->first + b);
    size_t count = block->m->plan.count, own = diffmm__csr_row_entries(train, user), restored = 0;
    const int32_t *list = block->m->lists + b * count;
    struct diffmm__denoiser_user *out = &block->m->judged[block->first + b];
    *out = (struct diffmm__denoiser_user){.known = own > 0};
    if (!out->known)
        return;
    for (size_t j = 0; j < own && list[j] >= 0; j++)
        restored += diffmm__csr_has(train, user, list[j]);
    out->precision = (double)restored / (double)own;
    out->held = block->held && diffmm__csr_row_entries(block->held, user) > 0;
    if (!out->held)
        return;
    out->recall = recall(block, user, count, list, room);
    out->popular_recall = recall(block, user, count, block->popularity->order, room);
}

static void judge(void *argument, size_t index, size_t worker)
{
    const struct block *block = argument;
    size_t first = index * judged_at_once, left = block->rows - first;
    size_t end = first + (left < judged_at_once ? left : judged_at_once);
    for (size_t b = first; b < end; b++)
        judge_user(block, b, block->m->ranked + worker * block->m->plan.count);
}

static void average(const struct diffmm__denoiser_measuring *m, diffmm_denoiser_measures *out)
{
    for (size_t i = 0; i < m->plan.users; i++) {
        const struct diffmm__denoiser_user *user = &m->judged[i];
        out->users += user->known;
        out->held_users += user->held;
        out->degree_precision += user->precision;
        out->recall += user->recall;
        out->popular_recall += user->popular_recall;
    }
    if (out->users > 0)
        out->degree_precision /= (double)out->users;
    if (out->held_users > 0) {
        out->recall /= (double)out->held_users;
        out->popular_recall /= (double)out->held_users;
    }
}

void diffmm__denoiser_measuring_run(struct diffmm__denoiser_measuring *m,
                                    const diffmm_diffusion *module,
                                    const struct diffmm__generator *prepared,
                                    const struct diffmm__denoiser_batch *batch,
                                    const struct diffmm__csr *held,
                                    const struct diffmm__popularity *popularity, size_t cutoff,
                                    diffmm_denoiser_measures *out)
{
    struct block block = {
        .m = m, .batch = batch, .held = held, .popularity = popularity, .cutoff = cutoff};
    if (m->plan.shared && prepared)
        diffmm__generator_prepare_from(m->generator, prepared);
    else
        diffmm__generator_prepare(m->generator, module->schedule, module->values, batch);
    for (; block.first < m->plan.users; block.first += m->plan.block) {
        size_t left = m->plan.users - block.first;
        block.rows = left < m->plan.block ? left : m->plan.block;
        diffmm__generator_run(m->generator, batch, block.first, block.rows, m->lists, NULL);
        diffmm__parallel(m->context, (block.rows + judged_at_once - 1) / judged_at_once, judge,
                         &block);
    }
    *out = (diffmm_denoiser_measures){.struct_size = sizeof *out, .cutoff = cutoff};
    average(m, out);
}
