/* SPDX-License-Identifier: MIT */
/* flood.c URL - strangers who want no good, each from an address of its own in
 * 127.0.0.0/8.  For each line "N PER_S" of stdin N of them come, so many a
 * second, and it answers: attempts, connections made, ns.  By turns one sends
 * an auth that is right and never answers the ack, one sends noise of that
 * size, one says nothing.  Each stays a second at most. */
#include "trial.h"

#include "core/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_ONCE = 4096, AUTH = 1024, KINDS = 3 };

#define STAY_NS DP_SEC

typedef struct stranger {
    int fd; /* -1: gone */
    uint64_t until;
} stranger;

static struct sockaddr_in server;
static uint8_t packets[KINDS][AUTH]; /* what each kind says */
static size_t lens[KINDS];
static stranger crowd[AT_ONCE];
static uint64_t number; /* of the next one */

/* --- what they say --- */

static void learn_auth(const devp2p_node *node)
{
    dp_env env = trial_env();
    dp_budget budget = { .limit = SIZE_MAX };
    dp_node_self self = { .env = env, .recv = &budget, .send = &budget };
    dp_crypto *crypto;
    dp_pool *pool;
    dp_session *s;
    devp2p_key key;
    const uint8_t *at;
    const dp_now now = { .mono = 1 };
    must(dp_crypto_new(&crypto, &env, NULL) == 0);
    must(dp_pool_new(&pool, &env, 1) == 0);
    must(dp_key_draw(&env, &key) == 0);
    must(dp_self_identify(&self, crypto, &key) == 0);
    must(dp_self_hello(&self, "stranger", "protocols") == 0);
    self.pool = pool;
    const dp_session_setup setup = { &self, &node->pub };
    must(dp_session_new(&s, &setup, now) == 0);
    dp_ec *ec = dp_session_ec(s, now);
    must(ec);
    dp_ec_run(ec);
    dp_session_ec_done(s, ec, now);
    lens[0] = dp_session_out(s, &at);
    must(lens[0] > 0 && lens[0] <= AUTH);
    memcpy(packets[0], at, lens[0]);
    lens[1] = lens[0];
    must(dp_random(&env, packets[1], lens[1]) == 0);
    memcpy(packets[1], packets[0], 2); /* its size */
    dp_session_free(s);
    dp_self_fini(&self);
    dp_pool_free(pool);
    dp_crypto_free(crypto);
}

/* --- coming and going --- */

/* address is the next one of 127.2.0.0 to 127.255.255.255, every /24 in turn.
 */
static uint32_t address(uint64_t n)
{
    uint64_t net = n % 65024, host = 1 + n / 65024 % 254;
    return (uint32_t)(0x7f020000U + (net << 8) + host);
}

static bool come(stranger *s, uint64_t now)
{
    struct sockaddr_in own = { .sin_family = AF_INET,
        .sin_addr = { htonl(address(number)) } };
    size_t kind = number++ % KINDS;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    must(s->fd >= 0);
    must(bind(s->fd, (struct sockaddr *)&own, sizeof own) == 0);
    s->until = now + STAY_NS;
    int err = connect(s->fd, (struct sockaddr *)&server, sizeof server);
    must(err == 0 || errno == EINPROGRESS || errno == ECONNREFUSED ||
         errno == ECONNRESET);
    return err == 0 &&
           send(s->fd, packets[kind], lens[kind], MSG_NOSIGNAL) >= 0;
}

static void go(stranger *s)
{
    const struct linger at_once = { 1, 0 }; /* no TIME_WAIT of the bench's */
    (void)!setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(s->fd);
    s->fd = -1;
}

static void flood(uint64_t n, uint64_t per_s)
{
    uint64_t began = now_ns(), now = began, come_n = 0, up = 0, gone = 0;
    while (gone < n) {
        for (size_t i = 0; i < AT_ONCE; i++) {
            stranger *s = &crowd[i];
            if (s->fd >= 0 && s->until <= now) {
                go(s);
                gone++;
            }
            if (s->fd < 0 && come_n < n &&
                come_n * DP_SEC < (now - began) * per_s) {
                up += come(s, now);
                come_n++;
            }
        }
        (void)poll(NULL, 0, 1);
        now = now_ns();
    }
    printf("%lu %lu %lu\n", come_n, up, now - began);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    devp2p_node node;
    char line[64];
    unsigned long n, per_s;
    must(argc == 2 && devp2p_node_parse(&node, argv[1]) == 0);
    server.sin_family = AF_INET;
    server.sin_port = htons(node.addr.port);
    memcpy(&server.sin_addr, node.addr.ip, 4);
    learn_auth(&node);
    more_descriptors();
    for (size_t i = 0; i < AT_ONCE; i++)
        crowd[i].fd = -1;
    while (fgets(line, sizeof line, stdin)) {
        must(sscanf(line, "%lu %lu", &n, &per_s) == 2);
        flood(n, per_s);
    }
    return 0;
}
