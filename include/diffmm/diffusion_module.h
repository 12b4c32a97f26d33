/* SPDX-License-Identifier: BSD-2-Clause */
/** @file diffusion_module.h
 *  The diffusion of one modality as a handle: noise schedule, denoiser, optimiser.
 *
 *  A module learns to restore rows of interactions from noise (diffusion.h has each term), and then
 *  generates new entries for a row. It can be trained in the host's own loop:
 *
 *      diffmm_diffusion_create(context, items, options, seed, &module);
 *      for each epoch, for each batch of users
 *          diffmm_diffusion_step(module, &batch, &losses);
 *      diffmm_diffusion_generate(module, &batch, 10, neighbors, scores);
 *
 *  A module reads the options of the diffusion: steps (T), noise_scale, noise_min, noise_max,
 *  beta_fixed, norm, hidden_sizes, time_embedding_size, dropout, e_loss, denoiser_learning_rate,
 *  sampling_steps, sampling_noise, denoiser.kind, denoiser.rank, denoiser.target, generate.unseen;
 *  and batch, the most users of a training step.
 *
 *  A denoiser is of one of two kinds. The full one (`denoiser.kind` is full, the published method)
 *  sees and predicts rows over all items. The spectral one works in the coordinates of a fixed
 *  orthonormal basis B of the rows, items x rank, which diffmm_spectral_basis_with() computes from
 *  interactions and features:
 *
 *      z0 = B^T x0,    x_hat = B z_hat(z_t, t).
 *
 *  Its parameters and its work do not grow with the items, but for B itself. Its losses are those
 *  of x_hat over all items, exactly. Noise is drawn in the coordinates: with dropout rate rho,
 *
 *      z_t = sqrt(abar_t) / (1 - rho) sum_{i in x0, kept} x0_i B_i
 *            + sqrt((1 - abar_t) / (1 - rho)) noise,
 *
 *  whose noise has the covariance of the full denoiser's, projected. Every function takes and gives
 *  rows over the items for either kind, but `noise`, which has one column for each coordinate, and
 *  the parameters.
 *
 *  Random draws are functions of the seed, the batch's epoch and the number of the row, so that
 *  neither the order of rows nor the division into batches changes them, and no generator has a
 *  state that must be saved. Results are the same bits with any number of threads.
 *
 *  Errors: DIFFMM_ERROR_NUMERIC for numbers or losses that are not finite; DIFFMM_ERROR_NOT_FOUND
 *  for the name of no parameter; DIFFMM_ERROR_IO, DIFFMM_ERROR_FORMAT, DIFFMM_ERROR_VERSION for
 *  files.
 *
 *  Context and threads: a module keeps its context; a const module may be used by any number of
 *  threads at once, every other call needs exclusive use. */
#ifndef DIFFMM_DIFFUSION_MODULE_H
#define DIFFMM_DIFFUSION_MODULE_H

#include <diffmm/diffusion.h>
#include <diffmm/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Schedule, denoiser and optimiser state of one modality's diffusion. Opaque. */
typedef struct diffmm_diffusion diffmm_diffusion;

/** A batch of users to train on, or to generate for. Everything is borrowed during the call.
 *
 *  The interactions of all users are one sparse matrix, from which `row_numbers` selects the
 *  users of the batch. Random draws may be given as arrays with one row for each user of the
 *  batch; those that are NULL are the module's own. Each function names the members it reads,
 *  and ignores all others. */
