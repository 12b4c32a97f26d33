/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "dataset/readers/interactions_table.h"
#include "support/context.h"
#include "support/failure.h"
#include "support/folder.h"

/* Parse an exact copy, so that reading beyond it is noticed. */
static diffmm_status parse_into(struct diffmm__draft *draft, const char *name, const char *text,
                                size_t size)
{
    char *exact = malloc(size + !size);
    memcpy(exact, text, size);
    bool commas = strcmp(strrchr(name, '.'), ".csv") == 0;
    const struct diffmm__dialect dialect = {.separator = commas ? ',' : '\t', .quotes = commas};
    diffmm_status status =
        diffmm__interactions_table_parse(NULL, dialect, exact, size, name, DIFFMM_TRAIN, draft);
    free(exact);
    return status;
}

static struct diffmm__draft *new_draft(void)
{
    struct diffmm__draft *draft = diffmm__draft_create(NULL);
    ck_assert_ptr_nonnull(draft);
    return draft;
}

/* The pairs of a split as "user>item user>item ..". */
static void check_pairs(const struct diffmm__draft *draft, int split, const char *wanted)
{
    char text[400] = "";
    size_t used = 0;
    const struct diffmm__coo *pairs = &draft->pairs[split];
    for (size_t i = 0; i < pairs->count; i++) {
        const char *user = diffmm__ids_text(&draft->user_ids, pairs->row[i]);
        const char *item = diffmm__ids_text(&draft->item_ids, pairs->column[i]);
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s>%s", i ? " " : "", user, item);
        ck_assert_uint_lt(used, sizeof text);
    }
    ck_assert_str_eq(text, wanted);
}

static void check_table(const char *name, const char *text, const char *train, const char *valid,
                        const char *test)
{
    struct diffmm__draft *draft = new_draft();
    expect_success(parse_into(draft, name, text, strlen(text)));
    check_pairs(draft, DIFFMM_TRAIN, train);
    check_pairs(draft, DIFFMM_VALID, valid);
    check_pairs(draft, DIFFMM_TEST, test);
    diffmm__draft_destroy(NULL, draft);
}

START_TEST(tables)
{
    check_table("a.tsv", "user\titem\nu\ti\nv\tj\n", "u>i v>j", "", "");
    check_table("a.tsv", "user\titem\nu\ti\nv\tj", "u>i v>j", "", "");
    check_table("a.tsv", "item\ttime\tuser\ni\t12\tu\n", "u>i", "", "");
    check_table("a.tsv", "user\titem\r\nu\ti\r\n\r\n", "u>i", "", "");
    check_table("a.tsv", "\xef\xbb\xbfuser\titem\nu\ti\n\n\n", "u>i", "", "");
    check_table("a.tsv", "user\titem\tsplit\nu\ti\ttrain\nu\tj\tvalid\nv\ti\ttest\nv\tj\t\n",
                "u>i v>j", "u>j", "v>i");
    check_table("a.tsv", "user\titem\n\"u\"\ti \"x\"\n", "\"u\">i \"x\"", "", "");
    check_table("a.tsv", "user\titem\nu, v\ti\n", "u, v>i", "", "");
    check_table("a.tsv", "user\titem\n", "", "", "");
    check_table("a.tsv", "user\titem", "", "", "");
    check_table("a.tsv", "user\titem\nu\ti\r\nu\rv\tj\n", "u>i u\rv>j", "", "");
}
END_TEST

