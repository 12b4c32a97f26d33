/* SPDX-License-Identifier: BSD-2-Clause */
/* What an interaction takes from reading to sealing: nanoseconds, and bytes of the context's allocator at
 * the peak of each step, ids included. `--pairs 100000000 --users 10000000 --items 1000000` is the size
 * that the library is made for; the table is then 3.8 GB in the folder for temporary files. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common.h"

struct memory {
    atomic_size_t now, peak;
};

enum { header = 64 };

static void *allocate(size_t size, void *user_data)
{
    struct memory *memory = user_data;
    char *block = malloc(size + header);
    if (!block)
        return NULL;
    *(size_t *)(void *)block = size;
    size_t now = atomic_fetch_add(&memory->now, size) + size, peak = atomic_load(&memory->peak);
    while (now > peak && !atomic_compare_exchange_weak(&memory->peak, &peak, now))
        ;
    return block + header;
}

static void release(void *pointer, void *user_data)
{
    struct memory *memory = user_data;
    char *block = (char *)pointer - header;
    atomic_fetch_sub(&memory->now, *(size_t *)(void *)block);
    free(block);
}

struct measure {
    struct memory memory;
    diffmm_context *context;
    size_t pairs, users, items;
    double start;
};

static void begin_step(struct measure *m)
{
    atomic_store(&m->memory.peak, atomic_load(&m->memory.now));
    m->start = bench_now();
}

static void end_step(struct measure *m, const char *step)
{
    double seconds = bench_now() - m->start, pairs = (double)m->pairs;
    printf("  %-26s %8.1f ns a pair, peak %6.2f bytes a pair (%.0f MB), then %6.2f\n", step,
           1e9 * seconds / pairs, (double)atomic_load(&m->memory.peak) / pairs,
           bench_megabytes(atomic_load(&m->memory.peak)),
           (double)atomic_load(&m->memory.now) / pairs);
    begin_step(m);
}

/* Every user and every item comes once, then any. */
static size_t draw(size_t i, uint64_t which, size_t below)
{
    return i < below ? i : (size_t)(bench_random(2 * i + which) % below);
}

static void add_numbers(const struct measure *m, diffmm_dataset *dataset)
{
    enum { block = 1 << 16 };
    int32_t *user = bench_take(block, sizeof *user), *item = bench_take(block, sizeof *item);
    for (size_t first = 0; first < m->pairs; first += block) {
        size_t count = m->pairs - first < block ? m->pairs - first : block;
        for (size_t i = 0; i < count; i++) {
            user[i] = (int32_t)draw(first + i, 0, m->users);
            item[i] = (int32_t)draw(first + i, 1, m->items);
        }
        bench_check(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, count, user, item));
    }
    free(user);
    free(item);
}

/* Ids of 12 and 9 characters. */
static void write_table(const struct measure *m, const char *path, bool timed)
{
    FILE *file = fopen(path, "w");
    if (!file)
        bench_fail("cannot write %s", path);
    fputs(timed ? "user\titem\trating\ttimestamp\n" : "user\titem\n", file);
    for (size_t i = 0; i < m->pairs; i++) {
        fprintf(file, "u%011zu\ti%08zu", draw(i, 0, m->users) * 7919, draw(i, 1, m->items) * 31);
        if (timed)
            fprintf(file, "\t%zu\t%zu", i % 5 + 1,
                    1500000000 + (size_t)(bench_random(i) % 100000000));
        fputc('\n', file);
    }
    if (fclose(file))
        bench_fail("cannot write %s", path);
}

static diffmm_dataset *fill(struct measure *m, bool table, bool timed)
{
    diffmm_dataset *dataset;
    bench_check(diffmm_dataset_create(m->context, &dataset));
    if (!table) {
        begin_step(m);
        add_numbers(m, dataset);
        end_step(m, "adding numbers");
        return dataset;
    }
    struct bench_file file = bench_file_begin("pairs.tsv");
    write_table(m, file.path, timed);
    begin_step(m);
    bench_check(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, file.path));
    end_step(m, "reading a table");
    bench_file_end(&file);
    return dataset;
}

static void go_through(struct measure *m, const char *title, bool table, bool timed)
{
    printf("%s, %zu pairs of %zu users and %zu items\n", title, m->pairs, m->users, m->items);
    diffmm_dataset *dataset = fill(m, table, timed);
    begin_step(m);
    if (timed) {
        bench_check(diffmm_dataset_deduplicate(dataset, DIFFMM_KEEP_FIRST));
        end_step(m, "diffmm_dataset_deduplicate");
        bench_check(diffmm_dataset_hold_out_last(dataset, 1, 1));
        end_step(m, "diffmm_dataset_hold_out_last");
    } else {
        bench_check(diffmm_dataset_hold_out(dataset, 0.1, 0.1, 1));
        end_step(m, "diffmm_dataset_hold_out");
    }
    bench_check(diffmm_dataset_seal(dataset));
    end_step(m, "diffmm_dataset_seal");
    diffmm_dataset_destroy(dataset);
}

static void synthesize(struct measure *m)
{
    static const size_t dimensions[] = {1};
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = m->users,
                                   .items = m->items,
                                   .interactions = m->pairs,
                                   .modality_count = 1,
                                   .dimensions = dimensions,
                                   .group_items = m->items < 64 ? m->items : 64};
    diffmm_dataset *dataset;
    printf("made up\n");
    begin_step(m);
    bench_check(diffmm_dataset_synthesize(m->context, &spec, &dataset));
    end_step(m, "diffmm_dataset_synthesize");
    bench_check(diffmm_dataset_seal(dataset));
    end_step(m, "diffmm_dataset_seal");
    diffmm_dataset_destroy(dataset);
}

int main(int argc, char **argv)
{
    struct measure m = {.pairs = 20000000, .users = 2000000, .items = 500000};
    bool quick = false;
    const struct bench_option options[] = {
        {.name = "--quick", .flag = &quick, .help = "a small shape"},
        {.name = "--pairs", .number = &m.pairs, .least = 1, .most = SIZE_MAX, .help = "pairs"},
        {.name = "--users", .number = &m.users, .least = 1, .most = 1 << 30, .help = "users"},
        {.name = "--items", .number = &m.items, .least = 1, .most = 1 << 30, .help = "items"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    if (quick) {
        m.pairs = 20000;
        m.users = 2000;
        m.items = 500;
    }
    const diffmm_context_settings settings = {.struct_size = sizeof settings,
                                              .allocate = allocate,
                                              .release = release,
                                              .allocator_data = &m.memory};
    bench_check(diffmm_context_create(&settings, &m.context));
    go_through(&m, "numbers", false, false);
    go_through(&m, "ids", true, false);
    go_through(&m, "ids, ratings and times", true, true);
    synthesize(&m);
    diffmm_context_destroy(m.context);
    return 0;
}
