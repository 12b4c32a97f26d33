/* SPDX-License-Identifier: BSD-2-Clause */
/** @file options.h
 *  Every setting of model and training in one object, by name.
 *
 *  Each setting has a name, a type, a default, a range and a sentence of help. All of these can be
 *  listed, so that bindings, command lines, configuration files and saved models use one and the
 *  same table. A symbol of the paper ("tau", "d") is accepted as a name where the table lists it.
 *  Settings per modality are named "modality.NAME.setting".
 *
 *  An unknown name or preset, or a value that the setting does not take, is
 *  DIFFMM_ERROR_INVALID_ARGUMENT; the message gives the range.
 *
 *  Context and threads: options keep their context; setting needs exclusive use, reading may be
 *  done by any number of threads at once. */
#ifndef DIFFMM_OPTIONS_H
#define DIFFMM_OPTIONS_H

#include <diffmm/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A set of settings. Opaque. */
typedef struct diffmm_options diffmm_options;

/** The kind of value that a setting takes. */
typedef enum diffmm_option_type {
    DIFFMM_OPTION_FLAG = 1,    /**< "true" or "false" (also 1, 0, yes, no, on, off) */
    DIFFMM_OPTION_INTEGER = 2, /**< within [minimum, maximum] */
    DIFFMM_OPTION_REAL = 3,    /**< within [minimum, maximum] */
    DIFFMM_OPTION_CHOICE = 4,  /**< one of `choices`, words separated by '|' */
    DIFFMM_OPTION_LIST = 5     /**< integers within [minimum, maximum], separated by ',' */
} diffmm_option_type;

/** The description of a setting. Texts are static. */
typedef struct diffmm_option_info {
    size_t struct_size;      /**< as for diffmm_context_settings */
    const char *name;        /**< for example "ris_lambda" or "modality.*.projection" */
    const char *symbol;      /**< the name in the paper or its program where it differs, or NULL */
    diffmm_option_type type; /**< the kind of its values */
    const char *default_value; /**< "" where a setting per modality follows the general one */
    double minimum;            /**< the smallest value allowed */
    double maximum;            /**< the largest value allowed */
    const char *choices;       /**< NULL unless type is DIFFMM_OPTION_CHOICE */
    const char *help;          /**< one sentence */
} diffmm_option_info;

/** Create a set of settings with every value at its default. */
DIFFMM_API diffmm_status diffmm_options_create(diffmm_context *context, diffmm_options **out);

/** Copy settings, to change the copy: those of a model (diffmm_model_options()), to train or resume
 *  with other epochs; or one's own, to try values side by side. The copy has the same context, and
 *  the caller destroys it. Thread-safe while nothing changes `options`.
 *
 *  @return DIFFMM_ERROR_INVALID_ARGUMENT for NULL, DIFFMM_ERROR_NO_MEMORY. */
DIFFMM_API diffmm_status diffmm_options_copy(const diffmm_options *options, diffmm_options **out);

/** Release; accepts NULL. Trainers and models have copies of their own. */
DIFFMM_API void diffmm_options_destroy(diffmm_options *options);

/** Set the settings of a data set: "tiktok", "baby" or "sports", as published; or "tiktok-spectral"
 *  or "debian-spectral", with spectral denoisers whose scores are blended into the ranking. Every
 *  preset sets the same settings (reg, ssl_reg, temperature, ris_lambda, e_loss, keep_rate,
 *  projection, contrastive.anchor, epochs, patience, average, noise_scale, denoiser.kind,
 *  denoiser.rows, denoiser.linear, denoiser_learning_rate, diffusion.blend), so that applying one
 *  preset after another has the effect of the second alone. The seed and all other settings stay as
 *  they are. */
DIFFMM_API diffmm_status diffmm_options_preset(diffmm_options *options, const char *preset);

/** Set a value from text, whatever its type, always with '.' as the decimal point. */
DIFFMM_API diffmm_status diffmm_options_set(diffmm_options *options, const char *name,
                                            const char *value);

/** Set an integer; or a real, a flag, or a list of one element, from an integer. */
DIFFMM_API diffmm_status diffmm_options_set_integer(diffmm_options *options, const char *name,
                                                    int64_t value);

/** Set a real number; or an integer, from a whole number. */
DIFFMM_API diffmm_status diffmm_options_set_real(diffmm_options *options, const char *name,
                                                 double value);

/** Read a value as text. Borrowed until the value is set again or the options are destroyed.
 *  Where "modality.NAME.setting" is not set, the value is that of the general setting. */
DIFFMM_API diffmm_status diffmm_options_get(const diffmm_options *options, const char *name,
                                            const char **value);

/** Read an integer or a flag (0 or 1). */
DIFFMM_API diffmm_status diffmm_options_get_integer(const diffmm_options *options, const char *name,
                                                    int64_t *value);

/** Read a number. */
DIFFMM_API diffmm_status diffmm_options_get_real(const diffmm_options *options, const char *name,
                                                 double *value);

/** The number of settings. */
DIFFMM_API size_t diffmm_option_count(void);

/** Describe setting `index` (below diffmm_option_count()). `info->struct_size` as for every
 *  struct. */
DIFFMM_API diffmm_status diffmm_option_describe(size_t index, diffmm_option_info *info);

#ifdef __cplusplus
}
#endif
#endif
