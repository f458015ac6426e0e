/* SPDX-License-Identifier: MIT */
#include "core/rlpx.h"

#include "base/import.h"
#include "core/public_packet.h"

#include <string.h>

enum { CHUNKS_KEPT = 16 };

struct devp2p_rlpx {
    dp_node_self self;
    dp_crypto *crypto;
    dp_engine *engine;
    dp_protocol *rows;
    size_t nrows;
    dp_budget recv, send;
};

struct devp2p_session {
    devp2p_rlpx *of;
    dp_session *core;
    dp_scratch scratch; /* of the message that was told last */
    size_t cap, full;   /* it */
    bool told;          /* a message is with the program, until next */
    bool authed;        /* AUTHED was told */
};

static dp_now now_of(devp2p_now now)
{
    return (dp_now){ .mono = now.mono_ns, .wall = now.unix_ms };
}

/* --- what sessions share --- */

int dp_rlpx_import(
    devp2p_rlpx_config *out, const devp2p_rlpx_config *cfg, size_t size)
{
    if (!cfg)
        return dp_fail(DEVP2P_ERR_INVALID, "the configuration is NULL");
    return dp_import(out, sizeof *out, cfg, size,
        offsetof(devp2p_rlpx_config, caps), "devp2p_rlpx_config");
}

static int count_rows(size_t *n, const devp2p_rlpx_cap *caps)
{
    *n = 0;
    while (caps && caps[*n].name)
        if (++*n > DP_PROTOCOLS_MAX)
            return dp_fail(DEVP2P_ERR_INVALID,
                "caps: more than %d rows, or no NULL name at the end",
                DP_PROTOCOLS_MAX);
    return 0;
}

/* copy_row puts row i with a copy of its name into the table. */
static int copy_row(devp2p_rlpx *r, const devp2p_rlpx_cap *cap, size_t i)
{
    size_t len = strlen(cap->name);
    uint8_t *name = dp_alloc(&r->self.env, len);

    if (!name)
        return DEVP2P_ERR_NOMEM;
    memcpy(name, cap->name, len);
    r->rows[i] = (dp_protocol){ { name, len }, cap->version, cap->length };
    return 0;
}

static int copy_rows(devp2p_rlpx *r, const devp2p_rlpx_cap *caps)
{
    size_t n;
    int err = count_rows(&n, caps);

    if (err || n == 0)
        return err;
    r->rows = dp_alloc(&r->self.env, n * sizeof *r->rows);
    if (!r->rows)
        return DEVP2P_ERR_NOMEM;
    r->nrows = n;
    for (size_t i = 0; i < n && !err; i++)
        err = copy_row(r, &caps[i], i);
    r->self.protocols = r->rows;
    r->self.nprotocols = n;
    return err ? err : dp_self_check_protocols(r->rows, n, "caps");
}

static int fill(
    devp2p_rlpx *r, const devp2p_rlpx_config *cfg, const dp_curve *curve)
{
    const char *name = cfg->name ? cfg->name : "";
    dp_node_self *self = &r->self;
    int err = dp_self_check_name(name);

    r->recv.limit = DP_RECV_TOTAL;
    r->send.limit = DP_SEND_TOTAL;
    self->recv = &r->recv;
    self->send = &r->send;
    if (!err)
        err = dp_self_check_log_level(cfg->log_level);
    if (!err)
        err = copy_rows(r, cfg->caps);
    if (!err)
        err = dp_crypto_new(&r->crypto, &self->env, curve);
    if (!err)
        err = dp_self_identify(self, r->crypto, &cfg->private_key);
    if (!err)
        err = dp_self_hello(self, name, "caps");
    if (!err)
        err = dp_engine_new(&r->engine, &self->env, r->crypto);
    if (!err)
        err = dp_pool_new(&self->pool, &self->env, CHUNKS_KEPT);
    return err;
}

int dp_rlpx_new(
    devp2p_rlpx **out, const devp2p_rlpx_config *cfg, const dp_curve *curve)
{
    const dp_env env = {
        .alloc = cfg->alloc ? cfg->alloc : dp_default_alloc,
        .alloc_user = cfg->alloc_user,
        .random = cfg->random,
        .random_user = cfg->random_user,
        .log = cfg->log,
        .log_user = cfg->log_user,
        .log_level = cfg->log_level,
    };
    devp2p_rlpx *r = dp_alloc(&env, sizeof *r);

    *out = NULL;
    if (!r)
        return DEVP2P_ERR_NOMEM;
    r->self.env = env;
    int err = fill(r, cfg, curve);
    if (err) {
        devp2p_rlpx_free(r);
        return err;
    }
    *out = r;
    return 0;
}

