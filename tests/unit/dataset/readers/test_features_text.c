/* SPDX-License-Identifier: BSD-2-Clause */
/* Text vectors as word2vec, GloVe and fastText write them. */
#include "dataset/readers/features_text.h"

#include <diffmm/diffmm.h>

#include "support/context.h"
#include "support/failure.h"
#include "support/folder.h"

/* Items "a", "b" and "0". */
static diffmm_dataset *begin(diffmm_context *context)
{
    static const char *const user[] = {"u", "u", "v"}, *const item[] = {"a", "b", "0"};
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 3, user, item));
    return dataset;
}

static void expect_read(const char *file, const char *text, size_t dimensions, const float *wanted)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = begin(context);
    struct path path = folder_write_text(&folder, file, text);
    float got[16];
    expect_success(diffmm_dataset_read_modality(dataset, "x", path.text));
    ck_assert_uint_eq(diffmm_dataset_modality_dimensions(dataset, 0), dimensions);
    expect_success(diffmm_dataset_seal(dataset));
    expect_success(diffmm_dataset_features(dataset, 0, 0, 3, got));
    for (size_t i = 0; i < 3 * dimensions; i++)
        ck_assert_msg(got[i] == wanted[i], "%s: feature %zu is %g, not %g", text, i, (double)got[i],
                      (double)wanted[i]);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}

START_TEST(as_programs_write_them)
{
    static const float wanted[] = {1.5f, -2, 0.25f, 3e-2f, 0, 0};
    expect_read("word2vec.txt", "3 2\nb 0.250000 0.030000\n</s> 7 8\na 1.500000 -2.000000\n", 2,
                wanted);
    expect_read("glove.txt", "b .25 0.03\nthe -0.1 0.2\na 1.5 -2\n", 2, wanted);
    expect_read("fasttext.vec", "2 2\nb 0.25 0.03 \na 1.5 -2 \n", 2, wanted);
    expect_read("crlf.vec",
                "\xef\xbb\xbf"
                "a\t1.5\t-2e0\r\nb  2.5e-1\t 3e-2\r\n\r\n",
                2, wanted);
    expect_read("no_end.vec", "b 0.25 0.03\n a 1.5 -2", 2, wanted);
}
END_TEST

/* Two fields may be a header, or an id with its only number. */
START_TEST(lines_of_two_fields)
{
    expect_read("x.vec", "a 1\n0 7\nb 2\n", 1, (float[]){1, 2, 7});
    expect_read("x.vec", "0 7\na 1\nb 2\n", 1, (float[]){1, 2, 7});
    expect_read("x.vec", "3 1\n0 7\na 1\nb 2\n", 1, (float[]){1, 2, 7});
    expect_read("x.vec", "0 1\n1 7\na 1\nb 2\n", 1, (float[]){1, 2, 1});
}
END_TEST

START_TEST(malformed)
{
    static const struct {
        const char *text, *message;
        diffmm_status status;
    } cases[] = {
        {"", "it holds no feature", DIFFMM_ERROR_FORMAT},
        {"\n\n", "it holds no feature", DIFFMM_ERROR_FORMAT},
        {"a\nb\n", ":1: the line is not an id with numbers after it", DIFFMM_ERROR_FORMAT},
        {"0 0\n", "it holds no feature", DIFFMM_ERROR_FORMAT},
        {"a 1 2\nb 1\n", ":2: the line has 1 numbers, not 2", DIFFMM_ERROR_FORMAT},
        {"a 1 2\nb 1 2 3\n", ":2: the line has 3 numbers, not 2", DIFFMM_ERROR_FORMAT},
        {"a 1 2\n\nb 1 2\n", ":2: the line is empty", DIFFMM_ERROR_FORMAT},
        {"a 1 2\nb 1 x\n", ":2: column 3 is 'x', not a number", DIFFMM_ERROR_FORMAT},
        {"a 1 2\nb nan 2\n", ":2: column 2 is 'nan', not a number", DIFFMM_ERROR_FORMAT},
        {"a 1 2\nb 1 1,5\n", ":2: column 3 is '1,5', not a number", DIFFMM_ERROR_FORMAT},
        {"a 1 2\nb 1 1e39\n", ":2: column 3 is '1e39', beyond the range", DIFFMM_ERROR_NUMERIC},
        {"a 1 2\nb 1 1e999\n", ":2: column 3 is '1e999'", DIFFMM_ERROR_FORMAT},
        {"a 1 2\nb 3 4\na 1 2\n", ":3: 'a' is in line 1 already", DIFFMM_ERROR_FORMAT},
        {"2 2\nb 3 4\nb 1 2\n", ":3: 'b' is in line 2 already", DIFFMM_ERROR_FORMAT},
        {"3 2\na 1 2\nb 1 2\n", ":1: the header says that there are 3 vectors, but 2 lines",
         DIFFMM_ERROR_FORMAT},
        {"2 3\na 1 2\nb 1 2\n", ":2: the line has 2 numbers, not 3", DIFFMM_ERROR_FORMAT},
        {"1 2666666\na 1 2\n", ":2: the line has 2 numbers, not 2666666", DIFFMM_ERROR_FORMAT},
        {"a 1\n\xff 2\n", ":2: the id is not UTF-8", DIFFMM_ERROR_FORMAT},
        {"\xff\xfe"
         "a 1\n",
         "UTF-16", DIFFMM_ERROR_FORMAT},
        {"a 1 2 3 4 5 6 7 8 9\nb\nc\nd\ne\nf\ng\n", ":2: the line has 0 numbers, not 9",
         DIFFMM_ERROR_FORMAT},
        {"3000000000 2\na 1 2\n", ":1: the header says that there are 3000000000 vectors",
         DIFFMM_ERROR_FORMAT},
        {"1 3000000000\na 1 2\n", "1 x 3000000000 features are too many", DIFFMM_ERROR_FORMAT},
    };
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = begin(context);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct path path = folder_write_text(&folder, "x.vec", cases[i].text);
        expect_failure(diffmm_dataset_read_modality(dataset, "x", path.text), cases[i].status,
                       cases[i].message);
    }
    struct path path = folder_write(&folder, "x.vec", "a 1\nb\0c 2\n", 10);
    expect_failure(diffmm_dataset_read_modality(dataset, "x", path.text), DIFFMM_ERROR_FORMAT,
                   ":2: the id has a NUL");
    path = folder_write(&folder, "x.vec", "a 1\nb 2\0\n", 9);
    expect_failure(diffmm_dataset_read_modality(dataset, "x", path.text), DIFFMM_ERROR_FORMAT,
                   ":2: column 2 is '2");
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 0);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

/* The files of a folder that hold features: by their endings. */
START_TEST(beside_a_table)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset;
    struct path table = folder_write_text(&folder, "t.csv", "user,item\nu,b\nv,a\n");
    folder_write_text(&folder, "one_feat.vec", "a 1 2\nb 3 4\n");
    folder_write_text(&folder, "two_feat.txt", "b 7\na 8\n");
    float got[4];
    expect_success(diffmm_dataset_open(context, table.text, &dataset));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 2);
    for (size_t m = 0; m < 2; m++) {
        bool one = strcmp(diffmm_dataset_modality_name(dataset, m), "one") == 0;
        expect_success(diffmm_dataset_features(dataset, m, 0, 2, got));
        ck_assert(got[0] == (one ? 3 : 7) && got[1] == (one ? 4 : 8));
    }
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {as_programs_write_them, lines_of_two_fields, malformed,
                                  beside_a_table};
    return run_tests("features from text", tests, sizeof tests / sizeof *tests);
}
