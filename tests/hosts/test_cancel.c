/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads of the host that are cancelled in the midst of a call: the call ends first, and what it
 * used can be used again. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hosted.h"
#include "support/failure.h"

static const char *enabled_in; /* a case in which a thread could have been cancelled */
static const struct fault_case *now;
static size_t moments;

static void look(struct fault_world *world)
{
    int state;
    (void)world;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_setcancelstate(state, NULL);
    if (state == PTHREAD_CANCEL_ENABLE && !enabled_in)
        enabled_in = now->name;
    moments++;
}

static void look_everywhere(const struct fault_case *one, const char *folder)
{
    struct hosted hosted;
    int state;
    now = one;
    hosted_begin(&hosted, one, folder);
    hosted.always = look;
    hosted_call(&hosted, 0, NULL);
    expect_success(hosted.status);
    ck_assert_msg(!enabled_in, "%s: cancelled while it calls its host, or the system", enabled_in);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    ck_assert_msg(state == PTHREAD_CANCEL_ENABLE, "%s does not put the state back", one->name);
    hosted_end(&hosted);
}

START_TEST(no_call_can_be_cancelled)
{
    hosted_each(look_everywhere);
    ck_assert_uint_gt(moments, 2000);
}
END_TEST

struct victim {
    struct hosted hosted;
    size_t n;
    int type;
    bool returned;
};

/* What waits is where a thread that is to be cancelled ends. */
static void cancel_me(struct fault_world *world)
{
    (void)world;
    pthread_cancel(pthread_self());
    if (write(STDOUT_FILENO, "", 0) < 0 && errno == EBADF)
        pthread_testcancel();
    pthread_testcancel();
}

static void *call_main(void *argument)
{
    struct victim *victim = argument;
    int type;
    pthread_setcanceltype(victim->type, &type);
    hosted_call(&victim->hosted, victim->n, cancel_me);
    victim->returned = true;
    for (;;) {
        pthread_testcancel();
        if (!victim->hosted.acted)
            return NULL;
    }
}

/* Cancelled at the n-th moment; whether there was one. */
static bool cancel_at(const struct fault_case *one, const char *folder, size_t n, int type)
{
    struct victim victim = {.n = n, .type = type};
    pthread_t thread;
    void *result;
    hosted_begin(&victim.hosted, one, folder);
    ck_assert_int_eq(pthread_create(&thread, NULL, call_main, &victim), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    bool acted = victim.hosted.acted;
    if (type == PTHREAD_CANCEL_DEFERRED) {
        ck_assert_ptr_eq(result, acted ? PTHREAD_CANCELED : NULL);
        ck_assert_msg(victim.returned, "%s, moment %zu: cancelled within", one->name, n);
        expect_success(victim.hosted.status);
    }
    /* Nothing is in use any more: to be called again means what it does without a cancellation. */
    hosted_end_output(&victim.hosted);
    hosted_call(&victim.hosted, 0, NULL);
    ck_assert_msg(!victim.hosted.status || !strstr(diffmm_error_message(), "is in use"),
                  "%s, moment %zu: %s", one->name, n, diffmm_error_message());
    hosted_end(&victim.hosted);
    return acted;
}

static int type_of_test;

static void cancel_case(const struct fault_case *one, const char *folder)
{
    for (size_t n = 1; cancel_at(one, folder, n, type_of_test); n = hosted_next(2 * n))
        ;
}

START_TEST(cancelled_at_any_moment)
{
    type_of_test = PTHREAD_CANCEL_DEFERRED;
    hosted_each(cancel_case);
}
END_TEST

START_TEST(cancelled_at_any_moment_asynchronously)
{
    type_of_test = PTHREAD_CANCEL_ASYNCHRONOUS;
    hosted_each(cancel_case);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {no_call_can_be_cancelled, cancelled_at_any_moment,
                                  cancelled_at_any_moment_asynchronously};
    return run_tests("hosts/cancel", tests, sizeof tests / sizeof *tests) != 0;
}
