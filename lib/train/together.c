/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/together.h"

#include "base/status.h"
#include "train/join.h"

diffmm_status diffmm__together_check(const diffmm_trainer *trainer, const char *what)
{
    if (!trainer)
        return diffmm__null("trainer");
    if (trainer->within)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "trainer: epoch %zu is running; there are %s between epochs",
                            trainer->epoch + 1, what);
    if (trainer->lends_peers)
        return diffmm__fail(
            DIFFMM_ERROR_STATE,
            "trainer: its peers are at the final fit; there are no %s of it meanwhile", what);
    return diffmm__trainer_check_peers(trainer);
}

diffmm_status diffmm__together_ready(const diffmm_trainer *trainer, size_t rank, const char *path)
{
    const struct diffmm__peers *peers = &trainer->peers;
    if (rank >= peers->size)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "rank is %zu, but there are %zu peers",
                            rank, peers->size);
    return peers->rank == rank && !path ? diffmm__null("path") : DIFFMM_OK;
}

diffmm_status diffmm__together_failed(diffmm_trainer *trainer, const char *kind,
                                      diffmm_status status)
{
    status = diffmm__fail(status, "writing %s: %s", kind, diffmm_error_message());
    diffmm__join_leave(trainer, status);
    return status;
}

/* Other failures are all peers'. */
static diffmm_status conclude(diffmm_trainer *trainer, const char *kind, diffmm_status status)
{
    return status == DIFFMM_ERROR_PEER ? diffmm__together_failed(trainer, kind, status) : status;
}

/* A file's kind and writer as one word. */
static uint64_t word_of(const char *kind, size_t writer)
{
    uint64_t word = writer;
    for (; *kind; kind++)
        word = word * 31 + (unsigned char)*kind;
    return word;
}

diffmm_status diffmm__together_begin(diffmm_trainer *trainer, const char *kind, size_t writer,
                                     diffmm_status ready)
{
    struct diffmm__peers *peers = &trainer->peers;
    diffmm_status status = diffmm__peers_conclude(peers, ready);
    if (status || peers->size == 1)
        return conclude(trainer, kind, status);
    peers->words[peers->rank] = word_of(kind, writer);
    status = diffmm__peers_gather(peers, peers->words, sizeof *peers->words,
                                  peers->size * sizeof *peers->words);
    for (size_t peer = 1; peer < peers->size && !status; peer++)
        if (peers->words[peer] != peers->words[0])
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "rank: peer %zu wants another file than peer 0, or another writer",
                                peer);
    return conclude(trainer, kind, status);
}

diffmm_status diffmm__together_write(diffmm_trainer *trainer, const struct diffmm__together *file,
                                     diffmm_status ready)
{
    const struct diffmm__peers *peers = &trainer->peers;
    struct diffmm__part_stream stream;
    unsigned char *block = ready ? NULL : diffmm__allocate(trainer->context, diffmm__byte_block, 1);
    if (!ready && !block)
        ready = DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = diffmm__together_begin(trainer, file->kind, file->writer, ready);
    if (status) {
        diffmm__release(trainer->context, block);
        return status;
    }
    diffmm__part_stream_begin(peers, file->writer, file->count, file->arrays, block, &stream);
    diffmm_status written = DIFFMM_OK;
    if (peers->rank != file->writer) {
        status = diffmm__part_stream_send(&stream);
    } else {
        written = file->write(file->argument, file->count > 0 ? &stream.source : NULL);
        const struct diffmm__error_text said = diffmm__error_text_keep();
        status = stream.lost ? DIFFMM_ERROR_PEER : diffmm__part_stream_drain(&stream);
        if (written)
            diffmm__error_text_restore(&said);
    }
    diffmm__release(trainer->context, block);
    return conclude(trainer, file->kind, status ? status : diffmm__peers_conclude(peers, written));
}
