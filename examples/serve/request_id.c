/* SPDX-License-Identifier: BSD-2-Clause */
#include "request_id.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const char characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=:@";

/* The same for all requests of the process, and another for another process. */
static uint64_t prefix(void)
{
    static atomic_uint_least64_t chosen;
    uint64_t random, none = 0;
    if (atomic_load(&chosen) == 0) {
        if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
            random = (uint64_t)time(NULL);
        atomic_compare_exchange_strong(&chosen, &none, random | 1);
    }
    return atomic_load(&chosen);
}

void request_id_make(char id[REQUEST_ID_ROOM])
{
    static atomic_uint_least64_t made;
    snprintf(id, REQUEST_ID_ROOM, "%016llx-%llx", (unsigned long long)prefix(),
             (unsigned long long)atomic_fetch_add(&made, 1));
}

bool request_id_take(const char *given, char id[REQUEST_ID_ROOM])
{
    size_t length = given ? strnlen(given, REQUEST_ID_ROOM) : 0;
    if (length == 0 || length == REQUEST_ID_ROOM || strspn(given, characters) != length)
        return false;
    memcpy(id, given, length + 1);
    return true;
}
