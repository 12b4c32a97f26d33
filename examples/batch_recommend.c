/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_batch_recommend: the best items for every user of a saved model, as a table or JSON lines.
 *
 *     diffmm_batch_recommend --model model.safetensors --count 20 --output nightly.tsv
 *     diffmm_batch_recommend --model model.safetensors --users active.txt --format jsonl
 *
 * Users are ranked in blocks on all threads; memory does not grow with how many they are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>
#include <jansson.h>

#include "batch_arguments.h"
#include "hits_json.h"
#include "id_list.h"
#include "output_file.h"
#include "progress.h"
#include "standard_files.h"

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* What the callback needs. */
struct batch {
    const struct batch_arguments *arguments;
    const diffmm_scorer *scorer;
    FILE *output;
    struct progress progress;
    size_t done, total; /* users */
};

static int failed(struct batch *batch, const char *what, const char *reason)
{
    progress_clear(&batch->progress);
    fprintf(stderr, "diffmm_batch_recommend: %s: %s\n", what, reason);
    return EXIT_FAILED;
}

static int failed_call(struct batch *batch)
{
    return failed(batch, batch->arguments->model, diffmm_error_message());
}

/* A table has no way to write a tab or a line break within an id. */
static bool fits_a_table(struct batch *batch, const char *id)
{
    if (!strpbrk(id, "\t\r\n"))
        return true;
    failed(batch, "an id holds a tab or a line break", "take --format jsonl");
    return false;
}

/* user, rank from 1, item, score */
static bool write_rows(struct batch *batch, const char *user, const diffmm_hit *hits, size_t found)
{
    if (!fits_a_table(batch, user))
        return false;
    for (size_t i = 0; i < found; i++) {
        const char *item = diffmm_scorer_item_id(batch->scorer, hits[i].item);
        if (!fits_a_table(batch, item))
            return false;
        fprintf(batch->output, "%s\t%zu\t%s\t%.9g\n", user, i + 1, item, (double)hits[i].score);
    }
    return true;
}

/* {"user":"7","items":[{"item":"12","score":3.25},..]} */
static bool write_line(struct batch *batch, const char *user, const diffmm_hit *hits, size_t found)
{
    json_t *line = json_pack("{s:s, s:o}", "user", user, "items",
                             hits_json(batch->scorer, DIFFMM_ITEMS, hits, found));
    if (!line) {
        failed(batch, user, "an id is not UTF-8, or there is no memory");
        return false;
    }
    json_dumpf(line, batch->output, JSON_COMPACT | JSON_REAL_PRECISION(HITS_DIGITS));
    putc('\n', batch->output);
    json_decref(line);
    return true;
}

/* Receives the users one after the other. */
static int on_hits(int32_t user, const diffmm_hit *hits, size_t found, void *user_data)
{
    struct batch *batch = user_data;
    const char *id = diffmm_scorer_user_id(batch->scorer, user);
    bool written = batch->arguments->json_lines ? write_line(batch, id, hits, found)
                                                : write_rows(batch, id, hits, found);
    if (written && ferror(batch->output)) {
        failed(batch, batch->arguments->output ? batch->arguments->output : "standard output",
               strerror(errno));
        written = false;
    }
    progress_count(&batch->progress, "users", ++batch->done, batch->total);
    return !written;
}

/* The numbers of the listed users, to be freed; NULL after saying what is wrong. */
static int32_t *find_users(struct batch *batch, const struct id_list *list)
{
    int32_t *numbers = malloc((list->count + 1) * sizeof *numbers);
    if (!numbers)
        failed(batch, batch->arguments->users, "no memory");
    for (size_t i = 0; numbers && i < list->count; i++)
        if (diffmm_scorer_find_user(batch->scorer, list->ids[i], &numbers[i]) != DIFFMM_OK) {
            char where[48];
            snprintf(where, sizeof where, "line %zu of the list of users", i + 1);
            failed(batch, where, diffmm_error_message());
            free(numbers);
            return NULL;
        }
    return numbers;
}

