/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/output_file.h"
#include "epoch_json.h"

bool log_line(FILE *file, const json_t *object)
{
    return json_dumpf(object, file, JSON_NUMBERS) == 0 && fputc('\n', file) != EOF &&
           fflush(file) == 0;
}

/* Whether a line is whole and of an epoch up to the last one done. Such a one is added to
 * `history`, if there is one. */
static bool is_kept(const char *line, ssize_t length, size_t epochs, json_t *history)
{
    if (line[length - 1] != '\n')
        return false;
    json_t *object = json_loads(line, 0, NULL);
    json_int_t epoch = json_integer_value(json_object_get(object, "epoch"));
    bool kept = epoch >= 1 && (size_t)epoch <= epochs;
    if (kept && history)
        json_array_append(history, object);
    json_decref(object);
    return kept;
}

FILE *log_open(const char *path, size_t epochs, json_t *history)
{
    struct stat about;
    bool kept_lines = epochs > 0 && stat(path, &about) == 0 && S_ISREG(about.st_mode);
    if (!kept_lines) /* also a pipe or a terminal, which keep nothing */
        return output_stream_open(path);
    FILE *file = fopen(path, "r+");
    if (!file)
        return NULL;
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    off_t kept = 0;
    while ((length = getline(&line, &size, file)) > 0 && is_kept(line, length, epochs, history))
        kept += length;
    free(line);
    if (ferror(file) || fseeko(file, kept, SEEK_SET) != 0 || ftruncate(fileno(file), kept) != 0) {
        fclose(file);
        return NULL;
    }
    return file;
}
