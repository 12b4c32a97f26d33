/* SPDX-License-Identifier: BSD-2-Clause */
/* Model files that are what they claim: many users, items, modalities. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <diffmm/diffmm.h>

#include "giants.h"
#include "support/failure.h"

/* As in test_headers.c. */
enum { most_seconds = 60, factor = 32, allowance = 1 << 16, many = 400000, most_modalities = 8192 };

static diffmm_context *context;

struct size {
    size_t users, items, modalities;
    bool named;
};

/* Tensors in the making: what the header says of each, and their data. */
struct file {
    struct giant header, data;
};

static void add_tensor(struct file *file, const char *name, const char *dtype, size_t rows,
                       const char *columns, const void *data, size_t size)
{
    size_t begin = file->data.size;
    giant_add(&file->data, data, size);
    giant_text(&file->header,
               ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%zu%s],\"data_offsets\":[%zu,%zu]}", name,
               dtype, rows, columns, begin, file->data.size);
}

/* Values of d = 1. */
static void add_floats(struct file *file, const char *name, size_t rows, const char *columns)
{
    struct giant values = {0};
    for (size_t r = 0; r < rows; r++) {
        float value = (float)(r % 7) - 3.0f;
        giant_add(&values, &value, sizeof value);
    }
    add_tensor(file, name, "F32", rows, columns, values.bytes, values.size);
    giant_end(&values);
}

static void add_names(struct file *file, const char *what, size_t count)
{
    struct giant text = {0}, offsets = {0};
    char name[32];
    for (size_t i = 0; i <= count; i++) {
        int64_t offset = (int64_t)text.size;
        giant_add(&offsets, &offset, sizeof offset);
        if (i == count)
            break;
        giant_text(&text, "%zx", i);
        giant_add(&text, "", 1);
    }
    snprintf(name, sizeof name, "ids.%s.text", what);
    add_tensor(file, name, "U8", text.size, "", text.bytes, text.size);
    snprintf(name, sizeof name, "ids.%s.offsets", what);
    add_tensor(file, name, "I64", count + 1, "", offsets.bytes, offsets.size);
    giant_end(&text);
    giant_end(&offsets);
}

/* Each user has seen item 0. */
static void add_seen(struct file *file, size_t users)
{
    struct giant pointers = {0}, items = {0};
    for (size_t u = 0; u <= users; u++) {
        int64_t pointer = (int64_t)u;
        int32_t item = 0;
        giant_add(&pointers, &pointer, sizeof pointer);
        giant_add(&items, &item, u < users ? sizeof item : 0);
    }
    add_tensor(file, "seen.pointers", "I64", users + 1, "", pointers.bytes, pointers.size);
    add_tensor(file, "seen.items", "I32", users, "", items.bytes, items.size);
    giant_end(&pointers);
    giant_end(&items);
}

static void describe(struct file *file, const struct size *size)
{
    giant_text(&file->header,
               "{\"__metadata__\":{\"format\":\"diffmm-model\",\"version\":\"1\",\"d\":\"1\","
               "\"users\":\"%zu\",\"items\":\"%zu\",\"options\":\"{\\\"d\\\":\\\"1\\\","
               "\\\"layers\\\":\\\"0\\\",\\\"ris_lambda\\\":\\\"0.5\\\"}\",\"modalities\":\"[",
               size->users, size->items);
    for (size_t m = 0; m < size->modalities; m++)
        giant_text(&file->header,
                   "%s{\\\"name\\\":\\\"m%zu\\\",\\\"dimensions\\\":1,\\\"projection\\\":"
                   "\\\"leaky\\\"}",
                   m ? "," : "", m);
    giant_text(&file->header, "]\"}");
}

static struct giant make(const struct size *size)
{
    struct file file = {.header = {0}};
    describe(&file, size);
    add_floats(&file, "final.user", size->users, ",1");
    add_floats(&file, "final.item", size->items, ",1");
    add_floats(&file, "user_embedding", size->users, ",1");
    add_floats(&file, "item_embedding", size->items, ",1");
    add_floats(&file, "user_embedding.mean", 1, "");
    add_floats(&file, "modality_logits", size->modalities, "");
    for (size_t m = 0; m < size->modalities; m++) {
        char name[64];
        snprintf(name, sizeof name, "modality.m%zu.projection.weight", m);
        add_floats(&file, name, 1, ",1");
        snprintf(name, sizeof name, "content.m%zu", m);
        add_floats(&file, name, size->items, ",1");
    }
    add_seen(&file, size->users);
    if (size->named) {
        add_names(&file, "user", size->users);
        add_names(&file, "item", size->items);
    }
    giant_text(&file.header, "}");
    struct giant made = giant_file(&file.header, &file.data);
    giant_end(&file.header);
    giant_end(&file.data);
    return made;
}

static size_t check_peak(const struct giant *file)
{
    size_t peak = giant_peak();
    if (peak > factor * file->size + allowance) {
        fprintf(stderr, "%zu bytes for a file of %zu\n", peak, file->size);
        _exit(1);
    }
    return peak / file->size;
}

/* By name, and written again: both look for each. */
static void look_up(diffmm_model *model)
{
    size_t size;
    for (size_t p = 0; p < diffmm_model_parameters(model); p++) {
        diffmm_parameter at = {.struct_size = sizeof at}, named = at;
        expect_success(diffmm_model_parameter_at(model, p, &at));
        expect_success(diffmm_model_parameter(model, at.name, &named));
        if (at.values != named.values)
            _exit(1);
    }
    expect_success(diffmm_model_save_memory(model, NULL, 0, &size));
}

static void read_model(void *argument)
{
    const struct giant *file = argument;
    diffmm_scorer *scorer;
    diffmm_model *model;
    giant_watch();
    expect_success(diffmm_scorer_open_memory(context, file->bytes, file->size, &scorer));
    size_t served = check_peak(file);
    diffmm_scorer_destroy(scorer);
    giant_watch();
    expect_success(diffmm_model_load_memory(context, file->bytes, file->size, &model));
    printf(": %zu bytes, %zu times its size to serve, %zu to load\n", file->size, served,
           check_peak(file));
    fflush(stdout);
    look_up(model);
    diffmm_model_destroy(model);
}

START_TEST(large_models_take_what_they_hold)
{
    static const struct {
        const char *name;
        struct size size;
    } cases[] = {{"users called by their numbers", {many, 2, 1, false}},
                 {"users called by names", {many, 2, 1, true}},
                 {"items called by their numbers", {2, many, 1, false}},
                 {"items called by names", {2, many, 1, true}},
                 {"modalities", {2, 2, most_modalities, false}}};
    context = giant_context();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct giant file = make(&cases[i].size);
        printf("%s", cases[i].name);
        const char *wrong =
            giant_within(most_seconds, factor * file.size + (256 << 20), read_model, &file);
        ck_assert_msg(!wrong, "%s: %s", cases[i].name, wrong);
        giant_end(&file);
    }
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {large_models_take_what_they_hold};
    return run_tests("giants/models", tests, sizeof tests / sizeof *tests) != 0;
}
