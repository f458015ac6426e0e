/* SPDX-License-Identifier: MIT */
/* rlpx_ping.c - devp2p rlpx ping ENODE */
#include "command.h"
#include "dial.h"
#include "parse.h"
#include "report.h"
#include "show.h"

#include <devp2p/rlpx.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT };
enum { SECONDS_MAX = 3600, NAME_SHOWN = 512 };

/* A talk is a connection to a node, as far as its Hello. */
typedef struct talk {
    devp2p_rlpx *rlpx;
    devp2p_session *session;
    int fd;
    devp2p_session_event last; /* READY, or DOWN and why */
} talk;

static devp2p_now now(void)
{
    return (devp2p_now){ .mono_ns = dial_clock(),
        .unix_ms = (int64_t)time(NULL) * 1000 };
}

/* --- the connection --- */

static int begin(talk *t, const devp2p_node *node)
{
    devp2p_rlpx_config cfg = { .name = "devp2p" };
    int err = devp2p_key_generate(&cfg.private_key);
    if (!err)
        err = devp2p_rlpx_new(&t->rlpx, &cfg);
    devp2p_key_wipe(&cfg.private_key);
    return err ? err
               : devp2p_session_new(&t->session, t->rlpx, &node->pub, now());
}

/* decided takes events until the node is ready or gone. */
static bool decided(talk *t)
{
    while (devp2p_session_next(t->session, &t->last, now()))
        if (t->last.kind == DEVP2P_SESSION_READY ||
            t->last.kind == DEVP2P_SESSION_DOWN)
            return true;
    return false;
}

/* speak writes what there is to write: false when some of it is left.  A
 * connection that broke is seen by hear. */
static bool speak(talk *t)
{
    const uint8_t *at;
    size_t len;
    while ((len = devp2p_session_out(t->session, &at, now())) > 0) {
        ssize_t n = send(t->fd, at, len, MSG_NOSIGNAL);
        if (n < 0)
            return false;
        devp2p_session_sent(t->session, (size_t)n, now());
    }
    return true;
}

static void hear(talk *t)
{
    uint8_t *at;
    size_t room = devp2p_session_room(t->session, &at);
    ssize_t n = room ? recv(t->fd, at, room, 0) : 0;
    if (n > 0)
        devp2p_session_recv(t->session, (size_t)n, now());
    else if (room && n == 0)
        devp2p_session_eof(t->session, 0, now());
    else if (room && errno != EAGAIN && errno != EINTR)
        devp2p_session_eof(t->session, DEVP2P_ERR_RESET, now());
}

/* meet returns 0 when the node's Hello is there, else why it is not. */
static int meet(talk *t, uint64_t end)
{
    while (!decided(t)) {
        short events = speak(t) ? POLLIN : POLLIN | POLLOUT;
        uint64_t due = devp2p_session_deadline(t->session);
        if (!dial_wait(t->fd, events, due < end ? due : end) &&
            dial_clock() >= end)
            return DEVP2P_ERR_TIMEOUT;
        hear(t);
        devp2p_session_tick(t->session, now());
    }
    return t->last.kind == DEVP2P_SESSION_READY ? 0 : t->last.reason;
}

/* leave says goodbye as far as that goes at once. */
static void leave(talk *t)
{
    devp2p_session_close(t->session, DEVP2P_DISC_REQUESTED, now());
    decided(t);
    speak(t);
}

/* --- what came of it --- */

static void show(const devp2p_hello *hello, const devp2p_node *node)
{
    char name[NAME_SHOWN];
    printf("client: %s\n", devp2p_escape(name, sizeof name, hello->name));
    printf("version: %llu\n", (unsigned long long)hello->version);
    printf("capabilities:");
    for (size_t i = 0; i < hello->ncaps; i++)
        printf(" %s/%llu",
            devp2p_escape(name, sizeof name, hello->caps[i].name),
            (unsigned long long)hello->caps[i].version);
    printf("\nid: ");
    show_id(&node->id);
}

static int ask(const devp2p_node *node, uint64_t end)
{
    talk t = { .session = NULL };
    devp2p_hello hello;
    int err = dial(&t.fd, node, end);
    if (err)
        return err;
    err = begin(&t, node);
    if (!err)
        err = meet(&t, end);
    if (!err)
        err = devp2p_session_hello(t.session, &hello);
    if (!err)
        leave(&t);
    close(t.fd);
    if (err)
        dial_ended(node, err, t.last.remote);
    else
        show(&hello, node);
    devp2p_session_free(t.session);
    devp2p_rlpx_free(t.rlpx);
    return err ? FAILED : DONE;
}

static int run(const call *asked)
{
    devp2p_node node;
    unsigned ms;
    if (parse_node(&node, asked) ||
        parse_seconds(&ms, asked, TIMEOUT, SECONDS_MAX))
        return USAGE;
    return ask(&node, dial_clock() + (uint64_t)ms * 1000000);
}

const command command_rlpx_ping = {
    .path = "rlpx ping",
    .args = "ENODE",
    .words = "Connect to a node and show what its Hello says",
    .options = { [TIMEOUT] = { "timeout", "SECONDS", "10",
                     "How long all of it may take", NULL, 0 } },
    .run = run,
};
