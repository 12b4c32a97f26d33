/* SPDX-License-Identifier: BSD-2-Clause */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/system.h"

struct fault_system fault_system;

enum { plain = 0, interruptible = 1, cleans_up = 2 };

static void tell(void)
{
    if (fault_system.watch)
        fault_system.watch();
}

/* Whether this call fails, with errno set. */
static bool fails(const char *name, int kind, bool harmless)
{
    struct fault_system *s = &fault_system;
    size_t number = ++s->calls;
    tell();
    bool chosen =
        s->fail && (number == s->fail || (s->onwards && number > s->fail && !(kind & cleans_up)));
    if (!chosen || (s->error == EINTR && !(kind & interruptible)))
        return false;
    if (s->failed++ == 0 || (s->harmless && !harmless)) {
        s->name = name;
        s->harmless = harmless;
    }
    errno = s->error;
    return true;
}

static bool is_folder(int file)
{
    struct stat about;
    return fstat(file, &about) == 0 && S_ISDIR(about.st_mode);
}

/* "." is the folder of what has been written, opened to be synced. */
int diffmm__sys_open(int folder, const char *path, int flags, mode_t mode)
{
    if (fails("open", interruptible, strcmp(path, ".") == 0 && !(flags & O_PATH)))
        return -1;
    int file = openat(folder, path, flags, mode);
    fault_system.open += file >= 0;
    return file;
}

/* A file is closed also where close() fails. */
int diffmm__sys_close(int file)
{
    bool read_only = (fcntl(file, F_GETFL) & O_ACCMODE) == O_RDONLY;
    bool failed = fails("close", interruptible | cleans_up, read_only);
    int error = errno, result = close(file);
    fault_system.open -= result == 0;
    if (!failed)
        return result;
    errno = error;
    return -1;
}

int diffmm__sys_stat(int folder, const char *path, struct stat *out, int flags)
{
    return fails("stat", plain, false) ? -1 : fstatat(folder, path, out, flags);
}

ssize_t diffmm__sys_readlink(int folder, const char *path, char *out, size_t size)
{
    return fails("readlink", plain, false) ? -1 : readlinkat(folder, path, out, size);
}

int diffmm__sys_fstat(int file, struct stat *out)
{
    return fails("fstat", plain, false) ? -1 : fstat(file, out);
}

int diffmm__sys_fchmod(int file, mode_t mode)
{
    return fails("fchmod", interruptible, false) ? -1 : fchmod(file, mode);
}

ssize_t diffmm__sys_write(int file, const void *data, size_t size)
{
    if (fails("write", interruptible, false))
        return fault_system.nothing ? 0 : -1;
    size_t most = fault_system.most;
    return write(file, data, most && most < size ? most : size);
}

int diffmm__sys_fsync(int file)
{
    return fails("fsync", interruptible, is_folder(file)) ? -1 : fsync(file);
}

int diffmm__sys_rename(int folder, const char *from, const char *to)
{
    return fails("rename", plain, false) ? -1 : renameat(folder, from, folder, to);
}

int diffmm__sys_unlink(int folder, const char *path)
{
    return fails("unlink", cleans_up, false) ? -1 : unlinkat(folder, path, 0);
}

int diffmm__sys_duplicate(int file)
{
    if (fails("fcntl", plain, false))
        return -1;
    int copy = fcntl(file, F_DUPFD_CLOEXEC, 3);
    fault_system.open += copy >= 0;
    return copy;
}

int diffmm__sys_wait(int file)
{
    struct pollfd wanted = {.fd = file, .events = POLLOUT};
    return fails("poll", interruptible, false) ? -1 : poll(&wanted, 1, -1);
}

void *diffmm__sys_map(int file, size_t size)
{
    if (fails("mmap", plain, false))
        return MAP_FAILED;
    void *address = fault_system.map ? fault_system.map(file, size)
                                     : mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    fault_system.open += address != MAP_FAILED;
    return address;
}

/* These two cannot fail on what is open. */
int diffmm__sys_unmap(void *address, size_t size)
{
    tell();
    fault_system.open--;
    return fault_system.unmap ? fault_system.unmap(address, size) : munmap(address, size);
}

int diffmm__sys_closedir(DIR *folder)
{
    tell();
    fault_system.open--;
    return closedir(folder);
}

/* The DIR is the folder, which is open already. */
DIR *diffmm__sys_opendir(int folder)
{
    return fails("opendir", plain, false) ? NULL : fdopendir(folder);
}

struct dirent *diffmm__sys_readdir(DIR *folder)
{
    return fails("readdir", plain, false) ? NULL : readdir(folder);
}

/* Whether this thread cannot be had. */
static bool thread_fails(void)
{
    struct fault_system *s = &fault_system;
    size_t number = ++s->threads;
    tell();
    if (s->fail_thread &&
        (number == s->fail_thread || (s->threads_onwards && number > s->fail_thread))) {
        s->threads_failed++;
        return true;
    }
    return false;
}

int diffmm__sys_thread(pthread_t *thread, size_t stack, void *(*function)(void *), void *argument)
{
    if (thread_fails())
        return EAGAIN;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (stack)
        pthread_attr_setstacksize(&attributes, stack);
    int error = pthread_create(thread, &attributes, function, argument);
    pthread_attr_destroy(&attributes);
    return error;
}

int diffmm__sys_quiet_thread(pthread_t *thread, void *(*function)(void *), void *argument)
{
    if (thread_fails())
        return EAGAIN;
    pthread_attr_t attributes;
    sigset_t all;
    pthread_attr_init(&attributes);
    sigfillset(&all);
    pthread_attr_setsigmask_np(&attributes, &all);
    int error = pthread_create(thread, &attributes, function, argument);
    pthread_attr_destroy(&attributes);
    return error;
}