typedef struct diffmm_diffusion_batch {
    size_t struct_size; /**< as for diffmm_context_settings */

    size_t users;                /**< rows of the sparse matrix */
    const int64_t *row_pointers; /**< users + 1: where the entries of each row begin */
    const int32_t *row_items;    /**< the items of each row, ascending, none twice */
    const float *row_values;     /**< their values, finite; NULL: all 1 */

    size_t rows;                /**< users of the batch, B; 0: all */
    const int32_t *row_numbers; /**< B numbers below `users`; NULL: 0, 1, .. B - 1 */

    uint64_t epoch;     /**< own draws: of this epoch, below 2^32; 0 is an epoch like any other */
    const int32_t *t;   /**< B steps, each below T; NULL: drawn */
    const float *noise; /**< B x items (spectral: B x rank) standard normal draws; NULL: drawn */
    const float *dropout_scale; /**< B x items factors; NULL: drawn, by the option `dropout` */

    size_t d;                    /**< columns of the following two; 0: no MSI term */
    const float *features;       /**< items x d, the modality's projected features, constant */
    const float *item_embedding; /**< items x d, constant */
    double e_loss;               /**< weight of MSI; 0: the option `e_loss` */
} diffmm_diffusion_batch;

/** Losses of a batch, means over its users. This struct never changes. */
typedef struct diffmm_diffusion_losses {
    double total; /**< elbo + e_loss * msi (paper, equation 11) */
    double elbo;  /**< diffmm_elbo() */
    double msi;   /**< diffmm_msi(), not weighted */
} diffmm_diffusion_losses;

/** Memory and FLOPs of a module. */
typedef struct diffmm_diffusion_needs {
    size_t struct_size;    /**< as for diffmm_context_settings */
    size_t parameters;     /**< floats of all parameters together */
    size_t module_bytes;   /**< memory of the module: parameters and their two moments */
    size_t training_bytes; /**< in addition, from the first batch on: the workspace of training */
    size_t generate_bytes; /**< in addition, during diffmm_diffusion_generate() for all users */
    double step_flops;     /**< matrix-product FLOPs of a step with a full batch */
    double generate_flops; /**< of generating for all users */
} diffmm_diffusion_needs;

/** Forecasts a module's memory and FLOPs, without allocating anything large.
 *  @param context  the module's; each of its threads has a tile of the gradient
 *  @param items    I
 *  @param users    rows of the matrix; their neighbours are generated in one call, `rebuild_k` each
 *  @param entries  the most interactions that a batch has; those of all users are a bound
 *  @param options  as for diffmm_diffusion_create(); MSI has embedding_size columns, or none if
 *                  diffusion.msi is false
 *  @param out      receives the forecast */
DIFFMM_API diffmm_status diffmm_diffusion_forecast(diffmm_context *context, size_t items,
                                                   size_t users, size_t entries,
                                                   const diffmm_options *options,
                                                   diffmm_diffusion_needs *out);

/** Creates a module with initial parameters (diffmm_denoiser_initialize()).
 *  @param context  kept alive
 *  @param items    I, the length of a row
 *  @param options  copied; NULL: defaults. Where denoiser.kind is spectral, the call fails: such a
 *                  module is made by diffmm_diffusion_create_spectral()
 *  @param seed     of initial values and draws, below 2^63; in place of the option `seed`
 *  @param out      receives the module; release with diffmm_diffusion_destroy() */
DIFFMM_API diffmm_status diffmm_diffusion_create(diffmm_context *context, size_t items,
                                                 const diffmm_options *options, uint64_t seed,
                                                 diffmm_diffusion **out);

/** Creates a module whose denoiser is spectral, in the basis that is given; denoiser.kind and
 *  denoiser.rank become those of the basis. denoiser.rows = normalized and denoiser.linear, which
 *  are computed from all training rows, are for the modules of a trainer's model, and refused here:
 *  weight row_values instead.
 *  @param context  kept alive
 *  @param items    I, the length of a row
 *  @param rank     columns of the basis, at most I
 *  @param basis    I x rank, copied; its columns must be orthonormal, within 1e-3:
 *                  DIFFMM_ERROR_INVALID_ARGUMENT otherwise
 *  @param options  copied; NULL: defaults
 *  @param seed     as for diffmm_diffusion_create()
 *  @param out      receives the module; release with diffmm_diffusion_destroy() */
DIFFMM_API diffmm_status diffmm_diffusion_create_spectral(diffmm_context *context, size_t items,
                                                          size_t rank, const float *basis,
                                                          const diffmm_options *options,
                                                          uint64_t seed, diffmm_diffusion **out);

