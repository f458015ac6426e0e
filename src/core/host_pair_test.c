/* SPDX-License-Identifier: MIT */
/* host_pair_test.c - two nodes dial each other, and every order in which the
 * facts about both connections can reach the two hosts is tried (DESIGN 7.2).
 * What reaches one host does not depend on when something reaches the other
 * one, so a state is the pair of their histories and is entered once. */
#include "test.h"

#include "core/host.h"

#include <stdlib.h>
#include <string.h>

enum { A, B }; /* the node with the smaller id, the one with the larger */

typedef enum status {
    ABSENT,
    BEGUN,   /* dialling, or accepted */
    SHAKING, /* the dialler only: TCP is up, its auth is on the way */
    AUTHED,
    HELD,
    UP,
    REFUSED, /* Disconnect is on the way */
    GONE
} status;

typedef enum act {
    ADD,      /* the user asks for the other node */
    DIALED,   /* TCP is up at the dialler */
    INCOMING, /* and at the listener */
    AUTH,     /* the auth came to the listener, the ack to the dialler */
    READY,    /* the other's Hello came */
    DOWN,     /* the end of the connection is seen */
    BREAK,    /* the network breaks a connection */
    ACTS
} act;

typedef struct end {
    status status;
    uint64_t conn;
    bool hailed, greeted; /* auth or ack, Hello went out */
} end;

typedef struct step {
    act act;
    int node; /* who hears of it */
    int link; /* number of the connection: who dialled it */
} step;

typedef struct pair {
    dp_env env;
    uint8_t *arena; /* so many short lives need no malloc */
    size_t used;
    dp_host *h[2];
    dp_now now;
    end ends[2][2]; /* [link][node] */
    bool added[2];
    bool broken[2];
    int breaks; /* still allowed */
} pair;

static devp2p_node node_of(int node)
{
    devp2p_node n = { .addr = { .family = 4, .port = 30303 } };
    n.id.b[0] = (uint8_t)(node == A ? 10 : 20);
    return n;
}

enum { ARENA = 2 << 20 };

static void *arena_alloc(void *user, void *old, size_t old_size, size_t size)
{
    pair *p = user;
    if (!size)
        return NULL;
    uint8_t *at = p->arena + p->used;
    p->used += (size + 15) & ~(size_t)15;
    assert_true(p->used <= ARENA);
    if (old)
        memcpy(at, old, old_size < size ? old_size : size);
    return at;
}

static int no_chance(void *user, void *out, size_t len)
{
    (void)user;
    memset(out, 0, len);
    return 0;
}

static void pair_init(pair *p, uint8_t *arena, int breaks)
{
    *p = (pair){ .arena = arena, .now.mono = DP_SEC, .breaks = breaks };
    p->env.alloc = arena_alloc;
    p->env.alloc_user = p;
    p->env.random = no_chance;
    for (int i = 0; i < 2; i++) {
        dp_host_setup setup = {
            .env = p->env, .self = node_of(i).id, .max_peers = 2
        };
        assert_int_equal(dp_host_new(&p->h[i], &setup, p->now), 0);
    }
}

/* --- one step --- */

static void drain(pair *p, int node)
{
    dp_effect e;
    while (dp_host_next(p->h[node], &e, p->now)) {
        if (e.kind == DP_EVENT)
            continue;
        end *it = &p->ends[e.conn >= DP_CONN_DIAL ? node : !node][node];
        if (e.kind == DP_DIAL) {
            assert_int_equal(it->status, ABSENT);
            it->status = BEGUN;
            it->conn = e.conn;
            continue;
        }
        assert_true(it->conn == e.conn);
        assert_true(e.kind == DP_CANCEL || e.kind == DP_JUDGE);
        assert_int_equal(it->status, e.kind == DP_CANCEL ? BEGUN : HELD);
        it->status = e.kind == DP_CANCEL ? GONE : e.code ? REFUSED : UP;
    }
    assert_true(dp_host_peers(p->h[node]) <= 1);
}

static void take(pair *p, step s)
{
    dp_host *h = p->h[s.node];
    end *it = &p->ends[s.link][s.node];
    devp2p_node other = node_of(!s.node);
    devp2p_event last = { .code = DEVP2P_ERR_RESET };
    int code;
    switch (s.act) {
    case ADD:
        p->added[s.node] = true;
        dp_host_add(h, 1, &other, p->now);
        break;
    case DIALED:
        it->status = SHAKING;
        it->hailed = true;
        dp_host_dialed(h, it->conn, 0, p->now);
        break;
    case INCOMING:
        it->status = BEGUN;
        it->conn = 1;
        assert_int_equal(dp_host_incoming(h, 1, &other.addr, p->now), 0);
        break;
    case AUTH:
        code = dp_host_authed(h, it->conn, &other.id, p->now);
        it->hailed = true;
        it->greeted = code == 0;
        it->status = code ? REFUSED : AUTHED;
        break;
    case READY:
        code = dp_host_ready(h, it->conn, p->now);
        it->status = code == DP_HOLD ? HELD : code ? REFUSED : UP;
        break;
    case DOWN:
        it->status = GONE;
        dp_host_down(h, it->conn, &last, p->now);
        break;
    default:
        p->broken[s.link] = true;
        p->breaks--;
        return;
    }
    drain(p, s.node);
}

/* --- which steps can come --- */

static bool begun(const end *it)
{
    return it->status != ABSENT && it->status != GONE;
}

