/* SPDX-License-Identifier: MIT */
#include "sim/parts.h"

enum { REPEATS = 5 };
#define REPEAT_NS (200 * DP_MS) /* until TCP sends again, the first time */

/* --- segments --- */

static uint8_t *bytes_of(dp_segment *s)
{
    return (uint8_t *)(s + 1);
}

static void drop(dp_end *e, dp_segment *s)
{
    dp_unlink(&s->link);
    e->load -= s->size - s->taken;
    if (s->kind == DP_DATA)
        dp_free(&e->conn->sim->setup.env, s, sizeof *s + s->size);
}

static void drop_all(dp_end *e, dp_list *l)
{
    for (dp_link *k; (k = dp_list_first(l));)
        drop(e, dp_of(k, dp_segment, link));
}

/* side is that of an end in its pair. */
static unsigned side(const dp_end *e)
{
    return (e == &e->conn->ends[1]) != e->conn->turned;
}

/* late is how much later the repeats of a lost segment bring it. */
static uint64_t late(const dp_conn *c)
{
    uint32_t ppm = dp_sim_pair_link(c->pair)->loss_ppm;
    uint64_t ns = 0;
    for (unsigned i = 0;
         i < REPEATS && dp_sim_happens(c->sim, ppm, DEVP2P_SIM_LOSS); i++)
        ns += REPEAT_NS << i;
    return ns;
}

/* dispatch puts a segment on its way to an end; it arrives when it is there and
 * all before it have arrived. */
static void dispatch(dp_end *to, dp_segment *s, dp_segment_kind kind)
{
    dp_conn *c = to->conn;
    unsigned from = side(dp_sim_end_other(to));

    s->kind = kind;
    s->at = dp_sim_travel_side(c->pair, from, s->size) + late(c);
    dp_list_push(&to->flight, &s->link);
    to->load += s->size;
    dp_sim_end_schedule(to);
}

void dp_sim_end_schedule(dp_end *e)
{
    dp_sim *sim = e->conn->sim;
    dp_link *k = dp_list_first(&e->flight);
    uint64_t at = k ? dp_of(k, dp_segment, link)->at : DP_NEVER;

    if (at < sim->now.mono)
        at = sim->now.mono;
    if (e->conn->pair->side[side(dp_sim_end_other(e))].held)
        at = DP_NEVER;
    dp_timer_set(sim->heap, &e->arrival.timer, at);
}

/* tell folds a segment into the hash that identifies a run, and writes a line
 * about it. */
static void tell(dp_end *to, dp_segment *s)
{
    static const char *const word[] = { "SYN", "DATA", "FIN", "RST" };
    dp_sim *sim = to->conn->sim;
    dp_end *from = dp_sim_end_other(to);
    char a[DEVP2P_ADDR_TEXT], b[DEVP2P_ADDR_TEXT];
    uint8_t head[37];

    memcpy(head, from->addr.ip, 16);
    memcpy(head + 16, to->addr.ip, 16);
    head[32] = (uint8_t)(from->addr.port >> 8);
    head[33] = (uint8_t)from->addr.port;
    head[34] = (uint8_t)(to->addr.port >> 8);
    head[35] = (uint8_t)to->addr.port;
    head[36] = (uint8_t)s->kind;
    dp_sim_fold(sim, head, sizeof head);
    dp_sim_fold(sim, bytes_of(s), s->size);
    if (sim->setup.trace)
        dp_sim_say(sim, "%s > %s %s %zu", devp2p_addr_text(a, &from->addr),
            devp2p_addr_text(b, &to->addr), word[s->kind], s->size);
}

/* --- arrival --- */

/* reset tells the other side that there is nobody here. */
static void reset(dp_end *e)
{
    dp_end *to = dp_sim_end_other(e);
    if (to->state != DP_END_GONE && !to->broken && !dp_linked(&to->rst.link))
        dispatch(to, &to->rst, DP_RST);
}

void dp_sim_end_break(dp_end *e, int err)
{
    drop_all(e, &e->flight);
    drop_all(e, &e->here);
    dp_sim_end_schedule(e);
    e->broken = true;
    if (e->state == DP_END_NONE)
        e->state = DP_END_GONE;
    if (!e->io)
        return;
    if (!e->io->open && !e->io->answered)
        dp_sim_io_answer(e->io, err);
    dp_sim_io_poke(e->io);
}

