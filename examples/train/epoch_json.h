/* SPDX-License-Identifier: BSD-2-Clause */
/* What an epoch and a whole training did, as JSON: lines of the log (doc/file-formats.md), of which
 * the report and the table of epochs are made, too. */
#ifndef DIFFMM_EXAMPLES_TRAIN_EPOCH_JSON_H
#define DIFFMM_EXAMPLES_TRAIN_EPOCH_JSON_H

#include <stdbool.h>

#include <diffmm/diffmm.h>
#include <jansson.h>

/* How a run ended. Metrics are `cutoff_count` each; NULL, or for no users, where there are none. */
struct result {
    size_t epoch;  /* the chosen one */
    size_t epochs; /* done */
    bool cancelled;
    size_t final_epochs;   /* of the final fit, which metrics are not of; 0: there was none */
    const char *chosen_by; /* "valid", "test" or "last" */
    size_t cutoff_count;
    const diffmm_metrics *valid, *test;
    const diffmm_metrics *popular_valid, *popular_test; /* of recommending by popularity */
};

/* New objects; NULL without memory. */
json_t *epoch_json(const diffmm_report *report);
json_t *result_json(const struct result *result);

/* Digits of its numbers, in the log and elsewhere. */
enum { JSON_NUMBERS = JSON_COMPACT | JSON_REAL_PRECISION(9) };

#endif
