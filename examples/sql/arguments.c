/* SPDX-License-Identifier: BSD-2-Clause */
#include "arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/command_line.h"

enum { MAX_COUNT = 1000000, MAX_THREADS = 1024 };

static bool name_database(struct arguments *out, const char *option,
                          const struct database_kind *kind, const char *address)
{
    if (out->address)
        return complain("there is more than one database; give --sqlite or --postgresql once");
    if (!kind)
        return complain("this program was built without %s", option);
    out->kind = kind;
    out->address = address;
    return true;
}

static const struct database_kind *find_sqlite(void)
{
#ifdef DIFFMM_HAVE_SQLITE
    return database_sqlite;
#else
    return NULL;
#endif
}

static const struct database_kind *find_postgresql(void)
{
#ifdef DIFFMM_HAVE_POSTGRESQL
    return database_postgresql;
#else
    return NULL;
#endif
}

static bool add_setting(struct arguments *out, const char *name, const char *value)
{
    out->settings[out->setting_count++] = (struct assignment){name, value};
    return true;
}

static bool read_option(int code, char *value, struct arguments *out)
{
    switch (code) {
    case 'l': return name_database(out, "SQLite", find_sqlite(), value);
    case 'g': return name_database(out, "PostgreSQL", find_postgresql(), value);
    case 'q': out->query = value; return true;
    case 'i': out->items = value; return true;
    case 'f': return read_assignment(value, "modality", &out->modalities[out->modality_count++]);
    case 'd': out->preparation.deduplicate = value; return true;
    case 'C': out->preparation.core = value; return true;
    case 'o': out->preparation.hold_out = value; return true;
    case 'L': out->preparation.last = value; return true;
    case 'D': out->preparation.from = value; return true;
    case 'F': out->final_fit = true; return true;
    case 'p': out->preset = value; return true;
    case 'e': return add_setting(out, "epochs", value);
    case 's': return add_setting(out, "seed", value);
    case 'S': return read_assignment(value, "set", &out->settings[out->setting_count++]);
    case 't': return read_number_option("threads", value, 1, MAX_THREADS, &out->threads);
    case 'm': out->model = value; return true;
    case 'w': out->into = value; return true;
    case 'c': return read_number_option("count", value, 1, MAX_COUNT, &out->count);
    case 'k': out->include_seen = true; return true;
    case 'j': out->json = true; return true;
    case 'h': out->help = true; return true;
    case 'v': out->version = true; return true;
    default: return false; /* getopt has said what is wrong */
    }
}

static bool check(const struct arguments *arguments)
{
    if (!arguments->address)
        return complain("--sqlite or --postgresql is missing: the database");
    if (!arguments->query && !arguments->model)
        return complain("--query is missing: what to train from (or --model, to write from)");
    if (!arguments->model && !arguments->into)
        return complain("--into is missing: the table to write (or --model, to save)");
    if (!arguments->query && !arguments->into)
        return complain("--into is missing: the table to write");
    const struct preparation *preparation = &arguments->preparation;
    if (arguments->final_fit && !preparation->hold_out && !preparation->last && !preparation->from)
        return complain("--final-fit: nothing is held out to choose the number of epochs by; "
                        "--hold-out does");
    return check_preparation(preparation);
}

bool arguments_read(int argc, char **argv, struct arguments *out)
{
    static const struct option table[] = {
        {"sqlite", required_argument, NULL, 'l'},
        {"postgresql", required_argument, NULL, 'g'},
        {"query", required_argument, NULL, 'q'},
        {"items", required_argument, NULL, 'i'},
        {"modality", required_argument, NULL, 'f'},
        {"hold-out", required_argument, NULL, 'o'},
        {"hold-out-last", required_argument, NULL, 'L'},
        {"hold-out-from", required_argument, NULL, 'D'},
        {"deduplicate", required_argument, NULL, 'd'},
        {"core", required_argument, NULL, 'C'},
        {"final-fit", no_argument, NULL, 'F'},
        {"preset", required_argument, NULL, 'p'},
        {"epochs", required_argument, NULL, 'e'},
        {"seed", required_argument, NULL, 's'},
        {"set", required_argument, NULL, 'S'},
        {"threads", required_argument, NULL, 't'},
        {"model", required_argument, NULL, 'm'},
        {"into", required_argument, NULL, 'w'},
        {"count", required_argument, NULL, 'c'},
        {"include-seen", no_argument, NULL, 'k'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    *out = (struct arguments){.count = 20};
    out->settings = calloc((size_t)argc, sizeof *out->settings);
    out->modalities = calloc((size_t)argc, sizeof *out->modalities);
    if (!out->settings || !out->modalities)
        return complain("no memory");
    int code;
    while ((code = getopt_long(argc, argv, "", table, NULL)) != -1)
        if (!read_option(code, optarg, out))
            return false;
    if (out->help || out->version)
        return true;
    if (optind < argc)
        return complain("unexpected argument '%s'", argv[optind]);
    return check(out);
}

void arguments_end(struct arguments *arguments)
{
    free(arguments->settings);
    free(arguments->modalities);
}

int print_help(void)
{
    printf(
        "usage: diffmm_sql --sqlite FILE|--postgresql CONNECTION --query SQL [options]\n"
        "\n"
        "Trains a recommender from the rows of a query, and writes every user's best items into\n"
        "a table of the same database. Without --query, a saved model recommends.\n"
        "\n"
        "  --sqlite FILE            the database\n"
        "  --postgresql CONNECTION  the database: postgresql://HOST/NAME, or host=.. dbname=..\n"
        "  --query SQL              one query that reads; its columns are, in this order, user,\n"
        "                           item and, where time plays a part, a timestamp in seconds\n"
        "                           since 1970. Ids are integers or texts\n"
        "  --items FILE             item ids, one per line, in the order of feature rows\n"
        "  --modality NAME=FILE     item features (.npy, .npz, .safetensors, .vec, .txt); may be "
        "repeated\n"
        "  --deduplicate first|last\n"
        "                           of the rows of a user with an item leave one, by time if\n"
        "                           the query yields times\n"
        "  --core K or USERS,ITEMS  leave out users and items with fewer rows, until none is\n"
        "                           left that has too few\n"
        "  --hold-out VALID,TEST    hold out shares of every user's items, as 0.1,0.1, drawn\n"
        "                           by the seed\n"
        "  --hold-out-last V,T      how many of each user's last items by time, as 1,1\n"
        "  --hold-out-from V,T      all rows from these dates on, as 2024-05-01,2024-06-01;\n"
        "                           empty: nothing of that split\n"
        "  --final-fit              in the end, train anew on everything, for as many epochs as\n"
        "                           what is held out has chosen\n"
        "  --preset NAME            settings: tiktok, baby, sports, tiktok-spectral or\n"
        "                           debian-spectral\n"
        "  --epochs N               the same as --set epochs=N\n"
        "  --seed S                 the same as --set seed=S\n"
        "  --set NAME=VALUE         a setting, as diffmm_train --help lists them\n"
        "  --threads N              default: as many as CPUs this process may use\n"
        "  --model FILE             where to save the model; without --query: the model\n"
        "  --into TABLE             the table to write, or SCHEMA.TABLE: user, item, rank\n"
        "                           (1 is best), score. It is made unless it is there; what it\n"
        "                           held is replaced when all is done, or not at all\n"
        "  --count 20               how many items for each user\n"
        "  --include-seen           also items that the user has\n"
        "  --json                   print an object in JSON that says what was done\n");
    print_common_options(27);
    print_exit_statuses("");
    return finish_output(EXIT_DONE);
}
