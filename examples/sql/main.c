/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_sql: from a query to a table of recommendations in the same database.
 *
 *     diffmm_sql --sqlite shop.db --query "SELECT customer, product FROM sale" \
 *         --items items.txt --modality cover=cover.npy --into recommended
 *     diffmm_sql --sqlite shop.db --model model.safetensors --into recommended
 *
 * Rows of the query go into a data set one by one (interactions.c), and users' best items into the
 * table in one transaction (recommendations.c). What differs from one database to the next stands
 * in sqlite.c and postgresql.c. No connection stays open during training. */
#include <stdio.h>

#include <diffmm/diffmm.h>

#include "arguments.h"
#include "common/command_line.h"
#include "common/progress.h"
#include "common/shell_text.h"
#include "common/standard_files.h"
#include "interactions.h"
#include "recommendations.h"

const char program_name[] = "diffmm_sql";

/* A run, from its beginning to its end. */
struct run {
    const struct arguments *arguments;
    diffmm_context *context;
    diffmm_options *options;
    diffmm_dataset *dataset;
    diffmm_trainer *trainer, *final; /* final: NULL unless asked for */
    diffmm_scorer *scorer;
    struct progress progress;
    struct id_types types; /* of the query */
    struct written written;
};

/* Connect, do something, and disconnect. */
static int with_database(struct run *run, int (*work)(struct database *, struct run *))
{
    const struct arguments *arguments = run->arguments;
    struct database database = {.kind = arguments->kind, .query = arguments->query};
    int code = EXIT_FAILED;
    if (database.kind->open(&database, arguments->address, arguments->into != NULL))
        code = work(&database, run);
    else
        complain("%s", database.why);
    database.kind->close(&database);
    return code;
}

static enum time_use use_of_time(const struct preparation *preparation)
{
    if (preparation->last || preparation->from)
        return TIME_NEEDED;
    return preparation->deduplicate ? TIME_USED : TIME_UNUSED;
}

/* A table that cannot be written is found before the training, not after it. */
static int read_from(struct database *database, struct run *run)
{
    const struct arguments *arguments = run->arguments;
    int code = read_interactions(database, use_of_time(&arguments->preparation), run->dataset,
                                 &run->types);
    if (code == EXIT_DONE && arguments->into)
        code = try_table(database, arguments, &run->types);
    return code;
}

static int write_to(struct database *database, struct run *run)
{
    return write_recommendations(database, run->arguments, &run->types, run->scorer, &run->written);
}

static int read_data(struct run *run)
{
    const struct arguments *arguments = run->arguments;
    if (diffmm_dataset_create(run->context, &run->dataset) != DIFFMM_OK)
        return failed_call();
    int code = arguments->items ? declare_items(run->dataset, arguments->items) : EXIT_DONE;
    if (code == EXIT_DONE)
        code = with_database(run, read_from);
    if (code != EXIT_DONE)
        return code;
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < arguments->modality_count && status == DIFFMM_OK; i++)
        status = diffmm_dataset_read_modality(run->dataset, arguments->modalities[i].name,
                                              arguments->modalities[i].value);
    int64_t seed = 0;
    if (status == DIFFMM_OK)
        status = diffmm_options_get_integer(run->options, "seed", &seed);
    if (status == DIFFMM_OK)
        status = prepare(run->dataset, &arguments->preparation, (uint64_t)seed);
    if (status == DIFFMM_OK)
        status = diffmm_dataset_seal(run->dataset);
    if (status != DIFFMM_OK)
        return failed_call();
    describe_dataset(run->dataset);
    return EXIT_DONE;
}

static int on_progress(const diffmm_progress *step, void *user_data)
{
    progress_step(user_data, step);
    return 0;
}

static int on_epoch(const diffmm_report *report, void *user_data)
{
    progress_epoch(user_data, report);
    return 0;
}

static int train(struct run *run)
{
    const char *path = run->arguments->model;
    progress_begin(&run->progress, false);
    diffmm_status status = diffmm_trainer_create(run->dataset, run->options, &run->trainer);
    if (status == DIFFMM_OK) {
        diffmm_trainer_on_progress(run->trainer, on_progress, &run->progress);
        status = diffmm_trainer_fit(run->trainer, on_epoch, &run->progress);
    }
    if (status == DIFFMM_OK && run->arguments->final_fit)
        status = diffmm_trainer_fit_final(run->trainer, on_epoch, &run->progress, &run->final);
    progress_clear(&run->progress);
    const diffmm_model *model =
        status == DIFFMM_OK ? diffmm_trainer_model(run->final ? run->final : run->trainer) : NULL;
    if (model && path)
        status = diffmm_model_save(model, path);
    if (status == DIFFMM_OK && run->arguments->into)
        status = diffmm_scorer_create(model, &run->scorer);
    return status == DIFFMM_OK ? EXIT_DONE : failed_call();
}

static int begin(struct run *run)
{
    const struct arguments *arguments = run->arguments;
    const diffmm_context_settings settings = warning_settings(arguments->threads);
    if (diffmm_context_create(&settings, &run->context) != DIFFMM_OK)
        return failed_call();
    if (make_options(run->context, arguments->preset, arguments->setting_count, arguments->settings,
                     &run->options) != DIFFMM_OK) {
        failed_call();
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static void print_summary(const struct run *run)
{
    const struct arguments *arguments = run->arguments;
    bool saved = arguments->query && arguments->model;
    if (arguments->json) {
        printf("{\"saved\":%s,\"users\":%zu,\"rows\":%zu}\n", saved ? "true" : "false",
               run->written.users, run->written.rows);
        return;
    }
    if (saved) {
        fputs("saved ", stdout);
        shell_word_print(stdout, arguments->model);
        putchar('\n');
    }
    if (arguments->into)
        printf("%s: %zu rows for %zu users\n", arguments->into, run->written.rows,
               run->written.users);
}

static int go(const struct arguments *arguments)
{
    struct run run = {.arguments = arguments};
    int code = begin(&run);
    if (code == EXIT_DONE && arguments->query)
        code = read_data(&run);
    if (code == EXIT_DONE && arguments->query)
        code = train(&run);
    if (code == EXIT_DONE && !arguments->query &&
        diffmm_scorer_open(run.context, arguments->model, &run.scorer) != DIFFMM_OK)
        code = failed_call();
    if (code == EXIT_DONE && arguments->into)
        code = with_database(&run, write_to);
    if (code == EXIT_DONE)
        print_summary(&run);
    diffmm_scorer_destroy(run.scorer);
    diffmm_trainer_destroy(run.final);
    diffmm_trainer_destroy(run.trainer);
    diffmm_dataset_destroy(run.dataset);
    diffmm_options_destroy(run.options);
    diffmm_context_destroy(run.context);
    return finish_output(code);
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    int code = EXIT_DONE;
    standard_files_hold();
    if (!arguments_read(argc, argv, &arguments))
        code = point_to_help();
    else if (arguments.help)
        code = print_help();
    else if (arguments.version)
        code = print_version();
    else
        code = go(&arguments);
    arguments_end(&arguments);
    return code;
}
