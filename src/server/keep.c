/* SPDX-License-Identifier: MIT */
#include "server/keep.h"

#include "core/book.h"
#include "server/server.h"

#define ASK_AGAIN_NS DP_SEC /* when the world had no room for the question */

enum { TOKEN = 1 }; /* of whatever is asked: nothing else is */

/* --- at the start --- */

/* opened: from now on the book stands as it is kept. */
static void opened(devp2p_server *srv, bool alone)
{
    srv->keep.state = DP_KEEP_OPEN;
    if (alone)
        dp_book_alone(dp_host_book(srv->host));
}

void dp_keep_turn(devp2p_server *srv, dp_now now)
{
    const dp_world_ops *ops = srv->world->ops;

    if (srv->keep.state != DP_KEEP_NEW || now.mono < srv->keep.at)
        return;
    int err = ops->load ? ops->load(srv->world, TOKEN) : DEVP2P_ERR_IO;
    if (err == 0)
        srv->keep.state = DP_KEEP_LOADING;
    else if (err == DEVP2P_ERR_IO)
        opened(srv, true);
    else
        srv->keep.at = dp_after(now, ASK_AGAIN_NS);
}

bool dp_keep_ready(const devp2p_server *srv)
{
    return srv->keep.state == DP_KEEP_OPEN || srv->stopping;
}

void dp_keep_loaded(
    devp2p_server *srv, uint64_t token, int err, const dp_row *rows, size_t n)
{
    dp_now now = dp_server_now(srv);

    (void)token;
    if (err == DEVP2P_ERR_NOMEM) {
        srv->keep.state = DP_KEEP_NEW;
        srv->keep.at = dp_after(now, ASK_AGAIN_NS);
        return;
    }
    if (err)
        dp_log(&srv->self.env, DEVP2P_LOG_ERROR, "book",
            "what was kept cannot be read, and nothing will be: %s",
            devp2p_strerror(err));
    opened(srv, err != 0);
    if (!err)
        dp_host_loaded(srv->host, rows, n, now);
}

/* --- from then on --- */

void dp_keep_store(devp2p_server *srv, dp_now now)
{
    dp_book *book = dp_host_book(srv->host);
    const dp_row *rows;
    size_t n = dp_book_rows(book, &rows, now);
    int err = n ? srv->world->ops->store(srv->world, TOKEN, rows, n) : 0;

    if (err)
        dp_book_stored(book, err, now);
}

void dp_keep_stored(devp2p_server *srv, uint64_t token, int err)
{
    (void)token;
    if (err)
        dp_log(&srv->self.env, DEVP2P_LOG_WARN, "book", "cannot be stored: %s",
            devp2p_strerror(err));
    dp_book_stored(dp_host_book(srv->host), err, dp_server_now(srv));
}

/* --- at the end --- */

void dp_keep_stop(devp2p_server *srv, dp_now now)
{
    srv->keep.until = dp_after(now, 2 * DP_HURRY_NS);
    dp_book_hurry(dp_host_book(srv->host), now);
}

/* dp_keep_done: the peers that left last had a conduct, too. */
bool dp_keep_done(devp2p_server *srv, dp_now now)
{
    dp_book *book = dp_host_book(srv->host);

    if (!srv->keep.last)
        dp_book_hurry(book, now);
    srv->keep.last = true;
    return dp_book_safe(book) || now.mono >= srv->keep.until;
}

uint64_t dp_keep_when(const devp2p_server *srv)
{
    if (srv->keep.last)
        return srv->keep.until;
    return srv->keep.state == DP_KEEP_NEW ? srv->keep.at : DP_NEVER;
}
