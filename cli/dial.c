/* SPDX-License-Identifier: MIT */
/* dial.c - a TCP connection to a node, in bounded time. */
#include "dial.h"

#include "report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A lookup is what a thread asks the resolver.  Nobody can tell getaddrinfo how
 * long it may take, so one that takes too long is left behind; whoever of the
 * two is the last to let go of it frees it. */
typedef struct lookup {
    atomic_int holders;
    char host[DEVP2P_HOST_MAX + 1];
    char port[8];
    int ends[2]; /* a pipe; the second end is closed when the answer is there */
    int err;
    struct addrinfo *found; /* NULL: none, or taken */
} lookup;

uint64_t dial_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

bool dial_wait(int fd, short events, uint64_t end)
{
    struct pollfd p = { .fd = fd, .events = events };
    int n;
    do {
        uint64_t now = dial_clock();
        uint64_t ms = now < end ? (end - now + 999999) / 1000000 : 0;
        n = poll(&p, 1, ms < INT_MAX ? (int)ms : INT_MAX);
    } while (n < 0 && errno == EINTR);
    return n != 0;
}

char *dial_text(char out[DIAL_TEXT], const devp2p_node *node)
{
    char addr[DEVP2P_ADDR_TEXT];
    /* behind a name the address is the port alone, with its colon */
    snprintf(out, DIAL_TEXT, "%s%s", node->host,
        devp2p_addr_text(addr, &node->addr));
    return out;
}

/* --- looking up --- */

static void let_go(lookup *l)
{
    if (atomic_fetch_sub(&l->holders, 1) > 1)
        return;
    if (l->found)
        freeaddrinfo(l->found);
    close(l->ends[0]);
    free(l);
}

static void *look_up(void *arg)
{
    lookup *l = arg;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    l->err = getaddrinfo(l->host, l->port, &hints, &l->found);
    close(l->ends[1]);
    let_go(l);
    return NULL;
}

/* start begins a lookup: NULL when the system has no thread or pipe for it. */
static lookup *start(const devp2p_node *node)
{
    pthread_t thread;
    lookup *l = calloc(1, sizeof *l);
    if (!l || pipe(l->ends) != 0) {
        free(l);
        return NULL;
    }
    atomic_init(&l->holders, 2);
    memcpy(l->host, node->host, sizeof l->host);
    if (node->addr.family)
        inet_ntop(node->addr.family == 4 ? AF_INET : AF_INET6, node->addr.ip,
            l->host, sizeof l->host);
    snprintf(l->port, sizeof l->port, "%u", (unsigned)node->addr.port);
    if (pthread_create(&thread, NULL, look_up, l) == 0) {
        pthread_detach(thread);
        return l;
    }
    close(l->ends[0]);
    close(l->ends[1]);
    free(l);
    return NULL;
}

/* resolve finds the addresses of a node, which freeaddrinfo frees. */
static int resolve(struct addrinfo **out, const devp2p_node *node, uint64_t end)
{
    lookup *l = start(node);
    if (!l)
        return fail("cannot look up %s: no thread for it", node->host);
    if (!dial_wait(l->ends[0], POLLIN, end)) {
        let_go(l);
        return fail("cannot look up %s: timed out", node->host);
    }
    int err = l->err;
    *out = l->found;
    l->found = NULL;
    let_go(l);
    return err ? fail("cannot look up %s: %s", node->host, gai_strerror(err))
               : 0;
}

/* --- connecting --- */

/* finish_connect waits for the outcome: 0, or a number of errno. */
static int finish_connect(int fd, uint64_t end)
{
    int err = 0;
    socklen_t len = sizeof err;
    if (!dial_wait(fd, POLLOUT, end))
        return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 ? err : errno;
}

/* attempt connects to one address: 0, or a number of errno. */
static int attempt(int *out, const struct addrinfo *to, uint64_t end)
{
    int kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(to->ai_family, kind, 0);
    if (fd < 0)
        return errno;
    int err = connect(fd, to->ai_addr, to->ai_addrlen) == 0 ? 0 : errno;
    if (err == EINPROGRESS)
        err = finish_connect(fd, end);
    if (err)
        close(fd);
    else
        *out = fd;
    return err;
}

/* attempt_each gives every address an equal share of the time that is left. */
static int attempt_each(int *out, const struct addrinfo *list, uint64_t end)
{
    int err = ETIMEDOUT;
    unsigned n = 0;
    for (const struct addrinfo *at = list; at; at = at->ai_next)
        n++;
    for (const struct addrinfo *at = list; at && err; at = at->ai_next, n--) {
        uint64_t now = dial_clock();
        err = attempt(out, at, now < end ? now + (end - now) / n : end);
    }
    return err;
}

int dial(int *fd, const devp2p_node *node, uint64_t end)
{
    char text[DIAL_TEXT];
    struct addrinfo *list = NULL;
    int err = resolve(&list, node, end);
    if (err)
        return err;
    err = attempt_each(fd, list, end);
    freeaddrinfo(list);
    return err ? fail("cannot connect to %s: %s", dial_text(text, node),
                     strerror(err))
               : 0;
}

int dial_ended(const devp2p_node *node, int reason, bool remote)
{
    char text[DIAL_TEXT];
    dial_text(text, node);
    if (remote && DEVP2P_IS_DISC(reason))
        return fail("%s disconnected: %s (0x%02x)", text,
            devp2p_strerror(reason), DEVP2P_DISC_BYTE(reason));
    /* how every node refuses a handshake that it cannot read */
    if (reason == DEVP2P_ERR_HANDSHAKE || reason == DEVP2P_ERR_RESET ||
        reason == DEVP2P_ERR_CLOSED)
        return fail("%s: no handshake: %s; is the key its own?", text,
            devp2p_strerror(reason));
    return fail("%s: %s", text, devp2p_strerror(reason));
}
