/* SPDX-License-Identifier: BSD-2-Clause */
/** @file diffusion.h
 *  The unit `diffusion`: noise schedule, denoiser, ELBO and MSI losses, reverse chain.
 *
 *  These functions are the single terms, each as its formula stands: for unit tests, and for
 *  building other methods. To train a diffusion or to generate with one, take diffusion_module.h,
 *  which does all of it in one handle.
 *
 *  Everything works on plain arrays, row-major without gaps; all random draws are inputs. `rows` is
 *  the number of users of a batch, `items` the number of items I. Gradient arrays may be NULL;
 *  where given they are overwritten, not added to.
 *
 *  Context and threads: the context may be NULL; a schedule never changes and may be used by any
 *  number of threads at once, as may every function, on arrays that no other thread writes. */
#ifndef DIFFMM_DIFFUSION_H
#define DIFFMM_DIFFUSION_H

#include <diffmm/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A noise schedule of T steps, in float64. Opaque, immutable. */
typedef struct diffmm_schedule diffmm_schedule;

/** The quantities of a schedule, each an array of T doubles. */
typedef enum diffmm_schedule_quantity {
    DIFFMM_SCHEDULE_BETA = 0,                   /**< variance of the noise a step adds */
    DIFFMM_SCHEDULE_ALPHA_BAR = 1,              /**< cumulative product of 1 - beta */
    DIFFMM_SCHEDULE_POSTERIOR_VARIANCE = 2,     /**< of x_{t-1}, given x_t and x_0 */
    DIFFMM_SCHEDULE_POSTERIOR_LOG_VARIANCE = 3, /**< clipped: entry 0 repeats entry 1 */
    DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0 = 4,      /**< c1, the coefficient of x_0 */
    DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT = 5,      /**< c2, the coefficient of x_t */
    DIFFMM_SCHEDULE_ELBO_WEIGHT = 6             /**< SNR(t-1) - SNR(t), and 1 for t = 0 */
} diffmm_schedule_quantity;

/** Creates a schedule. The variances 1 - abar_t are linear in t, from noise_scale * noise_min to
 *  noise_scale * noise_max.
 *  @param context      or NULL
 *  @param steps        T, at least 1
 *  @param noise_scale  s, above 0; both products above 1e-16 and below 1
 *  @param noise_min    of the first step, above 0
 *  @param noise_max    of the last step, at least noise_min
 *  @param beta_fixed   non-zero: beta_0 = 1e-4 as the authors' program does
 *  @param out          receives the schedule */
DIFFMM_API diffmm_status diffmm_schedule_create(diffmm_context *context, size_t steps,
                                                double noise_scale, double noise_min,
                                                double noise_max, int beta_fixed,
                                                diffmm_schedule **out);

/** Releases a schedule; NULL is fine. */
DIFFMM_API void diffmm_schedule_destroy(diffmm_schedule *schedule);

/** Number of steps T. */
DIFFMM_API size_t diffmm_schedule_steps(const diffmm_schedule *schedule);

/** A quantity's T values, borrowed until the schedule ends; NULL for an unknown quantity. */
DIFFMM_API const double *diffmm_schedule_values(const diffmm_schedule *schedule,
                                                diffmm_schedule_quantity quantity);

/** The forward process (paper, equation 2):
 *      x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) noise.
 *  @param schedule  gives abar
 *  @param rows      users in the batch
 *  @param items     I
 *  @param x0        rows x items
 *  @param noise     rows x items standard normal draws
 *  @param t         `rows` step indices, each below T
 *  @param x_t       rows x items */
DIFFMM_API diffmm_status diffmm_q_sample(const diffmm_schedule *schedule, size_t rows, size_t items,
                                         const float *x0, const int32_t *t, const float *noise,
                                         float *x_t);

