/* SPDX-License-Identifier: BSD-2-Clause */
/* The context's allocator has no memory: always DIFFMM_ERROR_NO_MEMORY. */
#include <stdatomic.h>
#include <stdlib.h>

#include "faults.h"
#include "support/failure.h"

static struct {
    atomic_size_t count, live, failed;
    size_t fail;
    bool onwards;
} memory;

static void *allocate(size_t size, void *user_data)
{
    (void)user_data;
    size_t number = atomic_fetch_add(&memory.count, 1) + 1;
    if (memory.fail && (number == memory.fail || (memory.onwards && number > memory.fail))) {
        atomic_fetch_add(&memory.failed, 1);
        return NULL;
    }
    void *block = malloc(size);
    ck_assert_ptr_nonnull(block);
    atomic_fetch_add(&memory.live, 1);
    return block;
}

static void release(void *pointer, void *user_data)
{
    (void)user_data;
    atomic_fetch_sub(&memory.live, 1);
    free(pointer);
}

static void arm(size_t n, bool onwards)
{
    memory.fail = n;
    memory.onwards = onwards;
    if (n)
        memory.count = memory.failed = 0;
}

static size_t came(void)
{
    return memory.count;
}

static size_t failed(void)
{
    return memory.failed;
}

static size_t live(void)
{
    return memory.live;
}

static const char *judge(diffmm_status status, const char *message)
{
    if (status != DIFFMM_ERROR_NO_MEMORY)
        return "not DIFFMM_ERROR_NO_MEMORY";
    return strstr(message, "no memory") ? NULL : "the message does not speak of memory";
}

static const struct fault_kind kind = {.name = "allocation",
                                       .arm = arm,
                                       .came = came,
                                       .failed = failed,
                                       .judge = judge,
                                       .live = live,
                                       .allocate = allocate,
                                       .release = release};

START_TEST(every_call)
{
    fault_drive_all(&kind);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_call};
    return run_tests("faults/memory", tests, sizeof tests / sizeof *tests) != 0;
}
