/* SPDX-License-Identifier: BSD-2-Clause */
#include "head.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct target target_measure(const char *text)
{
    struct target target = {.clean = true};
    bool in_query = false;
    for (; text[target.bytes]; target.bytes++) {
        unsigned char c = (unsigned char)text[target.bytes];
        bool nul = !in_query && strncmp(text + target.bytes, "%00", 3) == 0;
        target.clean = target.clean && c > ' ' && c != 0x7f && !nul;
        target.parameters += (c == '?' && !in_query) || (c == '&' && in_query);
        in_query = in_query || c == '?';
    }
    return target;
}

bool target_fits(const struct target *target)
{
    return target->bytes <= MOST_TARGET && target->parameters <= MOST_PARAMETERS;
}

/* What the headers say, and what is wrong with them. */
struct headers {
    size_t all, hosts, lengths, codings;
    const char *host, *length, *coding, *expect;
    struct failure *failure;
    bool good;
};

/* A token of RFC 9110, 5.6.2. */
static bool is_token(const char *text, size_t size)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return size > 0;
}

static bool holds_control(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
            return true;
    return false;
}

static enum MHD_Result on_header(void *user_data, enum MHD_ValueKind kind, const char *name,
                                 size_t name_size, const char *value, size_t value_size)
{
    struct headers *headers = user_data;
    (void)kind;
    value = value ? value : "";
    if (++headers->all > MOST_HEADERS)
        headers->good = refuse(headers->failure, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                               "there are more than %d headers", MOST_HEADERS);
    else if (!is_token(name, name_size))
        headers->good = refuse(headers->failure, 400, "the name of a header is not one");
    else if (holds_control(value, value_size))
        headers->good =
            refuse(headers->failure, 400, "the header %.64s holds a control character", name);
    else if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) {
        headers->hosts++;
        headers->host = value;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        headers->lengths++;
        headers->length = value;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        headers->codings++;
        headers->coding = value;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_EXPECT) == 0) {
        headers->expect = value;
    }
    return headers->good ? MHD_YES : MHD_NO;
}

/* RFC 9112, 3.2: HTTP/1.1 has one Host, which may be empty; no user, path or list in it. */
static bool check_host(const struct headers *headers, bool old, struct failure *failure)
{
    if (headers->hosts > 1)
        return refuse(failure, 400, "the header Host is given twice");
    if (headers->hosts == 0)
        return old || refuse(failure, 400, "the header Host is missing");
    return !strpbrk(headers->host, " \t,/?#@\\") ||
           refuse(failure, 400, "the header Host is not a host");
}

/* RFC 9112, 6: one way to tell where the body ends. */
static bool check_body(const struct headers *headers, bool old, struct head *head,
                       struct failure *failure)
{
    if (headers->lengths > 1)
        return refuse(failure, 400, "the header Content-Length is given twice");
    if (headers->codings > 0 && headers->lengths > 0)
        return refuse(failure, 400, "both Content-Length and Transfer-Encoding are given");
    if (headers->codings > 0 && old)
        return refuse(failure, 400, "HTTP/1.0 has no Transfer-Encoding");
    if (headers->codings > 1 || (headers->coding && strcasecmp(headers->coding, "chunked") != 0))
        return refuse(failure, 501, "the only Transfer-Encoding here is chunked");
    if (!headers->length)
        return true;
    size_t digits = strspn(headers->length, "0123456789");
    errno = 0;
    head->sized = true;
    head->size = strtoull(headers->length, NULL, 10);
    return (digits > 0 && headers->length[digits] == '\0' && errno == 0) ||
           refuse(failure, 400, "Content-Length is not a number");
}

bool head_check(struct MHD_Connection *connection, const struct target *target, const char *version,
                struct head *head, struct failure *failure)
{
    struct headers headers = {.failure = failure, .good = true};
    bool old = strcmp(version, "HTTP/1.0") == 0;
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    *head = (struct head){.sized = false};
    if (!target->clean)
        return refuse(failure, 400, "the target holds a space, a control character or %%00");
    if (size && size->header_size > MOST_HEAD)
        return refuse(failure, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                      "first line and headers exceed %d bytes", MOST_HEAD);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_header, &headers);
    if (!headers.good || !check_host(&headers, old, failure) ||
        !check_body(&headers, old, head, failure))
        return false;
    head->waits = headers.expect && !old && strcasecmp(headers.expect, "100-continue") == 0;
    return true;
}
