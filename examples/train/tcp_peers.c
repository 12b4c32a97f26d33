/* SPDX-License-Identifier: BSD-2-Clause */
/* Each message is its length, in 8 bytes, and its bytes. Both directions of an exchange move as
 * their sockets allow: two peers that send to each other never wait for each other. */
#include "tcp_peers.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcp_addresses.h"
#include "tcp_mesh.h"
#include "tcp_number.h"

enum { HEAD_BYTES = 8, AT_ONCE = 1 << 20 };

/* One direction of an exchange. */
struct direction {
    int32_t peer;
    int socket;
    unsigned char head[HEAD_BYTES]; /* the length */
    size_t head_done;
    char *bytes;
    size_t size, done;
    bool ended;
};

__attribute__((format(printf, 3, 4))) static int fail(struct tcp_peers *tcp, int failure,
                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(tcp->message, sizeof tcp->message, format, arguments);
    va_end(arguments);
    return failure;
}

static void close_all(struct tcp_peers *tcp)
{
    tcp->left = true;
    for (uint32_t peer = 0; peer < tcp->peers.size; peer++)
        if (tcp->sockets[peer] >= 0) {
            close(tcp->sockets[peer]);
            tcp->sockets[peer] = -1;
        }
}

/* What to do after send() or recv() returned `count`: 0 to go on, or a failure. */
static int judge(struct tcp_peers *tcp, const struct direction *direction, ssize_t count)
{
    if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)))
        return 0;
    if (count == 0 || errno == EPIPE || errno == ECONNRESET)
        return fail(tcp, TCP_ABANDONED, "peer %d has left", direction->peer);
    return fail(tcp, TCP_FAILED, "peer %d: %s", direction->peer, strerror(errno));
}

/* Add what was carried; returns whether that was something. */
static bool carried(ssize_t count, size_t *done)
{
    *done += count > 0 ? (size_t)count : 0;
    return count > 0;
}

static size_t piece(const struct direction *direction)
{
    size_t left = direction->size - direction->done;
    return left < AT_ONCE ? left : AT_ONCE;
}

static int send_some(struct tcp_peers *tcp, struct direction *out, bool *moved)
{
    ssize_t count;
    if (out->head_done < HEAD_BYTES) {
        count = send(out->socket, out->head + out->head_done, HEAD_BYTES - out->head_done,
                     MSG_NOSIGNAL | (out->size > 0 ? MSG_MORE : 0));
        *moved |= carried(count, &out->head_done);
    } else {
        count = send(out->socket, out->bytes + out->done, piece(out), MSG_NOSIGNAL);
        *moved |= carried(count, &out->done);
    }
    out->ended = out->head_done == HEAD_BYTES && out->done == out->size;
    return judge(tcp, out, count);
}

static int check_head(struct tcp_peers *tcp, const struct direction *in)
{
    uint64_t size = tcp_number_read(in->head, HEAD_BYTES);
    if (size == in->size)
        return 0;
    return fail(tcp, TCP_FAILED, "peer %d sends %llu bytes where %zu are expected", in->peer,
                (unsigned long long)size, in->size);
}

static int receive_some(struct tcp_peers *tcp, struct direction *in, bool *moved)
{
    ssize_t count;
    int failure = 0;
    if (in->head_done < HEAD_BYTES) {
        count = recv(in->socket, in->head + in->head_done, HEAD_BYTES - in->head_done, 0);
        *moved |= carried(count, &in->head_done);
        if (in->head_done == HEAD_BYTES)
            failure = check_head(tcp, in);
    } else {
        count = recv(in->socket, in->bytes + in->done, piece(in), 0);
        *moved |= carried(count, &in->done);
    }
    in->ended = in->head_done == HEAD_BYTES && in->done == in->size;
    return failure ? failure : judge(tcp, in, count);
}

/* Wait until a socket is ready. Nothing has moved for too long, or the one that is sent to will say
 * nothing more, which is how a peer leaves: a failure. */
