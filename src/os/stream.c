/* SPDX-License-Identifier: MIT */
/* stream.c - listeners and streams: a uv_poll_t over a socket of our own, which
 * neither raises SIGPIPE nor belongs to one loop from its birth. */
#include "os/parts.h"

#include <errno.h>
#include <sys/socket.h>

static dp_io *io_of(uv_poll_t *poll)
{
    return dp_of(poll, dp_io, poll);
}

/* --- watching --- */

static unsigned to_watch(const dp_io *io)
{
    switch (io->kind) {
    case DP_IO_LISTENER:
        return io->os->backing_off ? 0 : io->want & DP_READ;
    case DP_IO_DIAL:
        return dp_linked(&io->told) ? 0 : DP_WRITE;
    case DP_IO_STREAM:
        return io->want;
    }
    return 0;
}

static void on_poll(uv_poll_t *poll, int status, int uv_events);

void dp_os_watch(dp_io *io)
{
    unsigned events = to_watch(io);
    int flags = (events & DP_READ ? UV_READABLE : 0) |
                (events & DP_WRITE ? UV_WRITABLE : 0);

    if (io->watched == events)
        return;
    io->watched = events;
    if (events)
        dp_assert(uv_poll_start(&io->poll, flags, on_poll) == 0);
    else
        uv_poll_stop(&io->poll);
}

/* --- what happens --- */

static void accept_some(dp_io *io)
{
    dp_os *os = io->os;
    for (unsigned i = 0; i < DP_ACCEPTS_PER_TURN && !io->closed; i++) {
        devp2p_addr from;
        int raw;
        int err = dp_os_socket_accept(&raw, &from, io->fd);
        if (err == DEVP2P_ERR_AGAIN)
            return;
        if (err) {
            dp_os_back_off(os, err);
            return;
        }
        os->world.up->accepted(os->world.server, io->user, raw, &from);
        if (!(io->want & DP_READ))
            return;
    }
}

/* tell says how a dial went; a failed one is watched no more. */
static void tell(dp_io *io, int err)
{
    const dp_world *w = &io->os->world;
    io->kind = DP_IO_STREAM;
    if (err)
        io->want = 0;
    w->up->connected(w->server, io->user, io, err);
    if (!io->closed)
        dp_os_watch(io);
}

void dp_os_tell(dp_os *os)
{
    dp_list now;
    dp_list_init(&now);
    dp_list_splice(&now, &os->told);
    for (dp_link *k; (k = dp_list_pop(&now));) {
        dp_io *io = dp_of(k, dp_io, told);
        tell(io, io->outcome);
    }
}

/* on_poll: libuv stops watching when it reports an error, which then comes out
 * of the next call on the socket. */
static void on_poll(uv_poll_t *poll, int status, int uv_events)
{
    dp_io *io = io_of(poll);
    const dp_world *w = &io->os->world;
    unsigned events = (uv_events & UV_READABLE ? DP_READ : 0U) |
                      (uv_events & UV_WRITABLE ? DP_WRITE : 0U);

    if (io->os->over)
        return;
    if (status < 0) {
        io->watched = 0;
        events = DP_READ | DP_WRITE;
    }
    events &= io->want;
    if (io->kind == DP_IO_LISTENER)
        accept_some(io);
    else if (io->kind == DP_IO_DIAL)
        tell(io, dp_os_socket_error(io->fd));
    else if (events)
        w->up->ready(w->server, io->user, io, events);
    if (!io->closed)
        dp_os_watch(io);
}

/* --- life --- */

/* io_new takes the socket when it succeeds. */
static int io_new(dp_io **out, dp_os *os, int fd, dp_io_kind kind, void *user)
{
    dp_io *io = dp_alloc(&os->setup.env, sizeof *io);
    if (!io)
        return DEVP2P_ERR_NOMEM;
    int err = uv_poll_init(&os->loop, &io->poll, fd);
    if (err) {
        dp_free(&os->setup.env, io, sizeof *io);
        return dp_os_code(-err);
    }
    io->os = os;
    io->fd = fd;
    io->kind = kind;
    io->user = user;
    dp_list_push(&os->ios, &io->link);
    *out = io;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    dp_io *io = io_of((uv_poll_t *)handle);
    dp_free(&io->os->setup.env, io, sizeof *io);
}

void dp_os_close(dp_io *io, bool reset)
{
    io->closed = true;
    dp_unlink(&io->link);
    dp_unlink(&io->told);
    uv_close((uv_handle_t *)&io->poll, on_closed);
    dp_os_socket_close(io->fd, reset);
}

int dp_os_listen(dp_world *w, const devp2p_addr *at, void *user, dp_io **out,
    devp2p_addr *bound)
{
    int fd;
    int err = dp_os_socket_listen(&fd, at);
    if (err)
        return err;
    err = io_new(out, dp_os_of(w), fd, DP_IO_LISTENER, user);
    if (err) {
        dp_os_socket_close(fd, false);
        return err;
    }
    dp_os_socket_local(fd, bound);
    return 0;
}

/* dp_os_connect: even what is known at once is told in the next batch. */
int dp_os_connect(dp_world *w, const devp2p_addr *to, void *user, dp_io **out)
{
    dp_os *os = dp_os_of(w);
    bool pending = false;
    int fd = -1;
    int outcome = dp_os_socket_connect(&fd, &pending, to);

    if (fd < 0)
        return outcome;
    int err = io_new(out, os, fd, DP_IO_DIAL, user);
    if (err) {
        dp_os_socket_close(fd, false);
        return err;
    }
    dp_io *io = *out;
    io->remote = *to;
    if (pending) {
        dp_os_watch(io);
        return 0;
    }
    io->outcome = outcome;
    dp_list_push(&os->told, &io->told);
    dp_os_poke(os);
    return 0;
}

int dp_os_adopt(dp_world *w, int raw, void *user, dp_io **out)
{
    int err = io_new(out, dp_os_of(w), raw, DP_IO_STREAM, user);
    if (err == 0)
        dp_os_socket_remote(raw, &(*out)->remote);
    return err;
}

void dp_os_refuse(dp_world *w, int raw)
{
    (void)w;
    dp_os_socket_close(raw, true);
}

int dp_os_take(dp_world *w, int raw, devp2p_addr *far)
{
    (void)w;
    int err = dp_os_socket_take(raw);
    if (err == 0)
        dp_os_socket_remote(raw, far);
    return err;
}

/* --- bytes --- */

void dp_os_names(dp_io *io, devp2p_addr *local, devp2p_addr *remote)
{
    dp_os_socket_local(io->fd, local);
    *remote = io->remote;
}

void dp_os_want(dp_io *io, unsigned events)
{
    io->want = events;
    dp_os_watch(io);
}

int dp_os_read(dp_io *io, void *out, size_t cap, size_t *n)
{
    ssize_t got;
    do
        got = recv(io->fd, out, cap, 0);
    while (got < 0 && errno == EINTR);
    *n = got < 0 ? 0 : (size_t)got;
    return got < 0 ? dp_os_code(errno) : 0;
}

int dp_os_write(dp_io *io, const void *at, size_t len, size_t *n)
{
    ssize_t took;
    do
        took = send(io->fd, at, len, MSG_NOSIGNAL);
    while (took < 0 && errno == EINTR);
    *n = took < 0 ? 0 : (size_t)took;
    return took < 0 ? dp_os_code(errno) : 0;
}

void dp_os_shut(dp_io *io)
{
    (void)shutdown(io->fd, SHUT_WR);
}
