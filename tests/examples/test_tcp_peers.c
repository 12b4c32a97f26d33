/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers through TCP (examples/train/tcp_peers.h), each a process of its own on this machine: what one sends arrives
 * whole, whatever sizes go both ways at once; a peer that dies or stops fails the others; strangers are refused. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/run.h"
#include "train/tcp_hello.h"
#include "train/tcp_peers.h"

enum { MOST_PEERS = 4, LARGEST = 12 << 20, LONG = 60 };

/* A list of addresses at which nobody listens, and its ports. */
struct places {
    char list[MOST_PEERS * 32];
    uint16_t ports[MOST_PEERS];
};

static struct places free_places(int count)
{
    struct places places = {.list = ""};
    int sockets[MOST_PEERS];
    for (int i = 0; i < count; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
        ck_assert_int_eq(bind(sockets[i], (struct sockaddr *)&address, sizeof address), 0);
        ck_assert_int_eq(getsockname(sockets[i], (struct sockaddr *)&address, &size), 0);
        places.ports[i] = ntohs(address.sin_port);
        char entry[32];
        snprintf(entry, sizeof entry, "%s127.0.0.1:%u", i > 0 ? "," : "", places.ports[i]);
        strcat(places.list, entry);
    }
    for (int i = 0; i < count; i++)
        close(sockets[i]);
    return places;
}

/* What a peer does once it is connected; its exit status. */
typedef int (*role)(struct tcp_peers *tcp);

static pid_t start_peer(const char *list, uint32_t rank, double deadline, role play)
{
    pid_t process = fork();
    ck_assert_int_ge(process, 0);
    if (process == 0) {
        struct tcp_peers tcp;
        if (!tcp_peers_begin(&tcp, list, rank, deadline)) {
            fprintf(stderr, "peer %u: %s\n", rank, tcp.message);
            _exit(100);
        }
        int status = play(&tcp);
        tcp_peers_end(&tcp);
        _exit(status);
    }
    return process;
}

