/* SPDX-License-Identifier: BSD-2-Clause */
/** @file trainer.h
 *  Training: all epochs, or one at a time with the host owning the loop.
 *
 *  One epoch (paper, algorithm 1): draw negatives; train every denoiser over all users (as often as
 *  the options `denoiser.passes` and, in the first epoch, `denoiser.warmup` say); generate every
 *  modality's graph (every `generate.every` epochs) and drop edges; one pass of BPR and contrastive
 *  training over all shuffled training pairs; evaluate. The same seed gives the same bits, whatever
 *  the number of threads.
 *
 *  A user who has touched every item has no negative: such a user's pairs are in the graph and in
 *  the denoisers' training, but not in BPR and contrastive training (a warning is logged); if no
 *  others are left, the recommender keeps its initial parameters.
 *
 *  DIFFMM_ERROR_STATE for a call that comes too early or too late; DIFFMM_CANCELLED where the host
 *  has stopped it; DIFFMM_ERROR_CALLBACK from feature loaders. Numbers that go wrong end in
 *  DIFFMM_ERROR_NUMERIC, with a message that names epoch, phase and quantity: losses, generated
 *  scores, gradients and embeddings that are not finite, and embeddings whose scores would not be.
 *  So a trained model always serves.
 *
 *  Context and threads: a trainer keeps its context; every call needs exclusive use, except
 *  diffmm_trainer_cancel(), which may come from any thread or a signal handler. Callbacks run on
 *  the thread that made the call. */
#ifndef DIFFMM_TRAINER_H
#define DIFFMM_TRAINER_H

#include <diffmm/measures.h>
#include <diffmm/metrics.h>
#include <diffmm/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A model in training. Opaque. */
typedef struct diffmm_trainer diffmm_trainer;

/** Where the time of an epoch went, in seconds. This struct never changes. */
typedef struct diffmm_seconds {
    double denoise;   /**< training the denoisers */
    double generate;  /**< reverse chains, top-k, graphs */
    double recommend; /**< negatives, BPR and contrastive training */
    double evaluate;  /**< forward pass and ranking */
} diffmm_seconds;

/** What an epoch did. Arrays are borrowed until the next epoch or the trainer's end. */
typedef struct diffmm_report {
    size_t struct_size;          /**< as for diffmm_context_settings */
    size_t epoch;                /**< 1 for the first */
    size_t best_epoch;           /**< the best so far by validation; 0 before any evaluation */
    int32_t finished;            /**< non-zero: all epochs done, or stopped early */
    int32_t reserved;            /**< 0 */
    diffmm_seconds seconds;      /**< by phase */
    diffmm_losses loss;          /**< means over the epoch's batches */
    size_t modality_count;       /**< M */
    const double *denoiser_loss; /**< per modality, means over batches */
    size_t cutoff_count;         /**< the option `cutoffs` */
    const diffmm_metrics *valid; /**< per cutoff, of users who have a training interaction; users =
                                      0 where there is none */
    const diffmm_metrics *test;  /**< the same of the test split */
    double counted_flops[4];     /**< FLOPs of matrix products by phase, counted from shapes */
    double straight_flops;       /**< the same for the whole epoch by the naive strategy */
    size_t loss_count;           /**< length of `losses` */
    const diffmm_loss *losses;   /**< every term of the objective (diffmm_model_loss_at()) as the
                                      mean over the epoch's batches; then, with diffusion,
                                      "denoiser.NAME" for each modality */
    size_t valid_cold_users;     /**< users of validation whom its metrics leave out, because they
                                      have no training interaction */
    size_t test_cold_users;      /**< the same of test */
    /** Measures of each modality's graph, on validation's held-out items, as of the last epoch that
     *  generated graphs (all 0 before any, also after a checkpoint was read, which does not have
     *  them); NULL where the option `measure` is off, or without diffusion. Agreement and
     *  similarity are those of `measure.users` users */
    const diffmm_graph_measures *const *graph_measures;
    /** The same of its denoiser, on as many users who have validation items, with the first cutoff;
     *  NULL unless `measure` is full */
    const diffmm_denoiser_measures *const *denoiser_measures;
} diffmm_report;

/** A phase of an epoch. Where graphs are kept from an earlier epoch, generating has no steps. */
typedef enum diffmm_phase {
    DIFFMM_PHASE_DENOISE = 0,   /**< a step is a batch of users of one modality in one pass */
    DIFFMM_PHASE_GENERATE = 1,  /**< a step is a block of users of one modality */
    DIFFMM_PHASE_RECOMMEND = 2, /**< a step is a batch of training pairs */
    DIFFMM_PHASE_EVALUATE = 3   /**< one step */
} diffmm_phase;

