/* SPDX-License-Identifier: BSD-2-Clause */
/* A small model with everything random, and the oracle that holds the same. */
#ifndef DIFFMM_TESTS_MODEL_WORLD_H
#define DIFFMM_TESTS_MODEL_WORLD_H

#include <diffmm/model.h>

#include "model/workspace.h"
#include "oracle_model.h"

/* What to make; zero in a field means what stands beside it. */
struct model_case {
    size_t users, items, d; /* 6, 7, 4 */
    size_t modalities;      /* 2 */
    size_t layers;          /* 0 */
    unsigned linear;        /* bit m: modality m has a linear projection */
    double fusion_ratio;    /* 0 */
    bool whole_graphs;      /* no edges dropped from the generated graphs */
    bool no_contrast, main_anchor;
    double reg, alignment; /* 0 */
    size_t negatives;      /* 0; at most MODEL_NEGATIVES */
    size_t threads;        /* 1 */
};

enum { MODEL_BATCH = 16, MODEL_COUNT = 10 }; /* the option `batch`, and pairs in it */
enum { MODEL_NEGATIVES = 12 };

struct model_world {
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_options *options;
    diffmm_model *model;
    float *features[ORACLE_MODALITIES]; /* lent to the data set, with a gap after each row */
    struct oracle oracle;
    /* A batch, with repeated users and items. */
    int32_t user[MODEL_COUNT], positive[MODEL_COUNT], negative[MODEL_COUNT];
    int32_t drawn[2][MODEL_NEGATIVES]; /* of users and items, in the model's first step */
};

extern const char *const model_modality_names[ORACLE_MODALITIES];

void model_world_begin(const struct model_case *wanted, struct model_world *out);
void model_world_end(struct model_world *world);

/* The nodes that the model draws in a step, for the oracle; the first step's are there already. */
void model_world_draw(struct model_world *world, uint64_t step);

/* The oracle's place of a parameter's values, by the order of the model's list. */
double *model_world_values(struct model_world *world, size_t parameter);

/* Every value within `tolerance` times the largest expected magnitude. */
void expect_close(const char *what, size_t count, const double *expected, const float *got,
                  double tolerance);

/* A gradient against central differences of the oracle's value() in each of `values`, in the same
 * way. */
void expect_derivatives(const char *what, double (*value)(void *argument), void *argument,
                        size_t count, double *values, const float *gradient, double tolerance);

#endif