/* may_hear: whether something but the end of the connection can reach it. */
static bool may_hear(const pair *p, act what, int link, int node)
{
    const end *it = &p->ends[link][node];
    const end *far = &p->ends[link][!node];
    bool dialler = node == link;
    if (p->broken[link])
        return false;
    switch (what) {
    case DIALED:
        return dialler && it->status == BEGUN;
    case INCOMING:
        return !dialler && it->status == ABSENT && begun(far);
    case AUTH:
        return it->status == (dialler ? SHAKING : BEGUN) && far->hailed;
    case READY:
        return it->status == AUTHED && far->greeted;
    default:
        return false;
    }
}

/* may_end: an end that refused, or whose counterpart did and all that was sent
 * before has been heard. */
static bool may_end(const pair *p, int link, int node)
{
    const end *it = &p->ends[link][node];
    const end *far = &p->ends[link][!node];
    if (!begun(it))
        return false;
    if (p->broken[link] || it->status == REFUSED)
        return true;
    for (act what = DIALED; what <= READY; what++)
        if (may_hear(p, what, link, node))
            return false;
    return far->status == REFUSED || far->status == GONE;
}

static size_t steps_of(const pair *p, step out[static 32])
{
    size_t n = 0;
    for (int node = 0; node < 2; node++) {
        if (!p->added[node])
            out[n++] = (step){ ADD, node, node };
        for (int link = 0; link < 2; link++) {
            for (act what = DIALED; what <= READY; what++)
                if (may_hear(p, what, link, node))
                    out[n++] = (step){ what, node, link };
            if (may_end(p, link, node))
                out[n++] = (step){ DOWN, node, link };
        }
    }
    for (int link = 0; link < 2; link++)
        if (p->breaks && !p->broken[link] && begun(&p->ends[link][link]))
            out[n++] = (step){ BREAK, link, link };
    return n;
}

/* --- all orders --- */

enum { DEPTH = 32, SEEN = 1 << 20 };

typedef struct search {
    step path[DEPTH];
    size_t depth;
    int breaks;
    uint8_t *arena;
    uint64_t *seen; /* a set of states */
    size_t states, ends, both;
} search;

/* state_of is a hash of what each host heard in which order, and of what broke
 * behind their backs. */
static uint64_t state_of(const search *s)
{
    uint64_t heard[2] = { 1, 2 }, broken = 4;
    for (size_t i = 0; i < s->depth; i++) {
        step it = s->path[i];
        uint64_t word = (uint64_t)it.act * 4 + (uint64_t)it.link + 1;
        uint64_t *to = it.act == BREAK ? &broken : &heard[it.node];
        *to = (*to ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        *to ^= *to >> 29;
    }
    return (heard[A] * UINT64_C(0xbf58476d1ce4e5b9) ^ heard[B]) * 8 + broken;
}

static bool entered_before(search *s)
{
    uint64_t key = state_of(s);
    size_t at = (size_t)(key >> 40) % SEEN;
    while (s->seen[at] && s->seen[at] != key)
        at = (at + 1) % SEEN;
    if (s->seen[at])
        return true;
    s->seen[at] = key;
    assert_true(++s->states < SEEN / 2);
    return false;
}

static void show(const search *s)
{
    static const char *const names[] = { "add", "dialed", "incoming", "auth",
        "ready", "down", "break" };
    for (size_t i = 0; i < s->depth; i++)
        print_message("%s %c's at %c\n", names[s->path[i].act],
            'A' + s->path[i].link, 'A' + s->path[i].node);
}

/* check_end: nothing more will happen. */
static void check_end(search *s, const pair *p)
{
    s->ends++;
    int up = 0;
    bool good = true;
    for (int link = 0; link < 2; link++) {
        status a = p->ends[link][A].status, b = p->ends[link][B].status;
        good = good && (a == UP) == (b == UP);
        good = good && (a == UP || a == GONE || a == ABSENT);
        good = good && (b == UP || b == GONE || b == ABSENT);
        up += a == UP;
    }
    good = good && up == (int)dp_host_peers(p->h[A]);
    good = good && up == (int)dp_host_peers(p->h[B]);
    good = good && (up == 1 || (up == 0 && p->breaks < s->breaks));
    if (!good)
        show(s);
    assert_true(good);
    s->both += p->ends[A][B].status != ABSENT && p->ends[B][A].status != ABSENT;
}

static void explore(search *s)
{
    if (entered_before(s))
        return;
    pair p;
    step next[32];
    pair_init(&p, s->arena, s->breaks);
    for (size_t i = 0; i < s->depth; i++)
        take(&p, s->path[i]);
    size_t n = steps_of(&p, next);
    if (n == 0)
        check_end(s, &p);
    assert_true(s->depth < DEPTH);
    for (size_t i = 0; i < n; i++) {
        s->path[s->depth++] = next[i];
        explore(s);
        s->depth--;
    }
}

static void try_all(int breaks)
{
    search s = { .breaks = breaks };
    s.arena = malloc(ARENA);
    s.seen = calloc(SEEN, sizeof *s.seen);
    assert_true(s.arena && s.seen);
    explore(&s);
    print_message("%zu states, %zu ends, %zu with two connections\n", s.states,
        s.ends, s.both);
    assert_true(s.both > 100);
    free(s.seen);
    free(s.arena);
}

/* In whatever order: one session, the same at both ends. */
static void exactly_one_survives(void **state)
{
    (void)state;
    try_all(0);
}

/* Both ends agree also when the network breaks one connection at any moment. */
static void both_ends_agree(void **state)
{
    (void)state;
    try_all(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_one_survives),
        cmocka_unit_test(both_ends_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