/** Where training stands. */
typedef struct diffmm_progress {
    size_t struct_size; /**< as for diffmm_context_settings */
    size_t epoch;       /**< 1 for the first */
    size_t epochs;      /**< of the whole training */
    diffmm_phase phase; /**< of this epoch */
    size_t done;        /**< steps of this phase so far */
    size_t total;       /**< steps of this phase */
} diffmm_progress;

/** Told after every epoch. Return 0 to go on, non-zero to stop (the fit ends with
 *  DIFFMM_CANCELLED, this epoch kept; after the last epoch there is nothing to stop). */
typedef int (*diffmm_epoch_function)(const diffmm_report *report, void *user_data);

/** Told after every step. Return 0 to go on, non-zero to stop: the epoch is abandoned, and
 *  the call returns DIFFMM_CANCELLED. */
typedef int (*diffmm_progress_function)(const diffmm_progress *progress, void *user_data);

/** What training will take. */
typedef struct diffmm_forecast {
    size_t struct_size; /**< as for diffmm_context_settings */
    size_t peak_bytes;  /**< memory of data set, trainer and matrix library at the most */
    double flops[4];    /**< matrix-product FLOPs of an epoch by phase (diffmm_phase), at most; the
                                mean over all epochs, where these are not alike */
    double straight_flops; /**< of a whole epoch, by the straightforward way */
} diffmm_forecast;

/** Know memory and work beforehand; allocates nothing large. What comes from the context's
 *  allocator (interactions, ids and features that the data set holds, the trainer with its
 *  evaluation on every thread, the graphs of two epochs) is told to within a twentieth, never too
 *  low; with it 9 MB for each thread's packing in the matrix library and 10 MB for code and stacks.
 *  Feature arrays that the host lends are the host's, and not counted. The option `memory_limit`
 *  makes diffmm_trainer_create() fail with DIFFMM_ERROR_NO_MEMORY, before it allocates, where
 *  peak_bytes exceeds it.
 *  @param dataset  sealed by this call if it was not
 *  @param options  NULL: defaults
 *  @param out      set struct_size */
DIFFMM_API diffmm_status diffmm_trainer_forecast(diffmm_dataset *dataset,
                                                 const diffmm_options *options,
                                                 diffmm_forecast *out);

/** Measure how long an epoch takes on this machine, with the context's threads as they are loaded
 *  now: some steps of each phase are run on a trainer that is thrown away, and the rest is taken to
 *  be like them. Needs the memory of diffmm_trainer_forecast(), and fails where
 *  diffmm_trainer_create() or the first steps would. The data set stays as it is, once sealed.
 *  @param dataset  sealed by this call if it was not
 *  @param options  NULL: defaults
 *  @param seconds  about how long to measure, above 0 and at most 3600: a quarter of it for each
 *                  phase, but at least three steps, of which one may take long where data are large
 *  @param out      receives the seconds of an epoch by phase, the mean over all epochs. They are an
 *                  estimate, and differ from call to call */
DIFFMM_API diffmm_status diffmm_trainer_measure(diffmm_dataset *dataset,
                                                const diffmm_options *options, double seconds,
                                                diffmm_seconds *out);

/** Create a trainer with a new model.
 *  @param dataset  sealed by this call if it was not; kept alive
 *  @param options  copied; NULL: defaults
 *  @param out      receives the trainer */
DIFFMM_API diffmm_status diffmm_trainer_create(diffmm_dataset *dataset,
                                               const diffmm_options *options, diffmm_trainer **out);

/** Create a trainer that goes on from a saved (or any other) model, also on a data set to which
 *  users, items and interactions were added since (diffmm_dataset_extend()):
 *  diffmm_trainer_create(), then diffmm_model_inherit(). Before the first epoch every inherited
 *  parameter has the bits of the model; rows of new users and items, and denoisers that the model
 *  does not have, are drawn as for a new one. Optimiser moments start at zero, epochs count from 1,
 *  and the seed means the same draws again: give another one if that is unwelcome.
 *  @param dataset  sealed by this call if it was not; kept alive
 *  @param options  copied; NULL: the model's. What shapes parameters (embedding_size, projections)
 *                  must be as in the model.
 *  @param model    borrowed during the call
 *  @param out      receives the trainer */
DIFFMM_API diffmm_status diffmm_trainer_create_from(diffmm_dataset *dataset,
                                                    const diffmm_options *options,
                                                    const diffmm_model *model,
                                                    diffmm_trainer **out);

/** Release; NULL is fine. From a callback of a call on it, it ends when that call returns: training
 *  stops at its next step, with DIFFMM_CANCELLED, and nobody is told of progress any more. */
DIFFMM_API void diffmm_trainer_destroy(diffmm_trainer *trainer);

/** Be told of every step; NULL: no longer. */
DIFFMM_API diffmm_status diffmm_trainer_on_progress(diffmm_trainer *trainer,
                                                    diffmm_progress_function function,
                                                    void *user_data);

