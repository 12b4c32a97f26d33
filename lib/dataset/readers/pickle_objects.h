/* SPDX-License-Identifier: BSD-2-Clause */
/* The names that a pickled scipy matrix holds, and the objects put together for each. Arguments and
 * states are those that scipy and numpy write: no others that Python would take. */
#ifndef DIFFMM_DATASET_READERS_PICKLE_OBJECTS_H
#define DIFFMM_DATASET_READERS_PICKLE_OBJECTS_H

#include "dataset/readers/pickle.h"

/* What a name stands for; names that no matrix needs are refused. */
diffmm_status diffmm__pickle_objects_lookup(const struct diffmm__pickle *pickle, const char *module,
                                            size_t module_size, const char *name, size_t name_size,
                                            struct diffmm__pickle_value *out);

/* REDUCE: the value of a function called with arguments. */
diffmm_status diffmm__pickle_objects_call(struct diffmm__pickle *pickle,
                                          const struct diffmm__pickle_value *name,
                                          const struct diffmm__pickle_value *arguments,
                                          struct diffmm__pickle_value *out);

/* NEWOBJ: an object of a class. */
diffmm_status diffmm__pickle_objects_new(struct diffmm__pickle *pickle,
                                         const struct diffmm__pickle_value *name,
                                         const struct diffmm__pickle_value *arguments,
                                         struct diffmm__pickle_value *out);

/* BUILD: give an object its state. */
diffmm_status diffmm__pickle_objects_build(struct diffmm__pickle *pickle,
                                           struct diffmm__pickle_value *value,
                                           const struct diffmm__pickle_value *state);

/* An empty dictionary, and an entry of one. */
diffmm_status diffmm__pickle_objects_dict(struct diffmm__pickle *pickle,
                                          struct diffmm__pickle_value *out);
diffmm_status diffmm__pickle_objects_set(struct diffmm__pickle *pickle,
                                         struct diffmm__pickle_value *dict,
                                         const struct diffmm__pickle_value *key,
                                         const struct diffmm__pickle_value *value);

#endif
