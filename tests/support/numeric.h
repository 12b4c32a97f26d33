/* SPDX-License-Identifier: BSD-2-Clause */
/* What training says of numbers that have gone wrong. */
#ifndef DIFFMM_TESTS_NUMERIC_H
#define DIFFMM_TESTS_NUMERIC_H

#include <check.h>
#include <stdbool.h>
#include <string.h>

#include <diffmm/status.h>

/* The message of the last failure names an epoch, a phase, and the quantity. */
static inline void expect_explained(void)
{
    static const char *const phases[] = {", denoise", ", generate", ", recommend", ", evaluate"};
    static const char *const quantities[] = {"loss", "scores", "embedding", "features", "gradient"};
    const char *message = diffmm_error_message();
    bool phase = false, quantity = false;
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        phase |= strstr(message, phases[i]) != NULL;
    for (size_t i = 0; i < sizeof quantities / sizeof *quantities; i++)
        quantity |= strstr(message, quantities[i]) != NULL;
    ck_assert_msg(strncmp(message, "epoch ", 6) == 0 && phase && quantity, "%s", message);
}

#endif