static void arrive_syn(dp_end *e)
{
    dp_conn *c = e->conn;
    dp_end *dialer = &c->ends[0];

    if (e == dialer) {
        if (e->io)
            dp_sim_io_answer(e->io, 0);
        return;
    }
    int err = dp_sim_offer(c);
    if (err == 0) {
        e->state = DP_END_WAITING;
        dispatch(dialer, &dialer->syn, DP_SYN);
        return;
    }
    e->state = DP_END_GONE;
    if (err == DEVP2P_ERR_REFUSED)
        reset(e);
    else
        dp_sim_end_break(dialer, err);
}

/* overhear keeps the first bytes that come to a node on a new connection. */
static void overhear(dp_end *e, dp_segment *s)
{
    dp_conn *c = e->conn;
    dp_node *n = e->node;

    if (e == &c->ends[0] || c->overheard)
        return;
    c->overheard = true;
    if (e->raw < n->heard_raw)
        return;
    size_t len = s->size < DP_OVERHEARD ? s->size : DP_OVERHEARD;
    uint8_t *heard = dp_resize(&n->sim->setup.env, n->heard, n->heard_n, len);
    if (!heard)
        return;
    n->heard_raw = e->raw;
    n->heard_n = len;
    n->heard = memcpy(heard, bytes_of(s), len);
}

/* lost: between severed ends nothing arrives, and nothing from or to an address
 * that is not the node's any more, but what its next owner has to say. */
static bool lost(dp_end *e, const dp_segment *s)
{
    const dp_conn *c = e->conn;
    if (c->ends[0].away || c->ends[1].away)
        return !(c->disowned && s->kind == DP_RST);
    return c->severed;
}

/* lose: what nobody acknowledges stays in the window of the sender. */
static void lose(dp_end *e, dp_segment *s)
{
    dp_sim *sim = e->conn->sim;

    e->missed = true;
    if (s->kind == DP_DATA)
        dp_free(&sim->setup.env, s, sizeof *s + s->size);
    if (e->away && dp_sim_host(sim, &e->addr, NULL))
        dp_sim_end_disown(e);
}

void dp_sim_end_disown(dp_end *e)
{
    dp_conn *c = e->conn;

    dp_unlink(&c->widow);
    if (c->severed || dp_sim_end_other(e)->away)
        return;
    c->disowned = true;
    reset(e);
}

static void take(dp_end *e, dp_segment *s)
{
    bool data = s->kind == DP_DATA;

    tell(e, s);
    if (s->kind == DP_SYN)
        arrive_syn(e);
    else if (s->kind == DP_RST)
        dp_sim_end_break(e, DEVP2P_ERR_REFUSED);
    else if (data && e->state != DP_END_GONE) {
        overhear(e, s);
        dp_list_push(&e->here, &s->link);
    } else if (data) {
        reset(e);
        drop(e, s);
    } else
        e->ended = true;
}

static void arrive(dp_sim_event *event)
{
    dp_end *e = dp_of(event, dp_end, arrival);
    dp_segment *s = dp_of(dp_list_pop(&e->flight), dp_segment, link);

    if (lost(e, s))
        lose(e, s);
    else
        take(e, s);
    if (e->io)
        dp_sim_io_poke(e->io);
    dp_sim_end_schedule(e);
}

/* --- reading and writing --- */

size_t dp_sim_end_read(dp_end *e, uint8_t *out, size_t cap)
{
    size_t n = 0;
    for (dp_link *k; n < cap && (k = dp_list_first(&e->here));) {
        dp_segment *s = dp_of(k, dp_segment, link);
        size_t left = s->size - s->taken;
        size_t part = left < cap - n ? left : cap - n;
        memcpy(out + n, bytes_of(s) + s->taken, part);
        s->taken += part;
        e->load -= part;
        n += part;
        if (part == left)
            drop(e, s);
    }
    return n;
}

int dp_sim_end_send(dp_end *e, const void *at, size_t len)
{
    dp_segment *s = dp_alloc(&e->conn->sim->setup.env, sizeof *s + len);
    if (!s)
        return DEVP2P_ERR_NOMEM;
    memcpy(bytes_of(s), at, len);
    s->size = len;
    dispatch(dp_sim_end_other(e), s, DP_DATA);
    return 0;
}

void dp_sim_end_finish(dp_end *e)
{
    dp_end *to = dp_sim_end_other(e);
    if (!to->ended && !e->broken && !dp_linked(&to->fin.link))
        dispatch(to, &to->fin, DP_FIN);
}

/* --- life --- */

