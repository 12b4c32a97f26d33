/* SPDX-License-Identifier: BSD-2-Clause */
#include "raw_answer.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static const char *phrase(unsigned status)
{
    switch (status) {
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    default: return "URI Too Long";
    }
}

void raw_answer_send(int socket, unsigned status, const char *reason)
{
    char date[40], text[512];
    time_t now = time(NULL);
    struct tm utc;
    if (!gmtime_r(&now, &utc) ||
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc) == 0)
        return;
    int size = snprintf(text, sizeof text,
                        "HTTP/1.1 %u %s\r\nDate: %s\r\nConnection: close\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
                        "{\"error\":\"%s\"}",
                        status, phrase(status), date, strlen(reason) + 12, reason);
    if (size > 0 && (size_t)size < sizeof text)
        (void)!send(socket, text, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
}
