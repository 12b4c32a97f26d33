/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls that the library makes to the operating system: the only way to the file system
 * (base/file.h) and to new threads (base/pool.h). Each function makes the call that it is named
 * after, and does nothing more. A program that defines all of them itself, as the tests of failures
 * do, is linked without ours. */
#ifndef DIFFMM_BASE_SYSTEM_H
#define DIFFMM_BASE_SYSTEM_H

#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/types.h>

/* `folder` is an open folder in which relative paths begin, or AT_FDCWD. */
int diffmm__sys_open(int folder, const char *path, int flags, mode_t mode);
int diffmm__sys_close(int file);
int diffmm__sys_stat(int folder, const char *path, struct stat *out, int flags);
ssize_t diffmm__sys_readlink(int folder, const char *path, char *out, size_t size);
int diffmm__sys_fstat(int file, struct stat *out);
int diffmm__sys_fchmod(int file, mode_t mode);
ssize_t diffmm__sys_write(int file, const void *data, size_t size);
int diffmm__sys_fsync(int file);
int diffmm__sys_rename(int folder, const char *from, const char *to); /* both names in the folder */
int diffmm__sys_unlink(int folder, const char *path);

/* Duplicate a descriptor, to a number above those of standard input, output and error. */
int diffmm__sys_duplicate(int file);

/* Wait until a non-blocking file can be written to. */
int diffmm__sys_wait(int file);

/* A private, read-only mapping of the first `size` bytes; MAP_FAILED on failure. */
void *diffmm__sys_map(int file, size_t size);
int diffmm__sys_unmap(void *address, size_t size);

DIR *diffmm__sys_opendir(int folder); /* the DIR takes the descriptor over */
struct dirent *diffmm__sys_readdir(DIR *folder);
int diffmm__sys_closedir(DIR *folder);

/* Start a thread with a stack of `stack` bytes, or of the usual size for 0. Returns an error
 * number, as pthread_create() does. */
int diffmm__sys_thread(pthread_t *thread, size_t stack, void *(*function)(void *), void *argument);

/* The same, for a thread that blocks all signals. */
int diffmm__sys_quiet_thread(pthread_t *thread, void *(*function)(void *), void *argument);

#endif
