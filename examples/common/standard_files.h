/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_EXAMPLES_STANDARD_FILES_H
#define DIFFMM_EXAMPLES_STANDARD_FILES_H

/* Take up the numbers of standard input, output and error where the program was started without
 * them (`2>&-`): the first file that it opened would get one, and its messages would land in that
 * file. To be called before anything is opened. What is read from or written to them still fails,
 * as it would have. */
void standard_files_hold(void);

#endif
