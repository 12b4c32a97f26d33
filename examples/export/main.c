/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_export: final user and item vectors of a saved model, for a vector index.
 *
 *     diffmm_export --model model.safetensors --items items.npy --users users.safetensors
 *     diffmm_export --model model.safetensors --for l2 --items items.npy
 *
 * The file's ending says how it is written; doc/file-formats.md says what is in it. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "common/command_line.h"
#include "common/json_text.h"
#include "common/shell_text.h"
#include "common/standard_files.h"

const char program_name[] = "diffmm_export";

struct arguments {
    bool help, version, json;
    diffmm_index index;
    const char *model, *users, *items;
};

static bool ends_in(const char *path, const char *ending)
{
    size_t length = strlen(path), end = strlen(ending);
    return length >= end && strcmp(path + length - end, ending) == 0;
}

static bool check_ending(const char *path)
{
    return !path || ends_in(path, ".npy") || ends_in(path, ".safetensors") ||
           complain("a file's name must end in .npy or .safetensors, which %s does not", path);
}

static bool read_index(const char *text, diffmm_index *out)
{
    bool l2 = strcmp(text, "l2") == 0;
    *out = l2 ? DIFFMM_INDEX_L2 : DIFFMM_INDEX_INNER_PRODUCT;
    return l2 || strcmp(text, "inner-product") == 0 ||
           complain("--for is '%s', not inner-product or l2", text);
}

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
    static const struct option table[] = {
        {"model", required_argument, NULL, 'm'}, {"users", required_argument, NULL, 'u'},
        {"items", required_argument, NULL, 'i'}, {"for", required_argument, NULL, 'f'},
        {"json", no_argument, NULL, 'j'},        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},     {NULL, 0, NULL, 0},
    };
    *out = (struct arguments){0};
    int code;
    while ((code = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (code) {
        case 'm': out->model = optarg; break;
        case 'u': out->users = optarg; break;
        case 'i': out->items = optarg; break;
        case 'f':
            if (!read_index(optarg, &out->index))
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
    if (!out->users && !out->items)
        return complain("neither --users nor --items says where to write");
    return check_ending(out->users) && check_ending(out->items);
}

/* Say what was saved: in a line or, for --json, in a member of `summary`. */
static void tell(const struct arguments *arguments, const diffmm_scorer *scorer, diffmm_side side,
                 const char *path, struct json_text *summary)
{
    const char *what = side == DIFFMM_USERS ? "users" : "items";
    size_t rows = side == DIFFMM_USERS ? diffmm_scorer_users(scorer) : diffmm_scorer_items(scorer);
    size_t columns = diffmm_scorer_dimensions(scorer) + (arguments->index == DIFFMM_INDEX_L2);
    if (!arguments->json) {
        fputs("saved ", stdout);
        shell_word_print(stdout, path);
        printf(": %zu %s x %zu\n", rows, what, columns);
        return;
    }
    json_text_add(summary, summary->size > 0 ? "," : "{");
    json_text_add_string(summary, what);
    json_text_add(summary, ":{\"rows\":");
    json_text_add_size(summary, rows);
    json_text_add(summary, ",\"columns\":");
    json_text_add_size(summary, columns);
    json_text_add(summary, "}");
}

static diffmm_status export_side(const struct arguments *arguments, const diffmm_scorer *scorer,
                                 diffmm_side side, struct json_text *summary)
{
    const char *path = side == DIFFMM_USERS ? arguments->users : arguments->items;
    if (!path)
        return DIFFMM_OK;
    diffmm_status status = diffmm_scorer_export_for(
        scorer, side, arguments->index,
        ends_in(path, ".npy") ? DIFFMM_VECTORS_NPY : DIFFMM_VECTORS_SAFETENSORS, path);
    if (status == DIFFMM_OK)
        tell(arguments, scorer, side, path, summary);
    return status;
}

static int print_help(void)
{
    printf("usage: diffmm_export --model FILE [options]\n\n"
           "Writes the final vectors of a saved model with their ids, for an index of vectors. The "
           "dot\n"
           "product of a user's and an item's vector is the score.\n\n"
           "  --model FILE             a saved model\n"
           "  --items FILE             where to write the items' vectors: .npy, with the ids in\n"
           "                           .ids.txt beside it, or .safetensors\n"
           "  --users FILE             where to write the users' vectors\n"
           "  --for inner-product|l2   the kind of index; for l2, vectors have a column more, by\n"
           "                           which an index of L2 distances finds the same items\n"
           "  --json                   print an object in JSON that says what was written\n");
    print_common_options(27);
    print_exit_statuses("");
    return finish_output(EXIT_DONE);
}

static int print_json(struct json_text *summary)
{
    json_text_add(summary, "}\n");
    char *text = json_text_take(summary);
    if (!text) {
        complain("no memory");
        return EXIT_FAILED;
    }
    fputs(text, stdout);
    free(text);
    return EXIT_DONE;
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
    struct json_text summary = {.bytes = NULL};
    const diffmm_context_settings settings = warning_settings(0);
    diffmm_status status = diffmm_context_create(&settings, &context);
    if (status == DIFFMM_OK)
        status = diffmm_scorer_open(context, arguments.model, &scorer);
    if (status == DIFFMM_OK)
        status = export_side(&arguments, scorer, DIFFMM_USERS, &summary);
    if (status == DIFFMM_OK)
        status = export_side(&arguments, scorer, DIFFMM_ITEMS, &summary);
    int code = status == DIFFMM_OK ? EXIT_DONE : failed_call();
    if (code == EXIT_DONE && arguments.json)
        code = print_json(&summary);
    json_text_end(&summary);
    diffmm_scorer_destroy(scorer);
    diffmm_context_destroy(context);
    return finish_output(code);
}