/** Sinusoidal embedding of step indices:
 *      cos(t f_j) for all j, then sin(t f_j),   f_j = exp(-ln(10000) j / floor(size / 2)),
 *  and a last 0 where size is odd.
 *  @param rows  number of indices
 *  @param t     the indices
 *  @param size  e, at least 1
 *  @param out   rows x size */
DIFFMM_API diffmm_status diffmm_time_embedding(size_t rows, const int32_t *t, size_t size,
                                               float *out);

/** Shape of a denoiser x_hat(x, t): an autoencoder over a user's interactions.
 *
 *  The layers, in order:
 *      time          e -> e,
 *      encoder.0 ..  items + e -> h_k -> .. -> h_1, tanh after each,
 *      decoder.0 ..  h_1 -> .. -> h_k -> items, tanh after each but the last.
 *  Each layer is a weight (outputs x inputs) followed by a bias. All parameters stand in one
 *  array in that order. */
typedef struct diffmm_denoiser_shape {
    size_t struct_size;         /**< as for diffmm_context_settings */
    size_t items;               /**< I */
    size_t time_size;           /**< e */
    size_t hidden_count;        /**< k, at least 1 */
    const size_t *hidden_sizes; /**< h_1 .. h_k, decoder first; borrowed */
    int32_t normalize;          /**< non-zero: rows of x are divided by max(norm, 1e-12) first */
    int32_t reserved;           /**< 0 */
} diffmm_denoiser_shape;

/** The number of floats of a denoiser's parameters; 0 for an impossible shape. */
DIFFMM_API size_t diffmm_denoiser_size(const diffmm_denoiser_shape *shape);

/** Where parameter `index` stands: name ("time.weight", "encoder.0.bias", ..; written with its NUL
 *  into `name`, 64 bytes), rows, columns (1 for a bias) and offset in floats. There are
 *  2 + 4 * hidden_count of them. */
DIFFMM_API diffmm_status diffmm_denoiser_parameter(const diffmm_denoiser_shape *shape, size_t index,
                                                   char name[64], size_t *rows, size_t *columns,
                                                   size_t *offset);

/** Initial values: weights N(0, 2 / (rows + columns)), biases N(0, 0.001^2). They are drawn from
 *  random streams that no model uses. */
DIFFMM_API diffmm_status diffmm_denoiser_initialize(const diffmm_denoiser_shape *shape,
                                                    uint64_t seed, float *parameters);

/** x_hat(x, t) for a batch (paper, section 3.2).
 *  @param context        or NULL
 *  @param shape          borrowed
 *  @param parameters     diffmm_denoiser_size() floats
 *  @param rows           users in the batch
 *  @param x              rows x items
 *  @param t              `rows` step indices
 *  @param dropout_scale  rows x items factors for x (0 or 2 at rate 0.5); NULL: none
 *  @param x_hat          rows x items */
DIFFMM_API diffmm_status diffmm_denoiser_forward(diffmm_context *context,
                                                 const diffmm_denoiser_shape *shape,
                                                 const float *parameters, size_t rows,
                                                 const float *x, const int32_t *t,
                                                 const float *dropout_scale, float *x_hat);

/** What diffmm_denoiser_backward_with() reads and writes. */
typedef struct diffmm_denoiser_backward_arguments {
    size_t struct_size;                 /**< as for diffmm_context_settings */
    const diffmm_denoiser_shape *shape; /**< of the denoiser */
    const float *parameters;            /**< diffmm_denoiser_size() floats */
    size_t rows;                        /**< users in the batch */
    const float *x;                     /**< rows x items */
    const int32_t *t;                   /**< `rows` step indices */
    const float *dropout_scale;         /**< as for diffmm_denoiser_forward(), or NULL */
    const float *grad_x_hat;            /**< rows x items */
    float *grad_parameters;             /**< receives diffmm_denoiser_size() floats */
} diffmm_denoiser_backward_arguments;

