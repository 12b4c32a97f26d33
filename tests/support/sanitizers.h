/* SPDX-License-Identifier: BSD-2-Clause */
/* Which sanitiser a program is compiled with; gcc and clang tell it in different ways. */
#ifndef DIFFMM_TESTS_SANITIZERS_H
#define DIFFMM_TESTS_SANITIZERS_H

#ifndef __has_feature
#define __has_feature(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define TESTS_ADDRESS_SANITIZER
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define TESTS_THREAD_SANITIZER
#endif

#endif
