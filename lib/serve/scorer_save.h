/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_SERVE_SCORER_SAVE_H
#define DIFFMM_SERVE_SCORER_SAVE_H

#include "serve/scorer.h"

/* What saving the scorer takes, whether it holds it or its file does; ended by the second. */
diffmm_status diffmm__scorer_learnt_begin(const diffmm_scorer *scorer, struct diffmm__learnt **out);
void diffmm__scorer_learnt_end(const diffmm_scorer *scorer, struct diffmm__learnt *learnt);

#endif
