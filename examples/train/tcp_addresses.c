/* SPDX-License-Identifier: BSD-2-Clause */
#include "tcp_addresses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/numbers.h"

/* FNV-1a. */
static uint64_t hash(const char *text)
{
    uint64_t mark = 0xcbf29ce484222325u;
    for (; *text; text++)
        mark = (mark ^ (unsigned char)*text) * 0x100000001b3u;
    return mark;
}

/* HOST:PORT or [HOST]:PORT, of `length` characters. */
static bool read_address(const char *text, size_t length, struct tcp_address *out)
{
    size_t colon = length, number;
    while (colon > 0 && text[colon - 1] != ':')
        colon--;
    if (colon < 2 || length - colon >= sizeof out->port)
        return false;
    memcpy(out->port, text + colon, length - colon);
    out->port[length - colon] = '\0';
    if (!read_number(out->port, 1, 65535, &number))
        return false;
    const char *host = text;
    size_t host_length = colon - 1;
    bool brackets = host[0] == '[' && host[host_length - 1] == ']';
    if (brackets) {
        host++;
        host_length -= 2;
    }
    if (host_length == 0 || host_length >= sizeof out->host ||
        (!brackets && memchr(host, ':', host_length)))
        return false;
    memcpy(out->host, host, host_length);
    out->host[host_length] = '\0';
    return true;
}

bool tcp_addresses_begin(struct tcp_addresses *addresses, const char *list, char *message,
                         size_t message_size)
{
    *addresses = (struct tcp_addresses){.mark = hash(list)};
    size_t count = 1;
    for (const char *at = list; *at; at++)
        count += *at == ',';
    if (count > TCP_PEERS_MAX) {
        snprintf(message, message_size, "%zu peers are more than %d", count, TCP_PEERS_MAX);
        return false;
    }
    addresses->each = calloc(count, sizeof *addresses->each);
    if (!addresses->each) {
        snprintf(message, message_size, "no memory for %zu addresses", count);
        return false;
    }
    addresses->size = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(list, ",");
        if (!read_address(list, length, &addresses->each[i])) {
            snprintf(message, message_size, "'%.*s' is no HOST:PORT",
                     (int)(length < 80 ? length : 80), list);
            tcp_addresses_end(addresses);
            return false;
        }
        list += length + 1;
    }
    return true;
}

void tcp_addresses_end(struct tcp_addresses *addresses)
{
    free(addresses->each);
    *addresses = (struct tcp_addresses){0};
}
