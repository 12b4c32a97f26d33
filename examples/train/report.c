/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/command_line.h"
#include "common/output_file.h"
#include "common/shell_text.h"
#include "html_text.h"
#include "report_parts.h"

static int failed(const char *path)
{
    complain("cannot write %s: %s", path, strerror(errno));
    return EXIT_FAILED;
}

static int no_memory(void)
{
    complain("no memory");
    return EXIT_FAILED;
}

/* Begin a file and throw that away. What is no regular file is not touched: somebody may be reading. */
static bool can_write(const char *path)
{
    struct stat about;
    struct output_file file;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
        return true;
    if (!output_file_open(&file, path))
        return false;
    output_file_close(&file, false);
    return true;
}

int check_outputs(const struct arguments *arguments)
{
    const char *const paths[] = {arguments->model, arguments->report, arguments->csv};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (paths[i] && !can_write(paths[i]))
            return failed(paths[i]);
    return EXIT_DONE;
}

/* No scripts, and nothing from elsewhere, whatever a name in the page may say. */
static const char head[] =
    "<!DOCTYPE html>\n"
    "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
    "<meta charset=\"utf-8\"/>\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
    "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
    "<meta http-equiv=\"Content-Security-Policy\" "
    "content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n";

static bool write_page(FILE *out, const struct run *run, const struct epoch_table *table)
{
    fputs(head, out);
    fputs("<title>Training on ", out);
    html_text(out, run->arguments->data);
    fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>Training on <code>",
            report_style);
    html_text(out, run->arguments->data);
    fputs("</code></h1>\n", out);
    report_summary(out, run);
    if (!report_charts(out, run, table))
        return false;
    fputs("<div class=\"columns\">\n", out);
    report_data(out, run);
    if (!report_weights(out, run))
        return false;
    report_seconds(out, table);
    fputs("</div>\n", out);
    if (!report_settings(out, run))
        return false;
    report_epochs(out, table);
    fputs("<footer>", out);
    html_text(out, diffmm_build_info());
    fputs("</footer>\n</main>\n</body>\n</html>\n", out);
    return true;
}

/* What is written into a file: the page, or the table. False without memory. */
typedef bool writing(FILE *out, const struct run *run, const struct epoch_table *table);

static bool write_csv(FILE *out, const struct run *run, const struct epoch_table *table)
{
    (void)run;
    epoch_table_write(table, out);
    return true;
}

static int write_file(const char *path, writing *write, const struct run *run,
                      const struct epoch_table *table)
{
    struct output_file file;
    if (!output_file_open(&file, path))
        return failed(path);
    bool good = write(file.stream, run, table);
    if (!output_file_close(&file, good))
        return good ? failed(path) : no_memory();
    if (run->arguments->json)
        return EXIT_DONE;
    fputs("wrote ", stdout);
    shell_word_print(stdout, path);
    fputs("\n", stdout);
    return EXIT_DONE;
}

int write_outputs(const struct run *run)
{
    const struct arguments *arguments = run->arguments;
    struct epoch_table table;
    if (!arguments->report && !arguments->csv)
        return EXIT_DONE;
    if (!epoch_table_begin(&table, run->history))
        return no_memory();
    int code = EXIT_DONE;
    if (arguments->report)
        code = write_file(arguments->report, write_page, run, &table);
    if (code == EXIT_DONE && arguments->csv)
        code = write_file(arguments->csv, write_csv, run, &table);
    epoch_table_end(&table);
    return code;
}
