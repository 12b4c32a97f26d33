/* SPDX-License-Identifier: BSD-2-Clause */
#include "arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/command_line.h"
#include "tcp_addresses.h"

enum option_code {
    OPTION_DATA = 256,
    OPTION_ITEMS,
    OPTION_MODALITY,
    OPTION_COLUMN,
    OPTION_SEPARATOR,
    OPTION_HEADER,
    OPTION_QUOTES,
    OPTION_MIN_RATING,
    OPTION_DEDUPLICATE,
    OPTION_CORE,
    OPTION_MAPPED,
    OPTION_NO_FEATURES,
    OPTION_WITH_FEATURES,
    OPTION_HOLD_OUT,
    OPTION_HOLD_OUT_LAST,
    OPTION_HOLD_OUT_FROM,
    OPTION_PRESET,
    OPTION_EPOCHS,
    OPTION_THREADS,
    OPTION_SEED,
    OPTION_SET,
    OPTION_LOG,
    OPTION_REPORT,
    OPTION_CSV,
    OPTION_MODEL,
    OPTION_CHECKPOINT,
    OPTION_CHECKPOINT_EVERY,
    OPTION_RESUME,
    OPTION_FORECAST,
    OPTION_FINAL_FIT,
    OPTION_PEERS,
    OPTION_RANK,
    OPTION_PEER_DEADLINE,
    OPTION_VERBOSE,
    OPTION_JSON,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option option_table[] = {
    {"data", required_argument, NULL, OPTION_DATA},
    {"items", required_argument, NULL, OPTION_ITEMS},
    {"modality", required_argument, NULL, OPTION_MODALITY},
    {"mapped", no_argument, NULL, OPTION_MAPPED},
    {"no-features", no_argument, NULL, OPTION_NO_FEATURES},
    {"with-features", optional_argument, NULL, OPTION_WITH_FEATURES},
    {"column", required_argument, NULL, OPTION_COLUMN},
    {"separator", required_argument, NULL, OPTION_SEPARATOR},
    {"header", required_argument, NULL, OPTION_HEADER},
    {"quotes", required_argument, NULL, OPTION_QUOTES},
    {"min-rating", required_argument, NULL, OPTION_MIN_RATING},
    {"deduplicate", required_argument, NULL, OPTION_DEDUPLICATE},
    {"core", required_argument, NULL, OPTION_CORE},
    {"hold-out", required_argument, NULL, OPTION_HOLD_OUT},
    {"hold-out-last", required_argument, NULL, OPTION_HOLD_OUT_LAST},
    {"hold-out-from", required_argument, NULL, OPTION_HOLD_OUT_FROM},
    {"preset", required_argument, NULL, OPTION_PRESET},
    {"epochs", required_argument, NULL, OPTION_EPOCHS},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"set", required_argument, NULL, OPTION_SET},
    {"log", required_argument, NULL, OPTION_LOG},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"csv", required_argument, NULL, OPTION_CSV},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"checkpoint", required_argument, NULL, OPTION_CHECKPOINT},
    {"checkpoint-every", required_argument, NULL, OPTION_CHECKPOINT_EVERY},
    {"resume", no_argument, NULL, OPTION_RESUME},
    {"forecast", no_argument, NULL, OPTION_FORECAST},
    {"final-fit", no_argument, NULL, OPTION_FINAL_FIT},
    {"peers", required_argument, NULL, OPTION_PEERS},
    {"rank", required_argument, NULL, OPTION_RANK},
    {"peer-deadline", required_argument, NULL, OPTION_PEER_DEADLINE},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static bool read_option(int code, char *value, struct arguments *out)
{
    switch (code) {
    case OPTION_DATA: out->data = value; return true;
    case OPTION_ITEMS: out->items = value; return true;
    case OPTION_MODALITY:
        return read_assignment(value, "modality", &out->modalities[out->modality_count++]);
    case OPTION_COLUMN: return read_column(value, &out->table);
    case OPTION_SEPARATOR: read_separator(value, &out->table); return true;
    case OPTION_HEADER:
        out->table.given = true;
        return read_answer("header", value, &out->table.format.header);
    case OPTION_QUOTES:
        out->table.given = true;
        return read_answer("quotes", value, &out->table.format.quotes);
    case OPTION_MIN_RATING: out->preparation.min_rating = value; return true;
    case OPTION_DEDUPLICATE: out->preparation.deduplicate = value; return true;
    case OPTION_MAPPED: out->mapped = true; return true;
    case OPTION_NO_FEATURES: out->no_features = true; return true;
    case OPTION_WITH_FEATURES:
        out->preparation.with_features = true;
        out->preparation.features_of = optarg;
        return true;
    case OPTION_CORE: out->preparation.core = value; return true;
    case OPTION_HOLD_OUT: out->preparation.hold_out = value; return true;
    case OPTION_HOLD_OUT_LAST: out->preparation.last = value; return true;
    case OPTION_HOLD_OUT_FROM: out->preparation.from = value; return true;
    case OPTION_PRESET: out->preset = value; return true;
    case OPTION_EPOCHS:
        out->settings[out->setting_count++] = (struct assignment){"epochs", value};
        return true;
    case OPTION_THREADS: return read_number_option("threads", value, 1, 1024, &out->threads);
    case OPTION_SEED:
        out->settings[out->setting_count++] = (struct assignment){"seed", value};
        return true;
    case OPTION_SET: return read_assignment(value, "set", &out->settings[out->setting_count++]);
    case OPTION_LOG: out->log = value; return true;
    case OPTION_REPORT: out->report = value; return true;
    case OPTION_CSV: out->csv = value; return true;
    case OPTION_MODEL: out->model = value; return true;
    case OPTION_CHECKPOINT: out->checkpoint = value; return true;
    case OPTION_CHECKPOINT_EVERY:
        return read_number_option("checkpoint-every", value, 1, 1000000, &out->checkpoint_every);
    case OPTION_RESUME: out->resume = true; return true;
    case OPTION_FORECAST: out->forecast = true; return true;
    case OPTION_FINAL_FIT: out->final_fit = true; return true;
    case OPTION_PEERS: out->peers = value; return true;
    case OPTION_RANK:
        out->rank_given = true;
        return read_number_option("rank", value, 0, TCP_PEERS_MAX - 1, &out->rank);
    case OPTION_PEER_DEADLINE:
        return read_number_option("peer-deadline", value, 1, 1000000, &out->peer_deadline);
    case OPTION_VERBOSE: out->verbose = true; return true;
    case OPTION_JSON: out->json = true; return true;
    case OPTION_HELP: out->help = true; return true;
    case OPTION_VERSION: out->version = true; return true;
    default: return false; /* getopt has said what is wrong */
    }
}

