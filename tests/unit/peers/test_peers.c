/* SPDX-License-Identifier: BSD-2-Clause */
#include "peers/peers.h"

#include <stdio.h>

#include "base/status.h"

#include "support/failure.h"
#include "support/network.h"
#include "support/together.h"

enum { most_bytes = 4096 };

/* One call of every peer on bytes of its own. */
struct round {
    struct network network;
    size_t root, unit, bytes; /* unit 0: a broadcast */
    size_t meetings;          /* if any: neither */
    const size_t *firsts;     /* for parts of any size, .. */
    size_t begin, end;        /* .. of which some units are gathered */
    unsigned char data[network_most][most_bytes + 1];
    diffmm_status status[network_most];
    char message[network_most][512];
};

static size_t take_part(void *argument, size_t rank)
{
    struct round *round = argument;
    struct diffmm__peers peers;
    diffmm_peers host = network_peers(&round->network, (uint32_t)rank);
    if (diffmm__peers_begin(NULL, &host, &peers))
        return 1;
    round->status[rank] =
        round->meetings ? diffmm__peers_meet(&peers, round->meetings)
        : round->firsts ? diffmm__peers_gather_parts(&peers, round->firsts, round->begin,
                                                     round->end, round->data[rank], round->unit)
        : round->unit
            ? diffmm__peers_gather(&peers, round->data[rank], round->unit, round->bytes)
            : diffmm__peers_broadcast(&peers, round->root, round->data[rank], round->bytes);
    strcpy(round->message[rank], diffmm_error_message());
    if (round->status[rank])
        host.abandon((int32_t)round->status[rank], host.user_data);
    diffmm__peers_end(NULL, &peers);
    return 0;
}

static unsigned char byte_at(size_t i, size_t of)
{
    return (unsigned char)(i * 7 + of * 31 + 1);
}

/* Every byte but the last, which is nobody's. */
static void expect_everywhere(const struct round *round, size_t of)
{
    for (size_t rank = 0; rank < round->network.size; rank++) {
        size_t i = 0;
        while (i < round->bytes && round->data[rank][i] == byte_at(i, of))
            i++;
        ck_assert_msg(i == round->bytes, "peer %zu of %u: byte %zu of %zu", rank,
                      round->network.size, i, round->bytes);
        ck_assert_uint_eq(round->data[rank][round->bytes], 0xee);
        ck_assert_int_eq(round->status[rank], DIFFMM_OK);
    }
}

static struct round *round_begin(uint32_t size, size_t unit, size_t bytes)
{
    struct round *round = malloc(sizeof *round);
    network_begin(&round->network, size);
    round->root = 0;
    round->firsts = NULL;
    round->meetings = 0;
    round->unit = unit;
    round->bytes = bytes;
    memset(round->data, 0xee, sizeof round->data);
    return round;
}

static void round_end(struct round *round)
{
    network_end(&round->network);
    free(round);
}

/* How many exchanges all peers have made. */
static size_t exchanges(const struct round *round)
{
    size_t count = 0;
    for (size_t rank = 0; rank < round->network.size; rank++)
        count += round->network.ends[rank].exchanges;
    return count;
}

START_TEST(broadcasting)
{
    static const size_t sizes[] = {1000, 0};
    for (uint32_t size = 1; size <= network_most; size++)
        for (uint32_t root = 0; root < size; root += 1 + size / 4)
            for (size_t s = 0; s < 2; s++) {
                struct round *round = round_begin(size, 0, sizes[s]);
                round->root = root;
                for (size_t i = 0; i < round->bytes; i++)
                    round->data[root][i] = byte_at(i, root);
                ck_assert_uint_eq(together(size, take_part, round), 0);
                expect_everywhere(round, root);
                /* Each message once, at both its ends. */
                ck_assert_uint_eq(exchanges(round), sizes[s] ? 2 * (size - 1) : 0);
                round_end(round);
            }
}
END_TEST

