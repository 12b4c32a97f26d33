/* SPDX-License-Identifier: BSD-2-Clause */
/* One check per kind of file: everything in the file against the public functions. */
#ifndef DIFFMM_TESTS_CASES_H
#define DIFFMM_TESTS_CASES_H

#include "compare.h"

void case_graph(struct reference *reference);
void case_schedule(struct reference *reference);
void case_denoiser(struct reference *reference);
void case_reverse(struct reference *reference);
void case_generated(struct reference *reference);
void case_joint(struct reference *reference);
void case_spectral(struct reference *reference);
void case_infonce(struct reference *reference);
void case_metrics(struct reference *reference);

#endif