/** The basis of a module whose denoiser is spectral, I x rank, borrowed until the module ends.
 *  @param module  read
 *  @param rank    receives the columns, 0 where there is no basis; or NULL
 *  @return NULL where there is no basis: the denoiser is a full one */
DIFFMM_API const float *diffmm_diffusion_basis(const diffmm_diffusion *module, size_t *rank);

/** The module of one of a model's modalities, to inspect, to generate with, or to copy. Borrowed
 *  until the model ends. Only the model's trainer trains it: to train it otherwise, copy it.
 *  @return NULL if the model has no such modality or no denoisers (only a trainer's model has) */
DIFFMM_API const diffmm_diffusion *diffmm_model_diffusion(const diffmm_model *model,
                                                          const char *modality);

/** Copies a module with all its state, the streams of its draws included. The copy is the caller's
 *  and does not depend on the module. */
DIFFMM_API diffmm_status diffmm_diffusion_copy(const diffmm_diffusion *module,
                                               diffmm_diffusion **out);

/** Copies a module whose denoiser is spectral, with further items, which training has not seen:
 *  their rows of the basis, as diffmm_spectral_basis_place_with() finds them from features, follow
 *  those of the items that it has. So the new items can be generated for every user. The columns
 *  of the basis are then no longer exactly orthonormal: a step on the copy would learn from losses
 *  that are only near those over all items.
 *  @param module  read; DIFFMM_ERROR_STATE where its denoiser is a full one
 *  @param count   of new items, at least 1
 *  @param rows    count x rank, finite; copied
 *  @param out     receives the copy, with items I to I + count - 1 */
DIFFMM_API diffmm_status diffmm_diffusion_extend(const diffmm_diffusion *module, size_t count,
                                                 const float *rows, diffmm_diffusion **out);

/** Releases a module; NULL is fine. Not for a module borrowed from a model. */
DIFFMM_API void diffmm_diffusion_destroy(diffmm_diffusion *module);

DIFFMM_API size_t diffmm_diffusion_items(const diffmm_diffusion *module); /**< I */

/** The number of optimiser steps taken. */
DIFFMM_API uint64_t diffmm_diffusion_steps(const diffmm_diffusion *module);

/** The noise schedule; borrowed until the module ends. */
DIFFMM_API const diffmm_schedule *diffmm_diffusion_schedule(const diffmm_diffusion *module);

/** The settings, with the module's seed; borrowed until the module ends. */
DIFFMM_API const diffmm_options *diffmm_diffusion_options(const diffmm_diffusion *module);

/** The number of parameters: 2 + 4 times the number of hidden layers. */
DIFFMM_API size_t diffmm_diffusion_parameters(const diffmm_diffusion *module);

/** Parameter number `index`, by the names of diffmm_denoiser_parameter(). All parameters stand in
 *  one array in the order of their numbers; `gradient` is NULL. */
DIFFMM_API diffmm_status diffmm_diffusion_parameter_at(const diffmm_diffusion *module, size_t index,
                                                       diffmm_parameter *out);

/** A parameter by name. */
DIFFMM_API diffmm_status diffmm_diffusion_parameter(const diffmm_diffusion *module,
                                                    const char *name, diffmm_parameter *out);

/** Overwrites a parameter: rows x columns must be its shape, and values finite. The optimiser's
 *  moments stay as they are. */
DIFFMM_API diffmm_status diffmm_diffusion_set_parameter(diffmm_diffusion *module, const char *name,
                                                        size_t rows, size_t columns,
                                                        const float *values);

/** Takes one step of Adam on the batch's loss, ELBO + e_loss * MSI.
 *  Where the loss is not finite, no parameter changes and no step is counted.
 *  @param module  receives the step
 *  @param batch   of at most as many users as the option `batch`
 *  @param losses  before the step; or NULL */
DIFFMM_API diffmm_status diffmm_diffusion_step(diffmm_diffusion *module,
                                               const diffmm_diffusion_batch *batch,
                                               diffmm_diffusion_losses *losses);

