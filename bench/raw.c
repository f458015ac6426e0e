/* SPDX-License-Identifier: MIT */
/* raw.c serve - what the kernel alone costs: a loop that writes back what it
 * reads, as one write for each read.  It prints its port, and for the lines of
 * stdin:
 *
 *   usage         -> its CPU time
 *   still         -> the same; from now on nothing is written back
 *   push SIZE     -> the same, when SIZE bytes for each have been written
 *   swallow SIZE  -> the same, when SIZE bytes of each have been read
 *
 * raw.c load PORT N - N connections to it, which do what the lines of stdin
 * say; times are in ns, push and swallow as above:
 *
 *   echo SIZE WINDOW N  -> wall, messages: as load.c, no guests but sockets
 *   ping SIZE N         -> round trips of the first one: median, p99, worst
 */
#include "trial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 1024, EVENTS = 256, BUFFER = 1 << 16 };

static int poller;
static uint8_t buffer[BUFFER];

static int others[MOST]; /* the other ends of connections */
static size_t nothers;

static void watch(int fd)
{
    struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
    must(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e) == 0);
}

static void no_delay(int fd)
{
    const int on = 1;
    must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
}

/* put writes all of it: no more is ever on its way than a socket holds. */
static void put(int fd, size_t n)
{
    must(send(fd, buffer, n, MSG_NOSIGNAL) == (ssize_t)n);
}

static void meet(int fd)
{
    no_delay(fd);
    watch(fd);
    must(nothers < MOST);
    others[nothers++] = fd;
}

/* --- one way, all connections in turn --- */

/* some moves a bufferful at most; 0 when the socket is not ready. */
static size_t some(int fd, bool out, size_t left)
{
    size_t most = left < BUFFER ? left : BUFFER;
    ssize_t n = out ? send(fd, buffer, most, MSG_NOSIGNAL | MSG_DONTWAIT)
                    : recv(fd, buffer, most, MSG_DONTWAIT);
    must(n > 0 || (n < 0 && errno == EAGAIN));
    return n > 0 ? (size_t)n : 0;
}

/* move writes or reads size bytes of each connection. */
static void move(bool out, size_t size)
{
    struct pollfd ready[MOST];
    size_t left[MOST], open = nothers;
    for (size_t i = 0; i < nothers; i++) {
        ready[i] = (struct pollfd){ others[i], out ? POLLOUT : POLLIN, 0 };
        left[i] = size;
    }
    while (open) {
        must(poll(ready, (nfds_t)nothers, -1) > 0);
        for (size_t i = 0; i < nothers; i++) {
            if (!ready[i].revents)
                continue;
            left[i] -= some(others[i], out, left[i]);
            if (left[i])
                continue;
            ready[i].fd = -1; /* poll leaves it out */
            open--;
        }
    }
}

/* one_way does what a line says, if it is about that. */
static bool one_way(const char *line)
{
    unsigned long size;
    bool out = sscanf(line, "push %lu", &size) == 1;
    if (!out && sscanf(line, "swallow %lu", &size) != 1)
        return false;
    move(out, size);
    printf("%lu\n", usage_ns());
    return true;
}

/* --- the server --- */

static int listen_here(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
        .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0);
    must(listen(fd, MOST) == 0);
    must(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

/* serve_line does what stdin says; false at its end. */
static bool serve_line(void)
{
    char line[64];
    if (!fgets(line, sizeof line, stdin))
        return false;
    if (strcmp(line, "still\n") == 0)
        for (size_t i = 0; i < nothers; i++)
            must(epoll_ctl(poller, EPOLL_CTL_DEL, others[i], NULL) == 0);
    if (!one_way(line))
        printf("%lu\n", usage_ns());
    fflush(stdout);
    return true;
}

static void echo_one(int fd)
{
    ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n > 0)
        put(fd, (size_t)n);
    else if (n == 0)
        close(fd);
}

static void serve(void)
{
    struct epoll_event events[EVENTS];
    int listener = listen_here();
    watch(listener);
    watch(STDIN_FILENO);
    for (;;) {
        int n = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                meet(accept(listener, NULL, NULL));
            } else if (fd != STDIN_FILENO) {
                echo_one(fd);
            } else if (!serve_line()) {
                return;
            }
        }
    }
}

/* --- its clients --- */

static void join(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    meet(fd);
}

static void echo(size_t size, uint64_t window, uint64_t n)
{
    static size_t rest[65536]; /* of a message that is not all there */
    struct epoll_event events[EVENTS];
    uint64_t budget = n, back = 0, began = now_ns();
    for (size_t i = 0; i < nothers && budget >= window; i++) {
        put(others[i], size * window);
        budget -= window;
    }
    while (back < n - budget || budget > 0) {
        int k = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < k; i++) {
            int fd = events[i].data.fd;
            ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
            must(got > 0);
            rest[fd] += (size_t)got;
            uint64_t whole = rest[fd] / size;
            rest[fd] %= size;
            back += whole;
            whole = whole < budget ? whole : budget;
            budget -= whole;
            if (whole)
                put(fd, whole * size);
        }
    }
    printf("%lu %lu\n", now_ns() - began, back);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void ping(size_t size, uint64_t n)
{
    uint64_t *trips = calloc(n, sizeof *trips);
    struct epoll_event event;
    must(trips && n);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t began = now_ns();
        put(others[0], size);
        for (size_t got = 0; got < size;) {
            must(epoll_wait(poller, &event, 1, -1) == 1);
            got += (size_t)recv(others[0], buffer, sizeof buffer, 0);
        }
        trips[i] = now_ns() - began;
    }
    qsort(trips, n, sizeof *trips, compare);
    printf("%lu %lu %lu\n", trips[n / 2], trips[n * 99 / 100], trips[n - 1]);
    free(trips);
}

static void load(uint16_t port, size_t n)
{
    char line[128];
    unsigned long a, b, c;
    must(n <= MOST);
    while (nothers < n)
        join(port);
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "echo %lu %lu %lu", &a, &b, &c) == 3)
            echo(a, b, c);
        else if (sscanf(line, "ping %lu %lu", &a, &b) == 2)
            ping(a, b);
        else if (!one_way(line))
            not_understood(line);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    poller = epoll_create1(0);
    must(poller >= 0);
    if (argc == 2 && strcmp(argv[1], "serve") == 0)
        serve();
    else if (argc == 4 && strcmp(argv[1], "load") == 0)
        load((uint16_t)strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    else
        not_understood("its arguments");
    return 0;
}
