/* SPDX-License-Identifier: BSD-2-Clause */
/** @file model.h
 *  The recommender: parameters, multi-modal graph aggregation, objective, files.
 *
 *  Parameters have names:
 *  - user_embedding (U x d), item_embedding (I x d), modality_logits (M x 1)
 *  - modality.NAME.projection.weight (D x d where leaky, d x D where linear), and where linear
 *    modality.NAME.projection.bias (d x 1)
 *  - denoiser.NAME.time.weight, denoiser.NAME.encoder.0.bias, .. (see diffusion.h), in a model
 *    that has its denoisers (a trainer's; not one loaded from a model file)
 *
 *  DIFFMM_ERROR_NOT_FOUND for an unknown parameter, modality or loss; DIFFMM_ERROR_STATE for a
 *  model that was loaded and cannot train; DIFFMM_ERROR_NUMERIC for values that are not finite;
 *  DIFFMM_ERROR_IO, DIFFMM_ERROR_FORMAT, DIFFMM_ERROR_VERSION for files; DIFFMM_ERROR_CALLBACK from
 *  feature loaders.
 *
 *  Final embeddings are those of the last forward pass. Once parameters or a graph have changed,
 *  the epoch and metrics that the model was marked with are forgotten, and whatever is made from
 *  the model (a file, a scorer, a placer) takes embeddings of the present parameters, for which it
 *  computes a forward pass in memory of its own. A loaded model cannot compute: its embeddings stay
 *  those of its file, and a warning is logged.
 *
 *  Context and threads: a model keeps its context; a const model may be read by any number of
 *  threads at once, every other call needs exclusive use. */
#ifndef DIFFMM_MODEL_H
#define DIFFMM_MODEL_H

#include <diffmm/contrastive.h>
#include <diffmm/dataset.h>
#include <diffmm/graph.h>
#include <diffmm/options.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A recommender's parameters and the embeddings computed from them. Opaque. */
typedef struct diffmm_model diffmm_model;

/** One parameter, in place. */
typedef struct diffmm_parameter {
    size_t struct_size;  /**< as for diffmm_context_settings */
    const char *name;    /**< borrowed until the model ends */
    size_t rows;         /**< of the matrix */
    size_t columns;      /**< 1 for a vector */
    const float *values; /**< rows x columns, borrowed until the model ends; they train */
    /** of the last diffmm_model_objective() (0 before), or NULL. Once peers have shared batches, it has
     *  the rows of this peer's users alone, and of all items */
    const float *gradient;
} diffmm_parameter;

/** Create a model with initial parameters drawn from the options' seed, of the data set's modalities
 *  whose setting modality.NAME.enabled is true. There may be none: the model is then its
 *  collaborative part alone, V = A [E_U; 0] + A [users of A [E_U; 0]; E_I] without
 *  terms of modalities.
 *  Until a modality's generated graph is set, it is the normalised adjacency of no pairs
 *  (self loops only).
 *  @param dataset  sealed by this call if it was not; kept alive
 *  @param options  copied; NULL: defaults
 *  @param out      receives the model */
DIFFMM_API diffmm_status diffmm_model_create(diffmm_dataset *dataset, const diffmm_options *options,
                                             diffmm_model **out);

/** Release; NULL is fine. A model borrowed from a trainer stays, and ends with that. */
DIFFMM_API void diffmm_model_destroy(diffmm_model *model);

DIFFMM_API size_t diffmm_model_users(const diffmm_model *model);      /**< U */
DIFFMM_API size_t diffmm_model_items(const diffmm_model *model);      /**< I */
DIFFMM_API size_t diffmm_model_dimensions(const diffmm_model *model); /**< d */
DIFFMM_API size_t diffmm_model_modalities(const diffmm_model *model); /**< M */

/** Name of modality `index`; NULL if there are not so many. Borrowed until the model ends. */
DIFFMM_API const char *diffmm_model_modality_name(const diffmm_model *model, size_t index);

/** softmax(modality_logits): M weights that sum to 1, in the order of the modalities.
 *  @param model    read
 *  @param weights  room for M */