/** Losses and gradients of a batch, without a step: for a host that has its own optimiser.
 *  @param module    its workspace is used
 *  @param batch     as for diffmm_diffusion_step()
 *  @param losses    or NULL
 *  @param gradient  of all parameters, in the order of their numbers; overwritten; or NULL */
DIFFMM_API diffmm_status diffmm_diffusion_objective(diffmm_diffusion *module,
                                                    const diffmm_diffusion_batch *batch,
                                                    diffmm_diffusion_losses *losses,
                                                    float *gradient);

/** The batch's rows with noise: q_sample (paper, equation 2), at its steps t.
 *  @param module  gives the schedule
 *  @param batch   rows, epoch, t, noise
 *  @param x_t     B x items */
DIFFMM_API diffmm_status diffmm_diffusion_corrupt(const diffmm_diffusion *module,
                                                  const diffmm_diffusion_batch *batch, float *x_t);

/** The denoiser's prediction x_hat(x, t) of clean rows; nothing is dropped.
 *  @param module  read
 *  @param rows    number of rows
 *  @param x       rows x items, finite
 *  @param t       `rows` steps, each below T
 *  @param x_hat   rows x items */
DIFFMM_API diffmm_status diffmm_diffusion_denoise(const diffmm_diffusion *module, size_t rows,
                                                  const float *x, const int32_t *t, float *x_hat);

/** Runs the reverse chain on the batch's rows (paper, equations 4 to 6; diffmm_reverse_chain()), as
 *  the options sampling_steps and sampling_noise say. The result's entries are scores: DiffRec
 *  ranks a user's items by them.
 *  @param module  read
 *  @param batch   rows, epoch, noise: blocks of B x items as for diffmm_reverse_chain(), or NULL
 *  @param x       B x items */
DIFFMM_API diffmm_status diffmm_diffusion_reverse(const diffmm_diffusion *module,
                                                  const diffmm_diffusion_batch *batch, float *x);

/** Generates neighbours: the items with the largest entries of the reverse chain's result,
 *  largest first, ties by lower item. The rows may be of users that the module has never seen;
 *  items that a row already has may be generated again, unless the option generate.unseen leaves
 *  them out. The strategy is the cheapest for that
 *  many users; a block of them is generated at a time.
 *  @param module  read
 *  @param batch   as for diffmm_diffusion_reverse()
 *  @param count   neighbours of each user, at most I
 *  @param items   B x count; -1 where fewer entries are numbers
 *  @param scores  B x count, the entries themselves, NAN beside -1; or NULL */
DIFFMM_API diffmm_status diffmm_diffusion_generate(const diffmm_diffusion *module,
                                                   const diffmm_diffusion_batch *batch,
                                                   size_t count, int32_t *items, float *scores);

/** Writes the whole module (safetensors): parameters, moments, basis, steps, options. A module that
 *  is read back continues training with the same bits. After a crash, the file is the old one or
 *  the new one. */
DIFFMM_API diffmm_status diffmm_diffusion_save(const diffmm_diffusion *module, const char *path);

/** Writes the same file into memory.
 *  @param module    read
 *  @param data      receives the file, `capacity` bytes; NULL: only `size` is wanted
 *  @param capacity  if it is less than the file's size: DIFFMM_ERROR_INVALID_ARGUMENT
 *  @param size      receives the size of the file */
DIFFMM_API diffmm_status diffmm_diffusion_save_memory(const diffmm_diffusion *module, void *data,
                                                      size_t capacity, size_t *size);

/** Reads a module that diffmm_diffusion_save() wrote. */
DIFFMM_API diffmm_status diffmm_diffusion_load(diffmm_context *context, const char *path,
                                               diffmm_diffusion **out);

/** Reads a module file in memory.
 *  @param context  kept alive
 *  @param data     the file, borrowed during the call
 *  @param size     its bytes
 *  @param out      receives the module */
DIFFMM_API diffmm_status diffmm_diffusion_load_memory(diffmm_context *context, const void *data,
                                                      size_t size, diffmm_diffusion **out);

#ifdef __cplusplus
}
#endif
#endif
