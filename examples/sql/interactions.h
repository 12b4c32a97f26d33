/* SPDX-License-Identifier: BSD-2-Clause */
/* From the rows of a query to the interactions of a data set. */
#ifndef DIFFMM_EXAMPLES_SQL_INTERACTIONS_H
#define DIFFMM_EXAMPLES_SQL_INTERACTIONS_H

#include <diffmm/diffmm.h>

#include "database.h"

/* What the ids of the rows were. */
struct id_types {
    bool integer_users, integer_items; /* all of them */
};

/* Whether the query may, or must, yield timestamps. */
enum time_use { TIME_UNUSED, TIME_USED, TIME_NEEDED };

/* Run database->query and add its rows to a data set that is not sealed, as training interactions,
 * with timestamps where the query yields them. An exit status; what is wrong has been said. */
int read_interactions(struct database *database, enum time_use use, diffmm_dataset *dataset,
                      struct id_types *types);

#endif