/** Gradient of the parameters, given the gradient of x_hat. Recomputes the forward pass.
 *  @param context    or NULL
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_denoiser_backward_with(
    diffmm_context *context, const diffmm_denoiser_backward_arguments *arguments);

/** diffmm_denoiser_backward_with(), one argument after the other: for unit tests of this term. */
DIFFMM_API diffmm_status diffmm_denoiser_backward(diffmm_context *context,
                                                  const diffmm_denoiser_shape *shape,
                                                  const float *parameters, size_t rows,
                                                  const float *x, const int32_t *t,
                                                  const float *dropout_scale,
                                                  const float *grad_x_hat, float *grad_parameters);

/** What diffmm_elbo_with() reads and writes. */
typedef struct diffmm_elbo_arguments {
    size_t struct_size; /**< as for diffmm_context_settings */
    size_t rows;        /**< users in the batch, at least 1 */
    size_t items;       /**< I */
    const float *x0;    /**< rows x items */
    const float *x_hat; /**< rows x items */
    const int32_t *t;   /**< `rows` step indices, each below T */
    double *per_user;   /**< receives `rows` values, or NULL */
    double *loss;       /**< receives their mean, or NULL */
    float *grad_x_hat;  /**< receives the gradient of the mean, rows x items, or NULL */
} diffmm_elbo_arguments;

/** ELBO term: per user w_t mean_i (x0 - x_hat)^2 (paper, equation 8; without its factor 1/2).
 *  @param schedule   gives the weights w
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_elbo_with(const diffmm_schedule *schedule,
                                          const diffmm_elbo_arguments *arguments);

/** diffmm_elbo_with(), one argument after the other: for unit tests of this term. */
DIFFMM_API diffmm_status diffmm_elbo(const diffmm_schedule *schedule, size_t rows, size_t items,
                                     const float *x0, const float *x_hat, const int32_t *t,
                                     double *per_user, double *loss, float *grad_x_hat);

/** What diffmm_msi_with() reads and writes. */
typedef struct diffmm_msi_arguments {
    size_t struct_size;          /**< as for diffmm_context_settings */
    size_t rows;                 /**< users in the batch, at least 1 */
    size_t items;                /**< I */
    size_t d;                    /**< columns of the matrices X and E */
    const float *x0;             /**< rows x items */
    const float *x_hat;          /**< rows x items */
    const float *features;       /**< X, items x d, the modality's projected features, constant */
    const float *item_embedding; /**< E, items x d, constant */
    double *per_user;            /**< receives `rows` values, or NULL */
    double *loss;                /**< receives their mean, or NULL */
    float *grad_x_hat;           /**< receives the gradient of the mean, rows x items, or NULL */
} diffmm_msi_arguments;

/** Modality-aware signal injection: per user mean_d (x_hat X - x0 E)^2 (paper, equation 10).
 *  @param context    or NULL
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_msi_with(diffmm_context *context,
                                         const diffmm_msi_arguments *arguments);

/** diffmm_msi_with(), one argument after the other: for unit tests of this term. */
DIFFMM_API diffmm_status diffmm_msi(diffmm_context *context, size_t rows, size_t items, size_t d,
                                    const float *x0, const float *x_hat, const float *features,
                                    const float *item_embedding, double *per_user, double *loss,
                                    float *grad_x_hat);