START_TEST(commas_and_quotes)
{
    check_table("a.csv", "user,item\nu,i\n", "u>i", "", "");
    check_table("a.csv", "\"user\",\"item\"\r\n\"u\",\"i\"\r\n", "u>i", "", "");
    check_table("a.csv", "user,item\n\"u,v\",\"say \"\"i\"\"\"\n", "u,v>say \"i\"", "", "");
    check_table("a.csv", "user,item\n\"\"\"\",\"a\nb\"\nv,j\n", "\">a\nb v>j", "", "");
    check_table("a.csv", "user,item,note\nu,i,\"a \"\"note\"\", long\"\n", "u>i", "", "");
    check_table("a.csv", "split,user,item\n\"valid\",u,i\n\"\",u,j\n", "u>j", "u>i", "");
    check_table("a.csv", "user,item\nu\t1,i\n", "u\t1>i", "", "");
}
END_TEST

static void check_failure(const char *name, const char *text, size_t size, const char *message)
{
    struct diffmm__draft *draft = new_draft();
    expect_failure(parse_into(draft, name, text, size), DIFFMM_ERROR_FORMAT, message);
    diffmm__draft_destroy(NULL, draft);
}

static void check_error(const char *name, const char *text, const char *message)
{
    check_failure(name, text, strlen(text), message);
}

START_TEST(errors_name_file_and_line)
{
    check_error("clicks.tsv", "", "clicks.tsv:1: the first line is empty");
    check_error("clicks.tsv", "user,item\nu,i\n", "clicks.tsv:1: the header has no column 'user'");
    check_error("clicks.tsv", "user\tthing\n", "clicks.tsv:1: the header has no column 'item'");
    check_error("clicks.tsv", "user\titem\tuser\n", "clicks.tsv:1: column 'user' occurs twice");
    check_error("clicks.tsv", "user\titem\nu\ti\nu\t\n", "clicks.tsv:3: column 'item' is empty");
    check_error("clicks.tsv", "user\titem\n\n\n\ti\n", "clicks.tsv:4: column 'user' is empty");
    check_error("clicks.tsv", "user\titem\nu\n",
                "clicks.tsv:2: 1 columns, but the header has 2: 'u'");
    check_error("clicks.tsv", "user\titem\nu\ti\tx\n", "clicks.tsv:2: 3 columns");
    check_error("clicks.tsv", "user\titem\tsplit\nu\ti\ttrian\n",
                "clicks.tsv:2: column 'split' is not one of");
    check_error("clicks.tsv", "user\titem\nu\t\xff\n", "clicks.tsv:2: column 'item' is not UTF-8");
    check_failure("clicks.tsv", "user\titem\nu\ta\0b\n", 16,
                  "clicks.tsv:2: column 'item' is not text: it has a NUL byte");
    check_error("clicks.csv", "user,item\nu,\"i\n",
                "clicks.csv:2: a quoted value has no end: column 2, '\"i'");
    check_error("clicks.csv", "user,item\nu,\"i\"x\n",
                "clicks.csv:2: a quoted value goes on after its quote: column 2, '\"i\"x'");
    check_error("clicks.csv", "user,item\nu,i\"x\"\n", "clicks.csv:2: a value has a quote");
    check_error("clicks.csv", "user,item\nu,\"a\nb\"\nu,\n",
                "clicks.csv:4: column 'item' is empty");
    check_error("clicks.csv", "\"user\n", "clicks.csv:1: a quoted value has no end");
}
END_TEST

