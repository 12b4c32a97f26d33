/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/system.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int diffmm__sys_open(int folder, const char *path, int flags, mode_t mode)
{
    return openat(folder, path, flags, mode);
}

int diffmm__sys_close(int file)
{
    return close(file);
}

int diffmm__sys_stat(int folder, const char *path, struct stat *out, int flags)
{
    return fstatat(folder, path, out, flags);
}

ssize_t diffmm__sys_readlink(int folder, const char *path, char *out, size_t size)
{
    return readlinkat(folder, path, out, size);
}

int diffmm__sys_fstat(int file, struct stat *out)
{
    return fstat(file, out);
}

int diffmm__sys_fchmod(int file, mode_t mode)
{
    return fchmod(file, mode);
}

ssize_t diffmm__sys_write(int file, const void *data, size_t size)
{
    return write(file, data, size);
}

int diffmm__sys_fsync(int file)
{
    return fsync(file);
}

int diffmm__sys_rename(int folder, const char *from, const char *to)
{
    return renameat(folder, from, folder, to);
}

int diffmm__sys_unlink(int folder, const char *path)
{
    return unlinkat(folder, path, 0);
}

int diffmm__sys_duplicate(int file)
{
    return fcntl(file, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

int diffmm__sys_wait(int file)
{
    struct pollfd wanted = {.fd = file, .events = POLLOUT};
    return poll(&wanted, 1, -1);
}

void *diffmm__sys_map(int file, size_t size)
{
    return mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
}

int diffmm__sys_unmap(void *address, size_t size)
{
    return munmap(address, size);
}

DIR *diffmm__sys_opendir(int folder)
{
    return fdopendir(folder);
}

struct dirent *diffmm__sys_readdir(DIR *folder)
{
    return readdir(folder);
}

int diffmm__sys_closedir(DIR *folder)
{
    return closedir(folder);
}

int diffmm__sys_thread(pthread_t *thread, size_t stack, void *(*function)(void *), void *argument)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error)
        return error;
    if (stack)
        error = pthread_attr_setstacksize(&attributes, stack);
    if (!error)
        error = pthread_create(thread, &attributes, function, argument);
    pthread_attr_destroy(&attributes);
    return error;
}

int diffmm__sys_quiet_thread(pthread_t *thread, void *(*function)(void *), void *argument)
{
    pthread_attr_t attributes;
    sigset_t all;
    int error = pthread_attr_init(&attributes);
    if (error)
        return error;
    sigfillset(&all);
    error = pthread_attr_setsigmask_np(&attributes, &all);
    if (!error)
        error = pthread_create(thread, &attributes, function, argument);
    pthread_attr_destroy(&attributes);
    return error;
}