/* Each peer has its part at first. */
static void set_parts(struct round *round)
{
    for (uint32_t rank = 0; rank < round->network.size; rank++) {
        const struct diffmm__peers peers = {.rank = rank, .size = round->network.size};
        size_t units = (round->bytes + round->unit - 1) / round->unit,
               first = diffmm__peers_first(&peers, units, rank) * round->unit,
               end = diffmm__peers_first(&peers, units, rank + 1) * round->unit;
        for (size_t i = first; i < end && i < round->bytes; i++)
            round->data[rank][i] = byte_at(i, 5);
    }
}

START_TEST(gathering)
{
    /* Unit and bytes: even, with a short last unit, fewer units than peers, one byte, none. */
    static const size_t shapes[][2] = {{8, 720}, {100, 2345}, {512, 1100}, {9, 1}, {4, 0}};
    for (uint32_t size = 1; size <= network_most; size++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            struct round *round = round_begin(size, shapes[s][0], shapes[s][1]);
            set_parts(round);
            ck_assert_uint_eq(together(size, take_part, round), 0);
            expect_everywhere(round, 5);
            if (size == 1 || round->bytes == 0)
                ck_assert_uint_eq(exchanges(round), 0);
            round_end(round);
        }
}
END_TEST

/* Parts as they come, of which those of an inner stretch are gathered. */
START_TEST(gathering_parts)
{
    static const size_t firsts[] = {0, 0, 10, 11, 11, 200, 340},
                        bounds[][2] = {{0, 340}, {5, 300}, {11, 11}, {11, 12}, {200, 340}};
    enum { size = 6, unit = 3 };
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
        size_t begin = bounds[b][0], end = bounds[b][1];
        struct round *round = round_begin(size, unit, (end - begin) * unit);
        round->firsts = firsts;
        round->begin = begin;
        round->end = end;
        for (size_t rank = 0; rank < size; rank++)
            for (size_t u = firsts[rank]; u < firsts[rank + 1]; u++)
                for (size_t i = 0; i < unit && u >= begin && u < end; i++)
                    round->data[rank][(u - begin) * unit + i] = byte_at((u - begin) * unit + i, 5);
        ck_assert_uint_eq(together(size, take_part, round), 0);
        expect_everywhere(round, 5);
        round_end(round);
    }
}
END_TEST

struct moving {
    struct network network;
    size_t from[network_most + 1], to[network_most + 1];
};

/* Units of which a peer has some before, and others after that. */
static size_t move(void *argument, size_t rank)
{
    enum { units = 100, unit = 3 };
    struct moving *m = argument;
    struct diffmm__peers peers;
    diffmm_peers host = network_peers(&m->network, (uint32_t)rank);
    unsigned char data[units * unit];
    size_t faults = 0;
    if (diffmm__peers_begin(NULL, &host, &peers))
        return 1;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = i / unit >= m->from[rank] && i / unit < m->from[rank + 1] ? byte_at(i, 3) : 0xee;
    faults += diffmm__peers_move(&peers, m->from, m->to, data, unit) != DIFFMM_OK;
    for (size_t i = 0; i < sizeof data; i++) {
        bool had = i / unit >= m->from[rank] && i / unit < m->from[rank + 1],
             has = i / unit >= m->to[rank] && i / unit < m->to[rank + 1];
        faults += data[i] != (had || has ? byte_at(i, 3) : 0xee);
    }
    diffmm__peers_end(NULL, &peers);
    return faults;
}

