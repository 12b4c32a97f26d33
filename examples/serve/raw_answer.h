/* SPDX-License-Identifier: BSD-2-Clause */
/* An answer written to a socket past the HTTP library, for moments at which it takes none. */
#ifndef DIFFMM_EXAMPLES_SERVE_RAW_ANSWER_H
#define DIFFMM_EXAMPLES_SERVE_RAW_ANSWER_H

/* {"error": reason} with the status 408, 413 or 414. The reason is plain ASCII without quotes. What
 * does not fit into the socket's buffer is lost: nothing waits for such a client. */
void raw_answer_send(int socket, unsigned status, const char *reason);

#endif
