/* SPDX-License-Identifier: MIT */
#include "sim/tap.h"

#include "server/relay.h"
#include "server/server.h"
#include "sim/check.h"
#include "sim/public.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- the trace --- */

static const char *const event_words[] = {
    [DEVP2P_EVENT_PEER_ADD] = "adds",
    [DEVP2P_EVENT_PEER_DROP] = "drops",
    [DEVP2P_EVENT_DIAL_FAIL] = "fails to dial",
    [DEVP2P_EVENT_COMMAND] = "was told about",
    [DEVP2P_EVENT_LOST] = "lost events",
    [DEVP2P_EVENT_MSG_SENT] = "has sent",
    [DEVP2P_EVENT_MSG_RECEIVED] = "has received",
};

/* A record is what a callback adds to the hash; it has no padding. */
typedef struct record {
    uint64_t node, kind, row;
    int64_t code;
    uint64_t more;
    uint8_t id[32];
} record;

/* Kinds of a record beside those of events. */
enum {
    NOTE_OPEN = 16,
    NOTE_MSG,
    NOTE_WRITABLE,
    NOTE_CLOSE,
    NOTE_RUN,
    NOTE_END
};

enum { WHY = 96 };

/* note adds a callback to hash and trace; more is the rest of its line. */
static void note(dp_tap *tap, const char *word, record *r, const devp2p_id *id,
    devp2p_slice payload, const char *more)
{
    devp2p_sim_node *node = tap->life->node;
    const devp2p_sim_node *peer = dp_sim_find(node->sim, id);

    r->node = node->number;
    memcpy(r->id, id->b, sizeof r->id);
    dp_sim_fold(node->sim->world, r, sizeof *r);
    if (payload.len)
        dp_sim_fold(node->sim->world, payload.at, payload.len);
    if (peer)
        dp_sim_say(node->sim->world, "node %zu %s node %zu%s", node->number,
            word, peer->number, more);
    else
        dp_sim_say(node->sim->world, "node %zu %s%s", node->number, word, more);
}

/* why is how a line tells a code; there is nothing to tell of 0. */
static const char *why(char *out, size_t cap, int code, uint32_t unsent)
{
    int n = snprintf(
        out, cap, "%s%s", code ? ": " : "", code ? devp2p_strerror(code) : "");

    if (unsent)
        snprintf(out + n, cap - (size_t)n, ", %" PRIu32 " unsent", unsent);
    return out;
}

static void note_call(const dp_tap_row *row, const char *word, uint64_t kind,
    const devp2p_rw *rw, int code, uint32_t unsent)
{
    dp_tap *tap = row->tap;
    record r = { .kind = kind,
        .row = (uint64_t)(row - tap->rows),
        .code = code,
        .more = unsent };
    char text[WHY];

    note(tap, word, &r, &rw->peer->id, (devp2p_slice){ NULL, 0 },
        why(text, sizeof text, code, unsent));
}

static void note_msg(
    dp_tap *tap, uint64_t row, const devp2p_rw *rw, const devp2p_msg *msg)
{
    record r = { .kind = NOTE_MSG,
        .row = row,
        .code = (int64_t)msg->code,
        .more = msg->payload.len };
    char text[WHY];

    snprintf(text, sizeof text, ": code %" PRIu64 ", %zu bytes", msg->code,
        msg->payload.len);
    note(tap, "reads from", &r, &rw->peer->id, msg->payload, text);
}

/* --- events --- */

static void on_event(const devp2p_event *event, void *user)
{
    dp_tap *tap = user;
    const dp_config *cfg = &tap->life->node->cfg;
    record r = { .kind = event->kind,
        .row = event->flags,
        .code = event->code,
        .more =
            (uint64_t)event->unsent << 32 | event->count << 1 | event->remote };
    devp2p_slice protocol = { (const uint8_t *)event->protocol,
        strlen(event->protocol) };
    char text[WHY];

    if (tap->life->crashed)
        return;
    note(tap, event_words[event->kind], &r, &event->id, protocol,
        why(text, sizeof text, event->code, event->unsent));
    dp_check_event(tap, event);
    tap->life->node->telling = tap->life->number;
    if (cfg->on_event)
        cfg->on_event(event, cfg->on_event_user);
    tap->life->node->telling = 0;
}

/* --- handlers of the event style --- */

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    const dp_tap_row *row = user;

    note_call(row, "opens", NOTE_OPEN, rw, 0, 0);
    dp_check_told(row->tap, peer);
    dp_check_open(row->tap, (size_t)(row - row->tap->rows), &peer->id);
    return row->theirs->on_open
               ? row->theirs->on_open(peer, rw, row->theirs->user)
               : 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    const dp_tap_row *row = user;

    note_msg(row->tap, (uint64_t)(row - row->tap->rows), rw, msg);
    return row->theirs->on_msg(rw, msg, row->theirs->user);
}

static void on_writable(devp2p_rw *rw, void *user)
{
    const dp_tap_row *row = user;

    note_call(row, "may write to", NOTE_WRITABLE, rw, 0, 0);
    if (row->theirs->on_writable)
        row->theirs->on_writable(rw, row->theirs->user);
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    const dp_tap_row *row = user;

    note_call(row, "closes", NOTE_CLOSE, rw, reason, unsent);
    dp_check_close(row->tap, (size_t)(row - row->tap->rows), &rw->peer->id);
    if (row->theirs->on_close)
        row->theirs->on_close(rw, reason, unsent, row->theirs->user);
}