static int end_of(pid_t process)
{
    int status = 0;
    ck_assert_int_eq(waitpid(process, &status, 0), process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int swap(struct tcp_peers *tcp, int32_t to, const void *send, size_t send_bytes,
                int32_t from, void *receive, size_t receive_bytes)
{
    return tcp->peers.exchange(to, send, send_bytes, from, receive, receive_bytes,
                               tcp->peers.user_data);
}

/* What peer `from` sends in a round: size and bytes. Sizes are small, none, or more than sockets hold. */
static size_t size_in(uint32_t from, uint32_t round)
{
    uint32_t mixed = (from + 1) * 2654435761u ^ (round + 1) * 2246822519u;
    if (round == 3)
        return LARGEST - from;
    switch (mixed >> 8 & 3) {
    case 0: return 0;
    case 1: return 1 + (mixed >> 12) % 64;
    case 2: return (mixed >> 12) % 1000000;
    default: return (mixed >> 12) % 100000;
    }
}

static unsigned char byte_in(uint32_t from, uint32_t round, size_t at)
{
    return (unsigned char)(at * 31 + at / 256 * 7 + from * 101 + round * 13);
}

static void fill(unsigned char *bytes, uint32_t from, uint32_t round)
{
    for (size_t i = 0; i < size_in(from, round); i++)
        bytes[i] = byte_in(from, round, i);
}

static bool arrived(const unsigned char *bytes, uint32_t from, uint32_t round)
{
    for (size_t i = 0; i < size_in(from, round); i++)
        if (bytes[i] != byte_in(from, round, i))
            return false;
    return true;
}

/* Rounds in a ring, in which everybody sends and receives at once; then from each to the next alone. */
static int exchange_much(struct tcp_peers *tcp)
{
    uint32_t size = tcp->peers.size, rank = tcp->peers.rank;
    unsigned char *sent = malloc(LARGEST), *received = malloc(LARGEST);
    if (!sent || !received)
        return 1;
    for (uint32_t round = 0; round < 8; round++) {
        uint32_t step = 1 + round % (size - 1);
        uint32_t to = (rank + step) % size, from = (rank + size - step) % size;
        fill(sent, rank, round);
        if (swap(tcp, (int32_t)to, sent, size_in(rank, round), (int32_t)from, received,
                 size_in(from, round)) != 0)
            return 2;
        if (!arrived(received, from, round))
            return 3;
    }
    for (uint32_t from = 0; from + 1 < size; from++) {
        fill(sent, rank, from);
        if (rank == from &&
            swap(tcp, (int32_t)rank + 1, sent, size_in(rank, from), -1, NULL, 0) != 0)
            return 4;
        if (rank == from + 1 &&
            (swap(tcp, -1, NULL, 0, (int32_t)from, received, size_in(from, from)) != 0 ||
             !arrived(received, from, from)))
            return 5;
    }
    free(sent);
    free(received);
    return 0;
}

START_TEST(bytes_arrive)
{
    int count = _i;
    struct places places = free_places(count);
    pid_t peers[MOST_PEERS];
    for (int i = 0; i < count; i++) /* the last first: it has to wait for the others */
        peers[i] = start_peer(places.list, (uint32_t)(count - 1 - i), LONG, exchange_much);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(end_of(peers[i]), 0);
}
END_TEST

/* Round after round in the ring, until it fails: how. Peer 2 does something else after the first round. */
static int go_round(struct tcp_peers *tcp, int last_signal)
{
    static unsigned char sent[1000], received[1000];
    uint32_t size = tcp->peers.size, rank = tcp->peers.rank;
    int failure = 0;
    for (int round = 0; failure == 0; round++) {
        if (round == 1 && rank == 2) {
            if (last_signal == 0) {
                tcp->peers.abandon(DIFFMM_CANCELLED, tcp->peers.user_data);
                if (swap(tcp, 0, sent, 1, -1, NULL, 0) != TCP_ABANDONED)
                    return 50;
                pause(); /* its end is not what the others notice */
            }
            raise(last_signal);
        }
        failure = swap(tcp, (int32_t)((rank + 1) % size), sent, sizeof sent,
                       (int32_t)((rank + size - 1) % size), received, sizeof received);
    }
    tcp->peers.abandon(DIFFMM_ERROR_PEER, tcp->peers.user_data);
    return failure;
}

static int until_killed(struct tcp_peers *tcp)
{
    return go_round(tcp, SIGKILL);
}

static int until_stopped(struct tcp_peers *tcp)
{
    return go_round(tcp, SIGSTOP);
}

static int until_abandoned(struct tcp_peers *tcp)
{
    return go_round(tcp, 0);
}

/* Three peers, of whom 2 leaves: how it is for 0 and 1. */
static void lose_one(role play, double deadline, int ends[2])
{
    struct places places = free_places(3);
    pid_t peers[3];
    for (uint32_t i = 0; i < 3; i++)
        peers[i] = start_peer(places.list, i, deadline, play);
    for (int i = 0; i < 2; i++)
        ends[i] = end_of(peers[i]);
    kill(peers[2], SIGKILL);
    end_of(peers[2]);
}

/* They do not wait for the deadline. */
START_TEST(a_killed_peer)
{
    int ends[2];
    lose_one(until_killed, LONG, ends);
    ck_assert_int_eq(ends[0], TCP_ABANDONED);
    ck_assert_int_eq(ends[1], TCP_ABANDONED);
}
END_TEST

START_TEST(a_peer_that_abandons)
{
    int ends[2];
    lose_one(until_abandoned, LONG, ends);
    ck_assert_int_eq(ends[0], TCP_ABANDONED);
    ck_assert_int_eq(ends[1], TCP_ABANDONED);
}
END_TEST

/* Peer 0 leaves after it has sent something; peer 1 receives that all the same, and fails at once where it sends
 * more than sockets hold. */
static int send_and_leave(struct tcp_peers *tcp)
{
    static unsigned char large[LARGEST], bytes[1000] = {7};
    if (tcp->peers.rank == 0) {
        int failure = swap(tcp, 1, bytes, sizeof bytes, -1, NULL, 0);
        tcp->peers.abandon(DIFFMM_CANCELLED, tcp->peers.user_data);
        if (failure == 0)
            pause(); /* its end is not what the other notices */
        return 1;
    }
    usleep(200000);
    if (swap(tcp, -1, NULL, 0, 0, bytes, sizeof bytes) != 0 || bytes[0] != 7)
        return 2;
    return swap(tcp, 0, large, sizeof large, -1, NULL, 0) == TCP_ABANDONED ? 0 : 3;
}

START_TEST(what_was_sent_before)
{
    struct places places = free_places(2);
    pid_t first = start_peer(places.list, 0, LONG, send_and_leave);
    pid_t second = start_peer(places.list, 1, LONG, send_and_leave);
    ck_assert_int_eq(end_of(second), 0);
    kill(first, SIGKILL);
    end_of(first);
}
END_TEST

/* The first whose time is over leaves, too, which the other may notice before its own is. */
START_TEST(a_stopped_peer)
{
    int ends[2];
    lose_one(until_stopped, 1, ends);
    ck_assert(ends[0] == TCP_DEADLINE || ends[1] == TCP_DEADLINE);
    for (int i = 0; i < 2; i++)
        ck_assert(ends[i] == TCP_DEADLINE || ends[i] == TCP_ABANDONED);
}
END_TEST

/* Peers that do not agree on how much there is to send. */
static int disagree(struct tcp_peers *tcp)
{
    unsigned char bytes[16] = {0};
    bool first = tcp->peers.rank == 0;
    int failure = first ? swap(tcp, 1, bytes, 9, -1, NULL, 0) : swap(tcp, -1, NULL, 0, 0, bytes, 8);
    if (first)
        return failure;
    return failure == TCP_FAILED &&
                   strcmp(tcp->message, "peer 0 sends 9 bytes where 8 are expected") == 0
               ? 0
               : 1;
}

START_TEST(other_sizes_than_expected)
{
    struct places places = free_places(2);
    pid_t first = start_peer(places.list, 0, LONG, disagree);
    pid_t second = start_peer(places.list, 1, LONG, disagree);
    ck_assert_int_eq(end_of(first), 0);
    ck_assert_int_eq(end_of(second), 0);
}
END_TEST

/* Connect to a port as soon as somebody listens there. */
static int call(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (;;) {
        int found = socket(AF_INET, SOCK_STREAM, 0);
        ck_assert_int_ge(found, 0);
        if (connect(found, (struct sockaddr *)&address, sizeof address) == 0)
            return found;
        close(found);
        usleep(20000);
    }
}

/* Whether the other end closes the connection, whatever it says before. */
static bool is_closed(int socket)
{
    char byte;
    ssize_t count;
    while ((count = recv(socket, &byte, 1, 0)) > 0)
        ;
    close(socket);
    return count == 0 || count < 0;
}

/* A byte to and fro. */
static int exchange_little(struct tcp_peers *tcp)
{
    char own = (char)('a' + tcp->peers.rank), other = 0;
    int32_t peer = 1 - (int32_t)tcp->peers.rank;
    return swap(tcp, peer, &own, 1, peer, &other, 1) == 0 && other == 'a' + peer ? 0 : 1;
}

/* One speaks something else, one says nothing, more than there is room for say half of something; the peers
 * find each other all the same. */
START_TEST(strangers)
{
    enum { CROWD = 40 };
    struct places places = free_places(2);
    pid_t first = start_peer(places.list, 0, LONG, exchange_little);
    int loud = call(places.ports[0]), crowd[CROWD];
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    ck_assert_int_gt(send(loud, request, sizeof request, MSG_NOSIGNAL), 0);
    ck_assert(is_closed(loud));
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = call(places.ports[0]);
        ck_assert_int_gt(send(crowd[i], "diff", i % 2 ? 4 : 0, MSG_NOSIGNAL), i % 2 ? 0 : -1);
    }
    pid_t second = start_peer(places.list, 1, LONG, exchange_little);
    ck_assert_int_eq(end_of(first), 0);
    ck_assert_int_eq(end_of(second), 0);
    for (int i = 0; i < CROWD; i++)
        ck_assert(is_closed(crowd[i]));
}
END_TEST

/* What a process that ends without peers says, in a file. */
static pid_t start_lonely(const char *list, uint32_t rank, double deadline, int pipe_end)
{
    pid_t process = fork();
    ck_assert_int_ge(process, 0);
    if (process == 0) {
        struct tcp_peers tcp;
        bool connected = tcp_peers_begin(&tcp, list, rank, deadline);
        if (!connected)
            dprintf(pipe_end, "%s\n", tcp.message);
        tcp_peers_end(&tcp);
        _exit(connected ? 0 : 100);
    }
    return process;
}

/* A hello with something wrong in it, at which peer 0 of two refuses: what it says in the end. */
static void expect_refusal(const struct tcp_hello *wrong, const char *reason)
{
    struct places places = free_places(2);
    unsigned char hello[TCP_HELLO_BYTES];
    char said[500] = "";
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t first = start_lonely(places.list, 0, 1, ends[1]);
    int caller = call(places.ports[0]);
    tcp_hello_write(wrong, hello);
    ck_assert_int_eq(send(caller, hello, sizeof hello, MSG_NOSIGNAL), sizeof hello);
    ck_assert(is_closed(caller));
    ck_assert_int_eq(end_of(first), 100);
    ck_assert_int_gt(read(ends[0], said, sizeof said - 1), 0);
    ck_assert_msg(strstr(said, "peer 1 did not come within 1 seconds; 127.0.0.1 port ") == said,
                  "%s", said);
    ck_assert_msg(strstr(said, reason) != NULL, "no '%s' in: %s", reason, said);
    close(ends[0]);
    close(ends[1]);
}

START_TEST(wrong_hellos)
{
    uint32_t version = (uint32_t)diffmm_version();
    static const char *const reasons[] = {"it has version 7 of the library",
                                          "it is one of 3 peers, this process one of 2",
                                          "it was given another list of peers"};
    expect_refusal(&(struct tcp_hello){.version = 7, .size = 2, .rank = 1}, reasons[0]);
    expect_refusal(&(struct tcp_hello){.version = version, .size = 3, .rank = 1}, reasons[1]);
    expect_refusal(&(struct tcp_hello){.version = version, .size = 2, .rank = 1}, reasons[2]);
}
END_TEST

/* What is wrong with the rank of a hello. */
START_TEST(wrong_ranks)
{
    const struct tcp_hello own = {.version = 5, .size = 3, .rank = 1, .mark = 77};
    static const struct {
        uint32_t rank, to;
        const char *reason;
    } wrong[] = {{2, 0, "looks for peer 0, this process is peer 1"},
                 {1, 1, "says that it is peer 1"},
                 {3, 1, "says that it is peer 3"},
                 {UINT32_MAX, 1, "says that it is peer 4294967295"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct tcp_hello hello = own, read;
        unsigned char bytes[TCP_HELLO_BYTES];
        char reason[120] = "";
        hello.rank = wrong[i].rank;
        hello.to = wrong[i].to;
        tcp_hello_write(&hello, bytes);
        ck_assert(!tcp_hello_read(bytes, &own, &read, reason, sizeof reason));
        ck_assert_str_eq(reason, wrong[i].reason);
    }
}
END_TEST

/* Processes that were given lists of different lengths: the one that connects knows why at once. */
START_TEST(other_lists)
{
    struct places places = free_places(3);
    char two[sizeof places.list], said[500] = "";
    strcpy(two, places.list);
    *strrchr(two, ',') = '\0';
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t first = start_peer(places.list, 0, LONG, exchange_little);
    pid_t second = start_lonely(two, 1, LONG, ends[1]);
    ck_assert_int_eq(end_of(second), 100);
    ck_assert_int_gt(read(ends[0], said, sizeof said - 1), 0);
    ck_assert_msg(strstr(said, ", which is to be peer 0, is one of 3 peers, this process one of 2"),
                  "%s", said);
    kill(first, SIGKILL);
    end_of(first);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(wrong_arguments)
{
    static const struct {
        const char *list;
        uint32_t rank;
        const char *message;
    } wrong[] = {{"", 0, "'' is no HOST:PORT"},
                 {"node1", 0, "'node1' is no HOST:PORT"},
                 {"node1:", 0, "'node1:' is no HOST:PORT"},
                 {":5000", 0, "':5000' is no HOST:PORT"},
                 {"[]:5000", 0, "'[]:5000' is no HOST:PORT"},
                 {"node1:0", 0, "'node1:0' is no HOST:PORT"},
                 {"node1:65536", 0, "'node1:65536' is no HOST:PORT"},
                 {"::1:5000", 0, "'::1:5000' is no HOST:PORT"},
                 {"node1:5000,", 0, "'' is no HOST:PORT"},
                 {"node1:5000,node2:x", 0, "'node2:x' is no HOST:PORT"},
                 {"node1:5000,node2:5000", 2, "rank 2: there are 2 peers, which count from 0"},
                 {"999.0.0.1:5000,node2:5000", 0, "999.0.0.1: "},
                 {"192.0.2.1:5000,node2:5000", 0,
                  "cannot listen at 192.0.2.1:5000, which is to be this process, peer 0: "}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct tcp_peers tcp;
        ck_assert(!tcp_peers_begin(&tcp, wrong[i].list, wrong[i].rank, 1));
        ck_assert_msg(strstr(tcp.message, wrong[i].message) == tcp.message, "%s", tcp.message);
    }
    char many[8192] = "a:1";
    for (int i = 0; i < 1024; i++)
        strcat(many, ",a:1");
    struct tcp_peers tcp;
    ck_assert(!tcp_peers_begin(&tcp, many, 0, 1));
    ck_assert_str_eq(tcp.message, "1025 peers are more than 1024");
}
END_TEST

/* Nobody there; and alone. */
START_TEST(no_peers)
{
    struct places places = free_places(2);
    struct tcp_peers tcp;
    ck_assert(!tcp_peers_begin(&tcp, places.list, 1, 0.5));
    ck_assert_msg(strstr(tcp.message, "peer 0 at 127.0.0.1:") == tcp.message &&
                      strstr(tcp.message, " within 0.5 seconds: Connection refused"),
                  "%s", tcp.message);
    ck_assert(!tcp_peers_begin(&tcp, places.list, 0, 0.5));
    ck_assert_str_eq(tcp.message, "peer 1 did not come within 0.5 seconds");
    ck_assert(tcp_peers_begin(&tcp, "127.0.0.1:1", 0, 0.5));
    ck_assert_uint_eq(tcp.peers.size, 1);
    tcp_peers_end(&tcp);
}
END_TEST

/* IPv6, where this machine has it. */
START_TEST(ipv6)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    bool there = probe >= 0 && bind(probe, (struct sockaddr *)&address, sizeof address) == 0;
    if (probe >= 0)
        close(probe);
    if (!there)
        return;
    struct places places = free_places(2);
    char list[80];
    snprintf(list, sizeof list, "[::1]:%u,[::1]:%u", places.ports[0], places.ports[1]);
    pid_t first = start_peer(list, 0, LONG, exchange_little);
    pid_t second = start_peer(list, 1, LONG, exchange_little);
    ck_assert_int_eq(end_of(first), 0);
    ck_assert_int_eq(end_of(second), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("tcp_peers");
    tcase_add_loop_test(tests, bytes_arrive, 2, MOST_PEERS + 1);
    tcase_add_test(tests, a_killed_peer);
    tcase_add_test(tests, a_peer_that_abandons);
    tcase_add_test(tests, what_was_sent_before);
    tcase_add_test(tests, a_stopped_peer);
    tcase_add_test(tests, other_sizes_than_expected);
    tcase_add_test(tests, strangers);
    tcase_add_test(tests, wrong_hellos);
    tcase_add_test(tests, wrong_ranks);
    tcase_add_test(tests, other_lists);
    tcase_add_test(tests, wrong_arguments);
    tcase_add_test(tests, no_peers);
    tcase_add_test(tests, ipv6);
    return run_case("tcp_peers", tests) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
