/* SPDX-License-Identifier: BSD-2-Clause */
#include "peers/peers.h"

#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"

struct diffmm__peers diffmm__peers_alone(void)
{
    return (struct diffmm__peers){.size = 1};
}

diffmm_status diffmm__peers_begin(const diffmm_context *context, const diffmm_peers *host,
                                  struct diffmm__peers *out)
{
    size_t size = host->size;
    *out = (struct diffmm__peers){
        .rank = host->rank,
        .size = size,
        .host = *host,
        .words = diffmm__allocate_zero(context, size, sizeof *out->words),
        .firsts = {diffmm__allocate(context, size + 1, sizeof *out->firsts[0]),
                   diffmm__allocate(context, size + 1, sizeof *out->firsts[1])}};
    if (out->words && out->firsts[0] && out->firsts[1])
        return DIFFMM_OK;
    diffmm__peers_end(context, out);
    return DIFFMM_ERROR_NO_MEMORY;
}

void diffmm__peers_end(const diffmm_context *context, struct diffmm__peers *peers)
{
    diffmm__release(context, peers->words);
    diffmm__release(context, peers->firsts[0]);
    diffmm__release(context, peers->firsts[1]);
    *peers = diffmm__peers_alone();
}

/* units * rank / size, which may not overflow: ranks are below 2^31. */
size_t diffmm__peers_first(const struct diffmm__peers *peers, size_t units, size_t rank)
{
    return units / peers->size * rank + units % peers->size * rank / peers->size;
}

struct diffmm__part diffmm__peers_part(const struct diffmm__peers *peers, size_t units)
{
    return (struct diffmm__part){diffmm__peers_first(peers, units, peers->rank),
                                 diffmm__peers_first(peers, units, peers->rank + 1)};
}

static int call_host(const diffmm_peers *host, const struct diffmm__message *out,
                     const struct diffmm__message *in)
{
    bool sends = out->bytes > 0, receives = in->bytes > 0;
    return host->exchange(sends ? (int32_t)out->peer : -1, sends ? out->data : NULL, out->bytes,
                          receives ? (int32_t)in->peer : -1, receives ? in->data : NULL, in->bytes,
                          host->user_data);
}

diffmm_status diffmm__peers_exchange(const struct diffmm__peers *peers,
                                     const struct diffmm__message *out,
                                     const struct diffmm__message *in)
{
    int failed = out->bytes > 0 || in->bytes > 0 ? call_host(&peers->host, out, in) : 0;
    if (!failed)
        return DIFFMM_OK;
    if (out->bytes > 0 && in->bytes > 0 && out->peer != in->peer)
        return diffmm__fail(DIFFMM_ERROR_PEER,
                            "the exchange with peers %zu (to) and %zu (from) failed (%d)",
                            out->peer, in->peer, failed);
    return diffmm__fail(DIFFMM_ERROR_PEER, "the exchange with peer %zu failed (%d)",
                        out->bytes > 0 ? out->peer : in->peer, failed);
}

/* A binomial tree: counted from the root on, peer v receives from v without its lowest bit, and sends
 * to v with one of the bits below that. */
diffmm_status diffmm__peers_broadcast(const struct diffmm__peers *peers, size_t root, void *data,
                                      size_t bytes)
{
    const struct diffmm__message nothing = {.bytes = 0};
    size_t size = peers->size, v = (peers->rank + size - root) % size, bit = 1;
    diffmm_status status = DIFFMM_OK;
    while (bit < size && !(v & bit))
        bit *= 2;
    if (v > 0) {
        const struct diffmm__message in = {(v - bit + root) % size, bytes, data};
        status = diffmm__peers_exchange(peers, &nothing, &in);
    }
    for (bit /= 2; bit > 0 && !status; bit /= 2)
        if (v + bit < size) {
            const struct diffmm__message out = {(v + bit + root) % size, bytes, data};
            status = diffmm__peers_exchange(peers, &out, &nothing);
        }
    return status;
}

/* How an array is cut among peers. */
struct cut {
    unsigned char *data;
    size_t unit;
    size_t units, bytes;  /* cut evenly; or, where there are `firsts`, .. */
    const size_t *firsts; /* .. cut there, of which the units from `begin` to `end` count */
    size_t begin, end;
};

/* Where a peer's part begins, in bytes. */
static size_t begin_of(const struct diffmm__peers *peers, const struct cut *cut, size_t rank)
{
    if (cut->firsts)
        return (diffmm__size_lesser(diffmm__size_greater(cut->firsts[rank], cut->begin), cut->end) -
                cut->begin) *
               cut->unit;
    return diffmm__size_lesser(diffmm__peers_first(peers, cut->units, rank) * cut->unit,
                               cut->bytes);
}