/* --- handlers of the run style --- */

dp_tap *dp_tap_of(const devp2p_rw *rw)
{
    return dp_of(rw->ops, dp_tap, rw);
}

static int tapped_read(devp2p_rw *rw, devp2p_msg *msg, uint32_t timeout_ms)
{
    dp_tap *tap = dp_tap_of(rw);
    int err = tap->real->read(rw, msg, timeout_ms);

    if (err == 0)
        note_msg(tap, UINT64_MAX, rw, msg);
    return err;
}

/* run: the handler's reads go through the tap, as long as it runs. */
static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    const dp_tap_row *row = user;
    dp_tap *tap = row->tap;
    size_t number = (size_t)(row - tap->rows);

    note_call(row, "runs for", NOTE_RUN, rw, 0, 0);
    dp_check_told(tap, peer);
    dp_check_open(tap, number, &peer->id);
    if (!tap->real) {
        tap->real = rw->ops;
        tap->rw = *rw->ops;
        tap->rw.read = tapped_read;
    }
    rw->ops = &tap->rw;
    int result = row->theirs->run(peer, rw, row->theirs->user);
    rw->ops = tap->real;
    note_call(row, "has run for", NOTE_END, rw, result, 0);
    dp_check_close(tap, number, &peer->id);
    return result;
}

/* --- infos --- */

static int node_info(char *out, size_t cap, void *user)
{
    const dp_tap_row *row = user;
    return row->theirs->node_info(out, cap, row->theirs->user);
}

static int peer_info(devp2p_peer *peer, char *out, size_t cap, void *user)
{
    const dp_tap_row *row = user;
    return row->theirs->peer_info(peer, out, cap, row->theirs->user);
}

/* --- turns --- */

/* turn: the loop is the first argument of every up call. */
static uint64_t turn(void *server, dp_now now)
{
    const dp_loop *loop = server;
    dp_tap *tap = dp_of(loop->world->up, dp_tap, up);
    uint64_t next = tap->server->turn(server, now);

    dp_check_turn(tap, loop, now, next);
    return next;
}

/* --- dials --- */

static int tapped_connect(
    dp_world *w, const devp2p_addr *to, void *user, dp_io **out)
{
    dp_tap *tap = dp_of(w->ops, dp_tap, ops);

    const dp_line *line = user;
    dp_now now = dp_server_now(tap->life->srv);

    /* on another loop it begins a moment after the host wanted it */
    dp_check_dial(tap, to, line->relay ? line->relay->since : now);
    return tap->world->connect(w, to, user, out);
}

/* --- life --- */

static void make_row(dp_tap *tap, size_t i)
{
    const devp2p_protocol *theirs = &tap->life->node->cfg.rows[i];

    tap->rows[i] = (dp_tap_row){ tap, theirs };
    tap->ours[i] = (devp2p_protocol){ .name = theirs->name,
        .version = theirs->version,
        .length = theirs->length,
        .rules = theirs->rules,
        .dial_candidates = theirs->dial_candidates,
        .node_info = theirs->node_info ? node_info : NULL,
        .peer_info = theirs->peer_info ? peer_info : NULL,
        .user = &tap->rows[i] };
    if (theirs->run) {
        tap->ours[i].run = run;
        return;
    }
    tap->ours[i].on_open = on_open;
    tap->ours[i].on_msg = on_msg;
    tap->ours[i].on_writable = on_writable;
    tap->ours[i].on_close = on_close;
}

int dp_tap_init(dp_tap *tap, dp_lifetime *life, devp2p_config *cfg)
{
    const dp_env *env = &life->node->sim->env;
    size_t n = life->node->cfg.nrows;

    tap->life = life;
    tap->nrows = n;
    tap->ours = dp_alloc(env, (n + 1) * sizeof *tap->ours);
    tap->rows = dp_alloc(env, (n + 1) * sizeof *tap->rows);
    if (!tap->ours || !tap->rows) {
        dp_tap_fini(tap);
        return DEVP2P_ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++)
        make_row(tap, i);
    cfg->protocols = tap->ours;
    cfg->on_event = on_event;
    cfg->on_event_user = tap;
    return 0;
}

void dp_tap_attach(dp_tap *tap)
{
    const devp2p_server *srv = tap->life->srv;
    const dp_world *first = tap->life->world;

    tap->server = first->up;
    tap->up = *first->up;
    tap->up.turn = turn;
    tap->world = first->ops;
    tap->ops = *first->ops;
    tap->ops.connect = tapped_connect;
    for (size_t i = 0; i < srv->nloops; i++) {
        srv->loops[i].world->up = &tap->up;
        srv->loops[i].world->ops = &tap->ops;
    }
}

void dp_tap_fini(dp_tap *tap)
{
    const dp_env *env = &tap->life->node->sim->env;

    dp_free(env, tap->ours, (tap->nrows + 1) * sizeof *tap->ours);
    dp_free(env, tap->rows, (tap->nrows + 1) * sizeof *tap->rows);
    dp_free(env, tap->seen, tap->seen_cap * sizeof *tap->seen);
}
