/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrays of which each peer has a part, on their way into a file that one of them writes: the others send
 * their parts in blocks, and nobody needs memory for a whole array. */
#ifndef DIFFMM_PEERS_PART_STREAM_H
#define DIFFMM_PEERS_PART_STREAM_H

#include "base/byte_source.h"
#include "peers/peers.h"

/* Units of `unit` bytes, one after the other; data is where unit 0 stands. Peer r has those from firsts[r]
 * up to firsts[r + 1], and the last peer, as all others do, what follows; or, where `firsts` is NULL,
 * `owner` has all. */
struct diffmm__part_array {
    const void *data;
    size_t units, unit;
    const size_t *firsts;
    size_t owner;
};

struct diffmm__part_stream {
    const struct diffmm__peers *peers;
    size_t root;                             /* the peer that writes */
    const struct diffmm__part_array *arrays; /* in the order of the file */
    size_t count;
    unsigned char *block; /* scratch of diffmm__byte_block bytes */
    /* Of the root: */
    struct diffmm__byte_source source; /* of all arrays, one after the other */
    size_t array, done; /* the array that is read now, and how many bytes of it have been */
    bool lost;          /* an exchange has failed */
};

/* All is borrowed. The stream must stay where it is. */
void diffmm__part_stream_begin(const struct diffmm__peers *peers, size_t root, size_t count,
                               const struct diffmm__part_array *arrays, unsigned char *block,
                               struct diffmm__part_stream *out);

/* What peers but the root do: they send what they have. */
diffmm_status diffmm__part_stream_send(const struct diffmm__part_stream *stream);

/* What the root does at the end: it receives what its file has not asked for, since it could not be
 * written, so that the others come to their end. */
diffmm_status diffmm__part_stream_drain(struct diffmm__part_stream *stream);

#endif