START_TEST(moving)
{
    enum { size = 5 };
    static const size_t cuts[][size + 1] = {{0, 20, 40, 60, 80, 100},
                                            {0, 0, 100, 100, 100, 100},
                                            {0, 19, 41, 41, 90, 100},
                                            {0, 100, 100, 100, 100, 100}};
    for (size_t a = 0; a < 4; a++)
        for (size_t b = 0; b < 4; b++) {
            struct moving m;
            network_begin(&m.network, size);
            memcpy(m.from, cuts[a], sizeof cuts[a]);
            memcpy(m.to, cuts[b], sizeof cuts[b]);
            ck_assert_uint_eq(together(size, move, &m), 0);
            for (size_t rank = 0; rank < size && a == b; rank++)
                ck_assert_uint_eq(m.network.ends[rank].exchanges, 0);
            network_end(&m.network);
        }
}
END_TEST

/* One call for each peer and meeting, with both directions. Who is alone calls nobody. */
START_TEST(meeting)
{
    enum { times = 5 };
    for (uint32_t size = 1; size <= network_most; size++) {
        struct round *round = round_begin(size, 0, 0);
        round->meetings = times;
        ck_assert_uint_eq(together(size, take_part, round), 0);
        expect_everywhere(round, 0);
        ck_assert_uint_eq(exchanges(round), size > 1 ? size * times : 0);
        round_end(round);
    }
}
END_TEST

/* Who does not come to a meeting is missed there, by all. */
START_TEST(missed)
{
    enum { size = 5, times = 9 };
    for (size_t k = 1; k <= times; k++) {
        struct round *round = round_begin(size, 0, 0);
        round->meetings = times;
        round->network.ends[3].fails_at = k;
        ck_assert_uint_eq(together(size, take_part, round), 0);
        for (size_t rank = 0; rank < size; rank++) {
            bool may_be_done = k > times - size && rank != 3;
            ck_assert(round->status[rank] == DIFFMM_ERROR_PEER ||
                      (may_be_done && round->status[rank] == DIFFMM_OK));
            ck_assert_uint_lt(round->network.ends[rank].exchanges, k + size);
            ck_assert_uint_eq(round->network.ends[rank].after_failure, 0);
        }
        ck_assert_int_eq(round->status[4], DIFFMM_ERROR_PEER);
        ck_assert_str_eq(round->message[4],
                         "the exchange with peers 0 (to) and 3 (from) failed (7)");
        round_end(round);
    }
}
END_TEST

START_TEST(parts)
{
    static const size_t units[] = {0, 1, 5, 8, 1000, SIZE_MAX};
    for (size_t size = 1; size <= INT32_MAX; size = size * 5 + 2)
        for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
            const struct diffmm__peers peers = {.size = size};
            size_t even = units[u] / size;
            ck_assert_uint_eq(diffmm__peers_first(&peers, units[u], 0), 0);
            ck_assert_uint_eq(diffmm__peers_first(&peers, units[u], size), units[u]);
            for (size_t rank = 0; rank < size; rank += size / 100 + 1) {
                size_t part = diffmm__peers_first(&peers, units[u], rank + 1) -
                              diffmm__peers_first(&peers, units[u], rank);
                ck_assert(part == even || part == even + 1);
            }
        }
}
END_TEST

/* Whichever exchange fails, every peer comes back, and the one where it failed says with whom. */
START_TEST(failing)
{
    enum { size = 4 };
    for (uint32_t rank = 0; rank < size; rank++)
        for (size_t k = 1; k <= size - 1; k++)
            for (size_t unit = 0; unit <= 8; unit += 8) {
                struct round *round = round_begin(size, unit, 64);
                round->network.ends[rank].fails_at = k;
                ck_assert_uint_eq(together(size, take_part, round), 0);
                bool reached = round->network.ends[rank].exchanges >= k;
                ck_assert(reached || !unit);
                ck_assert_int_eq(round->status[rank], reached ? DIFFMM_ERROR_PEER : DIFFMM_OK);
                for (size_t peer = 0; peer < size; peer++) {
                    const struct network_end *end = &round->network.ends[peer];
                    ck_assert_uint_eq(end->after_failure, 0);
                    ck_assert(round->status[peer] == DIFFMM_OK ||
                              round->status[peer] == DIFFMM_ERROR_PEER);
                }
                if (reached)
                    ck_assert_ptr_nonnull(strstr(round->message[rank], "the exchange with peer"));
                if (reached)
                    ck_assert_ptr_nonnull(strstr(round->message[rank], "failed (7)"));
                round_end(round);
            }
}
END_TEST

