/* SPDX-License-Identifier: BSD-2-Clause */
#include "command_line.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "numbers.h"

static const char *speaker = "";

void complain_as(const char *name)
{
    speaker = name;
}

/* One call writes the line, so that it stays whole where several processes write to one terminal. What does
 * not fit is cut off. */
bool complain(const char *format, ...)
{
    char text[6144];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s: %s%s\n", program_name, speaker, text);
    return false;
}

static void print_log(diffmm_log_level level, const char *message, void *user_data)
{
    (void)user_data;
    complain("%s%s", level == DIFFMM_LOG_WARNING ? "warning: " : "", message);
}

diffmm_context_settings warning_settings(size_t threads)
{
    return (diffmm_context_settings){.struct_size = sizeof(diffmm_context_settings),
                                     .threads = threads,
                                     .log = print_log,
                                     .log_level = DIFFMM_LOG_WARNING};
}

int failed_call(void)
{
    complain("%s", diffmm_error_message());
    return EXIT_FAILED;
}

bool read_number_option(const char *option, const char *text, size_t least, size_t most,
                        size_t *out)
{
    return read_number(text, least, most, out) ||
           complain("--%s takes a number from %zu to %zu, not %s", option, least, most, text);
}

int point_to_help(void)
{
    fprintf(stderr, "try: %s --help\n", program_name);
    return EXIT_USAGE;
}

void print_common_options(int column)
{
    printf("  %-*s%s\n", column - 2, "--help", "print this text and exit");
    printf("  %-*s%s\n", column - 2, "--version", "print the version and exit");
}

void print_exit_statuses(const char *further)
{
    printf("\nExit status: 0 done, 1 failed, 2 the command line is wrong%s.\n", further);
}

int print_version(void)
{
    int version = diffmm_version();
    printf("%s %d.%d.%d\n%s\n", program_name, version / 1000000, version / 1000 % 1000,
           version % 1000, diffmm_build_info());
    return finish_output(EXIT_DONE);
}

int finish_output(int code)
{
    bool failed = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) == 0 && !failed)
        return code;
    if (code == EXIT_DONE)
        complain("standard output: %s", errno ? strerror(errno) : "not all could be written");
    return code == EXIT_DONE ? EXIT_FAILED : code;
}
