/* SPDX-License-Identifier: MIT */
/* gossip_sim.c [NODES [SEED [FILE]]] - a gossip protocol on 1,000 simulated
 * nodes in four regions: how many have heard a rumour after which time, as text
 * and, into FILE, as CSV.  The same seed gives the same curve. */
#include <devp2p/sim.h>
#include <stdio.h>
#include <stdlib.h>

enum { PEERS = 16, DEGREE = 8, RUMOUR = 0, REGIONS = 4, STEP_MS = 25 };

/* --- the protocol: who hears the rumour first tells all its peers --- */

typedef struct gossip {
    devp2p_rw *rw[PEERS];
    size_t n;
    uint64_t hops; /* that the rumour took to us, from 1; 0: not heard yet */
} gossip;

static size_t heard; /* nodes that have */

static void spread(gossip *g, uint64_t hops)
{
    if (g->hops)
        return;
    g->hops = hops;
    heard++;
    for (size_t i = 0; i < g->n; i++)
        if (devp2p_send_items(g->rw[i], RUMOUR, hops + 1))
            return; /* that connection is over, and says so to on_close */
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    gossip *g = user;
    (void)peer;
    if (g->n == PEERS)
        return DEVP2P_DISC_TOO_MANY_PEERS;
    g->rw[g->n++] = rw;
    return 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    uint64_t hops;
    int err = devp2p_decode_items(msg, &hops);
    (void)rw;
    if (!err)
        spread(user, hops);
    return err;
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    gossip *g = user;
    (void)reason, (void)unsent;
    for (size_t i = 0; i < g->n; i++)
        if (g->rw[i] == rw)
            g->rw[i--] = g->rw[--g->n];
}

/* --- the world --- */

static void must(int err)
{
    if (!err)
        return;
    fprintf(stderr, "gossip_sim: %s: %s\n", devp2p_strerror(err),
        devp2p_last_detail());
    exit(1);
}

/* make_regions: 10 ms within a region, 40 ms to the next one, 80 ms beyond. */
static void make_regions(devp2p_sim *sim)
{
    for (unsigned a = 0; a < REGIONS; a++)
        for (unsigned b = a; b < REGIONS; b++) {
            unsigned apart = b - a == 3 ? 1 : b - a;
            devp2p_sim_link link = { .latency_us = 10000 + 35000 * apart,
                .jitter_us = 5000 };
            must(devp2p_sim_set_region_link(sim, a, b, &link));
        }
}

static void populate(devp2p_sim *sim, gossip *all, size_t nodes)
{
    for (size_t i = 0; i < nodes; i++) {
        devp2p_protocol rows[] = { { .name = "gossip",
                                       .version = 1,
                                       .length = 1,
                                       .user = &all[i],
                                       .on_open = on_open,
                                       .on_msg = on_msg,
                                       .on_close = on_close },
            { .name = NULL } };
        devp2p_config cfg = { .name = "gossip",
            .listen_addr = ":30303",
            .protocols = rows,
            .max_peers = PEERS };
        devp2p_sim_node *node;
        must(devp2p_sim_add(sim, &node, &cfg));
        must(devp2p_sim_set_region(node, (unsigned)(i % REGIONS)));
        must(devp2p_sim_start(node));
    }
    must(devp2p_sim_topology(sim, DEVP2P_SIM_RANDOM, DEGREE));
}

/* show runs until nobody hears anything new, a row every STEP_MS. */
static void show(devp2p_sim *sim, size_t nodes, FILE *csv)
{
    uint64_t began = devp2p_sim_time_us(sim);
    size_t before = 0;

    if (csv)
        fprintf(csv, "ms,nodes\n");
    for (size_t quiet = 0; quiet < 20 && heard < nodes; before = heard) {
        must(devp2p_sim_run(sim, STEP_MS));
        quiet = heard == before ? quiet + 1 : 0;
        unsigned ms = (unsigned)((devp2p_sim_time_us(sim) - began) / 1000);
        printf("%5u ms %5zu ", ms, heard);
        for (size_t i = 0; i < heard * 50 / nodes; i++)
            putchar('#');
        putchar('\n');
        if (csv)
            fprintf(csv, "%u,%zu\n", ms, heard);
    }
}

int main(int argc, char **argv)
{
    size_t nodes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    devp2p_sim_config how = { .test_crypto = true,
        .seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1 };
    gossip *all = NULL;
    FILE *csv = NULL;
    devp2p_sim *sim;

    if (nodes < 2 || argc > 4) {
        fprintf(stderr, "usage: gossip_sim [NODES [SEED [FILE]]]\n");
        return 2;
    }
    if (argc > 3 && !(csv = fopen(argv[3], "w"))) {
        perror(argv[3]);
        return 1;
    }
    must((all = calloc(nodes, sizeof *all)) ? 0 : DEVP2P_ERR_NOMEM);
    must(devp2p_sim_new(&sim, &how));
    make_regions(sim);
    populate(sim, all, nodes);
    must(devp2p_sim_run(sim, 10000)); /* until they have met */
    spread(&all[0], 1);
    show(sim, nodes, csv);
    printf("%zu of %zu nodes have heard, trace %016llx\n", heard, nodes,
        (unsigned long long)devp2p_sim_hash(sim));
    devp2p_sim_free(sim);
    free(all);
    return csv && fclose(csv) ? 1 : 0;
}
