/* SPDX-License-Identifier: MIT */
/* world_faults.h - the calls of a server on its world, with each error that the
 * real one may give, failed one after the other while a scenario is played. */
#ifndef DP_WORLD_FAULTS_H
#define DP_WORLD_FAULTS_H

#include "server/scenarios.h"

enum { ERRORS_MAX = 8 };

typedef struct trouble {
    const char *what;
    faulty_call call;
    int errs[ERRORS_MAX]; /* ends with 0 */
} trouble;

static const trouble troubles[] = {
    { "start", FAULTY_START,
        { DEVP2P_ERR_LIMIT, DEVP2P_ERR_NOMEM, DEVP2P_ERR_IO } },
    { "listen", FAULTY_LISTEN,
        { DEVP2P_ERR_ADDR_IN_USE, DEVP2P_ERR_ACCESS, DEVP2P_ERR_LIMIT,
            DEVP2P_ERR_NOMEM } },
    { "connect", FAULTY_CONNECT,
        { DEVP2P_ERR_LIMIT, DEVP2P_ERR_NOMEM, DEVP2P_ERR_ADDR_UNAVAILABLE,
            DEVP2P_ERR_UNREACHABLE, DEVP2P_ERR_ACCESS } },
    { "connected", FAULTY_CONNECTED,
        { DEVP2P_ERR_REFUSED, DEVP2P_ERR_UNREACHABLE, DEVP2P_ERR_TIMEOUT,
            DEVP2P_ERR_RESET } },
    { "adopt", FAULTY_ADOPT,
        { DEVP2P_ERR_LIMIT, DEVP2P_ERR_NOMEM, DEVP2P_ERR_IO } },
    { "read", FAULTY_READ,
        { FAULTY_SHORT, DEVP2P_ERR_AGAIN, DEVP2P_ERR_RESET, DEVP2P_ERR_TIMEOUT,
            DEVP2P_ERR_UNREACHABLE, DEVP2P_ERR_NOMEM, DEVP2P_ERR_IO } },
    { "write", FAULTY_WRITE,
        { FAULTY_SHORT, DEVP2P_ERR_AGAIN, DEVP2P_ERR_RESET, DEVP2P_ERR_TIMEOUT,
            DEVP2P_ERR_UNREACHABLE, DEVP2P_ERR_NOMEM, DEVP2P_ERR_IO } },
    { "work", FAULTY_WORK, { DEVP2P_ERR_AGAIN } },
    { "spawn", FAULTY_SPAWN,
        { DEVP2P_ERR_LIMIT, DEVP2P_ERR_NOMEM, DEVP2P_ERR_IO } },
    { "parker", FAULTY_PARKER, { DEVP2P_ERR_NOMEM } },
};

enum { TROUBLES = sizeof troubles / sizeof *troubles };

static stage the_stage;

static inline void plant(stage *s, const fault *f)
{
    s->world.which = f->call;
    s->world.err = f->err;
    s->world.from = f->from;
    s->world.to = f->to;
}

static inline void heal(stage *s)
{
    s->world.from = 0;
}

/* harmless: nothing has gone wrong, it only takes longer. */
static inline bool harmless(int err)
{
    return err == FAULTY_SHORT || err == DEVP2P_ERR_AGAIN;
}

/* try plays a scenario with one failure; false when there were not so many
 * calls. */
static inline bool try(const scenario *c, const fault *f, size_t *complete)
{
    stage *s = &the_stage;
    bool good = play_scenario(c, s, f);

    if (!s->world.hits) {
        assert_true(good);
        return false;
    }
    *complete += good;
    assert_true(good || !harmless(f->err));
    if (f->call == FAULTY_CONNECT || f->call == FAULTY_CONNECTED)
        assert_true(told(&s->a, f->err));
    return true;
}

/* A round is how the calls of a scenario fail, and what comes of it. */
typedef struct round {
    bool for_good; /* all calls from the n-th on, not only that */
    bool in_turn;  /* the n-th call with one error, not with each */
    size_t runs, complete;
} round;

/* each_call fails call after call until there are no more. */
static inline void each_call(round *r, const scenario *c, const trouble *t)
{
    fault f = {
        .plant = plant, .heal = heal, .what = t->what, .call = t->call
    };
    size_t errs = 0;

    while (t->errs[errs])
        errs++;
    for (size_t k = 0; k < errs; k++) {
        f.err = t->errs[k];
        f.from = r->in_turn ? k + 1 : 1;
        f.to = r->for_good ? SIZE_MAX : f.from;
        while (try(c, &f, &r->complete)) {
            r->runs++;
            f.from += r->in_turn ? errs : 1;
            f.to = r->for_good ? SIZE_MAX : f.from;
        }
    }
}

/* round_told prints what came of it. */
static inline void round_told(const round *r, const scenario *c)
{
    print_message(
        "%s: %zu failures, %zu complete\n", c->name, r->runs, r->complete);
}

/* moves_bytes: such calls come in numbers. */
static inline bool moves_bytes(const trouble *t)
{
    return t->call == FAULTY_READ || t->call == FAULTY_WRITE;
}

#endif
