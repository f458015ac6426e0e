/* SPDX-License-Identifier: MIT */
/* crowd.c URL N - N nodes that connect to one server and then do nothing but
 * answer pings, until stdin ends.  They share one thread and block nowhere, so
 * that any server, ours or another one, can be measured with the same crowd. */
#include "trial.h"

#include "core/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* As many at once as a server surely lets wait in handshake. */
enum { AT_ONCE = 16 };

typedef struct member {
    dp_node_self self;
    dp_session *session;
    uint8_t hello[256];
    int fd;
    bool up;
} member;

static dp_env env;
static dp_crypto *crypto;
static dp_engine *engine;
static dp_pool *pool;
static dp_budget budget = { .limit = SIZE_MAX };
static devp2p_node server;

static dp_now time_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (
        dp_now){ .mono = (uint64_t)t.tv_sec * DP_SEC + (uint64_t)t.tv_nsec };
}

/* --- one member --- */

static const dp_protocol idle = { { (const uint8_t *)"idle", 4 }, 1, 1 };

static void introduce(member *m)
{
    static const devp2p_cap cap = { { (const uint8_t *)"idle", 4 }, 1 };
    dp_node_self *self = &m->self;
    self->env = env;
    self->crypto = crypto;
    must(dp_key_draw(&env, &self->key) == 0);
    must(devp2p_key_public(&self->pub, &self->key) == 0);
    self->id = devp2p_pubkey_id(&self->pub);
    const dp_hello hello = {
        .version = 5,
        .name = { (const uint8_t *)"crowd", 5 },
        .caps = &cap,
        .ncaps = 1,
        .pub = self->pub,
    };
    self->hello = m->hello;
    must(dp_hello_write(m->hello, sizeof m->hello, &self->hello_len, &hello) ==
         0);
    self->protocols = &idle;
    self->nprotocols = 1;
    self->pool = pool;
    self->recv = self->send = &budget;
}

static void join(member *m)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    to.sin_port = htons(server.addr.port);
    memcpy(&to.sin_addr, server.addr.ip, 4);
    introduce(m);
    m->fd = socket(AF_INET, SOCK_STREAM, 0);
    must(m->fd >= 0);
    must(connect(m->fd, (struct sockaddr *)&to, sizeof to) == 0);
    must(fcntl(m->fd, F_SETFL, O_NONBLOCK) == 0);
    const dp_session_setup setup = { &m->self, &server.pub };
    must(dp_session_new(&m->session, &setup, time_now()) == 0);
}

static bool hear(member *m, dp_now now)
{
    uint8_t *at;
    size_t room = dp_session_room(m->session, &at);
    ssize_t n = room ? recv(m->fd, at, room, 0) : -1;
    must(n != 0); /* the server hung up */
    if (n > 0)
        dp_session_recv(m->session, (size_t)n, now);
    return n > 0;
}

static bool work(member *m, dp_now now)
{
    dp_ec *ec = dp_session_ec(m->session, now);
    if (ec) {
        dp_ec_run(ec);
        dp_session_ec_done(m->session, ec, now);
    }
    bool worked = ec != NULL;
    for (int open = 0; open < 2; open++) {
        dp_frames *f = dp_session_lend(m->session, open, now);
        if (!f)
            continue;
        dp_frames_run(engine, &f, 1);
        dp_session_take(m->session, f, now);
        worked = true;
    }
    return worked;
}

static bool learn(member *m, dp_now now)
{
    dp_session_event ev;
    if (!dp_session_next(m->session, &ev, now))
        return false;
    if (ev.kind == DP_DOWN)
        fprintf(stderr, "crowd: %s\n", devp2p_strerror(ev.reason));
    must(ev.kind == DP_AUTHED || ev.kind == DP_READY);
    m->up = ev.kind == DP_READY;
    dp_session_judge(m->session, 0, now);
    return true;
}

static bool say(member *m, dp_now now)
{
    const uint8_t *at;
    size_t len = dp_session_out(m->session, &at);
    ssize_t n = len ? send(m->fd, at, len, MSG_NOSIGNAL) : -1;
    if (n > 0)
        dp_session_sent(m->session, (size_t)n, now);
    return n > 0;
}

/* live does all that a member can do now. */
static void live(member *m)
{
    dp_now now = time_now();
    dp_session_tick(m->session, now);
    bool more;
    do {
        more = hear(m, now);
        more = work(m, now) || more;
        more = learn(m, now) || more;
        more = say(m, now) || more;
    } while (more);
}

/* --- all of them --- */

/* wait_for sleeps until something comes, at most 50 ms: early enough for every
 * deadline. */
static bool wait_for(const member *members, size_t n, struct pollfd *polls)
{
    polls[n] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
    for (size_t i = 0; i < n; i++)
        polls[i] = (struct pollfd){ .fd = members[i].fd, .events = POLLIN };
    must(poll(polls, n + 1, 50) >= 0 || errno == EINTR);
    return polls[n].revents == 0;
}

static void crowd(member *members, size_t count, struct pollfd *polls)
{
    size_t joined = 0, up = 0;
    bool said = false;
    do {
        while (joined < count && joined - up < AT_ONCE)
            join(&members[joined++]);
        up = 0;
        for (size_t i = 0; i < joined; i++) {
            live(&members[i]);
            up += members[i].up;
        }
        if (up == count && !said) {
            printf("%zu\n", up);
            fflush(stdout);
            said = true;
        }
    } while (wait_for(members, joined, polls));
    for (size_t i = 0; i < joined; i++) {
        dp_session_free(members[i].session);
        close(members[i].fd);
    }
}

int main(int argc, char **argv)
{
    must(argc == 3 && devp2p_node_parse(&server, argv[1]) == 0);
    must(server.addr.family == 4);
    size_t count = strtoul(argv[2], NULL, 10);
    env = trial_env();
    must(dp_crypto_new(&crypto, &env, NULL) == 0);
    must(dp_engine_new(&engine, &env, crypto) == 0);
    must(dp_pool_new(&pool, &env, 16) == 0);
    member *members = calloc(count, sizeof *members);
    struct pollfd *polls = calloc(count + 1, sizeof *polls);
    must(members && polls);
    crowd(members, count, polls);
    free(polls);
    free(members);
    dp_pool_free(pool);
    dp_engine_free(engine);
    dp_crypto_free(crypto);
    return 0;
}
