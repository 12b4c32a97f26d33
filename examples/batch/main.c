/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_batch_recommend: the best items for every user of a saved model, as a table or JSON lines.
 *
 *     diffmm_batch_recommend --model model.safetensors --count 20 --output nightly.tsv
 *     diffmm_batch_recommend --model model.safetensors --users active.txt --format jsonl
 *
 * Users are ranked in blocks on all threads; memory does not grow with their number. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "arguments.h"
#include "common/command_line.h"
#include "common/output_file.h"
#include "common/progress.h"
#include "common/standard_files.h"
#include "formats.h"
#include "users.h"

const char program_name[] = "diffmm_batch_recommend";

/* What the callback needs. */
struct batch {
    const struct batch_arguments *arguments;
    const diffmm_scorer *scorer;
    FILE *output;
    const char *output_name;
    struct progress progress;
    size_t done, total; /* users */
};

static int failed(struct batch *batch, const char *what, const char *reason)
{
    progress_clear(&batch->progress);
    complain("%s: %s", what, reason);
    return EXIT_FAILED;
}

static int failed_model(struct batch *batch)
{
    return failed(batch, batch->arguments->model, diffmm_error_message());
}

/* Receives the users one after the other. */
static int on_hits(int32_t user, const diffmm_hit *hits, size_t found, void *user_data)
{
    struct batch *batch = user_data;
    const char *id = diffmm_scorer_user_id(batch->scorer, user);
    const char *wrong = batch->arguments->json_lines
                            ? write_line(batch->output, batch->scorer, id, hits, found)
                            : write_rows(batch->output, batch->scorer, id, hits, found);
    if (!wrong && ferror(batch->output))
        wrong = strerror(errno);
    if (wrong)
        failed(batch, batch->output_name, wrong);
    progress_count(&batch->progress, "users", ++batch->done, batch->total);
    return wrong != NULL;
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
            code = failed_model(batch);
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
        users = read_users(batch->scorer, batch->arguments->users, &batch->total);
        if (!users)
            return EXIT_FAILED;
    }
    progress_begin(&batch->progress, false);
    if (!batch->arguments->json_lines)
        fputs("user\trank\titem\tscore\n", batch->output);
    if (batch->arguments->users) {
        code = recommend_listed(batch, &query, users);
    } else {
        batch->total = diffmm_scorer_users(batch->scorer);
        diffmm_status status = diffmm_recommend_all(batch->scorer, &query, on_hits, batch);
        if (status != DIFFMM_OK) /* on_hits() has said what was wrong */
            code = status == DIFFMM_CANCELLED ? EXIT_FAILED : failed_model(batch);
    }
    progress_clear(&batch->progress);
    free(users);
    return code;
}

/* Nobody who reads the file sees a part of it only. */
static int recommend_to_file(struct batch *batch)
{
    const char *path = batch->arguments->output;
    struct output_file file;
    if (!output_file_open(&file, path))
        return failed(batch, path, strerror(errno));
    batch->output = file.stream;
    batch->output_name = path;
    int code = recommend(batch);
    if (!output_file_close(&file, code == EXIT_DONE) && code == EXIT_DONE)
        code = failed(batch, path, strerror(errno));
    return code;
}

static int recommend_to_stdout(struct batch *batch)
{
    batch->output = stdout;
    batch->output_name = "standard output";
    int code = recommend(batch);
    if (fflush(stdout) != 0 && code == EXIT_DONE)
        code = failed(batch, batch->output_name, strerror(errno));
    return code;
}

int main(int argc, char **argv)
{
    struct batch_arguments arguments;
    standard_files_hold();
    if (!batch_arguments_read(argc, argv, &arguments))
        return point_to_help();
    if (arguments.help)
        return batch_arguments_help();
    if (arguments.version)
        return print_version();
    diffmm_context *context = NULL;
    diffmm_scorer *scorer = NULL;
    struct batch batch = {.arguments = &arguments};
    const diffmm_context_settings settings = warning_settings(arguments.threads);
    int code;
    if (diffmm_context_create(&settings, &context) != DIFFMM_OK ||
        diffmm_scorer_open(context, arguments.model, &scorer) != DIFFMM_OK) {
        code = failed_model(&batch);
    } else {
        batch.scorer = scorer;
        code = arguments.output ? recommend_to_file(&batch) : recommend_to_stdout(&batch);
    }
    diffmm_scorer_destroy(scorer);
    diffmm_context_destroy(context);
    return code;
}
