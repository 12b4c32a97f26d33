/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading tables of interactions: megabytes a second on one core, beside those of `wc -l` on the same
 * file in the same run. Files are read from the system's cache. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common.h"
#include "samples.h"

struct shape {
    const char *title;
    size_t users, items;
    const char *user, *item; /* what stands before the numbers in ids */
    bool sorted;             /* by user, as most tables are */
};

static const struct shape shapes[] = {
    {"ids of digits, by user", 140000, 27000, "", "", true},
    {"ids of digits, in no order", 140000, 27000, "", "", false},
    {"ids of 14 characters, in no order", 2000000, 500000, "A2CX7LU", "B00OHD", false},
};

static size_t draw(uint64_t index, size_t below)
{
    double u = (double)(bench_random(index) >> 11) * 0x1p-53;
    return (size_t)(u * u * (double)below); /* a few come often */
}

static void write_table(const char *path, const struct shape *shape, size_t lines)
{
    FILE *file = fopen(path, "w");
    if (!file)
        bench_fail("cannot write %s", path);
    fprintf(file, "user\titem\trating\ttimestamp\n");
    int width = *shape->user ? 7 : 1;
    for (size_t i = 0; i < lines; i++) {
        size_t user = shape->sorted ? i * shape->users / lines : draw(2 * i, shape->users);
        fprintf(file, "%s%0*zu\t%s%0*zu\t%d\t%zu\n", shape->user, width, user, shape->item, width,
                draw(2 * i + 1, shape->items), (int)(bench_random(i) % 5) + 1, 978300760 + i);
    }
    if (fclose(file))
        bench_fail("cannot write %s", path);
}

static double count_lines(const char *path)
{
    char command[128];
    snprintf(command, sizeof command, "wc -l <%s >/dev/null", path);
    double start = bench_now();
    if (system(command) != 0)
        bench_fail("wc -l has failed");
    return bench_now() - start;
}

static double read_table(diffmm_context *context, const char *path)
{
    diffmm_dataset *dataset;
    bench_check(diffmm_dataset_create(context, &dataset));
    double start = bench_now();
    bench_check(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path));
    double seconds = bench_now() - start;
    diffmm_dataset_destroy(dataset);
    return seconds;
}

static void measure(diffmm_context *context, const struct shape *shape, size_t lines, size_t runs,
                    const char *path)
{
    struct samples reading = {0}, counting = {0};
    struct stat file;
    write_table(path, shape, lines);
    if (stat(path, &file))
        bench_fail("%s is not there", path);
    for (size_t run = 0; run < runs; run++) {
        samples_add(&counting, count_lines(path));
        samples_add(&reading, read_table(context, path));
    }
    double megabytes = bench_megabytes((size_t)file.st_size);
    double read = samples_median(&reading), counted = samples_median(&counting);
    printf("%-36s %8.1f %10.1f %10.1f %8.3f\n", shape->title, megabytes, megabytes / read,
           megabytes / counted, counted / read);
    samples_end(&reading);
    samples_end(&counting);
}

int main(int argc, char **argv)
{
    size_t runs = 0, lines = 0;
    bool quick = false;
    const struct bench_option options[] = {
        {"--lines", NULL, &lines, 1000, 1000000000, "lines of each table (default 20000000)"},
        {"--runs", NULL, &runs, 1, 1000, "runs of each (default 5)"},
        {"--quick", &quick, NULL, 0, 0, "small files, one run: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    runs = runs ? runs : quick ? 1 : 5;
    lines = lines ? lines : quick ? 20000 : 20000000;
    const struct bench_file file = bench_file_begin("table.tsv");
    diffmm_context *context = bench_context(1);
    printf("%s\n%zu lines, %zu runs\n%-36s %8s %10s %10s %8s\n", diffmm_build_info(), lines, runs,
           "table", "MB", "read MB/s", "wc MB/s", "ratio");
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        measure(context, &shapes[s], lines, runs, file.path);
    diffmm_context_destroy(context);
    bench_file_end(&file);
    return 0;
}
