/* SPDX-License-Identifier: BSD-2-Clause */
/* The library's way to the operating system (base/system.h), with failures on demand. A program
 * that has system.c in it is linked without the library's own. */
#ifndef DIFFMM_TESTS_FAULTS_SYSTEM_H
#define DIFFMM_TESTS_FAULTS_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

struct fault_system {
    /* What shall happen. */
    size_t fail;        /* the call to fail, counted from 1; 0: none */
    bool onwards;       /* and all after it, but those that only clean up: close, unlink */
    int error;          /* errno of a failure; EINTR only where a signal can interrupt */
    bool nothing;       /* a write that should fail takes nothing instead */
    size_t most;        /* bytes that a write takes at most; 0: all */
    size_t fail_thread; /* likewise of threads */
    bool threads_onwards;
    void (*watch)(void); /* told of each call before it; NULL: nobody */
    /* In place of mmap and munmap; NULL: these. */
    void *(*map)(int file, size_t size);
    int (*unmap)(void *address, size_t size);
    /* What has happened. */
    size_t calls, failed, threads, threads_failed;
    const char *name; /* of the first call that failed, of one that matters if there was one */
    bool harmless;    /* none did: closing what was only read, syncing a folder */
    size_t open;      /* files, folders and mappings now open */
};

extern struct fault_system fault_system;

#endif