static int wait_on(struct tcp_peers *tcp, const struct direction *out, const struct direction *in,
                   double ends)
{
    struct pollfd both[] = {{.fd = out->ended ? -1 : out->socket, .events = POLLOUT | POLLRDHUP},
                            {.fd = in->ended ? -1 : in->socket, .events = POLLIN}};
    double left = 1000 * (ends - tcp_clock());
    if (left <= 0)
        return fail(tcp, TCP_DEADLINE, "peer %d did not answer within %g seconds",
                    in->ended ? out->peer : in->peer, tcp->deadline);
    if (poll(both, 2, left > 60000 ? 60000 : (int)left + 1) > 0 && (both[0].revents & POLLRDHUP))
        return fail(tcp, TCP_ABANDONED, "peer %d has left", out->peer);
    return 0;
}

static int carry(struct tcp_peers *tcp, struct direction *out, struct direction *in)
{
    double ends = tcp_clock() + tcp->deadline;
    int failure = 0;
    while (failure == 0 && !(out->ended && in->ended)) {
        bool moved = false;
        if (!out->ended)
            failure = send_some(tcp, out, &moved);
        if (failure == 0 && !in->ended)
            failure = receive_some(tcp, in, &moved);
        if (failure != 0)
            break;
        if (moved)
            ends = tcp_clock() + tcp->deadline;
        else
            failure = wait_on(tcp, out, in, ends);
    }
    return failure;
}

static struct direction direction_of(const struct tcp_peers *tcp, int32_t peer, void *bytes,
                                     size_t size)
{
    return (struct direction){.peer = peer,
                              .socket = peer < 0 ? -1 : tcp->sockets[peer],
                              .bytes = bytes,
                              .size = size,
                              .ended = peer < 0};
}

static int exchange(int32_t to, const void *send, size_t send_bytes, int32_t from, void *receive,
                    size_t receive_bytes, void *user_data)
{
    struct tcp_peers *tcp = user_data;
    if (tcp->left)
        return fail(tcp, TCP_ABANDONED, "this process has left its peers");
    /* (What is sent is only read.) */
    struct direction out = direction_of(tcp, to, (void *)(size_t)send, send_bytes);
    struct direction in = direction_of(tcp, from, receive, receive_bytes);
    tcp_number_write(send_bytes, HEAD_BYTES, out.head);
    int failure = carry(tcp, &out, &in);
    tcp->left = failure != 0; /* half a message may be under way */
    return failure;
}

/* Whoever waits for this process finds that it says nothing more. To close the connections here
 * could take from the others what was sent before: that happens where something arrives later. */
static void abandon(int32_t status, void *user_data)
{
    struct tcp_peers *tcp = user_data;
    (void)status;
    tcp->left = true;
    for (uint32_t peer = 0; peer < tcp->peers.size; peer++)
        if (tcp->sockets[peer] >= 0)
            shutdown(tcp->sockets[peer], SHUT_WR);
}

static bool connect_all(struct tcp_peers *tcp, const struct tcp_addresses *addresses, uint32_t rank,
                        double deadline)
{
    if (rank >= addresses->size)
        return !fail(tcp, 1, "rank %u: there are %u peers, which count from 0", rank,
                     addresses->size);
    tcp->sockets = calloc(addresses->size, sizeof *tcp->sockets);
    if (!tcp->sockets)
        return !fail(tcp, 1, "no memory for %u sockets", addresses->size);
    if (!tcp_mesh_connect(addresses, rank, deadline, tcp->sockets, tcp->message,
                          sizeof tcp->message))
        return false;
    tcp->deadline = deadline;
    tcp->peers = (diffmm_peers){.struct_size = sizeof tcp->peers,
                                .rank = rank,
                                .size = addresses->size,
                                .exchange = exchange,
                                .abandon = abandon,
                                .user_data = tcp};
    return true;
}

bool tcp_peers_begin(struct tcp_peers *tcp, const char *list, uint32_t rank, double deadline)
{
    struct tcp_addresses addresses;
    *tcp = (struct tcp_peers){0};
    if (!tcp_addresses_begin(&addresses, list, tcp->message, sizeof tcp->message))
        return false;
    bool connected = connect_all(tcp, &addresses, rank, deadline);
    tcp_addresses_end(&addresses);
    if (!connected)
        tcp_peers_end(tcp);
    return connected;
}

void tcp_peers_end(struct tcp_peers *tcp)
{
    if (tcp->sockets)
        close_all(tcp);
    free(tcp->sockets);
    tcp->sockets = NULL;
}
