/* SPDX-License-Identifier: BSD-2-Clause */
/** @file peers.h
 *  One training on several processes, on one machine or on many, with the bits of one process.
 *
 *  The processes are called peers. Each has the whole data set, the same options and a trainer of
 *  its own, and calls diffmm_trainer_join(). From then on every call that trains shares the work of
 *  an epoch among the peers and ends with the same model on each, which is the model of a training
 *  without peers, bit by bit, however many there are. What one peer computes whole and the others
 *  receive: a modality's denoiser, the generated neighbours of a range of users, the ranking of a
 *  range of users. The recommender's batches are computed by every peer; with the option
 *  `peers.batches` they share these too: each has the rows of its users and of all items, and parts
 *  of InfoNCE. Sums over users are handed on from peer to peer. That moves megabytes a batch, by the
 *  number of items, and is faster only on a fast network; and a peer writes only to its users' rows
 *  of a batch's matrices and of the gradient, so that it takes less memory, where the context has no
 *  allocator of its own. With the option `peers.divide` it does not even keep other users' rows
 *  between batches and epochs: of the users' embeddings, their moments, the final embeddings and the
 *  best epoch each has its own users' rows, and each denoiser's moments are with the peer that trains
 *  it. Then models and checkpoints are written by diffmm_trainer_save_at() and
 *  diffmm_trainer_checkpoint_at(), which all peers call.
 *
 *  The library knows no network. Its host brings one function, which sends bytes to one peer and
 *  receives bytes from one; all that peers do together is made of it, in an order that does not
 *  depend on how the host does it. Peers make the same calls on their trainers in the same order.
 *
 *  Context and threads: the functions are called on the thread that called the library, never by
 *  two threads at once for one trainer. */
#ifndef DIFFMM_PEERS_H
#define DIFFMM_PEERS_H

#include <diffmm/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How this process reaches its peers. */
typedef struct diffmm_peers {
    size_t struct_size; /**< as for diffmm_context_settings */
    uint32_t rank;      /**< of this process: 0 .. size - 1, another one in each */
    uint32_t size;      /**< how many peers there are, this one counted */
    /** Sends bytes to one peer and receives bytes from one, which may be another; returns when both
     *  are done. The peers at the other ends make the matching calls: what one sends to another
     *  arrives whole and in the order of the calls.
     *  @param to             the peer to send to; -1: nothing is sent, and `send` is NULL
     *  @param send           borrowed during the call
     *  @param send_bytes     may be above 2^32
     *  @param from           the peer to receive from; -1: nothing is received, and `receive` is NULL
     *  @param receive        room for receive_bytes bytes
     *  @param receive_bytes  exactly what that peer sends
     *  @param user_data      the struct's
     *  @return 0; anything else: it failed, or took longer than the host waits. The call on the
     *          trainer then ends with DIFFMM_ERROR_PEER, and `exchange` is not called again before
     *          the next diffmm_trainer_join(). A host must have a deadline of its own: a peer that
     *          was killed or cut off may never answer. While they compute each for themselves, peers
     *          exchange a byte after every batch, so that none answers later than the others by
     *          much more than a batch takes; what a host does between two calls comes on top */
    int (*exchange)(int32_t to, const void *send, size_t send_bytes, int32_t from, void *receive,
                    size_t receive_bytes, void *user_data);
    /** Called once when this process leaves its peers because a call ended early: cancelled, out of
     *  memory, diverged, or after a failed exchange. The host should let the others know, so that
     *  their exchanges fail at once and not at the deadline; what this process has sent before should
     *  still arrive. It is not called where peers are found to differ, which all of them find alike,
     *  nor where a call is refused before it has begun, such as an epoch after the last one.
     *  NULL: they find out by their deadlines.
     *  @param status     what the call on the trainer returns
     *  @param user_data  the struct's */
    void (*abandon)(int32_t status, void *user_data);
    void *user_data; /**< passed to both; it must last until the trainer leaves or ends */
} diffmm_peers;

