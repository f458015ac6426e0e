/* SPDX-License-Identifier: MIT */
/* socket.c - the calls on sockets, and what their errors mean. */
#define _GNU_SOURCE /* accept4 */
#include "os/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- errors --- */

int dp_os_code(int err)
{
    static const struct {
        int err, code;
    } table[] = {
        { EAGAIN, DEVP2P_ERR_AGAIN },
        { ECONNRESET, DEVP2P_ERR_RESET },
        { EPIPE, DEVP2P_ERR_RESET },
        { ECONNABORTED, DEVP2P_ERR_RESET },
        { ECONNREFUSED, DEVP2P_ERR_REFUSED },
        { ETIMEDOUT, DEVP2P_ERR_TIMEOUT },
        { EHOSTUNREACH, DEVP2P_ERR_UNREACHABLE },
        { ENETUNREACH, DEVP2P_ERR_UNREACHABLE },
        { EHOSTDOWN, DEVP2P_ERR_UNREACHABLE },
        { ENETDOWN, DEVP2P_ERR_UNREACHABLE },
        { EADDRINUSE, DEVP2P_ERR_ADDR_IN_USE },
        { EADDRNOTAVAIL, DEVP2P_ERR_ADDR_UNAVAILABLE },
        { EAFNOSUPPORT, DEVP2P_ERR_ADDR_UNAVAILABLE },
        { EACCES, DEVP2P_ERR_ACCESS },
        { EPERM, DEVP2P_ERR_ACCESS },
        { EMFILE, DEVP2P_ERR_LIMIT },
        { ENFILE, DEVP2P_ERR_LIMIT },
        { ENOMEM, DEVP2P_ERR_NOMEM },
        { ENOBUFS, DEVP2P_ERR_NOMEM },
    };
    if (err == 0)
        return 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].err == err)
            return table[i].code;
    return DEVP2P_ERR_IO;
}

int dp_os_fail(const char *call)
{
    int err = errno;
    return dp_fail(dp_os_code(err), "%s: %s", call, uv_strerror(-err));
}

/* --- addresses --- */

static socklen_t to_sockaddr(
    struct sockaddr_storage *out, const devp2p_addr *addr)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

    if (addr->family == 4) {
        v4.sin_port = htons(addr->port);
        memcpy(&v4.sin_addr, addr->ip, 4);
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    }
    v6.sin6_port = htons(addr->port);
    v6.sin6_scope_id = addr->scope;
    memcpy(&v6.sin6_addr, addr->ip, 16);
    memcpy(out, &v6, sizeof v6);
    return sizeof v6;
}

static void from_sockaddr(devp2p_addr *out, const struct sockaddr_storage *addr)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    *out = (devp2p_addr){ 0 };
    if (addr->ss_family == AF_INET) {
        memcpy(&v4, addr, sizeof v4);
        out->family = 4;
        out->port = ntohs(v4.sin_port);
        memcpy(out->ip, &v4.sin_addr, 4);
    } else if (addr->ss_family == AF_INET6) {
        memcpy(&v6, addr, sizeof v6);
        out->family = 6;
        out->port = ntohs(v6.sin6_port);
        out->scope = v6.sin6_scope_id;
        memcpy(out->ip, &v6.sin6_addr, 16);
    }
}

void dp_os_socket_local(int fd, devp2p_addr *out)
{
    struct sockaddr_storage at = { 0 };
    socklen_t len = sizeof at;
    (void)getsockname(fd, (struct sockaddr *)&at, &len);
    from_sockaddr(out, &at);
}

void dp_os_socket_remote(int fd, devp2p_addr *out)
{
    struct sockaddr_storage at = { 0 };
    socklen_t len = sizeof at;
    if (getpeername(fd, (struct sockaddr *)&at, &len))
        at.ss_family = AF_UNSPEC;
    from_sockaddr(out, &at);
}

/* --- making them --- */

static void set(int fd, int level, int option)
{
    int one = 1;
    (void)setsockopt(fd, level, option, &one, sizeof one);
}

/* open_for is a socket of the family of an address, -1 when there is none. */
static int open_for(const devp2p_addr *addr)
{
    int family = addr->family == 4 ? AF_INET : AF_INET6;
    if (addr->family != 4 && addr->family != 6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* failed closes a socket whose call did not work. */
static int failed(int fd, const char *call)
{
    int err = dp_os_fail(call);
    close(fd);
    return err;
}

int dp_os_socket_listen(int *out, const devp2p_addr *at)
{
    struct sockaddr_storage addr;
    socklen_t len = to_sockaddr(&addr, at);
    int fd = open_for(at);

    if (fd < 0)
        return dp_os_fail("socket");
    set(fd, SOL_SOCKET, SO_REUSEADDR);
    if (at->family == 6)
        set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (bind(fd, (struct sockaddr *)&addr, len))
        return failed(fd, "bind");
    if (listen(fd, SOMAXCONN))
        return failed(fd, "listen");
    *out = fd;
    return 0;
}

int dp_os_socket_connect(int *out, bool *pending, const devp2p_addr *to)
{
    struct sockaddr_storage addr;
    socklen_t len = to_sockaddr(&addr, to);
    int fd = open_for(to);

    if (fd < 0)
        return dp_os_fail("socket");
    set(fd, IPPROTO_TCP, TCP_NODELAY);
    *out = fd;
    int err = connect(fd, (struct sockaddr *)&addr, len) ? errno : 0;
    *pending = err == EINPROGRESS || err == EINTR;
    return *pending ? 0 : dp_os_code(err);
}

/* dp_os_socket_accept passes over what concerns one connection only, as
 * accept(2) advises: the next one may be good. */
int dp_os_socket_accept(int *out, devp2p_addr *from, int listener)
{
    struct sockaddr_storage addr = { 0 };
    for (;;) {
        socklen_t len = sizeof addr;
        int fd = accept4(listener, (struct sockaddr *)&addr, &len,
            SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            set(fd, IPPROTO_TCP, TCP_NODELAY);
            from_sockaddr(from, &addr);
            *out = fd;
            return 0;
        }
        switch (errno) {
        case EINTR:
        case ECONNABORTED:
        case EPERM:
        case EPROTO:
        case ENOPROTOOPT:
        case ENETDOWN:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case ENETUNREACH:
            continue;
        default:
            return dp_os_code(errno);
        }
    }
}

/* dp_os_socket_take makes a socket what ours are from the beginning. */
int dp_os_socket_take(int fd)
{
    int type = 0;
    socklen_t len = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_STREAM)
        return dp_fail(
            DEVP2P_ERR_INVALID, "descriptor %d is no stream socket", fd);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return dp_os_fail("fcntl");
    set(fd, IPPROTO_TCP, TCP_NODELAY);
    return 0;
}

/* dp_os_socket_close: a linger time of 0 makes the close a reset. */
void dp_os_socket_close(int fd, bool reset)
{
    struct linger at_once = { .l_onoff = 1 };
    if (reset)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

int dp_os_socket_error(int fd)
{
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
        err = errno;
    return dp_os_code(err);
}