DIFFMM_API diffmm_status diffmm_model_modality_weights(const diffmm_model *model, float *weights);

/** The settings the model was made with; borrowed until the model ends. */
DIFFMM_API const diffmm_options *diffmm_model_options(const diffmm_model *model);

/** How many parameters there are. */
DIFFMM_API size_t diffmm_model_parameters(const diffmm_model *model);

/** Parameter number `index`. */
DIFFMM_API diffmm_status diffmm_model_parameter_at(const diffmm_model *model, size_t index,
                                                   diffmm_parameter *out);

/** A parameter by name. */
DIFFMM_API diffmm_status diffmm_model_parameter(const diffmm_model *model, const char *name,
                                                diffmm_parameter *out);

/** Overwrite a parameter: rows x columns must be its own, values finite. Embeddings
 *  and scores follow with the next diffmm_model_forward(). */
DIFFMM_API diffmm_status diffmm_model_set_parameter(diffmm_model *model, const char *name,
                                                    size_t rows, size_t columns,
                                                    const float *values);

/** Go on from another model: take over what it has learnt about the users and items that both know.
 *  Users and items are matched by id (by number, where there are none). Taken over, bit for bit:
 *  their rows of the embeddings, the projections and logits of modalities of the same name, and, if
 *  both models have denoisers with the same layers, these too (a model file has none: they start
 *  anew). What is new keeps the values it has. The generated graphs are those of the model.
 *  @param model  made from a data set (not loaded); an error leaves it as it was
 *  @param from   loaded or not, of any context; borrowed during the call. Its embedding size, and
 *                the dimensions and projections of its modalities, must be the model's.
 *  See diffmm_trainer_create_from(). */
DIFFMM_API diffmm_status diffmm_model_inherit(diffmm_model *model, const diffmm_model *from);

/** Set a modality's generated graph A_m (after edge dropout); kept alive, not copied. */
DIFFMM_API diffmm_status diffmm_model_set_graph(diffmm_model *model, const char *modality,
                                                const diffmm_graph *graph);

/** A modality's generated graph; borrowed until it is replaced. NULL if there is no such modality
 *  or the model was loaded from a file. */
DIFFMM_API const diffmm_graph *diffmm_model_graph(const diffmm_model *model, const char *modality);

/** Compute final embeddings from the current parameters and graphs (paper, section 3.3):
 *
 *      Y_m = A [E_U; Xn_m] for each modality m,
 *      Z_m = Y_m + A [users of Y_m; E_I],
 *      V_m = Z_m + ris_adj_lambda A_m [E_U; E_I],
 *      V = sum over m of softmax(logits)_m V_m,
 *      final = (sum of A^l V for l = 0 .. layers) + ris_lambda rownorm(V). */
DIFFMM_API diffmm_status diffmm_model_forward(diffmm_model *model);

/** Final embeddings of the users from the last forward pass, users x d, in place. The score of a
 *  user and an item is the dot product of their rows. Where the option diffusion.blend is above 0,
 *  they are the recommender's part of it: what ranks then has a scorer, in wider rows
 *  (diffmm_scorer_dimensions()). Borrowed until the model ends. */
DIFFMM_API const float *diffmm_model_user_embeddings(const diffmm_model *model);

/** Those of the items, items x d. */
DIFFMM_API const float *diffmm_model_item_embeddings(const diffmm_model *model);

/** The contrastive view of a modality (paper, section 3.4), from the current parameters and graphs:
 *
 *      sum of A^l A_m [E_U; Xn_m] for l = 0 .. layers.
 *
 *  @param model     its workspace is used
 *  @param modality  name
 *  @param out       (users + items) x d, users first */
DIFFMM_API diffmm_status diffmm_model_view(diffmm_model *model, const char *modality, float *out);

/** The first three terms of the recommender's objective, and the sum of all; diffmm_model_loss_at()
 *  lists every term. This struct never changes. */
typedef struct diffmm_losses {
    double bpr;         /**< divided by the configured batch size */
    double contrastive; /**< weighted by ssl_reg */
    double regularizer; /**< reg (||E_U||^2 + ||E_I||^2) */
    double total;       /**< of all terms */
} diffmm_losses;

