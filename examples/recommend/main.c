/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_recommend: the best items for a user, from a saved model.
 *
 *     diffmm_recommend --model model.safetensors --user 7 --count 5
 *
 * Serving needs a scorer only: no data set, no training. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <diffmm/diffmm.h>

#include "common/command_line.h"
#include "common/hits_json.h"
#include "common/standard_files.h"

const char program_name[] = "diffmm_recommend";

struct arguments {
    bool help, version, json;
    const char *model, *user;
    size_t count;
};

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
    static const struct option table[] = {
        {"model", required_argument, NULL, 'm'},
        {"user", required_argument, NULL, 'u'},
        {"count", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    *out = (struct arguments){.count = 20};
    int code;
    while ((code = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (code) {
        case 'm': out->model = optarg; break;
        case 'u': out->user = optarg; break;
        case 'c':
            if (!read_number_option("count", optarg, 1, 1000000, &out->count))
                return false;
            break;
        case 'j': out->json = true; break;
        case 'h': out->help = true; return true;
        case 'v': out->version = true; return true;
        default: return false; /* getopt has said what is wrong */
        }
    }
    if (optind < argc)
        return complain("unexpected argument '%s'", argv[optind]);
    if (!out->model)
        return complain("--model is missing");
    if (!out->user)
        return complain("--user is missing");
    return true;
}

static void print_table(const diffmm_scorer *scorer, const diffmm_hit *hits, size_t found)
{
    printf("%4s  %10s  %s\n", "rank", "score", "item");
    for (size_t i = 0; i < found; i++)
        printf("%4zu  %10.4f  %s\n", i + 1, (double)hits[i].score,
               diffmm_scorer_item_id(scorer, hits[i].item));
}

/* {"user":"7","items":[{"item":"12","score":3.25}, ..]} */
static int print_json(const diffmm_scorer *scorer, const char *user, const diffmm_hit *hits,
                      size_t found)
{
    struct json_text text = {.bytes = NULL};
    json_text_add(&text, "{");
    hits_json_add_of_user(&text, scorer, user, hits, found);
    json_text_add(&text, "}");
    char *answer = json_text_take(&text);
    if (!answer) {
        complain("no memory");
        return EXIT_FAILED;
    }
    puts(answer);
    free(answer);
    return EXIT_DONE;
}

static int recommend(const diffmm_scorer *scorer, const struct arguments *arguments)
{
    int32_t user;
    if (diffmm_scorer_find_user(scorer, arguments->user, &user) != DIFFMM_OK)
        return failed_call();
    size_t items = diffmm_scorer_items(scorer);
    diffmm_query query = {.struct_size = sizeof query,
                          .count = arguments->count < items ? arguments->count : items};
    diffmm_hit *hits = calloc(query.count, sizeof *hits);
    if (!hits) {
        complain("no memory");
        return EXIT_FAILED;
    }
    size_t found;
    int code = EXIT_DONE;
    if (diffmm_recommend(scorer, user, &query, hits, &found) != DIFFMM_OK)
        code = failed_call();
    else if (arguments->json)
        code = print_json(scorer, arguments->user, hits, found);
    else
        print_table(scorer, hits, found);
    free(hits);
    return code;
}

static int print_help(void)
{
    printf("usage: diffmm_recommend --model FILE --user ID [options]\n\n"
           "Prints the best items for a user, best first. Items that the user has seen are left "
           "out.\n\n"
           "  --model FILE  a saved model\n"
           "  --user ID     whom to recommend to\n"
           "  --count 20    how many items\n"
           "  --json        print an object in JSON, not a table\n");
    print_common_options(16);
    print_exit_statuses("");
    return finish_output(EXIT_DONE);
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    standard_files_hold();
    if (!read_arguments(argc, argv, &arguments))
        return point_to_help();
    if (arguments.help)
        return print_help();
    if (arguments.version)
        return print_version();
    diffmm_context *context = NULL;
    diffmm_scorer *scorer = NULL;
    const diffmm_context_settings settings = warning_settings(0);
    int code;
    if (diffmm_context_create(&settings, &context) != DIFFMM_OK ||
        diffmm_scorer_open(context, arguments.model, &scorer) != DIFFMM_OK)
        code = failed_call();
    else
        code = recommend(scorer, &arguments);
    code = finish_output(code);
    diffmm_scorer_destroy(scorer);
    diffmm_context_destroy(context);
    return code;
}