/* A file as people have it, and what is read of it: "user>item .." per split. */
static const struct {
    const char *name, *text, *train, *valid, *test;
} usual_files[] = {
    {"u.data", "196\t242\t3\t881250949\n186\t302\t3\t891717742\n", "196>242 186>302", "", ""},
    {"ratings.dat", "1::1193::5::978300760\n1::661::3::978302109\n", "1>1193 1>661", "", ""},
    {"ratings.csv", "userId,movieId,rating,timestamp\n1,2,3.5,1112486027\n1,29,4,\n", "1>2 1>29",
     "", ""},
    {"Books.csv", "A2CX7LUOHB2NDG,0001713353,5.0,1212192000\n", "A2CX7LUOHB2NDG>0001713353", "",
     ""},
    {"Books.csv", "0001713353,A1C6M8LCIX4M6M,5.0,1123804800\n", "A1C6M8LCIX4M6M>0001713353", "",
     ""},
    {"Books.csv", "user_id,asin,parent_asin,rating\nu,a,p,5\n", "u>a", "", ""},
    {"Books.csv", "user_id,parent_asin,rating,timestamp\nu,p,5,1463473\n", "u>p", "", ""},
    {"ml.inter", "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\ti\t3\t8.8e8\n",
     "u>i", "", ""},
    {"baby.inter",
     "userID\titemID\trating\ttimestamp\tx_label\n0\t1\t5\t13\t0\n0\t2\t5\t14\t1\n"
     "1\t2\t5\t15\t2\n",
     "0>1", "0>2", "1>2"},
    {"BX.csv", "\"User-ID\";\"ISBN\";\"Book-Rating\"\r\n\"276725\";\"034545104X\";\"0\"\r\n",
     "276725>034545104X", "", ""},
    {"a.csv", "user;item;rating,scaled\nu;i;1,5\n", "u>i", "", ""},
    {"a.txt", "1 2\n 1   3 \n", "1>2 1>3", "", ""},
    {"a.txt", "u i 2024-05-31\n", "", "", ""},
    {"a.csv", "u,i,5\nv,j,4.5\n", "u>i v>j", "", ""},
    {"a.csv", "u,i,1463473000\nv,j,2024-05-31T10:00:00Z\n", "u>i v>j", "", ""},
    {"a.tsv", "user\titem\tsplit\nu\ti\tvalidation\n", "", "u>i", ""},
    {"a.dat", "\xef\xbb\xbfuser::item\r\na:b::i\r\n", "a:b>i", "", ""},
};

START_TEST(usual_files_open_without_an_option)
{
    struct folder folder = folder_begin();
    for (size_t f = 0; f < sizeof usual_files / sizeof *usual_files; f++) {
        struct path path = folder_write_text(&folder, usual_files[f].name, usual_files[f].text);
        struct diffmm__draft *draft = new_draft();
        diffmm_status status =
            strstr(usual_files[f].name, ".csv")
                ? diffmm__interactions_table_read_csv(NULL, path.text, DIFFMM_TRAIN, draft)
            : strstr(usual_files[f].name, ".tsv")
                ? diffmm__interactions_table_read_tsv(NULL, path.text, DIFFMM_TRAIN, draft)
                : diffmm__interactions_table_read_any(NULL, path.text, DIFFMM_TRAIN, draft);
        if (!*usual_files[f].train && !*usual_files[f].valid) {
            expect_failure(status, DIFFMM_ERROR_FORMAT, "the header has no column 'user'");
        } else {
            expect_success(status);
            check_pairs(draft, DIFFMM_TRAIN, usual_files[f].train);
            check_pairs(draft, DIFFMM_VALID, usual_files[f].valid);
            check_pairs(draft, DIFFMM_TEST, usual_files[f].test);
        }
        diffmm__draft_destroy(NULL, draft);
    }
    folder_end(&folder);
}
END_TEST