/** What diffmm_denoiser_loss_with() reads and writes. */
typedef struct diffmm_denoiser_loss_arguments {
    size_t struct_size;                 /**< as for diffmm_context_settings */
    const diffmm_denoiser_shape *shape; /**< of the denoiser */
    const float *parameters;            /**< diffmm_denoiser_size() floats */
    size_t rows;                        /**< users in the batch, at least 1 */
    const float *x0;                    /**< rows x items */
    const int32_t *t;                   /**< `rows` step indices, each below T */
    const float *noise;                 /**< rows x items standard normal draws for q_sample */
    const float *dropout_scale;         /**< as for diffmm_denoiser_forward(), or NULL */
    size_t d;                    /**< columns of features and item_embedding; 0: no MSI term */
    const float *features;       /**< items x d, as for diffmm_msi_with(); NULL if d is 0 */
    const float *item_embedding; /**< items x d; NULL if d is 0 */
    double e_loss;               /**< weight of MSI, finite */
    double *loss;                /**< receives the mean over users, or NULL */
    double *elbo;                /**< receives its first part, or NULL */
    double *msi;                 /**< receives its second part without the weight, or NULL */
    float *grad_parameters;      /**< receives diffmm_denoiser_size() floats, or NULL */
} diffmm_denoiser_loss_arguments;

/** The training loss of one batch, ELBO + e_loss * MSI (paper, equation 11), through the denoiser:
 *  value and gradient of every parameter.
 *
 *  Large batches are computed without x_hat, from Gram matrices of the last layer: a user's
 *      ||x_hat - x0||^2
 *  is then a difference of terms (squares of x0, of the last bias, and of the last weights times
 *  the activations). Where it is less than 1/8 of them, it is computed from x_hat all the same, so
 *  that both losses are never negative, and within about 1e-5 of what float arithmetic with x_hat
 *  gives.
 *  @param context    or NULL
 *  @param schedule   of q_sample and the weights
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_denoiser_loss_with(diffmm_context *context,
                                                   const diffmm_schedule *schedule,
                                                   const diffmm_denoiser_loss_arguments *arguments);

/** diffmm_denoiser_loss_with(), one argument after the other: for unit tests of this term. */
DIFFMM_API diffmm_status diffmm_denoiser_loss(
    diffmm_context *context, const diffmm_denoiser_shape *shape, const diffmm_schedule *schedule,
    const float *parameters, size_t rows, const float *x0, const int32_t *t, const float *noise,
    const float *dropout_scale, size_t d, const float *features, const float *item_embedding,
    double e_loss, double *loss, double *elbo, double *msi, float *grad_parameters);

/** What diffmm_spectral_loss_with() reads and writes. */
typedef struct diffmm_spectral_loss_arguments {
    size_t struct_size;                 /**< as for diffmm_context_settings */
    const diffmm_denoiser_shape *shape; /**< of the denoiser; its items are the rank of the basis */
    const float *parameters;            /**< diffmm_denoiser_size() floats */
    size_t items;                       /**< I, at least the rank */
    const float *basis;                 /**< B, items x rank, with orthonormal columns */
    size_t rows;                        /**< users in the batch, at least 1 */
    const float *x0;                    /**< rows x items */
    const int32_t *t;                   /**< `rows` step indices, each below T */
    const float *noise;                 /**< rows x rank standard normal draws */
    const float *dropout_scale; /**< rows x items factors for x0 (0 or 1 / (1 - dropout)); NULL:
                                     none, as if dropout were 0 */
    double dropout;              /**< rho, from 0 to below 1: scales the noise */
    size_t d;                    /**< columns of features and item_embedding; 0: no MSI term */
    const float *features;       /**< X, items x d, as for diffmm_msi_with(); NULL if d is 0 */
    const float *item_embedding; /**< E, items x d; NULL if d is 0 */
    double e_loss;               /**< weight of MSI, finite */
    double *loss;                /**< receives the mean over users, or NULL */
    double *elbo;                /**< receives its first part, or NULL */
    double *msi;                 /**< receives its second part without the weight, or NULL */
    float *grad_parameters;      /**< receives diffmm_denoiser_size() floats, or NULL */
} diffmm_spectral_loss_arguments;

