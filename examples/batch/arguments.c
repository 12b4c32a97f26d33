/* SPDX-License-Identifier: BSD-2-Clause */
#include "arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/command_line.h"

enum { MAX_COUNT = 1000000, MAX_THREADS = 1024 };

static bool read_format(const char *text, bool *json_lines)
{
    *json_lines = strcmp(text, "jsonl") == 0;
    return *json_lines || strcmp(text, "tsv") == 0 ||
           complain("--format is tsv or jsonl, not %s", text);
}

static bool read_option(int code, const char *value, struct batch_arguments *out)
{
    switch (code) {
    case 'm': out->model = value; return true;
    case 'u': out->users = value; return true;
    case 'o': out->output = value; return true;
    case 's': out->include_seen = true; return true;
    case 'f': return read_format(value, &out->json_lines);
    case 'c': return read_number_option("count", value, 1, MAX_COUNT, &out->count);
    case 't': return read_number_option("threads", value, 1, MAX_THREADS, &out->threads);
    default: return false; /* getopt has said what is wrong */
    }
}

bool batch_arguments_read(int argc, char **argv, struct batch_arguments *out)
{
    static const struct option table[] = {
        {"model", required_argument, NULL, 'm'},   {"users", required_argument, NULL, 'u'},
        {"output", required_argument, NULL, 'o'},  {"format", required_argument, NULL, 'f'},
        {"count", required_argument, NULL, 'c'},   {"include-seen", no_argument, NULL, 's'},
        {"threads", required_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},       {NULL, 0, NULL, 0},
    };
    *out = (struct batch_arguments){.count = 20};
    int code;
    while ((code = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (code == 'h' || code == 'v') {
            *(code == 'h' ? &out->help : &out->version) = true;
            return true;
        }
        if (!read_option(code, optarg, out))
            return false;
    }
    if (optind < argc)
        return complain("unexpected argument '%s'", argv[optind]);
    return out->model || complain("--model is missing");
}

int batch_arguments_help(void)
{
    printf("usage: diffmm_batch_recommend --model FILE [options]\n\n"
           "Ranks the best items for every user, best first. Items that the user has seen are left "
           "out.\n\n"
           "  --model FILE        a saved model\n"
           "  --users FILE        only these: an id a line; - for standard input\n"
           "  --count 20          how many for each\n"
           "  --include-seen      also items that the user has seen\n"
           "  --format tsv|jsonl  lines of user, rank, item, score (tsv, the default), or an "
           "object a line\n"
           "  --output FILE       replaced when all is done; default: standard output\n"
           "  --threads N         default: as many as CPUs\n");
    print_common_options(22);
    print_exit_statuses("");
    return finish_output(EXIT_DONE);
}