void devp2p_rlpx_free(devp2p_rlpx *r)
{
    if (!r)
        return;
    dp_env env = r->self.env;
    dp_pool_free(r->self.pool);
    dp_engine_free(r->engine);
    dp_self_fini(&r->self);
    dp_crypto_free(r->crypto);
    for (size_t i = 0; i < r->nrows; i++)
        dp_free(&env, (uint8_t *)(uintptr_t)r->rows[i].name.at,
            r->rows[i].name.len);
    dp_free(&env, r->rows, r->nrows * sizeof *r->rows);
    dp_free(&env, r, sizeof *r);
}

/* --- life of a session --- */

int devp2p_session_new(devp2p_session **out, devp2p_rlpx *rlpx,
    const devp2p_pubkey *dial, devp2p_now now)
{
    const dp_env *env = &rlpx->self.env;
    const dp_session_setup setup = { &rlpx->self, dial };
    devp2p_session *s = dp_alloc(env, sizeof *s);

    *out = NULL;
    if (!s)
        return DEVP2P_ERR_NOMEM;
    s->of = rlpx;
    dp_scratch_init(&s->scratch, env);
    int err = dp_session_new(&s->core, &setup, now_of(now));
    if (err) {
        dp_free(env, s, sizeof *s);
        return err;
    }
    *out = s;
    return 0;
}

void devp2p_session_free(devp2p_session *s)
{
    if (!s)
        return;
    devp2p_rlpx *rlpx = s->of;
    dp_session_free(s->core);
    dp_engine_forget(rlpx->engine);
    dp_scratch_fini(&s->scratch);
    dp_free(&rlpx->self.env, s, sizeof *s);
}

/* --- bytes in --- */

size_t devp2p_session_room(devp2p_session *s, uint8_t **at)
{
    return dp_session_room(s->core, at);
}

void devp2p_session_recv(devp2p_session *s, size_t len, devp2p_now now)
{
    dp_session_recv(s->core, len, now_of(now));
}

void devp2p_session_eof(devp2p_session *s, int err, devp2p_now now)
{
    dp_session_eof(s->core, err, now_of(now));
}

/* --- work --- */

/* run_ec does the curve work of a handshake, where a server has a pool. */
static bool run_ec(devp2p_session *s, dp_now now)
{
    dp_ec *ec = dp_session_ec(s->core, now);

    if (!ec)
        return false;
    dp_ec_run(ec);
    dp_session_ec_done(s->core, ec, now);
    return true;
}

static bool run_frames(devp2p_session *s, bool open, dp_now now)
{
    dp_frames *f = dp_session_lend(s->core, open, now);

    if (!f)
        return false;
    dp_frames_run(s->of->engine, &f, 1);
    dp_session_take(s->core, f, now);
    return true;
}

/* --- events --- */

/* accept: the program was told of AUTHED, maybe of READY, and did not refuse.
 * There is no moment at which READY waits to be told. */
static void accept(devp2p_session *s, dp_now now)
{
    if (s->authed)
        dp_session_judge(s->core, 0, now);
}

/* settle takes back what the program was told last. */
static void settle(devp2p_session *s, dp_now now)
{
    accept(s, now);
    if (s->told)
        dp_session_took(s->core, s->cap, s->full, now);
    s->told = false;
    dp_scratch_shrink(&s->scratch);
}

/* open_message makes a message plain; false when the session ends instead. */
static bool open_message(devp2p_session *s, devp2p_session_event *out,
    const dp_session_event *ev, dp_now now)
{
    const devp2p_slice body = { ev->body, ev->len };
    int err = dp_scratch_open(
        &s->scratch, body, ev->full, dp_session_snappy(s->core));

    s->cap = ev->cap;
    s->full = ev->full;
    s->told = true;
    if (err) {
        if (err == DEVP2P_ERR_SNAPPY)
            err = DEVP2P_DISC_PROTOCOL_ERROR;
        dp_session_close(s->core, err, false, now);
        return false;
    }
    out->msg = (devp2p_msg){
        .code = ev->code,
        .payload = { s->scratch.plain.at, ev->full },
        .received_ms = now.wall > 0 ? (uint64_t)now.wall : 0,
        .arena = dp_scratch_arena(&s->scratch),
    };
    return true;
}

