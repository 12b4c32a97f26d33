/* SPDX-License-Identifier: BSD-2-Clause */
/* The operating system refuses: every call that the library makes to it fails in each of several
 * ways, and no file is left half-written or beside the point. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "support/failure.h"
#include "support/folder.h"
#include "system.h"

static int error; /* that is tried */
static bool nothing;

static void arm(size_t n, bool onwards)
{
    struct fault_system *s = &fault_system;
    s->fail = n;
    s->onwards = onwards;
    if (!n)
        return;
    s->error = error;
    s->nothing = nothing;
    s->calls = s->failed = 0;
}

static size_t came(void)
{
    return fault_system.calls;
}

static size_t failed(void)
{
    return fault_system.failed;
}

static size_t live(void)
{
    return fault_system.open;
}

static const char *judge(diffmm_status status, const char *message)
{
    const struct fault_system *s = &fault_system;
    static char wrong[200];
    bool fine = s->harmless || error == EINTR;
    diffmm_status wanted = fine              ? DIFFMM_OK
                           : error == ENOMEM ? DIFFMM_ERROR_NO_MEMORY
                                             : DIFFMM_ERROR_IO;
    snprintf(wrong, sizeof wrong, "%s failed with '%s', and", s->name, strerror(error));
    if (status != wanted)
        return strcat(wrong, " the status is wrong");
    if (!fine && !strstr(message, strerror(error)))
        return strcat(wrong, " the message lacks the reason");
    if (!fine && !strstr(message, "/tmp/diffmm-test-"))
        return strcat(wrong, " the message lacks the path");
    return NULL;
}

/* A test that failed may have left anything. */
static void begin(void)
{
    fault_system = (struct fault_system){.fail = 0};
    nothing = false;
}

static void drive(int with)
{
    begin();

    char name[80];
    error = with;
    snprintf(name, sizeof name, "call with '%s'", strerror(with));
    struct fault_kind kind = {
        .name = name, .arm = arm, .came = came, .failed = failed, .judge = judge, .live = live};
    fault_drive_all(&kind);
}

START_TEST(input_output_errors)
{
    drive(EIO);
}
END_TEST

START_TEST(no_space)
{
    drive(ENOSPC);
}
END_TEST

START_TEST(no_memory)
{
    drive(ENOMEM);
}
END_TEST

/* The n-th call alone: one that is interrupted for ever is made for ever. */
START_TEST(signals)
{
    begin();
    struct folder folder = folder_begin();
    struct fault_kind kind = {
        .name = "signal", .arm = arm, .came = came, .failed = failed, .judge = judge, .live = live};
    size_t count = 0;
    error = EINTR;
    fault_files_begin(folder.path);
    for (const struct fault_case *const *list = fault_lists; *list; list++)
        for (const struct fault_case *one = *list; one->name; one++)
            count += fault_drive_once(&kind, one, folder.path);
    ck_assert_uint_gt(count, 50 / fault_step());
    folder_end(&folder);
}
END_TEST

/* Writes that take less than they are given, down to a byte; and one that takes nothing. */
START_TEST(short_writes)
{
    static const char *const names[] = {"diffmm_model_save a new file",
                                        "diffmm_model_save over a file",
                                        "diffmm_trainer_checkpoint"};
    begin();
    struct folder folder = folder_begin();
    struct fault_kind kind = {
        .name = "write", .arm = arm, .came = came, .failed = failed, .judge = judge, .live = live};
    fault_files_begin(folder.path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct fault_case *save = fault_find(names[i]);
        fault_system.most = 0;
        uint64_t whole = fault_bits(&kind, save, folder.path);
        for (size_t most = 1; most < 3000; most = most * 3 + 1) {
            fault_system.most = most;
            fault_system.calls = 0;
            ck_assert_uint_eq(fault_bits(&kind, save, folder.path), whole);
            ck_assert_uint_gt(fault_system.calls, 2000 / most);
        }
        fault_system.most = 0;
        error = EIO;
        nothing = true;
        ck_assert_uint_gt(fault_drive_case(&kind, save, folder.path), 10 / fault_step());
        nothing = false;
    }
    folder_end(&folder);
}
END_TEST

/* So what was resumed after any failure ended as well as what was never interrupted. */
START_TEST(resuming_is_going_on)
{
    static const char *const names[] = {"diffmm_trainer_resume",
                                        "diffmm_trainer_resume with options",
                                        "diffmm_trainer_resume_memory"};
    begin();
    struct folder folder = folder_begin();
    const struct fault_kind kind = {.name = "nothing"};
    fault_files_begin(folder.path);
    uint64_t whole = fault_bits(&kind, fault_find("diffmm_trainer_epoch the second"), folder.path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_uint_eq(fault_bits(&kind, fault_find(names[i]), folder.path), whole);
    folder_end(&folder);
}
END_TEST

static void remember(diffmm_log_level level, const char *message, void *user_data)
{
    if (level == DIFFMM_LOG_WARNING)
        snprintf(user_data, 300, "%s", message);
}

/* The last step of saving is to sync the folder: the file is then in place, and saved. */
START_TEST(a_folder_that_cannot_be_synced)
{
    begin();
    struct folder folder = folder_begin();
    char warning[300] = "";
    const diffmm_context_settings settings = {
        .threads = 1, .log = remember, .log_data = warning, .log_level = DIFFMM_LOG_WARNING};
    static const int errors[] = {EIO, EINVAL};
    fault_files_begin(folder.path);
    for (size_t e = 0; e < 2; e++) {
        struct fault_world world = {.settings = settings, .folder = folder.path};
        expect_success(diffmm_context_create(&settings, &world.context));
        expect_success(diffmm_model_load(world.context, fault_path(&world, "model.safetensors"),
                                         &world.model));
        error = errors[e];
        warning[0] = '\0';
        size_t n = 1;
        do {
            arm(n++, false);
            diffmm_status status =
                diffmm_model_save(world.model, fault_path(&world, "old.safetensors"));
            ck_assert(status == DIFFMM_OK || !fault_system.harmless);
            ck_assert_uint_lt(n, 100);
        } while (!fault_system.failed || strcmp(fault_system.name, "fsync") != 0 ||
                 !fault_system.harmless);
        arm(0, false);
        if (error == EIO) {
            ck_assert_ptr_nonnull(strstr(warning, "old.safetensors"));
            ck_assert_ptr_nonnull(strstr(warning, strerror(EIO)));
        } else { /* some file systems cannot, and that is well known */
            ck_assert_str_eq(warning, "");
        }
        diffmm_model_destroy(world.model);
        diffmm_context_destroy(world.context);
    }
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {input_output_errors,
                                  no_space,
                                  no_memory,
                                  signals,
                                  short_writes,
                                  resuming_is_going_on,
                                  a_folder_that_cannot_be_synced};
    return run_tests("faults/system", tests, sizeof tests / sizeof *tests) != 0;
}
