/* SPDX-License-Identifier: MIT */
#include "guests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <snappy-c.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { JOBS = 64, EVENTS = 256 };

#define TICK_NS (500 * DP_MS) /* deadlines are seconds */

static dp_now time_now(void)
{
    return (dp_now){ .mono = now_ns() };
}

/* --- one of them --- */

static const dp_protocol protocols[GUEST_CAPS] = {
    { { (const uint8_t *)"echo", 4 }, 1, CODES },
    { { (const uint8_t *)"side", 4 }, 1, CODES },
};

static const dp_protocol idle = { { (const uint8_t *)"idle", 4 }, 1, 1 };

static void introduce(guests *gs, guest *g)
{
    dp_node_self *self = &g->self;
    devp2p_cap caps[GUEST_CAPS];
    self->protocols = gs->idle ? &idle : protocols;
    self->nprotocols = gs->idle ? 1 : GUEST_CAPS;
    for (size_t i = 0; i < self->nprotocols; i++)
        caps[i] =
            (devp2p_cap){ self->protocols[i].name, self->protocols[i].version };
    self->env = gs->env;
    self->crypto = gs->crypto;
    must(dp_key_draw(&gs->env, &self->key) == 0);
    must(devp2p_key_public(&self->pub, &self->key) == 0);
    self->id = devp2p_pubkey_id(&self->pub);
    const dp_hello hello = {
        .version = 5,
        .name = { (const uint8_t *)"guest", 5 },
        .caps = caps,
        .ncaps = self->nprotocols,
        .pub = self->pub,
    };
    self->hello = g->hello;
    must(dp_hello_write(g->hello, sizeof g->hello, &self->hello_len, &hello) ==
         0);
    self->pool = gs->pool;
    self->recv = self->send = &gs->budget;
}

static void touch(guests *gs, guest *g)
{
    if (!dp_linked(&g->dirty))
        dp_list_push(&gs->dirty, &g->dirty);
}

static void watch(const guests *gs, guest *g, unsigned events, int how)
{
    struct epoll_event e = { .events = events, .data.ptr = g };
    if (how == EPOLL_CTL_MOD && events == g->watched)
        return;
    g->watched = events;
    must(epoll_ctl(gs->poll, how, g->fd, &e) == 0);
}

static uint32_t source(guests_from from, size_t number)
{
    const uint32_t n = (uint32_t)number;
    switch (from) {
    case GUESTS_OF_ONE_NET:
        return 0x7f000101U + n % 254;
    case GUESTS_OF_MANY:
        return 0x7f010001U + (n % 256 << 8);
    default:
        return INADDR_ANY;
    }
}