/* tell translates an event; false when there is nothing to tell. */
static bool tell(devp2p_session *s, devp2p_session_event *out,
    const dp_session_event *ev, dp_now now)
{
    *out = (devp2p_session_event){
        .kind = (devp2p_session_event_kind)ev->kind,
        .cap = ev->cap,
        .reason = ev->reason,
        .remote = ev->remote,
        .reset = ev->reset,
    };
    switch (ev->kind) {
    case DP_AUTHED:
        s->authed = true;
        return true;
    case DP_MSG:
        return open_message(s, out, ev, now);
    case DP_READY:
    case DP_WRITABLE:
    case DP_SHUT:
    case DP_DOWN:
        return true;
    case DP_SENT: /* nobody asked for it */
        break;
    }
    return false;
}

/* next_told gives the next event that the program hears of. */
static bool next_told(devp2p_session *s, devp2p_session_event *out, dp_now now)
{
    dp_session_event ev;

    do {
        settle(s, now);
        if (!dp_session_next(s->core, &ev, now))
            return false;
    } while (!tell(s, out, &ev, now));
    return true;
}

/* devp2p_session_next: work that could not even begin has something to tell
 * too. */
bool devp2p_session_next(
    devp2p_session *s, devp2p_session_event *out, devp2p_now at)
{
    dp_now now = now_of(at);

    do {
        if (next_told(s, out, now))
            return true;
    } while (run_ec(s, now) || run_frames(s, true, now));
    return next_told(s, out, now);
}

void devp2p_session_hold(devp2p_session *s)
{
    s->told = false;
}

int devp2p_session_took(
    devp2p_session *s, size_t cap, size_t len, devp2p_now now)
{
    dp_lane held = dp_session_lane(s->core, cap);

    if (s->told && s->cap == cap) {
        held.messages--;
        held.bytes -= s->full;
    }
    if (held.messages == 0 || len > held.bytes)
        return DEVP2P_ERR_INVALID;
    dp_session_took(s->core, cap, len, now_of(now));
    return 0;
}

/* --- bytes out --- */

size_t devp2p_session_out(devp2p_session *s, const uint8_t **at, devp2p_now now)
{
    while (run_frames(s, false, now_of(now)))
        ;
    return dp_session_out(s->core, at);
}

void devp2p_session_sent(devp2p_session *s, size_t len, devp2p_now now)
{
    dp_session_sent(s->core, len, now_of(now));
}

int devp2p_session_send(
    devp2p_session *s, size_t cap, devp2p_packet *packet, devp2p_now now)
{
    dp_packet *form;

    accept(s, now_of(now));
    if (!dp_session_open(s->core))
        return DEVP2P_ERR_CLOSED;
    if (cap >= dp_session_caps(s->core)->n)
        return DEVP2P_ERR_INVALID;
    int err = dp_public_packet_form(&form, packet, dp_session_snappy(s->core));
    return err ? err : dp_session_send(s->core, cap, form, now_of(now));
}

void devp2p_session_close(devp2p_session *s, int reason, devp2p_now now)
{
    dp_session_close(s->core, reason, true, now_of(now));
}

/* --- time --- */

uint64_t devp2p_session_deadline(const devp2p_session *s)
{
    return dp_session_deadline(s->core);
}

void devp2p_session_tick(devp2p_session *s, devp2p_now now)
{
    dp_session_tick(s->core, now_of(now));
}

/* --- asking --- */

const devp2p_pubkey *devp2p_session_peer(const devp2p_session *s)
{
    return s->authed ? dp_session_peer(s->core) : NULL;
}

int devp2p_session_hello(const devp2p_session *s, devp2p_hello *out)
{
    const dp_hello *hello = dp_session_hello(s->core);

    if (!dp_session_greeted(s->core))
        return DEVP2P_ERR_NOT_FOUND;
    *out = (devp2p_hello){
        .version = hello->version,
        .name = hello->name,
        .caps = hello->caps,
        .ncaps = hello->ncaps,
    };
    return 0;
}

size_t devp2p_session_ncaps(const devp2p_session *s)
{
    return dp_session_caps(s->core)->n;
}

size_t devp2p_session_cap(const devp2p_session *s, size_t at)
{
    const dp_caps *caps = dp_session_caps(s->core);
    return at < caps->n ? caps->v[at].ours : SIZE_MAX;
}

uint32_t devp2p_session_unsent(const devp2p_session *s, size_t at)
{
    return dp_session_unsent(s->core, at);
}