/** Share the training with peers from now on. Every peer makes this call, with a trainer in the
 *  same state: new, or resumed from the same checkpoint. They tell each other what they have;
 *  where version of the library, options, data or parameters differ, the call fails on every peer
 *  with DIFFMM_ERROR_PEER and a message that says what differs, and at whom. The options
 *  `memory_limit`, `seen`, `measure` and `measure.users` may differ.
 *
 *  A call that fails later with DIFFMM_ERROR_PEER names the peer and the phase. The trainer is then
 *  without peers, and as after a failed epoch; with `peers.batches`, it then has the embeddings of
 *  other peers' users, and the optimiser's moments of these, as they were when the epoch began. It
 *  may join again, with fewer peers, when each has resumed from the last checkpoint. Any of the
 *  peers may write checkpoints and models: they are equal, and equal to those of a training without peers, but for
 *  the seconds that phases took.
 *
 *  With `peers.divide`, a trainer that has joined has some users' rows from then on, with peers or
 *  without: what reads its model, trains it alone, writes it by itself or joins again is
 *  DIFFMM_ERROR_STATE. (diffmm_model_parameter() and diffmm_model_user_embeddings() still give
 *  pointers; rows of other users are 0, or old.)
 *
 *  A progress function is told of the steps of its own process.
 *  diffmm_trainer_fit_final() shares the final fit, too; the trainer that it gives has no peers, but
 *  with `peers.divide`, where it has those of the first trainer, whose `user_data` must last as long.
 *  That of diffmm_trainer_create_final() has none, unless it joins some.
 *
 *  A join that fails other than with DIFFMM_ERROR_INVALID_ARGUMENT or DIFFMM_ERROR_STATE leaves the
 *  trainer without peers.
 *  @param trainer  between two epochs; DIFFMM_ERROR_STATE from a callback of a call that trains it
 *  @param peers    copied; NULL: train without peers from now on; one alone calls nobody */
DIFFMM_API diffmm_status diffmm_trainer_join(diffmm_trainer *trainer, const diffmm_peers *peers);

/** diffmm_trainer_resume() and diffmm_trainer_join() in one call, which every peer makes. With the option
 *  `peers.divide` a peer reads its own users' rows alone, so that it does not take the memory of the whole
 *  training even for a moment.
 *  @param dataset  as for diffmm_trainer_resume()
 *  @param path     the same checkpoint at every peer, read by each
 *  @param options  as for diffmm_trainer_resume(). `peers.divide` is not part of a checkpoint: NULL leaves
 *                  it off
 *  @param peers    as for diffmm_trainer_join(). `abandon` is called where the call fails after these have
 *                  been read
 *  @param out      receives the trainer, which has joined */
DIFFMM_API diffmm_status diffmm_trainer_resume_peer(diffmm_dataset *dataset, const char *path,
                                                    const diffmm_options *options,
                                                    const diffmm_peers *peers,
                                                    diffmm_trainer **out);

/** Know beforehand what one of the peers will take, as diffmm_trainer_forecast() tells it of a process
 *  alone. Without the options `peers.batches` and `peers.divide` that is the same. With them a peer writes
 *  to the rows of its own users alone, so that peak_bytes are those that take real memory, where the
 *  context has no allocator of its own; the forecast is then an upper bound, which is near where
 *  `contrastive.negatives` draws nodes. A trainer of diffmm_trainer_resume() has all rows until it
 *  joins. FLOPs are those of the whole training.
 *  @param dataset  sealed by this call if it was not
 *  @param options  NULL: defaults
 *  @param rank     of the peer
 *  @param size     how many peers there are
 *  @param out      set struct_size */
DIFFMM_API diffmm_status diffmm_trainer_forecast_peer(diffmm_dataset *dataset,
                                                      const diffmm_options *options, size_t rank,
                                                      size_t size, diffmm_forecast *out);

/** Write the model of a training at one of its peers, as diffmm_model_save() does. Every peer makes this
 *  call, between two epochs or from the epoch callback of diffmm_trainer_fit(), with the same `rank`; and
 *  all return alike. With the option `peers.divide` this is the only way to the model, since each peer has
 *  the rows of its own users alone: the others send theirs in blocks, so that the writer needs memory for
 *  none but its own. The file has the bytes of a training without peers.
 *
 *  Where the file cannot be written, or a peer lacks the memory to begin, all peers return that error, and
 *  may go on training; the message names the peer. A peer that lacks memory in the midst of it leaves the
 *  others, and these return DIFFMM_ERROR_PEER, as they do where an exchange fails: the trainers are without
 *  peers then. DIFFMM_ERROR_STATE from a progress callback.
 *  @param trainer  with peers or without; in exclusive use
 *  @param rank     the peer that writes
 *  @param path     as for diffmm_model_save(); read by the writer, and may be NULL at the others */
DIFFMM_API diffmm_status diffmm_trainer_save_at(diffmm_trainer *trainer, size_t rank,
                                                const char *path);

/** Write a checkpoint of the training at one of its peers, as diffmm_trainer_checkpoint() does; all else as
 *  for diffmm_trainer_save_at(). Any number of processes may go on from it, with `peers.divide` or without.
 *  @param trainer  with peers or without; in exclusive use
 *  @param rank     the peer that writes
 *  @param path     as for diffmm_trainer_checkpoint(); read by the writer, and may be NULL at the others */
DIFFMM_API diffmm_status diffmm_trainer_checkpoint_at(diffmm_trainer *trainer, size_t rank,
                                                      const char *path);

#ifdef __cplusplus
}
#endif
#endif
