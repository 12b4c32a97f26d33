/* SPDX-License-Identifier: BSD-2-Clause */
/* A small model and the path of a file for it, which the tests of a file share. */
#ifndef DIFFMM_TESTS_MODEL_FILE_H
#define DIFFMM_TESTS_MODEL_FILE_H

#include "context.h"
#include "folder.h"
#include "small_model.h"

enum { users = 6, items = 9, d = 4 };

static diffmm_context *context;
static struct folder folder;
static char path[128];
static diffmm_model *model;

static inline void begin(bool named)
{
    context = new_context(1);
    folder = folder_begin();
    folder_file(&folder, "model.safetensors", path);
    model = small_model(context, users, items, d, named);
}

static inline void end(void)
{
    diffmm_model_destroy(model);
    folder_end(&folder);
    diffmm_context_destroy(context);
}

#endif
