/* SPDX-License-Identifier: BSD-2-Clause */
#include "file_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALIGNMENT = 64 };

bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Up to `size` bytes; fewer at the end of the file. */
static ssize_t read_up_to(int file, char *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(file, data + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static bool read_open(int descriptor, const char *path, struct file_bytes *out,
                      struct failure *failure)
{
    struct stat after;
    if (fstat(descriptor, &out->file) != 0)
        return refuse(failure, 500, "%s: %s", path, strerror(errno));
    if (!S_ISREG(out->file.st_mode))
        return refuse(failure, 500, "%s: not a regular file", path);
    out->size = (size_t)out->file.st_size;
    if (posix_memalign(&out->data, ALIGNMENT, out->size + 1) != 0) {
        out->data = NULL;
        return refuse(failure, 500, "%s: no memory for its %zu bytes", path, out->size);
    }
    /* One byte more, to see whether it has grown. */
    ssize_t got = read_up_to(descriptor, out->data, out->size + 1);
    if (got < 0 || fstat(descriptor, &after) != 0)
        return refuse(failure, 500, "%s: %s", path, strerror(errno));
    return ((size_t)got == out->size && same_file(&out->file, &after)) ||
           refuse(failure, 500, "%s: it was changed while it was read", path);
}

bool file_bytes_read(const char *path, struct file_bytes *out, struct failure *failure)
{
    memset(out, 0, sizeof *out);
    /* O_NONBLOCK: a pipe without a writer must not hold up the service. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return refuse(failure, 500, "%s: %s", path, strerror(errno));
    bool good = read_open(descriptor, path, out, failure);
    close(descriptor);
    if (!good) {
        free(out->data);
        out->data = NULL;
    }
    return good;
}
