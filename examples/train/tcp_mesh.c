/* SPDX-License-Identifier: BSD-2-Clause */
#include "tcp_mesh.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <diffmm/version.h>

#include "tcp_hello.h"

enum { STRANGERS = 32 }; /* connections that have not said who they are, at once */

static const double hello_seconds = 2;     /* for a connection to say who it is */
static const double connect_seconds = 5;   /* for one attempt */
static const double between_seconds = 0.1; /* from one attempt to the next */

struct mesh {
    const struct tcp_addresses *addresses;
    struct tcp_hello own;
    double ends;
    double deadline;
    int *sockets;
    char *message;
    size_t message_size;
    char refused[200]; /* who was, last, and why; or "" */
};

/* A connection that has not said who it is. */
struct stranger {
    int socket; /* -1: none */
    size_t said;
    double ends;
    unsigned char hello[TCP_HELLO_BYTES];
};

double tcp_clock(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

__attribute__((format(printf, 2, 3))) static bool fail(struct mesh *mesh, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(mesh->message, mesh->message_size, format, arguments);
    va_end(arguments);
    return false;
}

/* Milliseconds until then, as poll() takes them: at least 1, so that waiting does not become a loop
 * without sleep. */
static int until(double ends)
{
    double left = 1000 * (ends - tcp_clock());
    return left < 1 ? 1 : left > 60000 ? 60000 : (int)left;
}

static double sooner(double a, double b)
{
    return a < b ? a : b;
}

/* Wait for an event on a socket: false when the time is over. */
static bool wait_for(int socket, short event, double ends)
{
    struct pollfd one = {.fd = socket, .events = event};
    while (tcp_clock() < ends)
        if (poll(&one, 1, until(ends)) > 0)
            return true;
    return false;
}

/* Small messages leave at once, and a machine that is cut off is noticed: by its silence where data
 * are sent to it, or by probes where nothing is. */
static void prepare(int socket)
{
    const struct {
        int level, name, value;
    } options[] = {{IPPROTO_TCP, TCP_NODELAY, 1},
                   {SOL_SOCKET, SO_KEEPALIVE, 1},
                   {IPPROTO_TCP, TCP_KEEPIDLE, 30},
                   {IPPROTO_TCP, TCP_KEEPINTVL, 10},
                   {IPPROTO_TCP, TCP_KEEPCNT, 3}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        setsockopt(socket, options[i].level, options[i].name, &options[i].value,
                   sizeof options[i].value);
}

static struct addrinfo *resolve(const struct tcp_address *address, int flags, int *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    struct addrinfo *found = NULL;
    *error = getaddrinfo(address->host, address->port, &hints, &found);
    return *error == 0 ? found : NULL;
}

static int new_socket(const struct addrinfo *at)
{
    return socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
}

/* Close it, and leave errno as it is. Always -1. */
static int closed(int socket)
{
    int reason = errno;
    close(socket);
    errno = reason;
    return -1;
}

/* Listen at the own address. -1 after telling why not. */
static int listen_here(struct mesh *mesh)
{
    const struct tcp_address *address = &mesh->addresses->each[mesh->own.rank];
    int error, yes = 1, found = -1;
    struct addrinfo *all = resolve(address, AI_PASSIVE, &error);
    if (!all) {
        fail(mesh, "%s: %s", address->host, gai_strerror(error));
        return -1;
    }
    for (const struct addrinfo *at = all; at && found < 0; at = at->ai_next) {
        found = new_socket(at);
        if (found >= 0 &&
            (setsockopt(found, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
             bind(found, at->ai_addr, at->ai_addrlen) != 0 || listen(found, SOMAXCONN) != 0))
            found = closed(found);
    }
    if (found < 0)
        fail(mesh, "cannot listen at %s:%s, which is to be this process, peer %u: %s",
             address->host, address->port, mesh->own.rank, strerror(errno));
    freeaddrinfo(all);
    return found;
}

/* Whether a socket is connected with itself, which happens where nobody listens at a port of those
 * that the system gives to sockets that connect. */
static bool is_own_end(int socket)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t here_size = sizeof here, there_size = sizeof there;
    return getsockname(socket, (struct sockaddr *)&here, &here_size) == 0 &&
           getpeername(socket, (struct sockaddr *)&there, &there_size) == 0 &&
           here_size == there_size && memcmp(&here, &there, here_size) == 0;
}

/* One attempt; -1 with errno set. */
static int connect_at(const struct addrinfo *at, double ends)
{
    int found = new_socket(at), reason = 0;
    socklen_t size = sizeof reason;
    if (found < 0)
        return -1;
    if (connect(found, at->ai_addr, at->ai_addrlen) != 0) {
        if (errno != EINPROGRESS)
            return closed(found);
        if (!wait_for(found, POLLOUT, ends))
            reason = ETIMEDOUT;
        else if (getsockopt(found, SOL_SOCKET, SO_ERROR, &reason, &size) != 0)
            reason = errno;
    }
    if (reason == 0 && is_own_end(found))
        reason = ECONNREFUSED;
    errno = reason;
    return reason == 0 ? found : closed(found);
}

/* Tell who this is, and read who answers. 1: the answer is here; 0: the connection ended, errno
 * says how; -1: no answer in time. */
static int say_hello(const struct mesh *mesh, int socket, uint32_t to,
                     unsigned char answer[TCP_HELLO_BYTES])
{
    struct tcp_hello own = mesh->own;
    unsigned char hello[TCP_HELLO_BYTES];
    own.to = to;
    tcp_hello_write(&own, hello);
    /* (The first bytes of a connection fit into its buffer.) */
    if (send(socket, hello, sizeof hello, MSG_NOSIGNAL) != (ssize_t)sizeof hello)
        return 0;
    for (size_t got = 0; got < TCP_HELLO_BYTES;) {
        if (!wait_for(socket, POLLIN, mesh->ends))
            return -1;
        ssize_t count = recv(socket, answer + got, TCP_HELLO_BYTES - got, 0);
        if (count == 0)
            errno = ECONNRESET;
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
            return 0;
        got += count > 0 ? (size_t)count : 0;
    }
    return 1;
}

/* Judge the answer of the one at the address of peer `to`. */
static bool judge_answer(struct mesh *mesh, uint32_t to, const unsigned char *answer)
{
    const struct tcp_address *address = &mesh->addresses->each[to];
    struct tcp_hello other;
    char reason[120];
    if (!tcp_hello_read(answer, &mesh->own, &other, reason, sizeof reason))
        return fail(mesh, "%s:%s, which is to be peer %u, %s", address->host, address->port, to,
                    reason);
    return other.rank == to || fail(mesh, "%s:%s, which is to be peer %u, is peer %u",
                                    address->host, address->port, to, other.rank);
}

/* One attempt to reach a peer of lower rank. 1: done; 0: not now, errno says why; -1: never, as the
 * message says. */
static int try_to_reach(struct mesh *mesh, uint32_t to)
{
    int error, found = -1;
    unsigned char answer[TCP_HELLO_BYTES];
    struct addrinfo *all = resolve(&mesh->addresses->each[to], 0, &error);
    if (!all)
        errno = EHOSTUNREACH; /* a name that is not known yet */
    for (const struct addrinfo *at = all; at && found < 0; at = at->ai_next)
        found = connect_at(at, sooner(tcp_clock() + connect_seconds, mesh->ends));
    if (all)
        freeaddrinfo(all);
    if (found < 0)
        return 0;
    prepare(found);
    int said = say_hello(mesh, found, to, answer);
    if (said == 1 && judge_answer(mesh, to, answer)) {
        mesh->sockets[to] = found;
        return 1;
    }
    closed(found);
    if (said < 0)
        errno = ETIMEDOUT;
    return said == 1 ? -1 : 0;
}

static bool reach(struct mesh *mesh, uint32_t to)
{
    const struct timespec pause = {.tv_nsec = (long)(1e9 * between_seconds)};
    const struct tcp_address *address = &mesh->addresses->each[to];
    int result;
    while ((result = try_to_reach(mesh, to)) == 0) {
        int reason = errno;
        if (tcp_clock() + between_seconds > mesh->ends)
            return fail(mesh, "peer %u at %s:%s could not be reached within %g seconds: %s", to,
                        address->host, address->port, mesh->deadline, strerror(reason));
        nanosleep(&pause, NULL);
    }
    return result == 1;
}

/* Remember who was refused: it may be why a peer is missing in the end. */
static void refuse(struct mesh *mesh, struct stranger *stranger, const char *reason)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[64] = "a connection", port[8] = "";
    if (getpeername(stranger->socket, (struct sockaddr *)&address, &size) == 0)
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(mesh->refused, sizeof mesh->refused, "; %s port %s was refused: it %s", host, port,
             reason);
    close(stranger->socket);
    stranger->socket = -1;
}

/* A stranger has said who it is. One that takes this process for something else is told what it is,
 * so that both ends know what is wrong. Returns whether a peer more is there. */
static bool judge(struct mesh *mesh, struct stranger *stranger)
{
    struct tcp_hello other = {0}, own = mesh->own;
    unsigned char answer[TCP_HELLO_BYTES];
    char reason[120];
    bool welcome = tcp_hello_read(stranger->hello, &own, &other, reason, sizeof reason);
    if (welcome && (other.rank < own.rank || mesh->sockets[other.rank] >= 0)) {
        snprintf(reason, sizeof reason, "says that it is peer %u%s", other.rank,
                 other.rank < own.rank ? "" : ", which is there already");
        refuse(mesh, stranger, reason);
        return false;
    }
    own.to = other.rank;
    tcp_hello_write(&own, answer);
    bool known = other.size > 0; /* it speaks this language */
    if (known && send(stranger->socket, answer, sizeof answer, MSG_NOSIGNAL) < 0)
        welcome = false;
    if (!welcome) {
        refuse(mesh, stranger, reason);
        return false;
    }
    prepare(stranger->socket);
    mesh->sockets[other.rank] = stranger->socket;
    stranger->socket = -1;
    return true;
}

/* Read on. Returns whether a peer more is there. */
static bool listen_to(struct mesh *mesh, struct stranger *stranger)
{
    ssize_t count = recv(stranger->socket, stranger->hello + stranger->said,
                         TCP_HELLO_BYTES - stranger->said, 0);
    if (count > 0)
        stranger->said += (size_t)count;
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
        refuse(mesh, stranger, "left without saying who it is");
    return stranger->socket >= 0 && stranger->said == TCP_HELLO_BYTES && judge(mesh, stranger);
}

/* Take a connection, if there is room for it. */
static void take(int listener, struct stranger *strangers)
{
    for (size_t i = 0; i < STRANGERS; i++)
        if (strangers[i].socket < 0) {
            strangers[i] = (struct stranger){
                .socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK),
                .ends = tcp_clock() + hello_seconds};
            return;
        }
}

