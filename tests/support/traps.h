/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating-point traps. A host may have set them, and then dies by SIGFPE where a call raises
 * invalid, divide-by-zero or overflow. So every test runs with traps, also the threads of contexts
 * that it creates, which inherit them. A test that hands over NaN or infinity, or what has no
 * finite answer, takes them off and says why. (Not every processor has traps; where there are none,
 * tests run without.) */
#ifndef DIFFMM_TESTS_TRAPS_H
#define DIFFMM_TESTS_TRAPS_H

#include <check.h>
#include <fenv.h>

enum { trapped = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW };

static inline void traps_on(void)
{
#ifdef __GLIBC__
    feclearexcept(trapped);
    feenableexcept(trapped);
#endif
}

static inline void traps_off(void)
{
#ifdef __GLIBC__
    fedisableexcept(trapped);
#endif
}

/* Traps during each test of the case. */
static inline void with_traps(TCase *tests)
{
    tcase_add_checked_fixture(tests, traps_on, traps_off);
}

#endif