START_TEST(malformed_values_are_named)
{
    check_error("a.csv", "userId,movieId,rating\nu,i,3\nu,j,good\n",
                "a.csv:3: column 'rating' is not a number: 'good'");
    check_error("a.csv", "user,item,ts\nu,i,12:30\n",
                "a.csv:2: column 'ts' is not a number and no date of ISO 8601: '12:30'");
    check_error("a.csv", "user,item,ts\nu,i,2024-13-01\n", "a.csv:2: column 'ts' is not a number");
    check_error("a.csv", "1,2,x,4\n", "a.csv:1: column 'rating' is not a number: 'x'");
    check_error("a.csv", "1,2,3,4\n1,2,3\n", "a.csv:2: 3 columns, but the first line has 4");
    check_error("a.csv", "userID,itemID,x_label\nu,i,3\n",
                "a.csv:2: column 'x_label' is not one of 0, 1, 2: '3'");
    check_error("a.csv", "user,item,split\nu,i,0\n",
                "a.csv:2: column 'split' is not one of train, valid, test: '0'");
    check_error("a.csv", "who,what\nu,i\n",
                "a.csv:1: the header has no column 'user', but 'who', 'what'; say which it is, "
                "or rename it to one of user, userid");
    check_error(
        "a.csv", "user_id,userId,item\n",
        "a.csv:1: column 'userId' occurs twice, in whatever spelling; say which is the user");
    check_error("a.csv", "", "a.csv:1: the first line is empty");
    check_error("a.csv", "user,item\nu,\xff\n",
                "a.csv:2: column 'item' is not UTF-8 text: '\\xFF'");
    check_error("a.csv", "1,2,3,4,5\n", "a.csv:1: the header has no column 'user'");
}
END_TEST

START_TEST(undeclared_items_are_refused)
{
    struct diffmm__draft *draft = new_draft();
    const char *text = "user\titem\nu\ti\nu\tj\n";
    int32_t number;
    expect_success(diffmm__ids_add(NULL, &draft->item_ids, "i", 1, &number));
    draft->items_declared = true;
    expect_failure(parse_into(draft, "clicks.tsv", text, strlen(text)), DIFFMM_ERROR_FORMAT,
                   "clicks.tsv:3: item 'j' is not among the 1 declared items");
    diffmm__draft_destroy(NULL, draft);
}
END_TEST

START_TEST(cut_at_every_length_and_damaged_at_every_byte)
{
    const char text[] = "\xef\xbb\xbfuser,item,split\r\n\"u\"\"1\",i,test\r\n\xc3\xa9,\"j\nk\",\n";
    for (int comma = 0; comma < 2; comma++)
        for (size_t i = 0; i < sizeof text; i++)
            for (int byte = -1; byte < 256; byte++) {
                struct diffmm__draft *draft = new_draft();
                char copy[sizeof text];
                memcpy(copy, text, sizeof text);
                if (byte >= 0 && i + 1 < sizeof text)
                    copy[i] = (char)byte;
                parse_into(draft, comma ? "a.csv" : "a.tsv", copy, byte < 0 ? i : sizeof text - 1);
                diffmm__draft_destroy(NULL, draft);
            }
}
END_TEST

START_TEST(a_failed_read_leaves_the_data_set)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    struct path path =
        folder_write_text(&folder, "bad.tsv", "user\titem\tsplit\nu\ti\t\nv\tj\ttest\nu\t\t\n");
    expect_failure(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path.text),
                   DIFFMM_ERROR_FORMAT, "bad.tsv:4: column 'item' is empty");
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 0);
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 0);
    for (int s = 0; s < 3; s++)
        ck_assert_uint_eq(diffmm_dataset_interactions(dataset, (diffmm_split)s), 0);
    /* Not even the kind of ids is settled. */
    expect_success(
        diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, (int32_t[]){1}, (int32_t[]){2}));
    path = folder_write_text(&folder, "good.tsv", "user\titem\nu\ti\n");
    expect_failure(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path.text),
                   DIFFMM_ERROR_STATE, "external ids");
    diffmm_dataset_destroy(dataset);

    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_read_interactions(dataset, DIFFMM_VALID, path.text));
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_VALID), 1);
    path = folder_path(&folder, "none.tsv");
    expect_failure(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path.text),
                   DIFFMM_ERROR_IO, path.text);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {tables,
                                  commas_and_quotes,
                                  errors_name_file_and_line,
                                  usual_files_open_without_an_option,
                                  malformed_values_are_named,
                                  undeclared_items_are_refused,
                                  cut_at_every_length_and_damaged_at_every_byte,
                                  a_failed_read_leaves_the_data_set};
    return run_tests("tsv", tests, sizeof tests / sizeof *tests);
}
