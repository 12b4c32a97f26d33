/* SPDX-License-Identifier: BSD-2-Clause */
#include "arguments.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/command_line.h"

/* Options that take a number, and where it goes. */
static const struct limit {
    const char *name;
    size_t least, most, offset;
} limits[] = {
    {"port", 0, 65535, offsetof(struct serve_arguments, port)},
    {"threads", 1, 1024, offsetof(struct serve_arguments, threads)},
    {"max-count", 1, 1000000, offsetof(struct serve_arguments, max_count)},
    {"max-body", 1, (size_t)1 << 30, offsetof(struct serve_arguments, max_body)},
    {"max-connections", 1, 1000000, offsetof(struct serve_arguments, max_connections)},
    {"max-per-address", 0, 1000000, offsetof(struct serve_arguments, max_per_address)},
    {"receive-seconds", 1, 3600, offsetof(struct serve_arguments, receive_seconds)},
    {"send-seconds", 1, 3600, offsetof(struct serve_arguments, send_seconds)},
    {"grace-seconds", 0, 3600, offsetof(struct serve_arguments, grace_seconds)},
};

static bool read_limit(const char *name, const char *value, struct serve_arguments *out)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (strcmp(limits[i].name, name) != 0)
            continue;
        size_t number;
        if (!read_number_option(name, value, limits[i].least, limits[i].most, &number))
            return false;
        memcpy((char *)out + limits[i].offset, &number, sizeof number);
        return true;
    }
    return false;
}

bool serve_arguments_read(int argc, char **argv, struct serve_arguments *out)
{
    static const struct option table[] = {
        {"model", required_argument, NULL, 'm'},
        {"host", required_argument, NULL, 'a'},
        {"placer", required_argument, NULL, 'p'},
        {"reload-token-file", required_argument, NULL, 'r'},
        {"groups", required_argument, NULL, 'g'},
        {"port", required_argument, NULL, 'n'},
        {"threads", required_argument, NULL, 'n'},
        {"max-count", required_argument, NULL, 'n'},
        {"max-body", required_argument, NULL, 'n'},
        {"max-connections", required_argument, NULL, 'n'},
        {"max-per-address", required_argument, NULL, 'n'},
        {"receive-seconds", required_argument, NULL, 'n'},
        {"send-seconds", required_argument, NULL, 'n'},
        {"grace-seconds", required_argument, NULL, 'n'},
        {"log-requests", no_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    *out = (struct serve_arguments){.host = "127.0.0.1",
                                    .port = 8080,
                                    .threads = cpus > 0 ? (size_t)cpus : 1,
                                    .max_count = 1000,
                                    .max_body = 65536,
                                    .max_connections = 1000,
                                    .receive_seconds = 10,
                                    .send_seconds = 30,
                                    .grace_seconds = 5};
    int code, index;
    while ((code = getopt_long(argc, argv, "", table, &index)) != -1) {
        switch (code) {
        case 'm': out->model = optarg; break;
        case 'a': out->host = optarg; break;
        case 'p': out->placer = optarg; break;
        case 'r': out->reload_token_file = optarg; break;
        case 'g': out->groups = optarg; break;
        case 'n':
            if (!read_limit(table[index].name, optarg, out))
                return false;
            break;
        case 'l': out->log_requests = true; break;
        case 'h': out->help = true; return true;
        case 'v': out->version = true; return true;
        default: return false; /* getopt has said what is wrong */
        }
    }
    if (optind < argc)
        return complain("unexpected argument '%s'", argv[optind]);
    return out->model || complain("--model is missing");
}

int serve_arguments_help(void)
{
    printf(
        "usage: diffmm_serve --model FILE [options]\n\n"
        "Serves recommendations over HTTP, in JSON:\n\n"
        "  GET /recommend?user=ID&count=20     POST, too, with the same as a JSON object\n"
        "  GET /similar?item=ID, or user=ID    similarity=cosine or dot\n"
        "  GET /fold-in?items=ID&items=ID      a newcomer; with user=ID, a known user\n"
        "  GET /popular                        what most users have seen\n"
        "  GET /explain?user=ID&item=ID        where the score comes from\n"
        "  POST /place                         new items by their features: similar items, and\n"
        "                                      with user=ID, its scores (--placer)\n"
        "  GET /openapi.json                   all requests and answers, described\n"
        "  GET /health\n"
        "  POST /reload                        open the model file again\n"
        "  GET /healthz                        200: the process answers\n"
        "  GET /readyz                         200: send requests here; 503: it is about to end\n"
        "  GET /metrics                        counts and times, as Prometheus reads them\n\n"
        "Rankings also take exclude, candidates, min_score and include_seen, and for variety\n"
        "diversity=0..1 or temperature, and per_group. users=ID&users=ID ranks for many at once.\n"
        "A model file that is replaced, or SIGHUP, reloads too; SIGINT and SIGTERM end.\n"
        "Answers bring the request's X-Request-Id, or one that is made.\n\n"
        "  --model FILE            a saved model\n"
        "  --host 127.0.0.1        whoever can reach this address is served\n"
        "  --port 8080             0: any that is free\n"
        "  --threads N             that answer requests; default: as many as CPUs\n"
        "  --max-count 1000        hits of one answer\n"
        "  --max-body 65536        bytes of a request's body\n"
        "  --max-connections 1000  at once; each takes up to 64 KB\n"
        "  --max-per-address 0     of these from one address; 0: any number\n"
        "  --receive-seconds 10    for a request to come in, else 408\n"
        "  --send-seconds 30       for an answer to be made and taken\n"
        "  --grace-seconds 5       at the end, for clients to open no more connections\n"
        "  --log-requests          a line of JSON on stderr for each request\n"
        "  --placer FILE           a cold-start mapping, for /place; it is reloaded with the "
        "model\n"
        "  --groups FILE           lines of an item, a tab and its group, for per_group=N\n"
        "  --reload-token-file FILE  its first line is the token that a request to reload must\n"
        "                          bring; without it, clients on this machine may reload, but\n"
        "                          no web pages\n");
    print_common_options(26);
    print_exit_statuses("");
    return finish_output(EXIT_DONE);
}