/* Wait until something happens, and see to it. Returns how many peers more are there. */
static uint32_t attend(struct mesh *mesh, int listener, struct stranger *strangers)
{
    struct pollfd all[STRANGERS + 1];
    double ends = mesh->ends;
    bool room = false;
    uint32_t arrived = 0;
    for (size_t i = 0; i < STRANGERS; i++) {
        all[i] = (struct pollfd){.fd = strangers[i].socket, .events = POLLIN};
        room = room || strangers[i].socket < 0;
        if (strangers[i].socket >= 0)
            ends = sooner(ends, strangers[i].ends);
    }
    all[STRANGERS] = (struct pollfd){.fd = room ? listener : -1, .events = POLLIN};
    if (poll(all, STRANGERS + 1, until(ends)) < 0)
        return 0;
    for (size_t i = 0; i < STRANGERS; i++) {
        if (all[i].fd >= 0 && all[i].revents != 0)
            arrived += listen_to(mesh, &strangers[i]);
        if (strangers[i].socket >= 0 && tcp_clock() >= strangers[i].ends)
            refuse(mesh, &strangers[i], "did not say who it is");
    }
    if (all[STRANGERS].revents != 0)
        take(listener, strangers);
    return arrived;
}

/* Wait for the peers of higher ranks. */
static bool welcome_all(struct mesh *mesh, int listener)
{
    struct stranger strangers[STRANGERS];
    uint32_t missing = mesh->own.size - mesh->own.rank - 1;
    for (size_t i = 0; i < STRANGERS; i++)
        strangers[i].socket = -1;
    while (missing > 0 && tcp_clock() < mesh->ends)
        missing -= attend(mesh, listener, strangers);
    for (size_t i = 0; i < STRANGERS; i++)
        if (strangers[i].socket >= 0)
            close(strangers[i].socket);
    for (uint32_t peer = mesh->own.rank + 1; missing > 0 && peer < mesh->own.size; peer++)
        if (mesh->sockets[peer] < 0)
            return fail(mesh, "peer %u did not come within %g seconds%s", peer, mesh->deadline,
                        mesh->refused);
    return true;
}