/* Read the list, an id a line; one that comes twice is answered twice. */
static int32_t *read_users(struct batch *batch, size_t *count)
{
    struct id_list list;
    char why[512];
    if (!id_list_read(batch->arguments->users, &list, why, sizeof why)) {
        failed(batch, "the list of users", why);
        return NULL;
    }
    int32_t *numbers = find_users(batch, &list);
    *count = list.count;
    id_list_end(&list);
    return numbers;
}

/* Rank listed users, a block at a time. */
static int recommend_listed(struct batch *batch, const diffmm_query *query, const int32_t *users)
{
    enum { block = 256 };
    diffmm_hit *hits = calloc(block * query->count, sizeof *hits);
    size_t found[block];
    int code = hits ? EXIT_DONE : failed(batch, "ranking", "no memory");
    for (size_t first = 0; first < batch->total && code == EXIT_DONE; first += block) {
        size_t count = batch->total - first < block ? batch->total - first : block;
        if (diffmm_recommend_users(batch->scorer, count, users + first, query, hits, found) !=
            DIFFMM_OK)
            code = failed_call(batch);
        for (size_t b = 0; b < count && code == EXIT_DONE; b++)
            if (on_hits(users[first + b], hits + b * query->count, found[b], batch) != 0)
                code = EXIT_FAILED;
    }
    free(hits);
    return code;
}

static int recommend(struct batch *batch)
{
    size_t items = diffmm_scorer_items(batch->scorer), wanted = batch->arguments->count;
    const diffmm_query query = {.struct_size = sizeof query,
                                .count = wanted < items ? wanted : items,
                                .include_seen = batch->arguments->include_seen};
    int32_t *users = NULL;
    int code = EXIT_DONE;
    if (batch->arguments->users) {
        users = read_users(batch, &batch->total);
        if (!users)
            return EXIT_FAILED;
    }
    progress_begin(&batch->progress);
    if (!batch->arguments->json_lines)
        fputs("user\trank\titem\tscore\n", batch->output);
    if (batch->arguments->users) {
        code = recommend_listed(batch, &query, users);
    } else {
        batch->total = diffmm_scorer_users(batch->scorer);
        diffmm_status status = diffmm_recommend_all(batch->scorer, &query, on_hits, batch);
        if (status != DIFFMM_OK) /* what on_hits found wrong, it has said */
            code = status == DIFFMM_CANCELLED ? EXIT_FAILED : failed_call(batch);
    }
    progress_clear(&batch->progress);
    free(users);
    return code;
}

/* Who reads the file never sees half of it. */
static int recommend_to_file(struct batch *batch)
{
    const char *path = batch->arguments->output;
    struct output_file file;
    if (!output_file_open(&file, path))
        return failed(batch, path, strerror(errno));
    batch->output = file.stream;
    int code = recommend(batch);
    if (!output_file_close(&file, code == EXIT_DONE) && code == EXIT_DONE)
        code = failed(batch, path, strerror(errno));
    return code;
}

static int recommend_to_stdout(struct batch *batch)
{
    batch->output = stdout;
    int code = recommend(batch);
    if (fflush(stdout) != 0 && code == EXIT_DONE)
        code = failed(batch, "standard output", strerror(errno));
    return code;
}

int main(int argc, char **argv)
{
    struct batch_arguments arguments;
    standard_files_hold();
    if (!batch_arguments_read(argc, argv, &arguments))
        return EXIT_USAGE;
    if (arguments.help) {
        batch_arguments_help();
        return EXIT_DONE;
    }
    diffmm_context *context = NULL;
    diffmm_scorer *scorer = NULL;
    struct batch batch = {.arguments = &arguments};
    diffmm_context_settings settings = {.struct_size = sizeof settings,
                                        .threads = arguments.threads};
    int code;
    if (diffmm_context_create(&settings, &context) != DIFFMM_OK ||
        diffmm_scorer_open(context, arguments.model, &scorer) != DIFFMM_OK) {
        code = failed_call(&batch);
    } else {
        batch.scorer = scorer;
        code = arguments.output ? recommend_to_file(&batch) : recommend_to_stdout(&batch);
    }
    diffmm_scorer_destroy(scorer);
    diffmm_context_destroy(context);
    return code;
}
