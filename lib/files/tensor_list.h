/* SPDX-License-Identifier: BSD-2-Clause */
/* The tensors of a file in the making. They are written from where they are. */
#ifndef DIFFMM_FILES_TENSOR_LIST_H
#define DIFFMM_FILES_TENSOR_LIST_H

#include "base/dtype.h"
#include "base/memory.h"

struct diffmm__tensor_list {
    struct diffmm__arena arena; /* holds the list, and names made for it */
    const char *owner;          /* what messages begin with: "model", .. */
    struct diffmm__tensor *tensors;
    size_t count;
};

/* With room for `most` tensors. The list must be ended in any case. */
diffmm_status diffmm__tensor_list_begin(const diffmm_context *context, const char *owner,
                                        size_t most, struct diffmm__tensor_list *list);
void diffmm__tensor_list_end(struct diffmm__tensor_list *list);

/* A name as printf() makes it, held by the list; NULL without memory. */
const char *diffmm__tensor_list_name(struct diffmm__tensor_list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Add a tensor, as the next function does. What a source gives is not looked at here. */
diffmm_status diffmm__tensor_list_add_tensor(struct diffmm__tensor_list *list,
                                             const struct diffmm__tensor *tensor);

/* Add a tensor (a vector, where there is one column or none), whose name and data are borrowed.
 * NULL for a name means that there was no memory for it. Floats must be finite: a reader would
 * refuse NaN; the writer does, while the cause is at hand. */
diffmm_status diffmm__tensor_list_add(struct diffmm__tensor_list *list, const char *name,
                                      enum diffmm__dtype dtype, size_t rows, size_t columns,
                                      const void *data);

#endif
