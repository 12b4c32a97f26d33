/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for HTML, as content or in a quoted attribute. */
#ifndef DIFFMM_EXAMPLES_TRAIN_HTML_TEXT_H
#define DIFFMM_EXAMPLES_TRAIN_HTML_TEXT_H

#include <stdio.h>

/* Write a text so that nothing in it is markup. It may be any bytes: what is not UTF-8, or a
 * character that XML does not have, becomes U+FFFD. */
void html_text(FILE *out, const char *text);

#endif