/** The training loss of one batch of a spectral denoiser, which sees and predicts the coordinates
 *  z = B^T x of rows in a fixed orthonormal basis (diffusion_module.h): value and gradient of every
 *  parameter. With x_hat = B z_hat, both terms are exact over all items:
 *
 *      z_t = sqrt(abar_t) B^T (x0 dropout_scale) + sqrt((1 - abar_t) / (1 - dropout)) noise,
 *      elbo: w_t / I (||z_hat - z0||^2 + ||x0||^2 - ||z0||^2),   z0 = B^T x0,
 *      msi:  1/d ||z_hat B^T X - x0 E||^2,
 *
 *  which are diffmm_elbo_with() and diffmm_msi_with() at x_hat. If the columns of B are not
 *  orthonormal, they are not.
 *  @param context    or NULL
 *  @param schedule   of the noise and the weights
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_spectral_loss_with(diffmm_context *context,
                                                   const diffmm_schedule *schedule,
                                                   const diffmm_spectral_loss_arguments *arguments);

/** What diffmm_reverse_chain_with() reads and writes. */
typedef struct diffmm_reverse_chain_arguments {
    size_t struct_size;                 /**< as for diffmm_context_settings */
    const diffmm_denoiser_shape *shape; /**< of the denoiser */
    const float *parameters;            /**< diffmm_denoiser_size() floats */
    size_t rows;                        /**< users in the batch */
    const float *x0;                    /**< rows x items */
    size_t sampling_steps;              /**< noise steps applied first, at most T; 0: none */
    int32_t sampling_noise;             /**< non-zero: each step but the last adds noise */
    int32_t reserved;                   /**< 0 */
    /** Blocks of rows x items standard normal draws: one for q_sample if sampling_steps > 0; then,
     *  if sampling_noise, one for each step T-1 .. 0 (that of step 0 is not used). May be NULL if
     *  neither. */
    const float *noise;
    float *x; /**< receives rows x items */
} diffmm_reverse_chain_arguments;

/** The reverse chain (paper, equations 4 to 6): from x0, or from q_sample(x0, sampling_steps - 1)
 *  if sampling_steps > 0, through all T steps of the schedule to x.
 *  @param context    or NULL
 *  @param schedule   of T steps
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_reverse_chain_with(diffmm_context *context,
                                                   const diffmm_schedule *schedule,
                                                   const diffmm_reverse_chain_arguments *arguments);

/** diffmm_reverse_chain_with(), one argument after the other: for unit tests of this term. */
DIFFMM_API diffmm_status diffmm_reverse_chain(diffmm_context *context,
                                              const diffmm_denoiser_shape *shape,
                                              const diffmm_schedule *schedule,
                                              const float *parameters, size_t rows, const float *x0,
                                              size_t sampling_steps, int sampling_noise,
                                              const float *noise, float *x);

/** What diffmm_generate_neighbors_with() reads and writes. */
typedef struct diffmm_generate_neighbors_arguments {
    size_t struct_size;                 /**< as for diffmm_context_settings */
    const diffmm_denoiser_shape *shape; /**< of the denoiser */
    const float *parameters;            /**< diffmm_denoiser_size() floats */
    size_t rows;                        /**< users in the batch */
    const int64_t *row_pointers;        /**< rows + 1: where the items of each user begin */
    const int32_t *row_items;           /**< numbers of the entries of x0 that are 1 */
    size_t count;                       /**< neighbours of each user, 1 to I */
    int32_t *items_out;                 /**< receives rows x count */
} diffmm_generate_neighbors_arguments;

/** Generated neighbours of a batch of users: the `count` items with the largest entries of the
 *  reverse chain's x (without sampling noise, from x0 itself), largest first, ties by lower item;
 *  -1 where fewer entries are numbers.
 *  @param context    or NULL
 *  @param schedule   of T steps
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status
diffmm_generate_neighbors_with(diffmm_context *context, const diffmm_schedule *schedule,
                               const diffmm_generate_neighbors_arguments *arguments);

/** diffmm_generate_neighbors_with(), one argument after the other: for unit tests of this term. */
DIFFMM_API diffmm_status diffmm_generate_neighbors(
    diffmm_context *context, const diffmm_denoiser_shape *shape, const diffmm_schedule *schedule,
    const float *parameters, size_t rows, const int64_t *row_pointers, const int32_t *row_items,
    size_t count, int32_t *items_out);

