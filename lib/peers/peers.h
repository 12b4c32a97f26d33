/* SPDX-License-Identifier: BSD-2-Clause */
/* What the peers of a training do together: broadcasts, gatherings and meetings, made of the host's pairwise
 * exchange alone. Every peer makes the same calls in the same order. Who is alone calls nobody. */
#ifndef DIFFMM_PEERS_PEERS_H
#define DIFFMM_PEERS_PEERS_H

#include <stdbool.h>

#include <diffmm/peers.h>

struct diffmm__peers {
    size_t rank, size; /* alone: 0 of 1 */
    diffmm_peers host; /* if not alone: a copy of the host's */
    uint64_t *words;   /* likewise: size, one of each peer's; for the caller's use */
    size_t *firsts[2]; /* likewise: two lists of size + 1, for diffmm__peers_gather_parts() */
};

/* Without peers; holds nothing. */
struct diffmm__peers diffmm__peers_alone(void);
/* With those of a host's struct, which has been checked. */
diffmm_status diffmm__peers_begin(const diffmm_context *context, const diffmm_peers *host,
                                  struct diffmm__peers *out);
void diffmm__peers_end(const diffmm_context *context, struct diffmm__peers *peers);

/* Units of work are cut into contiguous parts, one for each peer in the order of ranks, whose sizes
 * differ by one at the most: the first unit of a peer. That of rank `size` is `units`. */
size_t diffmm__peers_first(const struct diffmm__peers *peers, size_t units, size_t rank);

/* The part of this peer: from `first` up to `end`. */
struct diffmm__part {
    size_t first, end;
};
struct diffmm__part diffmm__peers_part(const struct diffmm__peers *peers, size_t units);

/* Whether a unit belongs to a part. */
static inline bool diffmm__part_has(struct diffmm__part part, size_t unit)
{
    return unit >= part.first && unit < part.end;
}

/* The peers stand in a ring. */
size_t diffmm__peers_next(const struct diffmm__peers *peers);
size_t diffmm__peers_previous(const struct diffmm__peers *peers);

/* Bytes that go to a peer, or come from one. */
struct diffmm__message {
    size_t peer, bytes;
    void *data;
};

/* Sends one message and receives another, either of which may have no bytes; the peers at the other ends
 * make the matching calls. Nothing is exchanged where neither has bytes. */
diffmm_status diffmm__peers_exchange(const struct diffmm__peers *peers,
                                     const struct diffmm__message *out,
                                     const struct diffmm__message *in);

/* The bytes of peer `root` go to all others. DIFFMM_ERROR_PEER here and below where an exchange
 * fails; the message names the peer. */
diffmm_status diffmm__peers_broadcast(const struct diffmm__peers *peers, size_t root, void *data,
                                      size_t bytes);

/* Everybody receives what everybody has of one array: units of `unit` bytes, of which the last one
 * may be shorter, cut among the peers as by diffmm__peers_first(). */
diffmm_status diffmm__peers_gather(const struct diffmm__peers *peers, void *data, size_t unit,
                                   size_t bytes);

/* The same for parts of any size: peer r has the units firsts[r] .. firsts[r + 1] - 1, of which those
 * from `begin` up to `end` are gathered. `data` is where unit `begin` stands. */
diffmm_status diffmm__peers_gather_parts(const struct diffmm__peers *peers, const size_t *firsts,
                                         size_t begin, size_t end, void *data, size_t unit);

/* Who has which units changes: of peer r, from from[r] .. from[r + 1] - 1 to to[r] .. to[r + 1] - 1. Each
 * receives what it has not. `data` is where unit 0 stands. */
diffmm_status diffmm__peers_move(const struct diffmm__peers *peers, const size_t *from,
                                 const size_t *to, void *data, size_t unit);

/* Every peer says how it has fared: all return the first failure in the order of ranks, with what that peer
 * has to say of it; or DIFFMM_OK. */
diffmm_status diffmm__peers_conclude(const struct diffmm__peers *peers, diffmm_status status);

/* Who computes alone for long does so in steps, and meets the others after each: a peer tells its
 * neighbour that it has come so far, and waits for the other neighbour. So nobody waits for longer than
 * a step takes, and whoever is dead or stands still is missed at the next one. Every peer meets as often
 * as the one with the most steps: who has fewer meets the others that many times more. */
diffmm_status diffmm__peers_meet(const struct diffmm__peers *peers, size_t times);

#endif
