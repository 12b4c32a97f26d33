/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that the peers of a training write together: one of them writes, the others send what they alone
 * have. */
#ifndef DIFFMM_TRAIN_TOGETHER_H
#define DIFFMM_TRAIN_TOGETHER_H

#include "peers/part_stream.h"
#include "train/trainer.h"

struct diffmm__together {
    const char *kind; /* "a checkpoint", .. */
    size_t writer;    /* a rank */
    size_t count;     /* of the arrays that peers have parts of, in the order of the file */
    const struct diffmm__part_array *arrays;
    /* What the writer does. `divided` gives these arrays. */
    diffmm_status (*write)(void *argument, const struct diffmm__byte_source *divided);
    void *argument;
};

/* What the peers need not be told: there are no files within an epoch, and none of a model whose other rows
 * are lost with the peers. `what` are the files, in messages. */
diffmm_status diffmm__together_check(const diffmm_trainer *trainer, const char *what);

/* What they are told: whether there is such a rank, and this peer, if it writes, has a path. */
diffmm_status diffmm__together_ready(const diffmm_trainer *trainer, size_t rank, const char *path);

/* Whether the peers want the same file, and are all able to begin: `ready` is how this one has fared in
 * preparing it. All return alike. The trainer leaves its peers, here and below, where an exchange fails. */
diffmm_status diffmm__together_begin(diffmm_trainer *trainer, const char *kind, size_t writer,
                                     diffmm_status ready);

/* What a failure of an exchange, or another one that this peer alone has had since they began, comes to:
 * the trainer leaves its peers. Returns `status`, whose message then names the file. */
diffmm_status diffmm__together_failed(diffmm_trainer *trainer, const char *kind,
                                      diffmm_status status);

/* Begins, and writes it. Where writing fails, all peers return what the writer has to say, and nothing else
 * has changed. */
diffmm_status diffmm__together_write(diffmm_trainer *trainer, const struct diffmm__together *file,
                                     diffmm_status ready);

#endif
