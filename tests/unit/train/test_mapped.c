/* SPDX-License-Identifier: BSD-2-Clause */
/* Training on features that stay in a mapped file, of each type and in any order: the bits are those
 * of an array of the same numbers, and the memory is less by what the array takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "base/numbers.h"
#include "support/counting.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/settings.h"

/* Enough items that a sum over them is cut into chunks, and a chunk into blocks. */
enum { users = 60, items = 3001, columns = 300, spare = 2, rows = items + spare };

static uint16_t stored[rows][columns]; /* bits of row r; items are in another order */
static float values[rows][columns];

enum kind { ARRAY, HALF, SINGLE, BRIEF, kinds };

static float upper_half(uint16_t bits)
{
    uint32_t whole = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &whole, sizeof value);
    return value;
}

/* Small numbers of both signs in either type of 16 bits; some rows are zeros. */
static void fill(bool brief)
{
    uint32_t state = 7;
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < columns; k++) {
            state = state * 1664525 + 1013904223;
            uint32_t bits =
                brief ? (state >> 31) << 15 | (120 + (state >> 20) % 8) << 7 | (state >> 8 & 127)
                      : (state >> 31) << 15 | (8 + (state >> 20) % 8) << 10 | (state >> 8 & 1023);
            stored[r][k] = (uint16_t)(r % 50 == 3 ? 0 : bits);
            values[r][k] = brief ? upper_half(stored[r][k]) : diffmm__half(stored[r][k]);
        }
}

static void write_all(const struct path *path, const char *header, size_t length, const void *data,
                      size_t size)
{
    FILE *file = fopen(path->text, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(header, 1, length, file), length);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static struct path write_npy(const struct folder *folder, const char *type, const void *data,
                             size_t size)
{
    struct path path = folder_path(folder, "x.npy");
    char header[128] = "\x93NUMPY\x01";
    header[8] = 118;
    int length = snprintf(header + 10, 118,
                          "{'descr': '%s', 'fortran_order': False, 'shape': "
                          "(%d, %d), }",
                          type, (int)rows, (int)columns);
    memset(header + 10 + length, ' ', (size_t)(117 - length));
    header[127] = '\n';
    write_all(&path, header, sizeof header, data, size);
    return path;
}

static struct path write_tensor(const struct folder *folder)
{
    struct path path = folder_path(folder, "x.safetensors");
    char header[136] = {0};
    int length = snprintf(header + 8, 128,
                          "{\"e\":{\"dtype\":\"BF16\",\"shape\":[%d,%d],\"data_offsets\":[0,%zu]}}",
                          (int)rows, (int)columns, sizeof stored);
    memset(header + 8 + length, ' ', (size_t)(128 - length));
    header[0] = (char)128;
    write_all(&path, header, sizeof header, stored, sizeof stored);
    return path;
}

static struct path write_kind(const struct folder *folder, enum kind kind)
{
    if (kind == BRIEF)
        return write_tensor(folder);
    return kind == HALF ? write_npy(folder, "<f2", stored, sizeof stored)
                        : write_npy(folder, "<f4", values, sizeof values);
}

/* Row r is that of item (r * 7) mod items; two rows are nobody's, and one item has none. */
static void write_ids(const struct folder *folder)
{
    char *list = malloc(rows * 16), *end = list;
    ck_assert_ptr_nonnull(list);
    for (size_t r = 0; r < rows; r++)
        end += r == 5 || r >= items ? sprintf(end, "nobody %zu\n", r)
                                    : sprintf(end, "item %zu\n", r * 7 % items);
    folder_write_text(folder, "x.ids.txt", list);
    free(list);
}

static diffmm_dataset *make(diffmm_context *context, const struct path *path, bool map)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    for (size_t e = 0; e < 2 * items; e++) {
        char user[24], item[24];
        const char *user_id = user, *item_id = item;
        snprintf(user, sizeof user, "user %zu", e % users);
        snprintf(item, sizeof item, "item %zu", e * 11 % items);
        expect_success(
            diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 1, &user_id, &item_id));
    }
    expect_success(diffmm_dataset_hold_out(dataset, 0.02, 0.02, 1));
    expect_success((map ? diffmm_dataset_map_modality : diffmm_dataset_read_modality)(dataset, "x",
                                                                                      path->text));
    expect_success(diffmm_dataset_seal(dataset));
    return dataset;
}

struct trained {
    float user[users * 16], item[items * 16];
    double similar;
    size_t peak, forecast;
};

