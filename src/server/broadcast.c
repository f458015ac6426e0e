/* SPDX-License-Identifier: MIT */
/* broadcast.c - one packet to all peers of a protocol. */
#include "core/public_packet.h"
#include "server/server.h"

#include <string.h>

/* An audience is the channels of one protocol, each kept. */
typedef struct audience {
    dp_channel **at;
    size_t n, cap;
} audience;

static const devp2p_protocol *row_of(
    const devp2p_server *srv, const char *name, uint32_t version)
{
    const devp2p_protocol *row = srv->cfg.rows, *end = row + srv->cfg.nrows;

    while (row < end && (row->version != version || strcmp(row->name, name)))
        row++;
    return row < end ? row : NULL;
}

/* join adds the channel of a listed peer, if it has one. */
static void join(audience *a, const dp_line *line, const devp2p_protocol *row)
{
    for (size_t i = 0; i < line->nchannels; i++)
        if (line->channels[i]->row == row) {
            devp2p_rw_keep(&line->channels[i]->rw);
            a->at[a->n++] = line->channels[i];
        }
}

/* gather keeps the channels, so that nothing is sent under the server's lock. A
 * peer has one channel of a protocol at most. */
static int gather(audience *a, devp2p_server *srv, const devp2p_protocol *row)
{
    int err = 0;

    pthread_mutex_lock(&srv->lock);
    a->cap = srv->npeers;
    a->at = dp_alloc(&srv->cfg.env, a->cap * sizeof *a->at);
    if (!a->at)
        err = DEVP2P_ERR_NOMEM;
    for (size_t i = 0; i < srv->npeers && !err; i++)
        join(a, srv->peers[i]->line, row);
    pthread_mutex_unlock(&srv->lock);
    return err;
}

static int offer_all(
    const audience *a, devp2p_packet *packet, size_t *sent, size_t *full)
{
    int result = 0;

    for (size_t i = 0; i < a->n; i++) {
        int err = dp_channel_offer(a->at[i], packet);
        *sent += err == 0;
        *full += err == DEVP2P_ERR_AGAIN;
        if (err && err != DEVP2P_ERR_AGAIN && err != DEVP2P_ERR_CLOSED)
            result = err;
        devp2p_rw_drop(&a->at[i]->rw);
    }
    return result;
}

int devp2p_server_broadcast(devp2p_server *srv, size_t *sent, size_t *full,
    const char *name, uint32_t version, devp2p_packet *packet)
{
    const devp2p_protocol *row = row_of(srv, name, version);
    audience a = { .n = 0 };
    size_t none[2];

    sent = sent ? sent : &none[0];
    full = full ? full : &none[1];
    *sent = *full = 0;
    if (!row)
        return dp_fail(DEVP2P_ERR_NOT_FOUND, "the server has no protocol %s/%u",
            name, version);
    int err = dp_channel_code(row->length, packet->plain->code);
    if (!err)
        err = gather(&a, srv, row);
    if (err)
        return err;
    err = offer_all(&a, packet, sent, full);
    dp_free(&srv->cfg.env, a.at, a.cap * sizeof *a.at);
    return err;
}