static struct diffmm__message part_of(const struct diffmm__peers *peers, const struct cut *cut,
                                      size_t rank, size_t peer)
{
    size_t begin = begin_of(peers, cut, rank), end = begin_of(peers, cut, rank + 1);
    return (struct diffmm__message){.peer = peer, .bytes = end - begin, .data = cut->data + begin};
}

size_t diffmm__peers_next(const struct diffmm__peers *peers)
{
    return (peers->rank + 1) % peers->size;
}

size_t diffmm__peers_previous(const struct diffmm__peers *peers)
{
    return (peers->rank + peers->size - 1) % peers->size;
}

/* Each peer passes on to the next what it has received last, its own part first. */
static diffmm_status gather(const struct diffmm__peers *peers, const struct cut *cut)
{
    size_t size = peers->size;
    diffmm_status status = DIFFMM_OK;
    for (size_t step = 1; step < size && !status; step++) {
        size_t passed = (peers->rank + size - step + 1) % size;
        struct diffmm__message out = part_of(peers, cut, passed, diffmm__peers_next(peers)),
                               in = part_of(peers, cut, (passed + size - 1) % size,
                                            diffmm__peers_previous(peers));
        status = diffmm__peers_exchange(peers, &out, &in);
    }
    return status;
}

diffmm_status diffmm__peers_gather(const struct diffmm__peers *peers, void *data, size_t unit,
                                   size_t bytes)
{
    return gather(peers, &(struct cut){.data = data,
                                       .unit = unit,
                                       .units = bytes / unit + (bytes % unit > 0),
                                       .bytes = bytes});
}

diffmm_status diffmm__peers_gather_parts(const struct diffmm__peers *peers, const size_t *firsts,
                                         size_t begin, size_t end, void *data, size_t unit)
{
    return gather(
        peers,
        &(struct cut){.data = data, .unit = unit, .firsts = firsts, .begin = begin, .end = end});
}

/* What two parts have in common, as a message. */
static struct diffmm__message overlap(size_t peer, struct diffmm__part a, struct diffmm__part b,
                                      unsigned char *data, size_t unit)
{
    size_t first = diffmm__size_greater(a.first, b.first), end = diffmm__size_lesser(a.end, b.end);
    return (struct diffmm__message){.peer = peer,
                                    .bytes = first < end ? (end - first) * unit : 0,
                                    .data = first < end ? data + first * unit : NULL};
}

static struct diffmm__part part_in(const size_t *firsts, size_t rank)
{
    return (struct diffmm__part){firsts[rank], firsts[rank + 1]};
}

diffmm_status diffmm__peers_move(const struct diffmm__peers *peers, const size_t *from,
                                 const size_t *to, void *data, size_t unit)
{
    size_t size = peers->size, rank = peers->rank;
    diffmm_status status = DIFFMM_OK;
    for (size_t step = 1; step < size && !status; step++) {
        size_t after = (rank + step) % size, before = (rank + size - step) % size;
        struct diffmm__message out = overlap(after, part_in(from, rank), part_in(to, after), data,
                                             unit),
                               in = overlap(before, part_in(from, before), part_in(to, rank), data,
                                            unit);
        status = diffmm__peers_exchange(peers, &out, &in);
    }
    return status;
}

diffmm_status diffmm__peers_conclude(const struct diffmm__peers *peers, diffmm_status status)
{
    if (peers->size == 1)
        return status;
    struct diffmm__error_text said = diffmm__error_text_keep();
    peers->words[peers->rank] = (uint64_t)status;
    diffmm_status result = diffmm__peers_gather(peers, peers->words, sizeof *peers->words,
                                                peers->size * sizeof *peers->words);
    size_t failed = 0;
    while (!result && failed < peers->size && peers->words[failed] == DIFFMM_OK)
        failed++;
    if (result || failed == peers->size)
        return result;
    result = diffmm__peers_broadcast(peers, failed, said.text, sizeof said.text);
    if (result)
        return result;
    said.text[sizeof said.text - 1] = '\0'; /* whatever came */
    return diffmm__fail((diffmm_status)peers->words[failed], "peer %zu: %s", failed, said.text);
}

diffmm_status diffmm__peers_meet(const struct diffmm__peers *peers, size_t times)
{
    unsigned char said = 0, heard;
    const struct diffmm__message out = {diffmm__peers_next(peers), sizeof said, &said},
                                 in = {diffmm__peers_previous(peers), sizeof heard, &heard};
    diffmm_status status = DIFFMM_OK;
    for (; peers->size > 1 && times > 0 && !status; times--)
        status = diffmm__peers_exchange(peers, &out, &in);
    return status;
}
