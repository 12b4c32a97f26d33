/* SPDX-License-Identifier: BSD-2-Clause */
#include "socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/command_line.h"

/* A socket that listens at one of the addresses, or -1. */
static int listen_at(const struct addrinfo *addresses)
{
    int found = -1;
    for (const struct addrinfo *at = addresses; at && found < 0; at = at->ai_next) {
        int yes = 1;
        found =
            socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
        if (found < 0)
            continue;
        if (setsockopt(found, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
            bind(found, at->ai_addr, at->ai_addrlen) != 0 || listen(found, SOMAXCONN) != 0) {
            int reason = errno;
            close(found);
            errno = reason;
            found = -1;
        }
    }
    return found;
}

int socket_listen(const char *host, size_t port_number)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses;
    char port[24];
    snprintf(port, sizeof port, "%zu", port_number);
    int error = getaddrinfo(host, port, &hints, &addresses);
    if (error != 0) {
        complain("%s: %s", host, gai_strerror(error));
        return -1;
    }
    int found = listen_at(addresses);
    if (found < 0)
        complain("cannot listen: %s", strerror(errno));
    freeaddrinfo(addresses);
    return found;
}

void socket_announce(int socket)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getsockname(socket, (struct sockaddr *)&address, &size) != 0 ||
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    bool brackets = strchr(host, ':') != NULL;
    printf("listening on http://%s%s%s:%s\n", brackets ? "[" : "", host, brackets ? "]" : "", port);
    fflush(stdout);
}

void socket_put_off(int socket)
{
    /* A program for each packet: of the TCP header, byte 13 has the flags, among them SYN. The
     * verdict is how many bytes to keep. */
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    const struct sock_fprog filter = {sizeof program / sizeof *program, program};
    (void)!setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}
