/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SHORTEST_TOKEN = 16 };

/* Characters of a bearer token (RFC 6750). */
static const char token_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";

bool guard_begin(struct guard *guard, const char *path, struct failure *failure)
{
    *guard = (struct guard){.token = ""};
    if (!path)
        return true;
    FILE *file = fopen(path, "r");
    if (!file)
        return refuse(failure, 500, "%s: %s", path, strerror(errno));
    bool read = fgets(guard->token, sizeof guard->token, file) != NULL;
    fclose(file);
    guard->token[strcspn(guard->token, "\r\n")] = '\0';
    size_t length = strlen(guard->token);
    if (!read || length < SHORTEST_TOKEN || length == sizeof guard->token - 1 ||
        strspn(guard->token, token_characters) != length) {
        memset(guard->token, 0, sizeof guard->token);
        return refuse(failure, 500,
                      "%s: its first line is not a token of %d to %zu letters, digits and -._~+/=",
                      path, SHORTEST_TOKEN, sizeof guard->token - 2);
    }
    return true;
}

/* Takes the same time however much of the given token is right. */
static bool same_token(const char *wanted, const char *given)
{
    size_t length = strlen(wanted), given_length = strlen(given);
    volatile unsigned char differs = length != given_length;
    for (size_t i = 0; i < length; i++)
        differs |= (unsigned char)(wanted[i] ^ given[given_length ? i % given_length : 0]);
    return !differs;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool brings_token(const struct guard *guard, struct MHD_Connection *connection)
{
    static const char scheme[] = "Bearer ";
    const char *given = header(connection, MHD_HTTP_HEADER_AUTHORIZATION);
    return given && strncasecmp(given, scheme, strlen(scheme)) == 0 &&
           same_token(guard->token, given + strlen(scheme));
}

static bool is_loopback(const struct sockaddr *address)
{
    const unsigned char *bytes;
    if (address->sa_family == AF_INET) {
        bytes = (const unsigned char *)&((const struct sockaddr_in *)address)->sin_addr;
        return bytes[0] == 127;
    }
    if (address->sa_family != AF_INET6)
        return false;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

/* Whether the header Host is a name that always means this machine. */
static bool names_loopback(const char *host)
{
    char name[64];
    size_t length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    const char *port = host + strnlen(host, length);
    if (length >= sizeof name || (*port && *port != ':') ||
        (*port && strspn(port + 1, "0123456789") != strlen(port + 1)))
        return false;
    memcpy(name, host, length);
    name[length] = '\0';
    unsigned char address[4];
    return strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0 ||
           (inet_pton(AF_INET, name, address) == 1 && address[0] == 127);
}

bool guard_admits(const struct guard *guard, struct MHD_Connection *connection,
                  struct failure *failure)
{
    /* Headers that browsers send with requests of pages, and that proxies add. */
    static const char *const of_pages_and_proxies[] = {
        "Origin",          "Referer",          "Sec-Fetch-Site", "Forwarded",
        "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP",      "Via"};
    if (*guard->token)
        return brings_token(guard, connection) ||
               refuse(failure, MHD_HTTP_UNAUTHORIZED,
                      "this request needs the service's token, as 'Authorization: Bearer TOKEN'");
    const union MHD_ConnectionInfo *client =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const char *host = header(connection, MHD_HTTP_HEADER_HOST);
    if (!client || !client->client_addr || !is_loopback(client->client_addr))
        return refuse(failure, MHD_HTTP_FORBIDDEN,
                      "without a token (--reload-token-file), this is for clients on the service's "
                      "own machine");
    if (!host || !names_loopback(host))
        return refuse(failure, MHD_HTTP_FORBIDDEN,
                      "without a token (--reload-token-file), the header Host must name loopback");
    for (size_t i = 0; i < sizeof of_pages_and_proxies / sizeof *of_pages_and_proxies; i++)
        if (header(connection, of_pages_and_proxies[i]))
            return refuse(
                failure, MHD_HTTP_FORBIDDEN,
                "without a token (--reload-token-file), requests of web pages and through proxies "
                "are refused, and this one has the header %s",
                of_pages_and_proxies[i]);
    return true;
}
