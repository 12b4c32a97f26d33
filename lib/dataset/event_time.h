/* SPDX-License-Identifier: BSD-2-Clause */
/* When an interaction happened, in microseconds since 1970-01-01 00:00 UTC. */
#ifndef DIFFMM_DATASET_EVENT_TIME_H
#define DIFFMM_DATASET_EVENT_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The time of an interaction whose time is not known. */
static const int64_t DIFFMM__NO_TIME = INT64_MIN;

/* Read a time that takes up the whole text; false for anything else. It is
 * - a date of ISO 8601: 2024-05-31, then, if wanted, T or a blank, 10:30 or 10:30:59, decimals of
 *   the second, and a zone, Z or +02:00; without one it is UTC;
 * - or a number since 1970, whose size tells its unit: below 1e11 seconds (up to the year 5138),
 *   below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds. */
bool diffmm__event_time_read(const char *text, size_t length, int64_t *out);

/* A time from a number by the same rule. */
int64_t diffmm__event_time_from_integer(int64_t number);

/* The same; false where it does not fit. */
bool diffmm__event_time_from_real(double number, int64_t *out);

#endif
