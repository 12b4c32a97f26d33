/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrays that peers have parts of arrive whole, and in order, where one of them reads them. */
#include "peers/part_stream.h"

#include "support/failure.h"
#include "support/network.h"
#include "support/together.h"

enum { array_count = 4 };

/* Rows of users, with a rest that all have; what one peer owns; nothing; and rows of several blocks. */
static const size_t units[array_count] = {1000, 7001, 0, 90001}, unit[array_count] = {12, 4, 8, 29};

struct stream_case {
    struct network network;
    size_t root, firsts[network_most + 1];
    size_t read_of; /* how many bytes the root reads before it drains; SIZE_MAX: all */
    unsigned char *got;
    diffmm_status status[network_most];
    bool lost;
};

static size_t bytes_of(size_t array)
{
    return units[array] * unit[array];
}

static size_t all_bytes(void)
{
    size_t all = 0;
    for (size_t i = 0; i < array_count; i++)
        all += bytes_of(i);
    return all;
}

static unsigned char byte_at(size_t array, size_t at)
{
    return (unsigned char)(at * 13 + at / 251 + array * 101 + 1);
}

static bool owns(const struct stream_case *c, size_t array, size_t at, size_t rank)
{
    size_t last = c->network.size - 1, row = at / unit[array];
    if (array == 1)
        return rank == c->network.size / 2;
    return row >= c->firsts[rank] && (row < c->firsts[rank + 1] || rank == last);
}

/* A peer's own bytes; the others are wrong. */
static unsigned char *make_array(const struct stream_case *c, size_t array, size_t rank)
{
    unsigned char *bytes = malloc(bytes_of(array) + 1);
    for (size_t i = 0; i < bytes_of(array); i++)
        bytes[i] = owns(c, array, i, rank) ? byte_at(array, i) : 0;
    return bytes;
}

/* As a file's writer does: array by array, in blocks. */
static diffmm_status read_all(struct diffmm__part_stream *stream, struct stream_case *c)
{
    unsigned char *place = c->got;
    size_t left = c->read_of;
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < array_count; i++)
        for (size_t at = 0, some; at < bytes_of(i) && left > 0 && !status; at += some) {
            some = bytes_of(i) - at;
            some = some < diffmm__byte_block ? some : diffmm__byte_block;
            status = stream->source.read(stream->source.state, some, place);
            place += some;
            left -= left < some ? left : some;
        }
    return status;
}

static size_t take_part(void *argument, size_t rank)
{
    struct stream_case *c = argument;
    struct diffmm__peers peers;
    diffmm_peers host = network_peers(&c->network, (uint32_t)rank);
    struct diffmm__part_array arrays[array_count];
    struct diffmm__part_stream stream;
    unsigned char *made[array_count], *block = malloc(diffmm__byte_block);
    if (diffmm__peers_begin(NULL, &host, &peers))
        return 1;
    for (size_t i = 0; i < array_count; i++) {
        made[i] = make_array(c, i, rank);
        arrays[i] = (struct diffmm__part_array){.data = made[i],
                                                .units = units[i],
                                                .unit = unit[i],
                                                .firsts = i == 1 ? NULL : c->firsts,
                                                .owner = c->network.size / 2};
        if (i == 2)
            arrays[i].firsts = NULL;
    }
    diffmm__part_stream_begin(&peers, c->root, array_count, arrays, block, &stream);
    if (rank == c->root) {
        c->status[rank] = read_all(&stream, c);
        if (!stream.lost)
            c->status[rank] = diffmm__part_stream_drain(&stream);
        c->lost = stream.lost;
    } else {
        c->status[rank] = diffmm__part_stream_send(&stream);
    }
    if (c->status[rank])
        host.abandon((int32_t)c->status[rank], host.user_data);
    for (size_t i = 0; i < array_count; i++)
        free(made[i]);
    free(block);
    diffmm__peers_end(NULL, &peers);
    return 0;
}

static struct stream_case *case_begin(uint32_t size, size_t root, size_t read_of)
{
    struct stream_case *c = calloc(1, sizeof *c);
    network_begin(&c->network, size);
    c->root = root;
    c->read_of = read_of;
    c->got = malloc(all_bytes());
    /* Peer 1 has nothing; the last one's rows end before the arrays do. */
    for (size_t rank = 1; rank <= size; rank++)
        c->firsts[rank] = rank == 2 ? c->firsts[1] : 100 * rank;
    return c;
}

static void case_end(struct stream_case *c)
{
    network_end(&c->network);
    free(c->got);
    free(c);
}

static void expect_read(const struct stream_case *c)
{
    size_t place = 0, wrong = 0;
    for (size_t i = 0; i < array_count; i++)
        for (size_t at = 0; at < bytes_of(i) && place < c->read_of; at++)
            wrong += c->got[place++] != byte_at(i, at);
    ck_assert_uint_eq(wrong, 0);
    for (size_t rank = 0; rank < c->network.size; rank++)
        ck_assert_int_eq(c->status[rank], DIFFMM_OK);
}

START_TEST(all_arrive)
{
    for (uint32_t size = 1; size <= 4; size++)
        for (size_t root = 0; root < size; root++) {
            struct stream_case *c = case_begin(size, root, SIZE_MAX);
            ck_assert_uint_eq(together(size, take_part, c), 0);
            expect_read(c);
            case_end(c);
        }
}
END_TEST

/* A root that cannot write any more still receives what the others send. */
START_TEST(drained)
{
    const size_t ends[] = {0, 1, bytes_of(0), bytes_of(0) + bytes_of(1) + diffmm__byte_block};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct stream_case *c = case_begin(3, 0, ends[i]);
        ck_assert_uint_eq(together(3, take_part, c), 0);
        expect_read(c);
        ck_assert(!c->lost);
        case_end(c);
    }
}
END_TEST

START_TEST(lost)
{
    for (size_t fails_at = 1; fails_at <= 3; fails_at++) {
        struct stream_case *c = case_begin(3, 0, SIZE_MAX);
        c->network.ends[2].fails_at = fails_at;
        ck_assert_uint_eq(together(3, take_part, c), 0);
        ck_assert_int_eq(c->status[0], DIFFMM_ERROR_PEER);
        ck_assert_int_eq(c->status[2], DIFFMM_ERROR_PEER);
        ck_assert(c->lost);
        case_end(c);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {all_arrive, drained, lost};
    return run_tests("peers/part_stream", tests, sizeof tests / sizeof *tests) != 0;
}