START_TEST(messages)
{
    struct round *round = round_begin(3, 0, 8);
    round->network.ends[0].fails_at = 1; /* which sends to the peer with the highest bit first */
    ck_assert_uint_eq(together(3, take_part, round), 0);
    ck_assert_str_eq(round->message[0], "the exchange with peer 2 failed (7)");
    ck_assert_str_eq(round->message[1], "the exchange with peer 0 failed (7)");
    round_end(round);
    round = round_begin(3, 8, 24);
    round->network.ends[1].fails_at = 1;
    ck_assert_uint_eq(together(3, take_part, round), 0);
    ck_assert_str_eq(round->message[1], "the exchange with peers 2 (to) and 0 (from) failed (7)");
    round_end(round);
}
END_TEST

/* How each peer has fared, and what all conclude. */
struct conclusion {
    struct network network;
    diffmm_status own[network_most], all[network_most];
    char message[network_most][512];
};

static size_t conclude(void *argument, size_t rank)
{
    struct conclusion *c = argument;
    struct diffmm__peers peers;
    diffmm_peers host = network_peers(&c->network, (uint32_t)rank);
    if (diffmm__peers_begin(NULL, &host, &peers))
        return 1;
    if (c->own[rank])
        diffmm__fail(c->own[rank], "reason %zu", rank);
    c->all[rank] = diffmm__peers_conclude(&peers, c->own[rank]);
    strcpy(c->message[rank], diffmm_error_message());
    if (c->all[rank] == DIFFMM_ERROR_PEER)
        host.abandon((int32_t)c->all[rank], host.user_data);
    diffmm__peers_end(NULL, &peers);
    return 0;
}

START_TEST(concluding)
{
    for (uint32_t size = 2; size <= 4; size++)
        for (size_t failed = 0; failed <= size; failed++) {
            struct conclusion c = {.own = {DIFFMM_OK}};
            network_begin(&c.network, size);
            if (failed < size)
                c.own[failed] = DIFFMM_ERROR_IO;
            if (failed + 1 < size)
                c.own[failed + 1] = DIFFMM_ERROR_NO_MEMORY; /* who comes later is not heard */
            ck_assert_uint_eq(together(size, conclude, &c), 0);
            for (size_t rank = 0; rank < size; rank++) {
                char wanted[64];
                snprintf(wanted, sizeof wanted, "peer %zu: reason %zu", failed, failed);
                ck_assert_int_eq(c.all[rank], failed < size ? DIFFMM_ERROR_IO : DIFFMM_OK);
                if (failed < size)
                    ck_assert_str_eq(c.message[rank], wanted);
            }
            network_end(&c.network);
        }
    struct conclusion c = {.own = {DIFFMM_ERROR_IO}};
    network_begin(&c.network, 3);
    c.network.ends[2].fails_at = 2;
    ck_assert_uint_eq(together(3, conclude, &c), 0);
    ck_assert_int_eq(c.all[2], DIFFMM_ERROR_PEER);
    network_end(&c.network);
    const struct diffmm__peers alone = diffmm__peers_alone();
    ck_assert_int_eq(diffmm__peers_conclude(&alone, DIFFMM_ERROR_IO), DIFFMM_ERROR_IO);
    ck_assert_int_eq(diffmm__peers_conclude(&alone, DIFFMM_OK), DIFFMM_OK);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {broadcasting, gathering, gathering_parts, moving,   meeting,
                                  missed,       parts,     failing,         messages, concluding};
    return run_tests("peers/peers", tests, sizeof tests / sizeof *tests) != 0;
}