static void join(guests *gs, guests_from from)
{
    struct sockaddr_in to = { .sin_family = AF_INET },
                       own = { .sin_family = AF_INET };
    guest *g = &gs->v[gs->n];
    const int on = 1;
    to.sin_port = htons(gs->server.addr.port);
    memcpy(&to.sin_addr, gs->server.addr.ip, 4);
    introduce(gs, g);
    g->number = gs->n++;
    g->fd = socket(AF_INET, SOCK_STREAM, 0);
    must(g->fd >= 0);
    own.sin_addr.s_addr = htonl(source(from, g->number));
    must(bind(g->fd, (struct sockaddr *)&own, sizeof own) == 0);
    must(connect(g->fd, (struct sockaddr *)&to, sizeof to) == 0);
    must(setsockopt(g->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    const dp_session_setup setup = { &g->self, &gs->server.pub };
    must(dp_session_new(&g->session, &setup, time_now()) == 0);
    watch(gs, g, EPOLLIN, EPOLL_CTL_ADD);
    touch(gs, g);
}

static void hear(guest *g, dp_now now)
{
    while (g->readable) {
        uint8_t *at;
        size_t room = dp_session_room(g->session, &at);
        ssize_t n = room ? recv(g->fd, at, room, MSG_DONTWAIT) : -1;
        must(n != 0); /* the server hung up */
        g->readable = n > 0 && (size_t)n == room;
        if (n > 0)
            dp_session_recv(g->session, (size_t)n, now);
    }
}

/* tell inflates a message for who uses the guests. */
static void tell(guests *gs, guest *g, const dp_session_event *ev)
{
    size_t full = ev->full;
    if (full > gs->plain_cap) {
        gs->plain = realloc(gs->plain, full);
        gs->plain_cap = full;
        must(gs->plain);
    }
    must(snappy_uncompress((const char *)ev->body, ev->len, (char *)gs->plain,
             &full) == SNAPPY_OK);
    if (gs->msg)
        gs->msg(
            g, ev->cap, ev->code, (devp2p_slice){ gs->plain, full }, gs->user);
}

static bool learn(guests *gs, guest *g, dp_now now)
{
    dp_session_event ev;
    bool some = false;
    while (dp_session_next(g->session, &ev, now)) {
        some = true;
        if (ev.kind == DP_DOWN)
            fprintf(stderr, "guest: %s\n", devp2p_strerror(ev.reason));
        must(ev.kind != DP_DOWN && ev.kind != DP_SHUT);
        if (ev.kind == DP_MSG) {
            size_t cap = ev.cap, full = ev.full;
            tell(gs, g, &ev);
            dp_session_took(g->session, cap, full, now);
        } else if (ev.kind != DP_WRITABLE) {
            dp_session_judge(g->session, 0, now);
            gs->up += ev.kind == DP_READY;
            g->up |= ev.kind == DP_READY;
        }
    }
    return some;
}

static bool compute(guest *g, dp_now now)
{
    dp_ec *ec = dp_session_ec(g->session, now);
    if (!ec)
        return false;
    dp_ec_run(ec);
    dp_session_ec_done(g->session, ec, now);
    return true;
}

static bool say(guest *g, dp_now now)
{
    const uint8_t *at;
    size_t len;
    bool some = false;
    while (!g->choked && (len = dp_session_out(g->session, &at)) > 0) {
        ssize_t n = send(g->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        must(n > 0 || errno == EAGAIN);
        g->choked = n < (ssize_t)len;
        some |= n > 0;
        if (n > 0)
            dp_session_sent(g->session, (size_t)n, now);
    }
    return some;
}

/* --- all of them --- */

static bool run_jobs(
    guests *gs, guest **of, dp_frames **jobs, size_t n, dp_now now)
{
    dp_frames_run(gs->engine, jobs, n);
    for (size_t i = 0; i < n; i++) {
        dp_session_take(of[i]->session, jobs[i], now);
        learn(gs, of[i], now);
    }
    return n > 0;
}

static bool frames(guests *gs, dp_list *batch, bool open, dp_now now)
{
    guest *of[JOBS];
    dp_frames *jobs[JOBS];
    size_t n = 0;
    bool some = false;
    for (dp_link *k = dp_list_first(batch); k; k = dp_list_next(batch, k)) {
        guest *g = dp_of(k, guest, dirty);
        dp_frames *f = dp_session_lend(g->session, open, now);
        if (!f)
            continue;
        of[n] = g;
        jobs[n++] = f;
        if (n == JOBS) {
            some = run_jobs(gs, of, jobs, n, now);
            n = 0;
        }
    }
    return run_jobs(gs, of, jobs, n, now) || some;
}

/* work does all that can be done now. */
static void work(guests *gs)
{
    dp_now now = time_now();
    dp_list batch;
    bool more = true;
    dp_list_init(&batch);
    while (more) {
        more = false;
        dp_list_splice(&batch, &gs->dirty);
        for (dp_link *k = dp_list_first(&batch); k;
             k = dp_list_next(&batch, k)) {
            guest *g = dp_of(k, guest, dirty);
            hear(g, now);
            more |= compute(g, now);
            more |= learn(gs, g, now);
        }
        more |= frames(gs, &batch, true, now);
        more |= frames(gs, &batch, false, now);
        for (dp_link *k = dp_list_first(&batch); k; k = dp_list_next(&batch, k))
            more |= say(dp_of(k, guest, dirty), now);
        more |= !dp_list_empty(&gs->dirty);
    }
    for (dp_link *k; (k = dp_list_pop(&batch));) {
        guest *g = dp_of(k, guest, dirty);
        watch(gs, g, EPOLLIN | (g->choked ? EPOLLOUT : 0U), EPOLL_CTL_MOD);
    }
}

static void tick(guests *gs)
{
    dp_now now = time_now();
    if (now.mono < gs->tick)
        return;
    gs->tick = now.mono + TICK_NS;
    for (size_t i = 0; i < gs->n; i++) {
        guest *g = &gs->v[i];
        if (dp_session_deadline(g->session) > now.mono)
            continue;
        dp_session_tick(g->session, now);
        touch(gs, g);
    }
}

bool guests_wait(guests *gs, uint64_t ns)
{
    struct epoll_event events[EVENTS];
    bool asked = false;
    work(gs);
    ns = ns < TICK_NS ? ns : TICK_NS;
    const struct timespec timeout = { 0, (long)ns };
    int n = epoll_pwait2(gs->poll, events, EVENTS, &timeout, NULL);
    must(n >= 0 || errno == EINTR);
    for (int i = 0; i < n; i++) {
        guest *g = events[i].data.ptr;
        if (!g) {
            asked = true;
            continue;
        }
        g->readable |= (events[i].events & ~(unsigned)EPOLLOUT) != 0;
        g->choked &= !(events[i].events & EPOLLOUT);
        touch(gs, g);
    }
    tick(gs);
    work(gs);
    return asked;
}

bool guest_send(guests *gs, guest *g, size_t cap, dp_packet *p)
{
    int err = dp_session_send(g->session, cap, p, time_now());
    must(err == 0 || err == DEVP2P_ERR_AGAIN);
    touch(gs, g);
    return err == 0;
}

void guests_join(guests *gs, size_t n, size_t at_once, guests_from from)
{
    size_t all = gs->n + n;
    while (gs->up < all) {
        while (gs->n < all && gs->n - gs->up < at_once)
            join(gs, from);
        guests_wait(gs, 10 * DP_MS);
    }
}

void guests_init(guests *gs, const char *url, size_t most, bool idle_ones)
{
    *gs = (guests){ .budget.limit = SIZE_MAX, .idle = idle_ones };
    more_descriptors();
    must(devp2p_node_parse(&gs->server, url) == 0);
    must(gs->server.addr.family == 4);
    gs->env = trial_env();
    must(dp_crypto_new(&gs->crypto, &gs->env, NULL) == 0);
    must(dp_engine_new(&gs->engine, &gs->env, gs->crypto) == 0);
    must(dp_pool_new(&gs->pool, &gs->env, 64) == 0);
    gs->v = calloc(most, sizeof *gs->v);
    must(gs->v);
    dp_list_init(&gs->dirty);
    gs->poll = epoll_create1(0);
    struct epoll_event e = { .events = EPOLLIN };
    must(gs->poll >= 0);
    must(epoll_ctl(gs->poll, EPOLL_CTL_ADD, STDIN_FILENO, &e) == 0);
}

void guests_fini(guests *gs)
{
    for (size_t i = 0; i < gs->n; i++) {
        dp_session_free(gs->v[i].session);
        close(gs->v[i].fd);
    }
    close(gs->poll);
    free(gs->plain);
    free(gs->v);
    dp_pool_free(gs->pool);
    dp_engine_free(gs->engine);
    dp_crypto_free(gs->crypto);
}
