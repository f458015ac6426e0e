/* SPDX-License-Identifier: MIT */
#include "sim/script.h"

#include "server/peer.h"

enum { MEET_MS = 60000 };

/* A dp_script is a node of one conversation.  Its handler waits until the
 * script, on the simulation's thread, has had its say. */
typedef struct dp_script {
    dp_link link;
    devp2p_sim_node *node, *other;
    devp2p_rw *rw; /* NULL: nobody met */
    int refused;   /* why not */
    bool left;
    dp_world *world; /* these are of the handler */
    dp_parker *parker;
} dp_script;

/* --- its handler --- */

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    dp_script *s = user;
    dp_world *w = dp_tap_of(rw)->life->world;

    (void)peer;
    if (s->rw || s->left)
        return DEVP2P_ERR_CLOSED;
    int err = w->ops->parker(w, &s->parker);
    if (err)
        return err;
    s->world = w;
    s->rw = devp2p_rw_keep(rw);
    while (!s->left)
        (void)w->ops->park(s->parker, DP_NEVER);
    w->ops->parker_free(s->parker);
    return DEVP2P_DISC_QUITTING;
}

/* on_event: after its one conversation it dials no more. */
static void on_event(const devp2p_event *event, void *user)
{
    dp_script *s = user;
    bool ends = event->kind == DEVP2P_EVENT_PEER_DROP ||
                event->kind == DEVP2P_EVENT_DIAL_FAIL;

    if (!ends)
        return;
    if (!s->rw)
        s->refused = event->code;
    /* a node that stops forgets it anyway */
    int err = devp2p_sim_disconnect(s->node, s->other);
    if (err == DEVP2P_ERR_NOMEM)
        devp2p_sim_fail(s->node->sim, "no memory for a script");
}

/* --- meeting --- */

static bool met(void *user)
{
    const dp_script *s = user;

    return s->rw || s->refused;
}

static int add(dp_script *s, devp2p_sim *sim, const char *name,
    uint32_t version, uint32_t length)
{
    const devp2p_protocol rows[] = { { .name = name,
                                         .version = version,
                                         .length = length,
                                         .user = s,
                                         .run = run },
        { .name = NULL } };
    devp2p_config cfg = { .name = "script",
        .protocols = rows,
        .on_event = on_event,
        .on_event_user = s };

    return devp2p_sim_add(sim, &s->node, &cfg);
}

static int meet(dp_script *s)
{
    int err = devp2p_sim_start(s->node);

    if (!err)
        err = devp2p_sim_connect(s->node, s->other);
    if (!err)
        err = devp2p_sim_run_until(s->node->sim, MEET_MS, met, s);
    if (!err && !s->rw)
        err =
            dp_fail(s->refused, "nobody met: %s", devp2p_strerror(s->refused));
    return err;
}

static void leave(dp_script *s)
{
    if (s->left)
        return;
    s->left = true;
    if (s->rw)
        s->world->ops->unpark(s->parker);
    devp2p_rw_drop(s->rw);
    devp2p_sim_stop(s->node);
}

int devp2p_sim_meet(devp2p_rw **out, devp2p_sim_node *node, const char *name,
    uint32_t version, uint32_t length)
{
    devp2p_sim *sim = node->sim;
    dp_script *s = dp_alloc(&sim->env, sizeof *s);

    *out = NULL;
    if (!s)
        return DEVP2P_ERR_NOMEM;
    s->other = node;
    dp_list_push(&sim->scripts, &s->link);
    int err = add(s, sim, name, version, length);
    if (err) {
        dp_unlink(&s->link);
        dp_free(&sim->env, s, sizeof *s);
        return err;
    }
    err = meet(s);
    if (err)
        leave(s);
    else
        *out = s->rw;
    return err;
}

/* --- its end --- */

static bool gone(void *user)
{
    return devp2p_peer_reason(user, NULL) != 0;
}

int devp2p_sim_expect_end(devp2p_rw *rw, int reason)
{
    devp2p_sim *sim = dp_tap_of(rw)->life->node->sim;
    int err = devp2p_sim_run_until(sim, DEVP2P_EXPECT_MS, gone, rw->peer);
    int its = devp2p_peer_reason(rw->peer, NULL);

    if (err || its == reason)
        return err;
    return dp_fail(DEVP2P_ERR_UNEXPECTED, "expected the end \"%s\", got \"%s\"",
        devp2p_strerror(reason), devp2p_strerror(its));
}

void devp2p_sim_leave(devp2p_rw *rw)
{
    devp2p_sim *sim = dp_tap_of(rw)->life->node->sim;

    for (dp_link *k = dp_list_first(&sim->scripts); k;
         k = dp_list_next(&sim->scripts, k)) {
        dp_script *s = dp_of(k, dp_script, link);
        if (s->rw == rw) {
            leave(s);
            return;
        }
    }
}

void dp_scripts_end(devp2p_sim *sim)
{
    for (dp_link *k = dp_list_first(&sim->scripts); k;
         k = dp_list_next(&sim->scripts, k))
        leave(dp_of(k, dp_script, link));
}

void dp_scripts_free(devp2p_sim *sim)
{
    for (dp_link *k; (k = dp_list_pop(&sim->scripts));)
        dp_free(&sim->env, dp_of(k, dp_script, link), sizeof(dp_script));
}