/** Train one epoch. An epoch after the last is DIFFMM_ERROR_STATE. A cancelled or diverged epoch
 *  leaves parameters part of the way; the best epoch stays, and diffmm_trainer_restore_best() goes
 *  back to it. Training on repeats the epoch from where the parameters are. An epoch that lacks
 *  memory (DIFFMM_ERROR_NO_MEMORY) fails before it changes anything: called again, it gives the
 *  same bits.
 *  @param trainer  not finished
 *  @param report   set struct_size; or NULL */
DIFFMM_API diffmm_status diffmm_trainer_epoch(diffmm_trainer *trainer, diffmm_report *report);

/** Train until all epochs are done or none has been better for `patience` epochs
 *  (diffmm_trainer_best() says what is better), then restore the parameters of the best epoch by
 *  validation (however it ended, where there is one; only with DIFFMM_ERROR_NO_MEMORY are they left
 *  as after the last whole epoch, so that the call can be made again and end in the same bits).
 *  @param trainer    trains on from where it is
 *  @param on_epoch   or NULL
 *  @param user_data  passed to on_epoch */
DIFFMM_API diffmm_status diffmm_trainer_fit(diffmm_trainer *trainer, diffmm_epoch_function on_epoch,
                                            void *user_data);

/** Make the best epoch's recommender parameters and final embeddings the model's, as
 *  diffmm_trainer_fit() does at its end; denoisers and generated graphs stay those of the last
 *  epoch. DIFFMM_ERROR_STATE before any epoch. */
DIFFMM_API diffmm_status diffmm_trainer_restore_best(diffmm_trainer *trainer);

/** Create the trainer of a final fit: a new model, trained on the interactions of all splits
 *  together (one that is in two of them counts once), for as many epochs as diffmm_trainer_best()
 *  has chosen, with the other settings and the seed as they are. diffmm_trainer_fit() trains it as
 *  any other. Nothing is held out from it, so its epochs have no metrics: diffmm_trainer_best() of
 *  `trainer` has those that its number of epochs was chosen by. Its checkpoints cannot be resumed,
 *  since the joined data set is not the host's.
 *
 *  It begins anew, also where `trainer` went on from another model
 *  (diffmm_trainer_create_from()); then diffmm_model_inherit() gives its model the same beginning,
 *  as a warning in the log reminds.
 *  @param trainer  has trained an epoch, and something is held out from it: DIFFMM_ERROR_STATE
 *                  otherwise. It stays as it is, and may end before the other. Features that the
 *                  host has lent to its data set are read by both
 *  @param out      receives the final trainer, which takes the memory of another training, without
 *                  features */
DIFFMM_API diffmm_status diffmm_trainer_create_final(const diffmm_trainer *trainer,
                                                     diffmm_trainer **out);

/** The final fit in one call: diffmm_trainer_create_final(), then diffmm_trainer_fit(), shared among
 *  the peers of `trainer` if it has any (diffmm_trainer_join()), which all make this call. Meanwhile
 *  the progress function of `trainer` is told of the final epochs, and
 *  diffmm_trainer_cancel(trainer) stops them. What is stopped before the last epoch is no final
 *  fit: the call gives DIFFMM_CANCELLED, and no trainer. Where it fails after it has begun,
 *  `trainer` leaves its peers.
 *  @param trainer    as for diffmm_trainer_create_final(); to be cancelled at any time, and read,
 *                    but not trained or changed meanwhile
 *  @param on_epoch   told after every final epoch; or NULL
 *  @param user_data  passed to on_epoch
 *  @param out        receives the final trainer, which has finished: diffmm_trainer_model(*out) is
 *                    the final model, unless peers.h says otherwise */
DIFFMM_API diffmm_status diffmm_trainer_fit_final(diffmm_trainer *trainer,
                                                  diffmm_epoch_function on_epoch, void *user_data,
                                                  diffmm_trainer **out);

/** Ask a running epoch (or, between two, the next one) to stop at its next step; it returns
 *  DIFFMM_CANCELLED. From any thread or a signal handler. */
DIFFMM_API void diffmm_trainer_cancel(diffmm_trainer *trainer);

/** The best epoch so far with its metrics, per cutoff of the option `cutoffs`; DIFFMM_ERROR_STATE
 *  before any. Chosen by validation (by test, where `select` says so; by the one split that there
 *  is, where one is empty; the last epoch, where nothing is held out): the highest Recall at the
 *  first cutoff; of epochs where that is equal, the highest NDCG there, then the highest Recall and
 *  NDCG at each further cutoff in turn, then the lowest training loss, then the first. A cutoff
 *  that reaches all items a user has left to rank, where Recall is the same whatever the model, is
 *  warned of in the log when the trainer is made. Arrays are borrowed until the next epoch; each
 *  pointer may be NULL. */
