/* SPDX-License-Identifier: BSD-2-Clause */
#include "stand_in_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        bench_fail("%s cannot be written", path);
    return file;
}

static void finish(FILE *file, const char *path)
{
    bool failed = ferror(file);
    if (fclose(file) != 0 || failed)
        bench_fail("%s cannot be written", path);
}

static void write_interactions(const diffmm_dataset *dataset, const char *path)
{
    static const char *const splits[] = {"train", "valid", "test"};
    FILE *file = create(path);
    fprintf(file, "user\titem\tsplit\n");
    for (int32_t split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++)
        for (int32_t user = 0; (size_t)user < diffmm_dataset_users(dataset); user++) {
            const int32_t *items;
            size_t count;
            bench_check(diffmm_dataset_row(dataset, (diffmm_split)split, user, &items, &count));
            for (size_t i = 0; i < count; i++)
                fprintf(file, "%d\t%d\t%s\n", user, items[i], splits[split]);
        }
    finish(file, path);
}

/* Random halves in [1, 2): a float16 with that exponent and any fraction. */
static void write_features(size_t rows, size_t columns, const char *path)
{
    char header[118];
    FILE *file = create(path);
    int used =
        snprintf(header, sizeof header,
                 "{'descr': '<f2', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
    memset(header + used, ' ', sizeof header - (size_t)used);
    header[sizeof header - 1] = '\n';
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, file); /* version 1.0; the header has 118 bytes */
    fwrite(header, 1, sizeof header, file);
    for (size_t i = 0; i < rows * columns; i++) {
        uint16_t half = (uint16_t)(0x3c00 | (bench_random(i) & 0x3ff));
        unsigned char bytes[2] = {(unsigned char)(half & 0xff), (unsigned char)(half >> 8)};
        fwrite(bytes, 1, 2, file);
    }
    finish(file, path);
}

struct stand_in stand_in_begin(diffmm_context *context, const struct bench_shape *shape,
                               size_t modalities)
{
    struct stand_in stand_in = {.folder = "/tmp/diffmm-bench-XXXXXX", .modality_count = modalities};
    if (!mkdtemp(stand_in.folder))
        bench_fail("there can be no folder %s", stand_in.folder);
    snprintf(stand_in.interactions, sizeof stand_in.interactions, "%s/interactions.tsv",
             stand_in.folder);
    diffmm_dataset *dataset = bench_data(context, shape, modalities);
    bench_check(diffmm_dataset_seal(dataset));
    write_interactions(dataset, stand_in.interactions);
    for (size_t m = 0; m < modalities; m++) {
        snprintf(stand_in.modalities[m], sizeof stand_in.modalities[m], "%s/%s_feat.npy",
                 stand_in.folder, shape->modalities[m].name);
        write_features(diffmm_dataset_items(dataset), shape->modalities[m].dimensions,
                       stand_in.modalities[m]);
    }
    diffmm_dataset_destroy(dataset);
    return stand_in;
}

void stand_in_end(struct stand_in *stand_in)
{
    for (size_t m = 0; m < stand_in->modality_count; m++)
        unlink(stand_in->modalities[m]);
    unlink(stand_in->interactions);
    rmdir(stand_in->folder);
}
