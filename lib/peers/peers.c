/* SPDX-License-Identifier: BSD-2-Clause */
#include "peers/peers.h"

#include <stdbool.h>

#include "base/memory.h"
#include "base/status.h"

struct diffmm__peers diffmm__peers_alone(void)
{
    return (struct diffmm__peers){.size = 1};
}

diffmm_status diffmm__peers_begin(const diffmm_context *context, const diffmm_peers *host,
                                  struct diffmm__peers *out)
{
    uint64_t *words = diffmm__allocate_zero(context, host->size, sizeof *words);
    if (!words)
        return DIFFMM_ERROR_NO_MEMORY;
    *out = (struct diffmm__peers){
        .rank = host->rank, .size = host->size, .host = *host, .words = words};
    return DIFFMM_OK;
}

void diffmm__peers_end(const diffmm_context *context, struct diffmm__peers *peers)
{
    diffmm__release(context, peers->words);
    *peers = diffmm__peers_alone();
}

/* units * rank / size, which may not overflow: ranks are below 2^31. */
size_t diffmm__peers_first(const struct diffmm__peers *peers, size_t units, size_t rank)
{
    return units / peers->size * rank + units % peers->size * rank / peers->size;
}

/* Bytes that go to a peer, or come from one. */
struct message {
    size_t peer, bytes;
    unsigned char *data;
};

static int call_host(const diffmm_peers *host, const struct message *out, const struct message *in)
{
    bool sends = out->bytes > 0, receives = in->bytes > 0;
    return host->exchange(sends ? (int32_t)out->peer : -1, sends ? out->data : NULL, out->bytes,
                          receives ? (int32_t)in->peer : -1, receives ? in->data : NULL, in->bytes,
                          host->user_data);
}

/* Nothing is exchanged where neither has bytes. */
static diffmm_status exchange(const struct diffmm__peers *peers, const struct message *out,
                              const struct message *in)
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
    const struct message nothing = {.bytes = 0};
    size_t size = peers->size, v = (peers->rank + size - root) % size, bit = 1;
    diffmm_status status = DIFFMM_OK;
    while (bit < size && !(v & bit))
        bit *= 2;
    if (v > 0) {
        const struct message in = {(v - bit + root) % size, bytes, data};
        status = exchange(peers, &nothing, &in);
    }
    for (bit /= 2; bit > 0 && !status; bit /= 2)
        if (v + bit < size) {
            const struct message out = {(v + bit + root) % size, bytes, data};
            status = exchange(peers, &out, &nothing);
        }
    return status;
}

/* The part of the array that a peer has. */
static struct message part_of(const struct diffmm__peers *peers, size_t rank, unsigned char *data,
                              size_t unit, size_t bytes)
{
    size_t units = bytes / unit + (bytes % unit > 0),
           first = diffmm__peers_first(peers, units, rank) * unit,
           end = diffmm__peers_first(peers, units, rank + 1) * unit;
    if (end > bytes)
        end = bytes;
    return (struct message){.bytes = end - first, .data = data + first};
}

/* A ring: each peer passes on to the next what it has received last, its own part first. */
diffmm_status diffmm__peers_gather(const struct diffmm__peers *peers, void *data, size_t unit,
                                   size_t bytes)
{
    size_t size = peers->size, next = (peers->rank + 1) % size,
           previous = (peers->rank + size - 1) % size;
    diffmm_status status = DIFFMM_OK;
    for (size_t step = 1; step < size && !status; step++) {
        size_t passed = (peers->rank + size - step + 1) % size;
        struct message out = part_of(peers, passed, data, unit, bytes),
                       in = part_of(peers, (passed + size - 1) % size, data, unit, bytes);
        out.peer = next;
        in.peer = previous;
        status = exchange(peers, &out, &in);
    }
    return status;
}
