/* SPDX-License-Identifier: BSD-2-Clause */
/* The listening socket of diffmm_serve at its end: handshakes that begin are put off until the socket
 * is closed, and what has connected goes on. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_client.h"
#include "program.h"
#include "serve/socket.h"

const char program_name[] = "test_serve_socket";

static int port_of(int listening)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

/* Begin to connect, and do not wait for it. */
static int begin_to_connect(int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(connection, 0);
    ck_assert_int_eq(connect(connection, (const struct sockaddr *)&address, sizeof address), -1);
    ck_assert_int_eq(errno, EINPROGRESS);
    return connection;
}

START_TEST(puts_off)
{
    char byte = 0;
    int listening = socket_listen("127.0.0.1", 0);
    ck_assert_int_ge(listening, 0);
    int port = port_of(listening), early = http_connect(port);
    ck_assert_int_ge(early, 0);
    socket_put_off(listening);
    int late = begin_to_connect(port);
    struct pollfd waiting = {.fd = late, .events = POLLOUT};
    ck_assert_int_eq(poll(&waiting, 1, 300), 0);
    int taken = accept(listening, NULL, NULL);
    ck_assert_int_ge(taken, 0);
    ck_assert_int_eq(accept(listening, NULL, NULL), -1);
    ck_assert(http_send(early, "a", 1));
    ck_assert_int_eq(recv(taken, &byte, 1, 0), 1);
    ck_assert_int_eq(byte, 'a');
    close(listening);
    /* It asks again, and is refused before it has sent anything. */
    int error = 0;
    socklen_t size = sizeof error;
    ck_assert_int_eq(poll(&waiting, 1, -1), 1);
    ck_assert_int_eq(getsockopt(late, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    ck_assert_int_eq(error, ECONNREFUSED);
    close(late);
    close(early);
    close(taken);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve_socket");
    tcase_add_test(tests, puts_off);
    return run_programs(argc, argv, tests, "serve_socket");
}
