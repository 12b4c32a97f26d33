/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a ranking before it is answered: variety or chance, and limits per group. */
#ifndef DIFFMM_EXAMPLES_SERVE_SHAPING_H
#define DIFFMM_EXAMPLES_SERVE_SHAPING_H

#include <diffmm/diffmm.h>
#include <jansson.h>

#include "failure.h"
#include "groups.h"

/* So many times the hits that are wanted are ranked, to choose from. */
enum { SHAPING_POOL = 5 };

struct shaping {
    double diversity;     /* 0: the ranking as it is; 1: as different as can be */
    const char *modality; /* whose features are compared; NULL: final embeddings */
    double temperature;   /* 0: the ranking as it is */
    uint64_t seed;
    size_t per_group; /* hits of each group; 0: any number */
    const struct groups *groups;
};

/* Read the parameters, which are borrowed. */
bool shaping_read(struct shaping *shaping, const struct groups *groups, const json_t *parameters,
                  struct failure *failure);

/* Whether it changes a ranking. */
bool shaping_changes(const struct shaping *shaping);

/* Choose `wanted` of the hits, in place. `stream` is of the user. */
bool shaping_apply(const struct shaping *shaping, const diffmm_scorer *scorer, uint32_t stream,
                   size_t wanted, diffmm_hit *hits, size_t *found, struct failure *failure);

#endif
