/* SPDX-License-Identifier: BSD-2-Clause */
#include "output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_LINKS = 40, MOST_TRIES = 100 };

static bool refuse(int reason)
{
    errno = reason;
    return false;
}

/* Split a path at its last slash: open the folder, which takes the place of the one that the path
 * begins in, and keep the name. */
static bool enter(struct output_file *file, char *path)
{
    char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (strlen(name) > NAME_MAX || !*name)
        return refuse(*name ? ENAMETOOLONG : slash ? EISDIR : ENOENT);
    strcpy(file->name, name);
    if (slash)
        slash[slash == path] = '\0'; /* "/" stays */
    int before = file->folder;
    file->folder = openat(before, slash ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int reason = errno;
    if (before >= 0)
        close(before);
    return file->folder >= 0 || refuse(reason);
}

/* The number, if the name is that of a descriptor of this process; else -1. */
static int descriptor(const struct output_file *file)
{
    struct stat folder, own;
    if (strspn(file->name, "0123456789") != strlen(file->name) || strlen(file->name) > 9 ||
        fstat(file->folder, &folder) != 0 || stat("/proc/self/fd", &own) != 0 ||
        folder.st_dev != own.st_dev || folder.st_ino != own.st_ino)
        return -1;
    return atoi(file->name);
}

/* Follow symbolic links to the folder and name of what is to be written, or to a descriptor. */
static bool find(struct output_file *file, const char *given, int *number)
{
    char path[PATH_MAX];
    if (strlen(given) >= sizeof path)
        return refuse(ENAMETOOLONG);
    strcpy(path, given);
    for (int links = 0; links < MOST_LINKS; links++) {
        if (!enter(file, path))
            return false;
        *number = descriptor(file);
        if (*number >= 0)
            return true;
        ssize_t size = readlinkat(file->folder, file->name, path, sizeof path - 1);
        if (size < 0)
            return errno == EINVAL || errno == ENOENT; /* it is no link */
        path[size] = '\0';
    }
    return refuse(ELOOP);
}

/* A new file beside the one to be replaced, with its permissions, under a random name that begins
 * with its name (which is cut if it is long). */
static int create_beside(struct output_file *file, const struct stat *old)
{
    int number, tries = 0;
    do {
        unsigned long long drawn;
        if (getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
            return -1;
        snprintf(file->temporary, sizeof file->temporary, "%.100s.tmp-%016llx", file->name, drawn);
        number =
            openat(file->folder, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (number < 0 && errno == EEXIST && ++tries < MOST_TRIES);
    if (number >= 0 && old && fchmod(number, old->st_mode & 0777) != 0) {
        int reason = errno;
        close(number);
        unlinkat(file->folder, file->temporary, 0);
        errno = reason;
        return -1;
    }
    return number;
}

static void leave_folder(struct output_file *file)
{
    int reason = errno;
    if (file->folder >= 0)
        close(file->folder);
    file->folder = -1;
    errno = reason;
}

/* Signals that end the program: the unfinished file is removed first. */
static const int endings[] = {SIGINT, SIGTERM, SIGHUP};
enum { ENDINGS = sizeof endings / sizeof *endings };
static struct sigaction before[ENDINGS];
static const struct output_file *volatile unfinished;

static void on_ending(int signal_number)
{
    if (unfinished)
        unlinkat(unfinished->folder, unfinished->temporary, 0);
    signal(signal_number, SIG_DFL);
    raise(signal_number); /* comes when this handler returns */
}

static void hold_endings(int how)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < ENDINGS; i++)
        sigaddset(&set, endings[i]);
    sigprocmask(how, &set, NULL);
}

/* Call this while hold_endings() blocks the signals. NULL: no file is unfinished any more. */
static void watch_endings(const struct output_file *file)
{
    const struct sigaction action = {.sa_handler = on_ending};
    for (int i = 0; i < ENDINGS; i++) {
        if (file)
            sigaction(endings[i], NULL, &before[i]);
        if (before[i].sa_handler == SIG_DFL)
            sigaction(endings[i], file ? &action : &before[i], NULL);
    }
    unfinished = file;
}

bool output_file_open(struct output_file *file, const char *path)
{
    struct stat old;
    *file = (struct output_file){.folder = AT_FDCWD};
    /* stat() first: the system may forbid to follow a link. */
    bool exists = stat(path, &old) == 0;
    int out = -1, number = -1;
    if ((exists || errno == ENOENT) && find(file, path, &number)) {
        if (number >= 0)
            out = dup(number);
        else if (!exists || S_ISREG(old.st_mode)) {
            hold_endings(SIG_BLOCK);
            out = create_beside(file, exists ? &old : NULL);
            if (out >= 0)
                watch_endings(file);
            hold_endings(SIG_UNBLOCK);
        } else
            out = openat(file->folder, file->name, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    }
    if (out < 0 || !unfinished)
        leave_folder(file);
    file->stream = out < 0 ? NULL : fdopen(out, "w");
    return file->stream != NULL;
}

bool output_file_close(struct output_file *file, bool good)
{
    /* Pipes and devices have nothing to sync, and say so with EINVAL. */
    bool kept = fflush(file->stream) == 0 && !ferror(file->stream) &&
                (fsync(fileno(file->stream)) == 0 || errno == EINVAL);
    int reason = errno;
    if (fclose(file->stream) != 0 && kept) {
        kept = false;
        reason = errno;
    }
    if (file->folder >= 0) {
        hold_endings(SIG_BLOCK);
        watch_endings(NULL);
        if (good && kept &&
            renameat(file->folder, file->temporary, file->folder, file->name) != 0) {
            kept = false;
            reason = errno;
        }
        if (!good || !kept)
            unlinkat(file->folder, file->temporary, 0);
        hold_endings(SIG_UNBLOCK);
        leave_folder(file);
    }
    errno = reason;
    return good && kept;
}

FILE *output_stream_open(const char *path)
{
    struct output_file file = {.folder = AT_FDCWD};
    int number = -1;
    if (!find(&file, path, &number)) {
        leave_folder(&file);
        return NULL;
    }
    leave_folder(&file);
    int out = number >= 0 ? dup(number)
                          : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
    return out < 0 ? NULL : fdopen(out, "w");
}