static void end_init(dp_end *e, dp_conn *c, const devp2p_addr *addr)
{
    e->conn = c;
    e->addr = *addr;
    dp_list_init(&e->flight);
    dp_list_init(&e->here);
}

static void go_by(dp_conn *c, dp_pair *p)
{
    c->pair = p;
    dp_unlink(&c->of_pair);
    dp_list_push(&p->conns, &c->of_pair);
}

int dp_sim_conn_bind(dp_conn *c, dp_node *host)
{
    dp_node *from = c->ends[0].node;
    dp_pair *p = host ? dp_sim_pair(c->sim, from, host) : &c->sim->nowhere;

    if (!p)
        return DEVP2P_ERR_NOMEM;
    go_by(c, p);
    c->ends[1].node = host;
    c->turned = host && p->side[0].node != from;
    return 0;
}

void dp_sim_conn_nowhere(dp_conn *c)
{
    go_by(c, &c->sim->nowhere);
    for (size_t i = 0; i < 2; i++) {
        if (c->ends[i].state == DP_END_NONE || c->ends[i].state == DP_END_GONE)
            c->ends[i].node = NULL;
        dp_sim_end_schedule(&c->ends[i]);
    }
}

/* make_room is for the events of a connection. */
static int make_room(dp_conn *c)
{
    int err = dp_sim_event_init(c->sim, &c->ends[0].arrival, arrive);
    if (err)
        return err;
    err = dp_sim_event_init(c->sim, &c->ends[1].arrival, arrive);
    if (err)
        dp_sim_event_fini(c->sim, &c->ends[0].arrival);
    return err;
}

/* make makes a connection from a node to another one, or to nobody. */
static int make(dp_conn **out, dp_node *n, dp_node *m, const devp2p_addr *from,
    const devp2p_addr *to)
{
    dp_sim *sim = n->sim;
    dp_conn *c = dp_alloc(&sim->setup.env, sizeof *c);
    if (!c)
        return DEVP2P_ERR_NOMEM;
    c->sim = sim;
    end_init(&c->ends[0], c, from);
    end_init(&c->ends[1], c, to);
    int err = make_room(c);
    if (err) {
        dp_free(&sim->setup.env, c, sizeof *c);
        return err;
    }
    dp_list_push(&sim->conns, &c->link);
    c->ends[0].state = DP_END_OPEN;
    c->ends[0].node = n;
    err = dp_sim_conn_bind(c, m);
    if (err) {
        dp_sim_conn_free(c);
        return err;
    }
    *out = c;
    return 0;
}

int dp_sim_conn_new(
    dp_conn **out, dp_node *n, const devp2p_addr *from, const devp2p_addr *to)
{
    int err = make(out, n, dp_sim_host(n->sim, to, n), from, to);
    if (!err)
        dispatch(&(*out)->ends[1], &(*out)->ends[1].syn, DP_SYN);
    return err;
}

int dp_sim_conn_join(dp_conn **out, dp_node *n, dp_node *m,
    const devp2p_addr *from, const devp2p_addr *to)
{
    int err = make(out, n, m, from, to);
    if (err)
        return err;
    for (size_t i = 0; i < 2; i++) {
        dp_end *e = &(*out)->ends[i];
        e->state = DP_END_WAITING;
        e->raw = ++n->sim->raw;
        dp_list_push(&e->node->raws, &e->of_raws);
    }
    return 0;
}

void dp_sim_conn_free(dp_conn *c)
{
    for (size_t i = 0; i < 2; i++) {
        dp_end *e = &c->ends[i];
        drop_all(e, &e->flight);
        drop_all(e, &e->here);
        dp_sim_event_fini(c->sim, &e->arrival);
    }
    dp_unlink(&c->link);
    dp_unlink(&c->of_pair);
    dp_unlink(&c->widow);
    dp_free(&c->sim->setup.env, c, sizeof *c);
}

/* dp_sim_end_leave: as a kernel does, closing with unread bytes is a reset too;
 * only one that was asked for overtakes what was written before it. */
void dp_sim_end_leave(dp_end *e, bool reset_wanted)
{
    dp_end *to = dp_sim_end_other(e);

    e->state = DP_END_GONE;
    e->io = NULL;
    if (to->state == DP_END_NONE)
        to->state = DP_END_GONE;
    if (reset_wanted)
        drop_all(to, &to->flight);
    if (reset_wanted || !dp_list_empty(&e->here))
        reset(e);
    else
        dp_sim_end_finish(e);
    drop_all(e, &e->here);
    if (to->state == DP_END_GONE)
        dp_sim_conn_free(e->conn);
}
