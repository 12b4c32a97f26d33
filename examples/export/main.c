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
#include <string.h>

#include <diffmm/diffmm.h>

#include "common/command_line.h"
#include "common/standard_files.h"

const char program_name[] = "diffmm_export";

struct arguments {
    bool help;
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
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0},
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
        case 'h': out->help = true; return true;
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

static diffmm_status export_side(const diffmm_scorer *scorer, diffmm_side side, diffmm_index index,
                                 const char *path)
{
    if (!path)
        return DIFFMM_OK;
    bool users = side == DIFFMM_USERS;
    diffmm_status status = diffmm_scorer_export_for(
        scorer, side, index,
        ends_in(path, ".npy") ? DIFFMM_VECTORS_NPY : DIFFMM_VECTORS_SAFETENSORS, path);
    if (status == DIFFMM_OK)
        printf("saved %s: %zu %s x %zu\n", path,
               users ? diffmm_scorer_users(scorer) : diffmm_scorer_items(scorer),
               users ? "users" : "items",
               diffmm_scorer_dimensions(scorer) + (index == DIFFMM_INDEX_L2));
    return status;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    standard_files_hold();
    if (!read_arguments(argc, argv, &arguments))
        return point_to_help();
    if (arguments.help) {
        printf(
            "usage: diffmm_export --model FILE [--for inner-product|l2] [--users FILE] [--items "
            "FILE]\n\n"
            "Writes final vectors with ids, as .npy (ids in .ids.txt beside it) or .safetensors.\n"
            "The dot product of a user's and an item's vector is the score: index by inner "
            "product.\n"
            "With --for l2, vectors have a column more, by which an index of L2 distances finds "
            "the\n"
            "same items.\n");
        return EXIT_DONE;
    }
    diffmm_context *context = NULL;
    diffmm_scorer *scorer = NULL;
    const diffmm_context_settings settings = warning_settings(0);
    diffmm_status status = diffmm_context_create(&settings, &context);
    if (status == DIFFMM_OK)
        status = diffmm_scorer_open(context, arguments.model, &scorer);
    if (status == DIFFMM_OK)
        status = export_side(scorer, DIFFMM_USERS, arguments.index, arguments.users);
    if (status == DIFFMM_OK)
        status = export_side(scorer, DIFFMM_ITEMS, arguments.index, arguments.items);
    if (status != DIFFMM_OK)
        failed_call();
    diffmm_scorer_destroy(scorer);
    diffmm_context_destroy(context);
    return status == DIFFMM_OK ? EXIT_DONE : EXIT_FAILED;
}
