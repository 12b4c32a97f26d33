/* SPDX-License-Identifier: BSD-2-Clause */
/* A file to write that appears as a whole or not at all. What the path leads to decides, as with
 * files of the library: a regular file, also behind a symbolic link, is replaced when all is
 * written; a pipe, a device or a descriptor (/dev/stdout, /dev/fd/3) is written through; a folder
 * or a socket is refused. */
#ifndef DIFFMM_EXAMPLES_OUTPUT_FILE_H
#define DIFFMM_EXAMPLES_OUTPUT_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct output_file {
    FILE *stream;
    int folder;                                       /* -1: written through */
    char name[NAME_MAX + 1], temporary[NAME_MAX + 1]; /* in the folder */
};

/* False with errno. Only one file at a time: a signal that ends the program removes the unfinished
 * one. */
bool output_file_open(struct output_file *file, const char *path);

/* Close it, and put it in its place; unless `good`, what has been written is thrown away. False
 * with errno if it is not in place in the end. */
bool output_file_close(struct output_file *file, bool good);

/* A file that is written as it comes, such as a log: a regular one is emptied first. NULL with
 * errno. */
FILE *output_stream_open(const char *path);

#endif
