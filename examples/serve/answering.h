/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_EXAMPLES_SERVE_ANSWERING_H
#define DIFFMM_EXAMPLES_SERVE_ANSWERING_H

#include "model.h"

/* What answering needs besides the request. */
struct answering {
    struct store *store;
    size_t max_count; /* of hits */
};

#endif
