/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_EXAMPLES_STANDARD_FILES_H
#define DIFFMM_EXAMPLES_STANDARD_FILES_H

#ifdef __cplusplus
extern "C" {
#endif

/* Occupy the descriptors of standard input, output and error where the program was started without
 * them (`2>&-`). Otherwise the first file that it opens would get such a descriptor, and messages
 * would be written into that file. Call this before anything is opened. Reading from or writing to
 * the occupied descriptors fails, as it would have failed before. */
void standard_files_hold(void);

#ifdef __cplusplus
}
#endif

#endif
