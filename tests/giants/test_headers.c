/* SPDX-License-Identifier: BSD-2-Clause */
/* Headers of model files, checkpoints and placer files. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <diffmm/diffmm.h>

#include "fuzz/training.h"
#include "giants.h"
#include "support/failure.h"
#include "support/folder.h"

/* Bytes of a giant; seconds for all readers of one; and what doc/file-formats.md promises of
 * memory. */
enum { giant_size = GIANT_MEGABYTES << 20, most_seconds = 60, factor = 32, allowance = 1 << 16 };

static diffmm_context *context;
static diffmm_dataset *dataset;
static struct folder folder;
static char path[128];

static void begin(void)
{
    context = giant_context();
    expect_success(training_dataset(context, &dataset));
    expect_success(diffmm_dataset_seal(dataset));
    folder = folder_begin();
    folder_file(&folder, "giant", path);
}

static void end(void)
{
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}

/* Metadata of a model with 2 users and items that lacks its end, but for modalities and options. */
static const char model_start[] =
    "{\"__metadata__\":{\"format\":\"diffmm-model\",\"version\":\"1\",\"users\":\"2\","
    "\"items\":\"2\",\"d\":\"1\"";

/* The tensors that a scorer of that model needs: 60 bytes. */
static const char model_tensors[] =
    "\"final.user\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
    "\"final.item\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[8,16]},"
    "\"seen.pointers\":{\"dtype\":\"I64\",\"shape\":[3],\"data_offsets\":[16,40]},"
    "\"seen.items\":{\"dtype\":\"I32\",\"shape\":[0],\"data_offsets\":[40,40]},"
    "\"content.m0\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[40,48]},"
    "\"modality_logits\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[48,52]},"
    "\"user_embedding.mean\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[52,56]}}";
enum { model_data = 56 };

static void repeat(struct giant *header, const char *text)
{
    size_t length = strlen(text);
    while (header->size < giant_size)
        giant_add(header, text, length);
}

static size_t many_tensors(struct giant *header)
{
    giant_text(header, "%s,\"options\":\"{}\",\"modalities\":\"[]\"}", model_start);
    for (size_t i = 0; header->size < giant_size; i++)
        giant_text(header, ",\"t%zu\":{\"dtype\":\"\",\"shape\":[],\"data_offsets\":[0,0]}", i);
    giant_text(header, ",%s", model_tensors);
    return model_data;
}

static size_t many_modalities(struct giant *header)
{
    giant_text(header, "%s,\"options\":\"{}\",\"modalities\":\"[", model_start);
    for (size_t i = 0; header->size < giant_size; i++)
        giant_text(header,
                   "%s{\\\"name\\\":\\\"m%zu\\\",\\\"dimensions\\\":1,\\\"projection\\\":"
                   "\\\"leaky\\\"}",
                   i ? "," : "", i);
    giant_text(header, "]\"},%s", model_tensors);
    return model_data;
}

static size_t many_settings(struct giant *header)
{
    giant_text(header, "%s,\"modalities\":\"[]\",\"options\":\"{\\\"d\\\":\\\"1\\\"", model_start);
    for (size_t i = 0; header->size < giant_size; i++)
        giant_text(header, ",\\\"modality.m%zu.projection\\\":\\\"leaky\\\"", i);
    giant_text(header, "}\"},%s", model_tensors);
    return model_data;
}

/* A checkpoint's settings, which are held against the caller's. */
static size_t many_settings_of_a_checkpoint(struct giant *header)
{
    giant_text(header, "{\"__metadata__\":{\"format\":\"diffmm-checkpoint\",\"version\":\"1\","
                       "\"users\":\"3\",\"items\":\"4\",\"d\":\"2\",\"modalities\":"
                       "\"[{\\\"name\\\":\\\"image\\\",\\\"dimensions\\\":2,\\\"projection\\\":"
                       "\\\"leaky\\\"},{\\\"name\\\":\\\"text\\\",\\\"dimensions\\\":1,"
                       "\\\"projection\\\":\\\"leaky\\\"}]\",\"options\":\"{\\\"d\\\":\\\"2\\\"");
    for (size_t i = 0; header->size < giant_size; i++)
        giant_text(header, ",\\\"modality.m%zu.projection\\\":\\\"leaky\\\"", i);
    giant_text(header, "}\"}}");
    return 0;
}

static size_t much_metadata(struct giant *header)
{
    giant_text(header, "%s", model_start);
    for (size_t i = 0; header->size < giant_size; i++)
        giant_text(header, ",\"%zu\":\"\"", i);
    giant_text(header, ",\"options\":\"{}\",\"modalities\":\"[]\"},%s", model_tensors);
    return model_data;
}

