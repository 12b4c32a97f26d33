/* SPDX-License-Identifier: BSD-2-Clause */
/* What the harnesses share. A harness feeds bytes to the public interface; whatever the bytes are,
 * a call must succeed or say what was wrong, ask for no more memory than its input justifies, and
 * leave none behind. Anything else ends the process, which is how a finding is reported. */
#ifndef DIFFMM_TESTS_FUZZ_H
#define DIFFMM_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/diffmm.h>

/* One input. Called by libFuzzer, or by driver.c for each file of a folder. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is done about an allocation larger than the limit. */
enum fuzz_excess {
    FUZZ_REPORT, /* a finding */
    FUZZ_REFUSE  /* no memory, as a host with little would say */
};

/* The context of all inputs (one thread), made at the first call, with a limit for each
 * allocation of this input. fuzz_end() reports memory that is not released. */
diffmm_context *fuzz_begin(size_t largest_allocation, enum fuzz_excess excess);
void fuzz_end(void);

/* A finding, if the condition does not hold. */
void fuzz_check(bool holds, const char *what);

/* A call's status, after a check that it is one and that a failed call left a message. */
diffmm_status fuzz_status(diffmm_status status);

/* The path of a file of that name in a folder of this process, with these bytes; the same for the
 * same name, so that the bytes last until the next call with it. */
const char *fuzz_file(const char *name, const uint8_t *data, size_t size);

/* The path of a name in that folder, whether it exists or not. */
const char *fuzz_path(const char *name);

/* Walk through a data set that was read from a file: seal it, look up ids, read rows. */
void fuzz_visit_dataset(diffmm_dataset *dataset);

/* Ask a scorer for recommendations and look at them: sorted, finite, no item twice. */
void fuzz_visit_scorer(const diffmm_scorer *scorer);

/* Recommendations of one user, checked as above. */
void fuzz_check_hits(const diffmm_scorer *scorer, const diffmm_hit *hits, size_t found,
                     size_t count);

#endif