/* --peers, and what goes with it. */
static bool check_peers(struct arguments *arguments)
{
    const char *peers = arguments->peers;
    bool tcp = peers && strncmp(peers, PEERS_TCP, strlen(PEERS_TCP)) == 0;
    if (peers && !tcp && strcmp(peers, PEERS_MPI) != 0)
        return complain("--peers takes mpi or tcp://HOST:PORT,HOST:PORT,.., not %s", peers);
    if (arguments->rank_given && !tcp)
        return complain("--rank goes with --peers tcp://..");
    if (tcp && !arguments->rank_given)
        return complain("--rank is missing: which of the peers this is, from 0");
    if (arguments->peer_deadline > 0 && !peers)
        return complain("--peer-deadline goes with --peers");
    if (peers && arguments->forecast)
        return complain("--forecast is for one process: leave out --peers");
    if (arguments->peer_deadline == 0)
        arguments->peer_deadline = 60;
    return true;
}

bool arguments_read(int argc, char **argv, struct arguments *out)
{
    *out =
        (struct arguments){.self = argv[0], .table.format.struct_size = sizeof out->table.format};
    out->settings = calloc((size_t)argc, sizeof *out->settings);
    out->modalities = calloc((size_t)argc, sizeof *out->modalities);
    if (!out->settings || !out->modalities)
        return complain("no memory");
    int code;
    while ((code = getopt_long(argc, argv, "", option_table, NULL)) != -1)
        if (!read_option(code, optarg, out))
            return false;
    if (out->help || out->version)
        return true;
    if (optind < argc)
        return complain("unexpected argument '%s'", argv[optind]);
    if (!out->data)
        return complain("--data is missing: a folder, a file, or the word synthetic");
    if (!check_preparation(&out->preparation) || !check_peers(out))
        return false;
    if ((out->resume || out->checkpoint_every > 0) && !out->checkpoint)
        return complain("--checkpoint is missing: the file to write, and to resume from");
    if (out->checkpoint_every == 0)
        out->checkpoint_every = 1;
    return true;
}

void arguments_end(struct arguments *arguments)
{
    free(arguments->settings);
    free(arguments->modalities);
}

diffmm_status arguments_options(diffmm_context *context, const struct arguments *arguments,
                                diffmm_options **out)
{
    return make_options(context, arguments->preset, arguments->setting_count, arguments->settings,
                        out);
}

static void print_setting(const diffmm_option_info *info)
{
    printf("  %s", info->name);
    if (info->symbol)
        printf(" (%s)", info->symbol);
    if (*info->default_value)
        printf(" = %s", info->default_value);
    printf("\n      %s", info->help);
    switch (info->type) {
    case DIFFMM_OPTION_FLAG: printf(" [true|false]"); break;
    case DIFFMM_OPTION_CHOICE: printf(" [%s]", info->choices); break;
    case DIFFMM_OPTION_INTEGER:
    case DIFFMM_OPTION_REAL: printf(" [%.9g .. %.9g]", info->minimum, info->maximum); break;
    case DIFFMM_OPTION_LIST:
        printf(" [%.9g .. %.9g, separated by commas]", info->minimum, info->maximum);
        break;
    }
    printf("\n");
}

