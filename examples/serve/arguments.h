/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of diffmm_serve. */
#ifndef DIFFMM_EXAMPLES_SERVE_ARGUMENTS_H
#define DIFFMM_EXAMPLES_SERVE_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct serve_arguments {
    bool help, version;
    const char *model, *host;
    const char *placer;            /* a file, or NULL */
    const char *reload_token_file; /* NULL: none */
    const char *groups;            /* a file, or NULL */
    size_t port;                   /* 0: any that is free */
    size_t threads;                /* that answer requests */
    size_t max_count;              /* hits of one answer */
    size_t max_body;               /* bytes of a request's body */
    size_t max_connections;        /* at once */
    size_t max_per_address;        /* of these from one address; 0: any number */
    size_t receive_seconds;        /* for one request to come in */
    size_t send_seconds;           /* for one answer to be made and taken */
    size_t grace_seconds;          /* for clients to notice that the service ends */
    bool log_requests;
};

/* False after saying on stderr what is wrong. Texts stay where argv has them. */
bool serve_arguments_read(int argc, char **argv, struct serve_arguments *out);
/* Print --help. An exit status. */
int serve_arguments_help(void);

#endif