bool tcp_mesh_connect(const struct tcp_addresses *addresses, uint32_t rank, double deadline,
                      int *sockets, char *message, size_t message_size)
{
    struct mesh mesh = {.addresses = addresses,
                        .own = {.version = (uint32_t)diffmm_version(),
                                .size = addresses->size,
                                .rank = rank,
                                .mark = addresses->mark},
                        .ends = tcp_clock() + deadline,
                        .deadline = deadline,
                        .sockets = sockets,
                        .message = message,
                        .message_size = message_size};
    for (uint32_t peer = 0; peer < addresses->size; peer++)
        sockets[peer] = -1;
    /* Before anything is waited for, so that the others find it. The last one is only waited for
     * by those that it connects to. */
    bool last = rank + 1 == addresses->size;
    int listener = last ? -1 : listen_here(&mesh);
    bool connected = last || listener >= 0;
    for (uint32_t peer = 0; connected && peer < rank; peer++)
        connected = reach(&mesh, peer);
    connected = connected && (last || welcome_all(&mesh, listener));
    if (listener >= 0)
        close(listener);
    for (uint32_t peer = 0; !connected && peer < addresses->size; peer++)
        if (sockets[peer] >= 0) {
            close(sockets[peer]);
            sockets[peer] = -1;
        }
    return connected;
}