static size_t one_key_twice(struct giant *header)
{
    giant_text(header, "%s", model_start);
    for (size_t i = 0; header->size < giant_size; i++)
        giant_text(header, ",\"%zu\":\"\"", i);
    giant_text(header, ",\"7\":\"\"},%s", model_tensors);
    return model_data;
}

static size_t empty_lists(struct giant *header)
{
    giant_text(header, "{\"a\":{\"further\":[[]");
    repeat(header, ",[]");
    giant_text(header, "],\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    return 0;
}

static size_t empty_objects(struct giant *header)
{
    giant_text(header, "{\"a\":{\"shape\":[{}");
    repeat(header, ",{}");
    giant_text(header, "],\"dtype\":\"U8\",\"data_offsets\":[0,0]}}");
    return 0;
}

static size_t small_objects(struct giant *header)
{
    giant_text(header, "%s,\"modalities\":\"[{\\\"\\\":0}", model_start);
    repeat(header, ",{\\\"\\\":0}");
    giant_text(header, "]\",\"options\":\"{}\"},%s", model_tensors);
    return model_data;
}

static size_t many_dimensions(struct giant *header)
{
    giant_text(header, "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1],\"shape\":[1");
    repeat(header, ",1");
    giant_text(header, "]}}");
    return 1;
}

static size_t a_long_name(struct giant *header)
{
    giant_text(header, "{\"");
    repeat(header, "\\u00e9x");
    giant_text(header, "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    return 0;
}

static size_t a_long_number(struct giant *header)
{
    giant_text(header, "{\"a\":");
    repeat(header, "1");
    giant_text(header, "}");
    return 0;
}

static size_t nothing_but_commas(struct giant *header)
{
    giant_text(header, "{\"a\":[0");
    repeat(header, ",");
    return 0;
}

static size_t nothing_but_colons(struct giant *header)
{
    giant_text(header, "{\"a\"");
    repeat(header, ":");
    return 0;
}

static size_t nothing_but_brackets(struct giant *header)
{
    repeat(header, "{[");
    return 0;
}

static size_t commas_and_colons(struct giant *header)
{
    giant_text(header, "{\"a\":0");
    repeat(header, ",:");
    return 0;
}

/* Four hundred bytes that speak of a hundred million. */
static size_t many_items_claimed(struct giant *header)
{
    giant_text(header,
               "{\"__metadata__\":{\"format\":\"diffmm-model\",\"version\":\"1\","
               "\"users\":\"100000000\",\"items\":\"100000000\",\"d\":\"1\","
               "\"modalities\":\"[]\",\"options\":\"{}\"},%s",
               model_tensors);
    return model_data;
}

static size_t many_columns_claimed(struct giant *header)
{
    giant_text(header,
               "{\"__metadata__\":{\"format\":\"diffmm-model\",\"version\":\"1\","
               "\"users\":\"2\",\"items\":\"2\",\"d\":\"2147483647\","
               "\"modalities\":\"[]\",\"options\":\"{\\\"d\\\":\\\"65536\\\"}\"},%s",
               model_tensors);
    return model_data;
}

static size_t many_features_claimed(struct giant *header)
{
    giant_text(header,
               "%s,\"options\":\"{\\\"d\\\":\\\"1\\\",\\\"layers\\\":\\\"64\\\","
               "\\\"ris_lambda\\\":\\\"1\\\"}\",\"modalities\":\"[{\\\"name\\\":\\\"m0\\\","
               "\\\"dimensions\\\":2147483647,\\\"projection\\\":\\\"linear\\\"}]\"},%s",
               model_start, model_tensors);
    return model_data;
}

static size_t a_large_placer_claimed(struct giant *header)
{
    giant_text(header, "{\"__metadata__\":{\"format\":\"diffmm-placer\",\"version\":\"1\","
                       "\"d\":\"2147483647\",\"modalities\":\"[{\\\"name\\\":\\\"a\\\","
                       "\\\"dimensions\\\":2147483647}]\"},"
                       "\"item.mean\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}");
    return 4;
}

static size_t a_large_training_claimed(struct giant *header)
{
    giant_text(header,
               "{\"__metadata__\":{\"format\":\"diffmm-checkpoint\",\"version\":\"1\","
               "\"users\":\"3\",\"items\":\"4\",\"d\":\"65536\",\"data\":\"{}\",\"modalities\":"
               "\"[{\\\"name\\\":\\\"image\\\",\\\"dimensions\\\":2,\\\"projection\\\":"
               "\\\"leaky\\\"},{\\\"name\\\":\\\"text\\\",\\\"dimensions\\\":1,\\\"projection\\\":"
               "\\\"leaky\\\"}]\",\"options\":\"{\\\"d\\\":\\\"65536\\\",\\\"hidden_sizes\\\":"
               "\\\"65536,65536,65536\\\",\\\"steps\\\":\\\"1000\\\"}\"}}");
    return 0;
}

static const struct kind {
    const char *name;
    size_t (*make)(struct giant *header); /* gives the size of the data */
} kinds[] = {{"many tensors", many_tensors},
             {"many modalities", many_modalities},
             {"many settings", many_settings},
             {"many settings of a checkpoint", many_settings_of_a_checkpoint},
             {"much metadata", much_metadata},
             {"one key twice", one_key_twice},
             {"empty lists", empty_lists},
             {"empty objects", empty_objects},
             {"small objects", small_objects},
             {"many dimensions", many_dimensions},
             {"a long name", a_long_name},
             {"a long number", a_long_number},
             {"nothing but commas", nothing_but_commas},
             {"nothing but colons", nothing_but_colons},
             {"nothing but brackets", nothing_but_brackets},
             {"commas and colons", commas_and_colons},
             {"many items claimed", many_items_claimed},
             {"many columns claimed", many_columns_claimed},
             {"many features claimed", many_features_claimed},
             {"a large placer claimed", a_large_placer_claimed},
             {"a large training claimed", a_large_training_claimed}};

/* A failure must be one of the file's: no lack of memory. */
static void judge(const char *reader, diffmm_status status, const struct giant *file)
{
    size_t bound = factor * file->size + allowance;
    bool fine = status == DIFFMM_OK || status == DIFFMM_ERROR_FORMAT ||
                status == DIFFMM_ERROR_VERSION || status == DIFFMM_ERROR_INVALID_ARGUMENT;
    if (fine && giant_peak() <= bound)
        return;
    fprintf(stderr, "%s: %s (%s), %zu bytes for a file of %zu\n", reader,
            diffmm_status_name(status), diffmm_error_message(), giant_peak(), file->size);
    _exit(1);
}

static size_t largest;

static void note(const char *reader, diffmm_status status, const struct giant *file)
{
    judge(reader, status, file);
    size_t times = giant_peak() / (file->size + 1);
    largest = times > largest ? times : largest;
}

static void read_with_all(void *argument)
{
    const struct giant *file = argument;
    diffmm_file *description = NULL;
    diffmm_scorer *scorer = NULL;
    diffmm_model *model = NULL;
    diffmm_placer *placer = NULL;
    diffmm_trainer *trainer = NULL;
    diffmm_options *options;
    giant_watch();
    note("diffmm_file_open",
         diffmm_file_open_memory(context, file->bytes, file->size, &description), file);
    diffmm_file_destroy(description);
    giant_watch();
    note("diffmm_scorer_open", diffmm_scorer_open_memory(context, file->bytes, file->size, &scorer),
         file);
    diffmm_scorer_destroy(scorer);
    giant_watch();
    note("diffmm_model_load", diffmm_model_load_memory(context, file->bytes, file->size, &model),
         file);
    diffmm_model_destroy(model);
    giant_watch();
    note("diffmm_placer_open", diffmm_placer_open(context, path, &placer), file);
    diffmm_placer_destroy(placer);
    expect_success(training_options(context, 0, &options));
    giant_watch();
    note("diffmm_trainer_resume",
         diffmm_trainer_resume_memory(dataset, file->bytes, file->size, options, &trainer), file);
    diffmm_trainer_destroy(trainer);
    giant_watch();
    note("diffmm_trainer_resume",
         diffmm_trainer_resume_memory(dataset, file->bytes, file->size, NULL, &trainer), file);
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    printf(", at most %zu times its size", largest);
    fflush(stdout);
}

START_TEST(no_header_takes_much)
{
    begin();
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct giant header = {0};
        static char zeros[model_data];
        const struct giant data = {.bytes = zeros, .size = kinds[i].make(&header)};
        struct giant file = giant_file(&header, &data);
        giant_end(&header);
        write_bytes(path, file.bytes, file.size);
        printf("%s: %zu bytes", kinds[i].name, file.size);
        const char *wrong =
            giant_within(most_seconds, factor * file.size + (256 << 20), read_with_all, &file);
        printf("\n");
        ck_assert_msg(!wrong, "%s: %s", kinds[i].name, wrong);
        giant_end(&file);
    }
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {no_header_takes_much};
    return run_tests("giants/headers", tests, sizeof tests / sizeof *tests) != 0;
}