/** What diffmm_spectral_basis_with() reads and writes. */
typedef struct diffmm_spectral_basis_arguments {
    size_t struct_size;          /**< as for diffmm_context_settings */
    size_t users;                /**< U, rows of the training matrix R; may be 0 */
    size_t items;                /**< I, at least 1 */
    const int64_t *row_pointers; /**< U + 1: where the items of each user begin */
    const int32_t *row_items;    /**< in each row ascending, without repetition */
    size_t feature_columns;      /**< D; 0: no features */
    const float *features;       /**< F, I x D, all finite; NULL where D is 0 */
    size_t rank;                 /**< r, 1 to I and at most 4,096 */
    uint64_t seed;               /**< of random directions and starts */
    float *basis;                /**< receives B, I x r */
} diffmm_spectral_basis_arguments;

/** A basis for users' interactions in few dimensions. The columns of B are orthonormal (within
 *  1e-6) and span, in this order,
 *      [popularity, 1, W^-1 V, U],
 *  where popularity has the number of users of each item; V are leading right singular vectors of
 *  W_u R W, W = (D_items + 1)^-1/2, W_u = (D_users + 1)^-1/2, among the directions orthogonal to
 *  W popularity and W 1; and U are the leading left singular vectors of F, of which the mean of
 *  each column has been subtracted: r / 4 of them, or as many as F has. V has the other directions.
 *  (Scaled as in the normalised adjacency, the singular vectors tell more of held-out interactions
 *  than those of R itself; the 1 keeps users and items that are alone from being directions.) Where
 *  the data have fewer directions than the rank, random ones complete it. The iteration ends when
 *  the captured energy grows by less than a millionth, after 12 products with R^T R at the most.
 *
 *  Memory at the peak: about 3 I r floats beside B, never U x r. Errors: DIFFMM_ERROR_NUMERIC for
 *  features that are not finite. The bits do not depend on the number of threads. Random draws are
 *  from streams that no model uses.
 *  @param context    or NULL
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_spectral_basis_with(
    diffmm_context *context, const diffmm_spectral_basis_arguments *arguments);

/** What diffmm_spectral_basis_place_with() reads and writes. */
typedef struct diffmm_spectral_basis_place_arguments {
    size_t struct_size;        /**< as for diffmm_context_settings */
    size_t items;              /**< I, items with rows in the basis, at least 1 */
    size_t feature_columns;    /**< D, at least 1 */
    const float *features;     /**< F, I x D, all finite */
    size_t rank;               /**< r, 1 to 4,096 */
    const float *basis;        /**< B, I x r, all finite */
    size_t new_items;          /**< n; may be 0 */
    const float *new_features; /**< n x D, all finite */
    uint64_t seed;             /**< of random starts */
    float *placed;             /**< receives n x r */
} diffmm_spectral_basis_place_arguments;

/** Rows of a basis for items that it does not have, from their features: least squares of B on the
 *  centred features, with a ridge. Of more than 512 features, the leading 512 principal components
 *  are used. The ridge is one of 10^-6 .. 10^3 times the mean eigenvalue of F^T F, the best by
 *  generalised cross-validation (Golub, Heath and Wahba, 1979). Each new row depends on its own
 *  features only. Errors: DIFFMM_ERROR_NUMERIC for numbers that are not finite, and for new
 *  features more than 1e12 times as far from the mean as those of any item. Threads and draws as
 *  for diffmm_spectral_basis_with().
 *  @param context    or NULL
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_spectral_basis_place_with(
    diffmm_context *context, const diffmm_spectral_basis_place_arguments *arguments);

#ifdef __cplusplus
}
#endif
#endif
