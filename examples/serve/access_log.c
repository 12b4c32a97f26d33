/* SPDX-License-Identifier: BSD-2-Clause */
#include "access_log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Methods are tokens; anything else is not worth the escapes. */
static const char *method_text(const char *method)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *method && strspn(method, letters) == strlen(method) ? method : "other";
}

void access_log_write(const struct request *request)
{
    char line[512], date[32];
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    if (!gmtime_r(&now.tv_sec, &utc) || strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        return;
    int size = snprintf(line, sizeof line,
                        "{\"time\":\"%s.%03ldZ\",\"id\":\"%s\",\"method\":\"%s\",\"path\":\"%s\","
                        "\"status\":%u,\"bytes\":%zu,\"ms\":%.3f}\n",
                        date, now.tv_nsec / 1000000, request->id, method_text(request->method),
                        request->endpoint, request->status, request->answered,
                        (double)request->took / 1e6);
    if (size > 0 && (size_t)size < sizeof line)
        (void)!write(STDERR_FILENO, line, (size_t)size);
}