int print_help(void)
{
    printf(
        "usage: diffmm_train --data DIR|FILE|synthetic [options]\n"
        "\n"
        "Trains a multi-modal recommender, evaluates it after every epoch and saves the best.\n"
        "\n"
        "  --data DIR|FILE|synthetic  a folder (trnMat.pkl, .., NAME_feat.npy), an interactions\n"
        "                             file (.tsv, .csv, .inter, .dat, .data, .txt, with\n"
        "                             or without a header; .npz, .pkl), or made-up data\n"
        "  --items FILE               item ids, one per line, in the order of feature rows;\n"
        "                             with an interactions file; features come by --modality\n"
        "  --modality NAME=FILE       item features (.npy, .npz, .safetensors, or text vectors\n"
        "                             in .vec and .txt); may be repeated. Whose the rows are\n"
        "                             stands in a list beside the file, FILE.ids.txt in place of\n"
        "                             FILE.npy, or is told by --items\n"
        "  --mapped                   leave features of --modality in their files, which hold\n"
        "                             float32 or float16: they may be larger than memory\n"
        "  --no-features              without any features, which leaves graph convolution as in\n"
        "                             LightGCN: the bar that features have to pass\n"
        "  --with-features[=NAME,..]  leave out items that have no row of features, in any "
        "modality\n"
        "                             or in these; without it they get zeros\n"
        "  --column NAME=COLUMN       where a table has no usual names: its column (a name, or a\n"
        "                             number from 1) for the user, item, rating, timestamp or\n"
        "                             split; may be repeated\n"
        "  --separator C              what separates columns: a character, ::, tab or space\n"
        "  --header yes|no            whether the first line names the columns\n"
        "  --quotes yes|no            whether values may stand in quotes\n"
        "  --min-rating R             leave out interactions with a rating below R\n"
        "  --deduplicate first|last   of the interactions of a user with an item leave one, by\n"
        "                             time if there are times\n"
        "  --core K or USERS,ITEMS    leave out users and items with fewer interactions, until\n"
        "                             none is left that has too few\n"
        "  --hold-out VALID,TEST      where the data has no splits: shares of every user's\n"
        "                             interactions for validation and test, as 0.1,0.1, drawn\n"
        "                             by the seed\n"
        "  --hold-out-last VALID,TEST\n"
        "                             how many of each user's last interactions by time, as 1,1\n"
        "  --hold-out-from VALID,TEST\n"
        "                             all interactions from these dates on, as\n"
        "                             2024-05-01,2024-06-01; empty: nothing of that split\n"
        "  --preset NAME              settings: tiktok, baby or sports as published;\n"
        "                             tiktok-spectral, debian-spectral (doc/guide.md)\n"
        "  --epochs N                 the same as --set epochs=N\n"
        "  --seed S                   the same as --set seed=S\n"
        "  --threads T                default: as many as CPUs this process may use\n"
        "  --set NAME=VALUE           a setting (below); may be repeated\n"
        "  --log FILE                 one JSON object per epoch, and a last one with the result\n"
        "  --report FILE              at the end, a page of HTML with pictures: losses, metrics,\n"
        "                             seconds, settings, what the modalities weigh\n"
        "  --csv FILE                 at the end, the log's numbers as a table, a line an epoch\n"
        "  --model FILE               where to save the model\n"
        "  --checkpoint FILE          where to save what --resume needs after an interruption\n"
        "  --checkpoint-every N       epochs from one checkpoint to the next (1)\n"
        "  --resume                   go on from the checkpoint if there is one; the model is the\n"
        "                             same to the bit as without the interruption; epochs and\n"
        "                             patience may be changed\n"
        "  --forecast                 print the memory and work that the training would take, and\n"
        "                             the time by what this machine does in a second; train "
        "nothing\n"
        "  --final-fit                at the end, train a new model on all splits together, for\n"
        "                             as many epochs as the best one's number, and save that\n"
        "  --peers mpi|tcp://HOST:PORT,..\n"
        "                             train together with other processes, to the same model:\n"
        "                             those that mpirun started, or those at these addresses, "
        "which\n"
        "                             are the same list for each. The first one writes all files\n"
        "  --rank R                   which of the addresses is this process's own, from 0\n"
        "  --peer-deadline SECONDS    how long to wait for a peer from which nothing comes: more\n"
        "                             than it may take for a batch, or the first one for a\n"
        "                             checkpoint (60); 600 or more until all have read their data\n"
        "  --verbose                  say more about how the data were read; print a line for "
        "each\n"
        "                             epoch also where standard error is no terminal\n"
        "  --json                     print the result, or the forecast, as an object in JSON: "
        "the\n"
        "                             one that --log ends with\n");
    print_common_options(29);
    printf(
        "\nCtrl-C stops cleanly: the best epoch so far is saved (in the final fit, the one that\n"
        "was chosen).\n");
    print_exit_statuses(", 130 stopped by Ctrl-C");
    printf("\nSettings, with their defaults:\n");
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        diffmm_option_info info = {.struct_size = sizeof info};
        if (diffmm_option_describe(i, &info) == DIFFMM_OK)
            print_setting(&info);
    }
    return finish_output(EXIT_DONE);
}