/** A term of the recommender's objective, or another loss of a training. This struct never
 *  changes. */
typedef struct diffmm_loss {
    const char *name; /**< "bpr", "contrastive", "regularizer", ..; borrowed until the model or
                           trainer ends */
    double weight;    /**< what multiplies the term; 0: it is off */
    double value;     /**< as it stands in the sum, weighted; 0 before there was any */
} diffmm_loss;

/** How many terms the objective has, whether or not they are on. Later versions may have more. */
DIFFMM_API size_t diffmm_model_losses(const diffmm_model *model);

/** Term number `index` with its value in the last diffmm_model_objective(); the values of all terms
 *  add up to diffmm_losses::total.
 *  @param model  read
 *  @param index  below diffmm_model_losses()
 *  @param out    overwritten */
DIFFMM_API diffmm_status diffmm_model_loss_at(const diffmm_model *model, size_t index,
                                              diffmm_loss *out);

/** A term by name; DIFFMM_ERROR_NOT_FOUND where the objective has no such term. */
DIFFMM_API diffmm_status diffmm_model_loss(const diffmm_model *model, const char *name,
                                           diffmm_loss *out);

/** Value and gradient of the objective, the sum of its terms, for a batch of (user, positive,
 *  negative); runs the forward pass. Gradients are then read through diffmm_parameter::gradient.
 *  The nodes that the option `contrastive.negatives` draws change with diffmm_model_step(): until
 *  then, the value is a function of parameters, graphs and batch alone.
 *  @param model     receives gradients and final embeddings
 *  @param count     at most the option `batch`, by which BPR is divided; a triple counts as often
 *                   as it stands there
 *  @param user      `count` numbers
 *  @param positive  `count` numbers
 *  @param negative  `count` numbers
 *  @param losses    or NULL */
DIFFMM_API diffmm_status diffmm_model_objective(diffmm_model *model, size_t count,
                                                const int32_t *user, const int32_t *positive,
                                                const int32_t *negative, diffmm_losses *losses);

/** One Adam step on every recommender parameter with the gradients of the last objective, by the
 *  options learning_rate and weight_decay. (What learning_rate_decay and average say, a trainer
 *  does.) */
DIFFMM_API diffmm_status diffmm_model_step(diffmm_model *model);

/** Write a model file (safetensors): parameters without denoisers, final embeddings, what folding
 *  users in takes (recommend.h), seen items (diffmm_scorer_seen()), ids, settings, and the epoch and
 *  metrics if they are those of the parameters. A crash leaves the old file or the new one.
 *  @param model  read
 *  @param path   where to. A regular file is replaced in one step; of a symbolic link, the file it
 *                leads to, and the link stays. A pipe (which is waited for until somebody reads), a
 *                character device and a descriptor of this process (/dev/stdout, /dev/fd/N) are
 *                written through, and may have received a part where this fails. A folder, a
 *                socket or a block device is DIFFMM_ERROR_IO. */
DIFFMM_API diffmm_status diffmm_model_save(const diffmm_model *model, const char *path);

/** Write a model file into memory instead.
 *  @param model     read
 *  @param data      NULL: only its size is asked for; else the caller's `capacity` bytes
 *  @param capacity  fewer bytes than the file has are DIFFMM_ERROR_INVALID_ARGUMENT
 *  @param size      receives the size of the file */
DIFFMM_API diffmm_status diffmm_model_save_memory(const diffmm_model *model, void *data,
                                                  size_t capacity, size_t *size);

/** Read a model file, for scoring and reading parameters; it cannot train (DIFFMM_ERROR_STATE). */
DIFFMM_API diffmm_status diffmm_model_load(diffmm_context *context, const char *path,
                                           diffmm_model **out);

/** Read a model file that is in memory.
 *  @param context  kept alive
 *  @param data     the file, borrowed during the call
 *  @param size     its bytes
 *  @param out      receives the model */
DIFFMM_API diffmm_status diffmm_model_load_memory(diffmm_context *context, const void *data,
                                                  size_t size, diffmm_model **out);

#ifdef __cplusplus
}
#endif
#endif