DIFFMM_API diffmm_status diffmm_trainer_best(const diffmm_trainer *trainer, size_t *epoch,
                                             const diffmm_metrics **valid,
                                             const diffmm_metrics **test);

/** Where training stands: the report of the last epoch that came to its end, or that of a resumed
 *  training's last epoch before; epoch = 0 before any.
 *  @param trainer  not training at the moment
 *  @param out      set struct_size. Its arrays are borrowed until the next epoch. */
DIFFMM_API diffmm_status diffmm_trainer_report(const diffmm_trainer *trainer, diffmm_report *out);

/** Write a training checkpoint (safetensors): all that the rest of the training depends on. A
 *  training that goes on from it ends with the same bits as one that was never interrupted. A crash
 *  leaves the old file or the new one; what the path may be, diffmm_model_save() says. Tensors are
 *  written from where they are, so this takes no memory to speak of.
 *
 *  Between two epochs, or from the epoch callback of diffmm_trainer_fit(); DIFFMM_ERROR_STATE from
 *  a progress callback. It holds the trainer as it is: after an epoch that was cancelled or failed,
 *  parameters part of the way; after diffmm_trainer_fit() or diffmm_trainer_restore_best(), the
 *  best epoch's parameters, from which training would go on. So for the same bits as a longer
 *  training, write it before these. DIFFMM_ERROR_NUMERIC where training has diverged. */
DIFFMM_API diffmm_status diffmm_trainer_checkpoint(const diffmm_trainer *trainer, const char *path);

/** Write it into memory instead.
 *  @param trainer   read
 *  @param data      NULL: only its size is asked for; else the caller's `capacity` bytes
 *  @param capacity  fewer bytes than the checkpoint has are DIFFMM_ERROR_INVALID_ARGUMENT
 *  @param size      receives the size of the checkpoint, which changes from epoch to epoch */
DIFFMM_API diffmm_status diffmm_trainer_checkpoint_memory(const diffmm_trainer *trainer, void *data,
                                                          size_t capacity, size_t *size);

/** Create a trainer that goes on from a checkpoint, with any number of threads. The file is
 *  validated before it is used. Gradients (diffmm_parameter::gradient) are zero, and
 *  diffmm_trainer_on_progress() has to be told again. Unless `measure` is off, the last graphs are
 *  generated again, since the next ones are compared with them: the time of that phase.
 *  @param dataset  the one the training was begun with (or an equal one): counts, interactions,
 *                  modalities and features are compared, ids are not; sealed by this call if it was
 *                  not; kept alive
 *  @param path     the checkpoint
 *  @param options  copied; NULL: those of the checkpoint. `epochs`, `patience`, `memory_limit`,
 *                  `seen`, `measure` and `measure.users` may differ from these, and a finished training goes on where they allow;
 *                  any other difference is DIFFMM_ERROR_INVALID_ARGUMENT
 *  @param out      receives the trainer */
DIFFMM_API diffmm_status diffmm_trainer_resume(diffmm_dataset *dataset, const char *path,
                                               const diffmm_options *options, diffmm_trainer **out);

/** The same for a checkpoint that is in memory.
 *  @param dataset  as for diffmm_trainer_resume()
 *  @param data     the checkpoint, borrowed during the call
 *  @param size     its bytes
 *  @param options  as for diffmm_trainer_resume()
 *  @param out      receives the trainer */
DIFFMM_API diffmm_status diffmm_trainer_resume_memory(diffmm_dataset *dataset, const void *data,
                                                      size_t size, const diffmm_options *options,
                                                      diffmm_trainer **out);

/** The training pairs of an epoch in random order, each with a negative: an item that the user has
 *  not touched in training, drawn uniformly. For training loops of one's own; with the option
 *  `seed` and epochs from 1 on they are those of a trainer. Pairs of a user who has touched every
 *  item are left out.
 *  @param dataset   sealed
 *  @param seed      with epoch it gives pairs, order and negatives
 *  @param epoch     below 2^32
 *  @param user      room for diffmm_dataset_interactions(dataset, DIFFMM_TRAIN) numbers
 *  @param positive  likewise
 *  @param negative  likewise
 *  @param count     how many pairs were written */
DIFFMM_API diffmm_status diffmm_sample_pairs(const diffmm_dataset *dataset, uint64_t seed,
                                             uint64_t epoch, int32_t *user, int32_t *positive,
                                             int32_t *negative, size_t *count);

/** The model in training, borrowed until the trainer ends. It may be read, and used in every other
 *  way (views, objective, parameters set by hand), while no call on the trainer runs: within one,
 *  from its callbacks, that is DIFFMM_ERROR_STATE, and it may be read only. */
DIFFMM_API diffmm_model *diffmm_trainer_model(const diffmm_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
