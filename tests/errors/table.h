/* SPDX-License-Identifier: BSD-2-Clause */
/* Every public function with its arguments: a call that is good, and what else is tried in the
 * place of each argument. test_errors.c makes the calls. */
#ifndef DIFFMM_TESTS_ERRORS_TABLE_H
#define DIFFMM_TESTS_ERRORS_TABLE_H

#include <stdbool.h>

#include <math.h>

#include <diffmm/diffmm.h>

union value {
    void *p;
    const void *in;
    size_t n;
    int64_t i;
    double r;
    diffmm_feature_loader loader;
    diffmm_feature_lookup lookup;
    diffmm_epoch_function on_epoch;
    diffmm_progress_function on_progress;
    diffmm_hits_function on_hits;
};

/* What an argument is. */
enum kind {
    SIZE = 1, /* good.n */
    NUMBER,   /* good.i: an id, a flag, an enum, a seed */
    REAL,     /* good.r */
    TEXT,     /* good.in */
    CALLBACK, /* a function or its user_data, in `good` */
    DATA,     /* `bytes` bytes at good.in, copied to a block of just that size */
    OUT, /* a block of `bytes` bytes that the call may fill, beginning as good.in, if not NULL */
    SETTINGS, /* a struct with struct_size that is read: `bytes` bytes at good.in */
    FILLED,   /* a struct with struct_size that is filled */
    MADE,     /* a pointer that receives a handle of kind `made` */
    CONTEXT,  /* a handle, new for every call; so are the following */
    OPTIONS,
    EMPTY_DATASET, /* nothing in it */
    OPEN_DATASET,  /* with interactions and a modality, not sealed */
    RATED_DATASET, /* with interactions that have ratings and times, not sealed */
    DATASET,       /* sealed */
    MODEL,
    TRAINER,
    TRAINED, /* a trainer after an epoch */
    SCORER,
    GRAPH,
    SCHEDULE,
    FILE_INFO,
    PLACER,
    MODULE,
    SPECTRAL_MODULE, /* in a basis of 2 columns */
    MANY_ITEMS,      /* a sealed data set with enough items for a placer */
    MANY_ITEMS_MODEL /* of that */
};

/* Another value, and what the call then returns. The message names the argument, or holds `says`.
 */
struct other {
    union value value;
    int status;
    const char *says;
};

enum { most_arguments = 18, most_others = 7 };

struct argument {
    const char *name;
    enum kind kind;
    bool optional; /* NULL is fine */
    union value good;
    size_t bytes;
    enum kind made;
    bool ends; /* the handle ends with the call */
    struct other others[most_others];
};

/* A function. One that returns no status is called by a wrapper that returns DIFFMM_OK for an
 * answer and DIFFMM_ERROR_INVALID_ARGUMENT for what stands for none (NULL, 0); it is `silent`: it
 * says nothing. */
struct entry {
    const char *name;
    diffmm_status (*call)(const union value *v);
    bool silent;
    struct argument arguments[most_arguments];
};

struct table {
    const struct entry *entries;
    size_t count;
};

/* The data set of all calls: 4 users, 4 items, one modality "image" of 3 features, d = 8. */
enum { users = 4, items = 4, d = 8, features = 3 };

enum {
    OK = DIFFMM_OK,
    INVALID = DIFFMM_ERROR_INVALID_ARGUMENT,
    NO_MEMORY = DIFFMM_ERROR_NO_MEMORY,
    IO = DIFFMM_ERROR_IO,
    FORMAT = DIFFMM_ERROR_FORMAT,
    NUMERIC = DIFFMM_ERROR_NUMERIC,
    STATE = DIFFMM_ERROR_STATE,
    NOT_FOUND = DIFFMM_ERROR_NOT_FOUND,
    UNSUPPORTED = DIFFMM_ERROR_UNSUPPORTED
};

static inline diffmm_status answered(bool answer)
{
    return answer ? DIFFMM_OK : DIFFMM_ERROR_INVALID_ARGUMENT;
}

/* The bytes of a model file, of a checkpoint and of a diffusion module of that data set. */
struct bytes {
    const void *data;
    size_t size;
};
extern struct bytes model_file, checkpoint_file, module_file;

/* Make these the arguments called "data" that have no bytes yet, and the size that follows. */
void give_file(struct entry *entries, size_t count, struct bytes file);

struct table table_base(void);
struct table table_arrays(void);
struct table table_diffusion(void);
struct table table_dataset(void);
struct table table_model(void);
struct table table_trainer(void);
struct table table_serving(void);
struct table table_growth(void);
struct table table_rerank(void);
struct table table_module(void);

#endif
