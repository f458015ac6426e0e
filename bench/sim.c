/* SPDX-License-Identifier: MIT */
/* sim.c NODES CRYPTO SECONDS - what a simulated network takes: NODES nodes with
 * 8 peers each, of which one has a rumour every second that each passes on
 * once.  CRYPTO is test or real.  One line of numbers: CPU time until all had
 * met; CPU and real time of so many virtual SECONDS after that, all in ns;
 * bytes live in the allocators of the servers; growth of the resident set;
 * messages that were read in that time. */
#include "trial.h"

#include <devp2p/sim.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SLOTS = 16,
    FARS = 4,
    TEXT = 100,
    MEET_MS = 20000,
    RUMOUR_MS = 1000,
    FIRST = 2
};

typedef struct member {
    devp2p_rw *rw[SLOTS];
    size_t n;
    uint64_t heard; /* the last rumour */
} member;

static size_t live;
static uint64_t messages;

static void *count_alloc(void *user, void *old, size_t old_size, size_t size)
{
    void *at = size ? realloc(old, size) : NULL;
    (void)user;
    must(at || !size);
    if (!size)
        free(old);
    live += size - old_size;
    return at;
}

/* --- the protocol --- */

static void pass_on(member *m, uint64_t rumour)
{
    static const uint8_t bytes[TEXT];
    const devp2p_slice text = { bytes, sizeof bytes };
    if (rumour <= m->heard)
        return;
    m->heard = rumour;
    for (size_t i = 0; i < m->n; i++)
        must(devp2p_send_items(m->rw[i], 0, rumour, text) == 0);
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    member *m = user;
    (void)peer;
    must(m->n < SLOTS);
    m->rw[m->n++] = rw;
    return 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    uint64_t rumour;
    devp2p_slice text;
    (void)rw;
    must(devp2p_decode_items(msg, &rumour, &text) == 0);
    messages++;
    pass_on(user, rumour);
    return 0;
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    member *m = user;
    (void)reason, (void)unsent;
    for (size_t i = 0; i < m->n; i++)
        if (m->rw[i] == rw)
            m->rw[i--] = m->rw[--m->n];
}

/* --- the measuring --- */

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* resident is the second number of statm. */
static uint64_t resident(void)
{
    char line[128] = "";
    FILE *f = fopen("/proc/self/statm", "r");
    must(f && fgets(line, sizeof line, f));
    fclose(f);
    return strtoull(strchr(line, ' '), NULL, 10) *
           (uint64_t)sysconf(_SC_PAGESIZE);
}

static void populate(devp2p_sim *sim, member *all, size_t nodes)
{
    for (size_t i = 0; i < nodes; i++) {
        const devp2p_protocol rows[] = { { .name = "bench",
                                             .version = 1,
                                             .length = 1,
                                             .user = &all[i],
                                             .on_open = on_open,
                                             .on_msg = on_msg,
                                             .on_close = on_close },
            { .name = NULL } };
        const devp2p_config cfg = { .name = "bench",
            .listen_addr = ":30303",
            .protocols = rows,
            .max_peers = SLOTS,
            .warm_total = DEVP2P_NONE, /* thousands keep nothing */
            .alloc = count_alloc };
        devp2p_sim_node *node;
        must(devp2p_sim_add(sim, &node, &cfg) == 0);
        must(devp2p_sim_start(node) == 0);
    }
}

/* mesh: each dials those at FARS distances in the ring, of which one is 1 and
 * the others are drawn, so that each has twice as many peers and a rumour needs
 * few steps. */
static void mesh(devp2p_sim *sim, const member *all, size_t nodes)
{
    size_t far[FARS];
    for (size_t k = 0; k < FARS;) {
        far[k] = k ? 1 + devp2p_sim_random(sim, (nodes - 1) / 2) : 1;
        size_t same = 0;
        while (far[same] != far[k])
            same++;
        k += same == k;
    }
    for (size_t i = 0; i < nodes * FARS; i++)
        must(devp2p_sim_connect(devp2p_sim_node_at(sim, i / FARS),
                 devp2p_sim_node_at(sim, (i / FARS + far[i % FARS]) % nodes)) ==
             0);
    must(devp2p_sim_run(sim, MEET_MS) == 0);
    for (size_t i = 0; i < nodes; i++)
        must(all[i].n == 2 * FARS);
}

static void gossip(devp2p_sim *sim, member *all, size_t nodes, uint64_t rumours)
{
    static uint64_t last;
    for (uint64_t i = 0; i < rumours; i++) {
        pass_on(&all[devp2p_sim_random(sim, nodes)], ++last);
        must(devp2p_sim_run(sim, RUMOUR_MS) == 0);
    }
    for (size_t i = 0; i < nodes; i++)
        must(all[i].heard + 5 > last);
}

int main(int argc, char **argv)
{
    must(argc == 4);
    size_t nodes = strtoul(argv[1], NULL, 10);
    uint64_t seconds = strtoull(argv[3], NULL, 10), before = resident();
    devp2p_sim_config how = { .seed = 1,
        .link = { .latency_us = 50000, .jitter_us = 10000 },
        .test_crypto = strcmp(argv[2], "test") == 0 };
    member *all = calloc(nodes, sizeof *all);
    devp2p_sim *sim;

    must(nodes > 2 * FARS);
    must(all && devp2p_sim_new(&sim, &how) == 0);
    uint64_t warm = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    populate(sim, all, nodes);
    mesh(sim, all, nodes);
    warm = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - warm;
    gossip(sim, all, nodes, FIRST);
    messages = 0;
    uint64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t real = clock_ns(CLOCK_MONOTONIC);
    gossip(sim, all, nodes, seconds);
    printf("%llu %llu %llu %zu %llu %llu\n", (unsigned long long)warm,
        (unsigned long long)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu),
        (unsigned long long)(clock_ns(CLOCK_MONOTONIC) - real), live,
        (unsigned long long)(resident() - before),
        (unsigned long long)messages);
    return 0; /* all that is left is the system's */
}
