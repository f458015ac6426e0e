/* SPDX-License-Identifier: MIT */
/* sim_fixture.h - three hosts in a simulated world, without servers: 10.0.0.1,
 * 10.0.0.2 and fd00::3. */
#ifndef DP_SIM_FIXTURE_H
#define DP_SIM_FIXTURE_H

#include "test.h"

#include "base/limits.h"
#include "base/list.h"
#include "sim/sim.h"
#include "test_env.h"

/* A host echoes what comes in, or sends bytes and hears their echo. */
typedef struct host {
    dp_world *w;
    dp_io *listener, *stream;
    devp2p_addr at;
    unsigned send; /* bytes to send when connected */
    unsigned sent, heard, wrong;
    unsigned accepts, ends, turns;
    int answer, lost; /* of the dial; of a read */
    bool answered;
    uint64_t answered_at, next;
    bool deaf; /* wants no READ */
    uint8_t kept[512];
    size_t kept_n;
    dp_work jobs[DP_EC_QUEUE + 1];
    unsigned ran, worked;
    size_t order[DP_EC_QUEUE];
} host;

static inline void say_more(host *h, dp_io *io)
{
    while (h->sent < h->send) {
        uint8_t b[100];
        size_t n = h->send - h->sent, took;
        n = n < sizeof b ? n : sizeof b;
        for (size_t i = 0; i < n; i++)
            b[i] = (uint8_t)((h->sent + i) * 7);
        if (h->w->ops->write(io, b, n, &took)) {
            h->w->ops->want(io, DP_READ | DP_WRITE);
            return;
        }
        h->sent += (unsigned)took;
    }
    h->w->ops->want(io, h->deaf ? 0 : DP_READ);
}

static inline void accepted(
    void *server, void *user, int raw, const devp2p_addr *from)
{
    (void)user;
    (void)from;
    host *h = server;
    dp_io *io;
    h->accepts++;
    assert_int_equal(h->w->ops->adopt(h->w, raw, NULL, &io), 0);
    h->stream = io;
    h->w->ops->want(io, h->deaf ? 0 : DP_READ);
}

static inline void connected(void *server, void *user, dp_io *io, int err)
{
    (void)user;
    host *h = server;
    h->answer = err;
    h->answered = true;
    h->answered_at = h->w->ops->now(h->w).mono;
    if (err) {
        h->w->ops->close(io, false);
        h->stream = NULL;
    } else
        say_more(h, io);
}

static inline void hear(host *h, dp_io *io)
{
    uint8_t b[200];
    size_t n;
    int err = h->w->ops->read(io, b, sizeof b, &n);
    if (err == DEVP2P_ERR_AGAIN)
        return;
    if (err || n == 0) {
        h->lost = err;
        h->ends++;
        h->w->ops->close(io, false);
        h->stream = NULL;
        return;
    }
    for (size_t i = 0; i < n; i++)
        h->wrong += b[i] != (uint8_t)((h->heard + i) * 7);
    h->heard += (unsigned)n;
    if (!h->send) {
        size_t took;
        err = h->w->ops->write(io, b, n, &took);
        assert_true(err == 0 || err == DEVP2P_ERR_AGAIN);
        memcpy(h->kept, b + took, n - took);
        h->kept_n = n - took;
        if (h->kept_n)
            h->w->ops->want(io, DP_WRITE);
    }
}

static inline void ready(void *server, void *user, dp_io *io, unsigned events)
{
    (void)user;
    host *h = server;
    if (events & DP_WRITE && h->send)
        say_more(h, io);
    if (events & DP_WRITE && h->kept_n) {
        size_t took;
        int err = h->w->ops->write(io, h->kept, h->kept_n, &took);
        assert_true(err == 0 || err == DEVP2P_ERR_RESET);
        memmove(h->kept, h->kept + took, h->kept_n - took);
        h->kept_n = err ? 0 : h->kept_n - took;
        if (h->kept_n == 0)
            h->w->ops->want(io, DP_READ);
    } else if (events & DP_READ)
        hear(h, io);
}

static inline void worked(void *server, dp_work *job)
{
    host *h = server;
    h->order[h->worked++] = (size_t)(job - h->jobs);
}

static inline void posted(void *server, dp_post *p)
{
    (void)server;
    (void)p;
}

static inline uint64_t turn(void *server, dp_now now)
{
    host *h = server;
    h->turns++;
    return h->next > now.mono ? h->next : DP_NEVER;
}

static const dp_world_up up = { .accepted = accepted,
    .connected = connected,
    .ready = ready,
    .worked = worked,
    .posted = posted,
    .turn = turn };

/* --- a simulation of a few hosts --- */

typedef struct play {
    test_env t;
    dp_sim *sim;
    host h[3];
} play;

static inline devp2p_addr ip(const char *text)
{
    devp2p_addr a;
    assert_int_equal(devp2p_addr_parse(&a, text), 0);
    return a;
}

static inline void play_init(play *p, dp_sim_setup setup)
{
    static const char *const text[3] = { "10.0.0.1:0", "10.0.0.2:0",
        "[fd00::3]:0" };
    *p = (play){ 0 };
    test_env_init(&p->t);
    setup.env = p->t.env;
    assert_int_equal(dp_sim_new(&p->sim, &setup), 0);
    for (size_t i = 0; i < 3; i++) {
        host *h = &p->h[i];
        devp2p_addr a = ip(text[i]);
        assert_int_equal(dp_sim_world(&h->w, p->sim, &a), 0);
        dp_world_attach(h->w, &up, h);
        assert_int_equal(h->w->ops->start(h->w), 0);
        assert_int_equal(
            h->w->ops->listen(h->w, &a, NULL, &h->listener, &h->at), 0);
        h->w->ops->want(h->listener, DP_READ);
    }
}

static inline void play_fini(play *p)
{
    for (size_t i = 0; i < 3; i++) {
        dp_world *w = p->h[i].w;
        w->ops->end(w);
        w->ops->wake(w);
        assert_int_equal(w->ops->wait(w), 0);
        w->ops->free(w);
    }
    dp_sim_free(p->sim);
    assert_int_equal(p->t.live, 0);
}

static inline void dial(host *from, devp2p_addr to, unsigned send)
{
    from->send = send;
    assert_int_equal(
        from->w->ops->connect(from->w, &to, NULL, &from->stream), 0);
}

/* hold stops what passes between two hosts, or lets it go on. */
static inline void hold(play *p, size_t a, size_t b, bool held)
{
    assert_int_equal(dp_sim_hold(p->sim, p->h[a].w, p->h[b].w, held), 0);
    assert_int_equal(dp_sim_hold(p->sim, p->h[b].w, p->h[a].w, held), 0);
}

static inline bool answered(void *user)
{
    return ((host *)user)->answered;
}

static inline bool heard_all(void *user)
{
    host *h = user;
    return h->heard == h->send;
}

static inline uint64_t soon(play *p)
{
    return dp_sim_now(p->sim).mono + 100 * DP_SEC;
}

#endif
