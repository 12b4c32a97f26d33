/* SPDX-License-Identifier: BSD-2-Clause */
#include "command_line.h"

#include <stdarg.h>
#include <stdio.h>

#include <diffmm/diffmm.h>

#include "numbers.h"

bool complain(const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "%s: ", program_name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    putc('\n', stderr);
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
