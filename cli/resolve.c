/* SPDX-License-Identifier: MIT */
/* resolve.c - from the host of a node URL to addresses, in bounded time. */
#include "resolve.h"

#include "report.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A lookup is what a thread asks the resolver: nobody can tell getaddrinfo how
 * long it may take, so one that takes too long is left behind with its
 * lookup. */
typedef struct lookup {
    char host[DEVP2P_HOST_MAX + 1];
    int ends[2]; /* a pipe; the second end is closed when the answer is there */
    int err;
    struct addrinfo *found;
} lookup;

int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *look_up(void *arg)
{
    lookup *l = arg;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    l->err = getaddrinfo(l->host, NULL, &hints, &l->found);
    close(l->ends[1]);
    return NULL;
}

/* answered waits for the answer of a lookup: false when it is too late. */
static bool answered(const lookup *l, int64_t end)
{
    struct pollfd p = { .fd = l->ends[0], .events = POLLIN };
    int n;
    do {
        int64_t left = end - clock_ms();
        n = poll(&p, 1, left > 0 ? (int)left : 0);
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

/* start begins a lookup: NULL when the system has no thread or pipe for it. */
static lookup *start(const char *host)
{
    pthread_t thread;
    lookup *l = calloc(1, sizeof *l);
    if (!l || pipe(l->ends) != 0) {
        free(l);
        return NULL;
    }
    memcpy(l->host, host, sizeof l->host);
    if (pthread_create(&thread, NULL, look_up, l) == 0) {
        pthread_detach(thread);
        return l;
    }
    close(l->ends[0]);
    close(l->ends[1]);
    free(l);
    return NULL;
}

/* keep stores what a devp2p_addr can hold: false for other families. */
static bool keep(devp2p_addr *out, const struct sockaddr *from, uint16_t port)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    *out = (devp2p_addr){ .port = port };
    if (from->sa_family == AF_INET) {
        memcpy(&four, from, sizeof four);
        memcpy(out->ip, &four.sin_addr, sizeof four.sin_addr);
        out->family = 4;
    } else if (from->sa_family == AF_INET6) {
        memcpy(&six, from, sizeof six);
        memcpy(out->ip, &six.sin6_addr, sizeof six.sin6_addr);
        out->family = 6;
    }
    return out->family != 0;
}

int resolve(devp2p_addr *out, size_t cap, size_t *n, const devp2p_node *node,
    int64_t end)
{
    *n = 0;
    if (node->addr.family) {
        out[(*n)++] = node->addr;
        return 0;
    }
    lookup *l = start(node->host);
    if (!l)
        return fail("cannot look up %s: no thread for it", node->host);
    if (!answered(l, end))
        return fail("cannot look up %s: timed out", node->host);
    for (struct addrinfo *at = l->found; at && *n < cap; at = at->ai_next)
        *n += keep(&out[*n], at->ai_addr, node->addr.port);
    int err = l->err;
    if (!err)
        freeaddrinfo(l->found);
    close(l->ends[0]);
    free(l);
    if (err || !*n)
        return fail("cannot look up %s: %s", node->host,
            err ? gai_strerror(err) : "it has no address");
    return 0;
}