static diffmm_options *make_options(diffmm_context *context, const char *const *list)
{
    diffmm_options *options =
        settings(context, (const char *const[]){"embedding_size", "16", "hidden_sizes", "16",
                                                "batch", "3000", "epochs", "1", NULL});
    set_all(options, list);
    return options;
}

static void train(const struct path *path, bool map, const char *const *list, struct trained *out)
{
    struct counter counter = {0};
    diffmm_context *context = counting_context(&counter, 2);
    diffmm_dataset *dataset = make(context, path, map);
    diffmm_options *options = make_options(context, list);
    diffmm_trainer *trainer;
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_forecast(dataset, options, &forecast));
    counter.peak = counter.now;
    expect_success(diffmm_trainer_create(dataset, options, &trainer));
    expect_success(diffmm_trainer_epoch(trainer, &report));
    out->peak = counter.peak;
    out->forecast = forecast.peak_bytes - 2 * (9 << 20) - (10 << 20);
    out->similar = report.graph_measures ? report.graph_measures[0]->similarity : 0.0;
    const diffmm_model *model = diffmm_trainer_model(trainer);
    memcpy(out->user, diffmm_model_user_embeddings(model), sizeof out->user);
    memcpy(out->item, diffmm_model_item_embeddings(model), sizeof out->item);
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    ck_assert_uint_eq(counter.now, 0);
}

static void expect_same(const struct trained *a, const struct trained *b)
{
    ck_assert_mem_eq(a->user, b->user, sizeof a->user);
    ck_assert_mem_eq(a->item, b->item, sizeof a->item);
    ck_assert(a->similar == b->similar);
}

/* Of bases for denoisers more is told than is taken at once. */
static void expect_forecast(const struct trained *t, bool bases)
{
    double most = (bases ? 1.25 : 1.05) * (double)t->peak + (100 << 10);
    ck_assert_msg(t->peak <= t->forecast && (double)t->forecast <= most, "%zu bytes, forecast %zu",
                  t->peak, t->forecast);
}

static void check(enum kind kind, const char *const *list)
{
    static struct trained by_array, by_file;
    struct folder folder = folder_begin();
    fill(kind == BRIEF);
    write_ids(&folder);
    struct path path = write_kind(&folder, kind);
    train(&path, false, list, &by_array);
    train(&path, true, list, &by_file);
    expect_same(&by_array, &by_file);
    bool bases = list[0] && strcmp(list[0], "denoiser.kind") == 0;
    expect_forecast(&by_array, bases);
    expect_forecast(&by_file, bases);
    if (!list[0]) /* the array, less the blocks of it that are converted at once */
        ck_assert_uint_lt(by_file.peak + sizeof values / 4, by_array.peak);
    folder_end(&folder);
}

START_TEST(the_bits_are_those_of_an_array)
{
    for (enum kind kind = HALF; kind < kinds; kind++)
        check(kind, (const char *const[]){NULL});
}
END_TEST

START_TEST(with_other_settings)
{
    static const char *const lists[][5] = {
        {"projection", "linear"},
        {"denoiser.kind", "spectral"},
        {"modality.x.standardize", "true"},
        {"modality.x.normalize", "true", "diffusion.enabled", "false"}};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        check(HALF, lists[l]);
}
END_TEST

/* A checkpoint of one goes on with the other. */
START_TEST(checkpoints_fit_both)
{
    struct folder folder = folder_begin();
    fill(false);
    write_ids(&folder);
    struct path path = write_kind(&folder, HALF), checkpoint = folder_path(&folder, "state");
    diffmm_context *context;
    expect_success(diffmm_context_create(NULL, &context));
    diffmm_dataset *array = make(context, &path, false), *file = make(context, &path, true);
    diffmm_options *options = make_options(context, (const char *const[]){"epochs", "2", NULL});
    diffmm_trainer *trainer;
    expect_success(diffmm_trainer_create(array, options, &trainer));
    expect_success(diffmm_trainer_epoch(trainer, NULL));
    expect_success(diffmm_trainer_checkpoint(trainer, checkpoint.text));
    diffmm_trainer_destroy(trainer);
    expect_success(diffmm_trainer_resume(file, checkpoint.text, options, &trainer));
    expect_success(diffmm_trainer_epoch(trainer, NULL));
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(array);
    diffmm_dataset_destroy(file);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_bits_are_those_of_an_array, with_other_settings,
                                  checkpoints_fit_both};
    return run_tests("train/mapped", tests, sizeof tests / sizeof *tests);
}
