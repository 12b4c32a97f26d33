/* SPDX-License-Identifier: BSD-2-Clause */
/* From a scorer to the rows of a table. */
#ifndef DIFFMM_EXAMPLES_SQL_RECOMMENDATIONS_H
#define DIFFMM_EXAMPLES_SQL_RECOMMENDATIONS_H

#include <diffmm/diffmm.h>

#include "arguments.h"
#include "interactions.h"

/* See whether the table can be written, and leave all as it was. An exit status. */
int try_table(struct database *database, const struct arguments *arguments,
              const struct id_types *types);

/* What was written. */
struct written {
    size_t users, rows;
};

/* Replace what the table holds by every user's best items. An exit status. */
int write_recommendations(struct database *database, const struct arguments *arguments,
                          const struct id_types *types, const diffmm_scorer *scorer,
                          struct written *out);

#endif
