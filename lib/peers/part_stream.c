/* SPDX-License-Identifier: BSD-2-Clause */
#include "peers/part_stream.h"

#include <string.h>

#include "base/sizes.h"

static size_t bytes_of(const struct diffmm__part_array *array)
{
    return array->units * array->unit;
}

/* Where the part of a peer begins and ends, in bytes. */
static size_t begin_of(const struct diffmm__part_array *array, size_t rank)
{
    if (array->firsts)
        return array->firsts[rank] * array->unit;
    return rank <= array->owner ? 0 : bytes_of(array);
}

static size_t end_of(const struct diffmm__part_stream *stream,
                     const struct diffmm__part_array *array, size_t rank)
{
    return rank + 1 < stream->peers->size ? begin_of(array, rank + 1) : bytes_of(array);
}

/* What lies from `at` on, in one block and with one peer, and ends before `end`. */
static size_t piece_from(size_t at, size_t end)
{
    return diffmm__size_lesser(end, (at / diffmm__byte_block + 1) * diffmm__byte_block) - at;
}

/* The peer that has byte `at`: parts are contiguous, in the order of ranks. */
static size_t rank_of(const struct diffmm__part_stream *stream,
                      const struct diffmm__part_array *array, size_t at)
{
    size_t rank = 0;
    while (end_of(stream, array, rank) <= at)
        rank++;
    return rank;
}

/* The next bytes of the array that is read now, all with one peer. */
static diffmm_status read_piece(struct diffmm__part_stream *stream, size_t rank, size_t bytes,
                                unsigned char *to)
{
    const struct diffmm__part_array *array = &stream->arrays[stream->array];
    const struct diffmm__message nothing = {.bytes = 0}, in = {rank, bytes, to};
    if (rank == stream->root)
        memcpy(to, (const unsigned char *)array->data + stream->done, bytes);
    else if (diffmm__peers_exchange(stream->peers, &nothing, &in)) {
        stream->lost = true;
        return DIFFMM_ERROR_PEER;
    }
    stream->done += bytes;
    return DIFFMM_OK;
}

static void skip_finished(struct diffmm__part_stream *stream)
{
    while (stream->array < stream->count &&
           stream->done == bytes_of(&stream->arrays[stream->array])) {
        stream->array++;
        stream->done = 0;
    }
}

static diffmm_status read(void *state, size_t bytes, void *to)
{
    struct diffmm__part_stream *stream = state;
    unsigned char *place = to;
    while (bytes > 0) {
        skip_finished(stream);
        const struct diffmm__part_array *array = &stream->arrays[stream->array];
        size_t rank = rank_of(stream, array, stream->done);
        size_t piece =
            diffmm__size_lesser(bytes, piece_from(stream->done, end_of(stream, array, rank)));
        diffmm_status status = read_piece(stream, rank, piece, place);
        if (status)
            return status;
        place += piece;
        bytes -= piece;
    }
    return DIFFMM_OK;
}

void diffmm__part_stream_begin(const struct diffmm__peers *peers, size_t root, size_t count,
                               const struct diffmm__part_array *arrays, unsigned char *block,
                               struct diffmm__part_stream *out)
{
    *out = (struct diffmm__part_stream){.peers = peers,
                                        .root = root,
                                        .arrays = arrays,
                                        .count = count,
                                        .block = block,
                                        .source = {.read = read, .state = out}};
}

/* An array's part goes through the scratch block, since a message's bytes may be written to. */
static diffmm_status send_array(const struct diffmm__part_stream *stream,
                                const struct diffmm__part_array *array)
{
    const struct diffmm__message nothing = {.bytes = 0};
    size_t rank = stream->peers->rank, at = begin_of(array, rank),
           end = end_of(stream, array, rank);
    diffmm_status status = DIFFMM_OK;
    for (size_t piece; at < end && !status; at += piece) {
        piece = piece_from(at, end);
        memcpy(stream->block, (const unsigned char *)array->data + at, piece);
        const struct diffmm__message out = {stream->root, piece, stream->block};
        status = diffmm__peers_exchange(stream->peers, &out, &nothing);
    }
    return status;
}

diffmm_status diffmm__part_stream_send(const struct diffmm__part_stream *stream)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < stream->count && !status; i++)
        status = send_array(stream, &stream->arrays[i]);
    return status;
}

diffmm_status diffmm__part_stream_drain(struct diffmm__part_stream *stream)
{
    diffmm_status status = DIFFMM_OK;
    while (!status && (skip_finished(stream), stream->array < stream->count)) {
        size_t end = bytes_of(&stream->arrays[stream->array]);
        status = read(stream, piece_from(stream->done, end), stream->block);
    }
    return status;
}
