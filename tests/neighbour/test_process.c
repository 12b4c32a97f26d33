/* SPDX-License-Identifier: BSD-2-Clause */
/* What belongs to the process is as it was after everything the library does, and while it does it:
 * signal handlers and masks, locale, environment, floating-point control, umask, limits, affinity,
 * working folder, open files; and nothing is printed. */
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "life.h"
#include "support/failure.h"
#include "support/folder.h"

extern char **environ;

/* All of it as text, so that a difference can be shown. */
struct state {
    size_t length;
    char text[1 << 16];
};

static void add(struct state *state, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct state *state, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(state->text + state->length, sizeof state->text - state->length, format,
                           arguments);
    va_end(arguments);
    ck_assert(length >= 0 && (size_t)length < sizeof state->text - state->length);
    state->length += (size_t)length;
}

static void add_signals(struct state *state)
{
    sigset_t mask;
    ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0)
            add(state, "signal %d: %p flags %x masked %d\n", number, (void *)action.sa_handler,
                (unsigned)action.sa_flags, sigismember(&mask, number));
    }
    stack_t stack;
    ck_assert_int_eq(sigaltstack(NULL, &stack), 0);
    add(state, "signal stack: %p\n", stack.ss_sp);
}

/* Rounding, traps, and the control bits (not the sticky flags, which any arithmetic sets). */
static void add_floating_point(struct state *state)
{
    add(state, "rounding %d, traps %d\n", fegetround(), fegetexcept());
#if defined(__x86_64__)
    unsigned short x87;
    __asm__("fnstcw %0" : "=m"(x87));
    add(state, "mxcsr %x, x87 control %x\n", _mm_getcsr() & ~0x3fU, x87);
#endif
}

static void add_process(struct state *state)
{
    char folder[1024];
    ck_assert_ptr_nonnull(getcwd(folder, sizeof folder));
    mode_t mask = umask(0);
    umask(mask);
    add(state, "folder %s\numask %o\npriority %d\n", folder, (unsigned)mask,
        getpriority(PRIO_PROCESS, 0));
    for (int limit = 0; limit < RLIM_NLIMITS; limit++) {
        struct rlimit value;
        ck_assert_int_eq(getrlimit((__rlimit_resource_t)limit, &value), 0);
        add(state, "limit %d: %lu %lu\n", limit, value.rlim_cur, value.rlim_max);
    }
    cpu_set_t cpus;
    ck_assert_int_eq(sched_getaffinity(0, sizeof cpus, &cpus), 0);
    for (size_t cpu = 0; cpu < 64; cpu++)
        add(state, "%d", CPU_ISSET(cpu, &cpus) != 0);
    add(state, " CPUs\nlocale %s, point %s\n", setlocale(LC_ALL, NULL),
        localeconv()->decimal_point);
    for (char **variable = environ; *variable; variable++)
        add(state, "%s\n", *variable);
}

static void take(struct state *state)
{
    state->length = 0;
    state->text[0] = '\0';
    add_signals(state);
    add_floating_point(state);
    add_process(state);
}

struct watched {
    struct state before, now;
    size_t looks;
};

static void expect_unchanged(const char *what, void *watcher)
{
    struct watched *watched = watcher;
    take(&watched->now);
    watched->looks++;
    const char *a = watched->before.text, *b = watched->now.text;
    while (*a && *a == *b) {
        a++;
        b++;
    }
    ck_assert_msg(*a == *b, "%s has changed '%.60s' to '%.60s'", what, a, b);
}

static size_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(folder);
    size_t count = 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* Standard output and error while they go to files. */
static struct {
    bool caught;
    int kept[2];
} output;

static void catch_output(const struct folder *folder)
{
    char path[128];
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        folder_file(folder, i ? "stderr" : "stdout", path);
        int file = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
        output.kept[i] = dup(i + 1);
        ck_assert(file >= 0 && output.kept[i] >= 0 && dup2(file, i + 1) == i + 1);
        close(file);
    }
    output.caught = true;
}

/* After every test, so that a failure in between can be told. */
static void release_output(void)
{
    fflush(NULL);
    for (int i = 0; i < 2 && output.caught; i++) {
        dup2(output.kept[i], i + 1);
        close(output.kept[i]);
    }
    output.caught = false;
}

static void expect_silence(void)
{
    struct stat about[2];
    fflush(NULL);
    ck_assert(fstat(STDOUT_FILENO, &about[0]) == 0 && fstat(STDERR_FILENO, &about[1]) == 0);
    release_output();
    ck_assert_msg(about[0].st_size == 0, "something was printed");
    ck_assert_msg(about[1].st_size == 0, "something was printed as an error");
}

/* Everything, with the process's state as the test has set it. */
static void expect_good_neighbour(size_t threads)
{
    struct watched *watched = calloc(1, sizeof *watched);
    ck_assert_ptr_nonnull(watched);
    struct folder folder = folder_begin();
    struct life_result result;
    diffmm_context *context;
    const diffmm_context_settings settings = {.struct_size = sizeof settings, .threads = threads};
    size_t files = open_files();
    take(&watched->before);
    catch_output(&folder);
    expect_success(diffmm_context_create(&settings, &context));
    expect_unchanged("a context", watched);
    live(context, folder.path, expect_unchanged, watched, &result);
    live_badly(context, folder.path, expect_unchanged, watched);
    diffmm_context_destroy(context);
    expect_unchanged("the end of a context", watched);
    expect_silence();
    ck_assert_uint_eq(open_files(), files);
    ck_assert_uint_gt(watched->looks, 30);
    folder_end(&folder);
    free(watched);
}

START_TEST(as_a_process_starts)
{
    expect_good_neighbour(1);
    expect_good_neighbour(3);
}
END_TEST

static void on_signal(int number)
{
    (void)number;
}

START_TEST(with_habits_of_its_own)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old[3];
    static const int signals[] = {SIGUSR1, SIGFPE, SIGPIPE};
    sigset_t mask, old_mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    for (int i = 0; i < 3; i++)
        sigaction(signals[i], &action, &old[i]);
    sigprocmask(SIG_BLOCK, &mask, &old_mask);
    mode_t old_umask = umask(027);
    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
    ck_assert_int_eq(setenv("BLIS_NUM_THREADS", "2", 1), 0);
    ck_assert_int_eq(setenv("OMP_NUM_THREADS", "2", 1), 0);
    expect_good_neighbour(2);
#if defined(__x86_64__)
    unsigned control = _mm_getcsr();
    _mm_setcsr(control | 0x8040); /* flush to zero, denormals are zero */
    expect_good_neighbour(2);
    _mm_setcsr(control);
#endif
    fesetround(FE_UPWARD);
    expect_good_neighbour(2);
    fesetround(FE_TONEAREST);
    unsetenv("OMP_NUM_THREADS");
    unsetenv("BLIS_NUM_THREADS");
    setlocale(LC_ALL, "C");
    umask(old_umask);
    sigprocmask(SIG_SETMASK, &old_mask, NULL);
    for (int i = 0; i < 3; i++)
        sigaction(signals[i], &old[i], NULL);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("process");
    tcase_add_checked_fixture(tests, NULL, release_output);
    tcase_add_test(tests, as_a_process_starts);
    tcase_add_test(tests, with_habits_of_its_own);
    return run_case("neighbour/process", tests) != 0;
}
