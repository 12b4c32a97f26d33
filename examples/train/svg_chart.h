/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines over epochs, as an SVG picture within a page of HTML. */
#ifndef DIFFMM_EXAMPLES_TRAIN_SVG_CHART_H
#define DIFFMM_EXAMPLES_TRAIN_SVG_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { CHART_COLOURS = 8 };

/* A line. Values that are not finite leave a gap. */
struct series {
    const char *name;
    const double *values; /* one for each epoch */
    size_t colour;        /* counted round: class "sN" of the page's style */
    bool dashed;          /* something to compare with */
};

struct chart {
    const char *title;
    size_t first_epoch, epochs;
    size_t marked;  /* an epoch to mark as the best; 0: none */
    bool from_zero; /* the axis begins at 0 at the latest */
    size_t series_count;
    const struct series *series;
};

/* Write a <figure> with title, legend and picture. */
void chart_write(FILE *out, const struct chart *chart);

#endif
