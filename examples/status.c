/* SPDX-License-Identifier: MIT */
/* status: struct messages.  Two nodes on this machine tell each other the state
 * of their chains; the one that was dialled knows more than the other. */
#include <devp2p/devp2p.h>
#include <inttypes.h>
#include <stdio.h>

enum { STATUS = 0, LENGTH };

struct fork_id { /* its members are values, so one line makes it a list */
    uint8_t hash[4];
    uint64_t next;
};
DEVP2P_RLP_TYPE(fork_id, hash, next);

struct block {
    uint64_t number;
    devp2p_slice miner;
};
DEVP2P_RLP_TYPE(block, number, miner);

struct status {
    uint32_t version;
    devp2p_u256 difficulty;
    struct fork_id fork; /* a list within the list */
    struct {
        struct block *at;
        size_t len;
    } blocks;          /* a list of lists */
    uint64_t earliest; /* since version 2: left out when it is zero */
    struct {
        uint16_t *at;
        size_t len;
    } extra; /* all that follows */
};
DEVP2P_RLP_TABLE(status, DEVP2P_FIELD(status, version),
    DEVP2P_FIELD(status, difficulty),
    DEVP2P_FIELD_STRUCT(status, fork, fork_id),
    DEVP2P_FIELD_STRUCTS(status, blocks, block),
    DEVP2P_FIELD_OPT(status, earliest), DEVP2P_FIELD_TAIL(status, extra));

static void show(const char *who, const struct status *s)
{
    char miner[64];

    printf("%s received version %" PRIu32 "\n  difficulty 0x", who, s->version);
    for (size_t i = 0; i < sizeof s->difficulty.b; i++)
        printf("%02x", s->difficulty.b[i]);
    printf("\n  fork %02x%02x%02x%02x, next %" PRIu64 "\n", s->fork.hash[0],
        s->fork.hash[1], s->fork.hash[2], s->fork.hash[3], s->fork.next);
    for (size_t i = 0; i < s->blocks.len; i++)
        printf("  block %" PRIu64 " of %s\n", s->blocks.at[i].number,
            devp2p_escape(miner, sizeof miner, s->blocks.at[i].miner));
    if (s->earliest)
        printf("  earliest %" PRIu64 "\n", s->earliest);
    for (size_t i = 0; i < s->extra.len; i++)
        printf("  extra %u\n", (unsigned)s->extra.at[i]);
}

/* Who dialled speaks first and leaves when it has the answer. */
static int handler(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    const struct status *mine = user;
    bool dialled = !(devp2p_peer_flags(peer) & DEVP2P_PEER_INBOUND);
    struct status theirs;
    devp2p_msg msg;
    int err = dialled ? devp2p_send(rw, STATUS, status, mine) : 0;

    while (!err && !(err = devp2p_read(rw, &msg)) &&
           !(err = devp2p_decode(&msg, status, &theirs))) {
        show(dialled ? "dialler" : "listener", &theirs);
        if (dialled)
            return DEVP2P_DISC_REQUESTED;
        err = devp2p_send(rw, STATUS, status, mine);
    }
    return err; /* ERR_CLOSED: the other one has left */
}

static int start(devp2p_server **srv, struct status *mine, const char *dial)
{
    const char *nodes[] = { dial, NULL };
    devp2p_protocol rows[] = { { "status", 1, LENGTH, mine, .run = handler },
        { .name = NULL } };
    devp2p_config cfg = { .name = "status",
        .listen_addr = dial ? NULL : "127.0.0.1:0", /* 0: any free port */
        .protocols = rows,
        .static_nodes = nodes };
    int err = devp2p_key_generate(&cfg.private_key);

    if (!err)
        err = devp2p_server_new(srv, &cfg); /* copies everything but mine */
    return err ? err : devp2p_server_start(*srv);
}

int main(void)
{
    struct block blocks[] = { { 7, { (const uint8_t *)"alice", 5 } },
        { 8, { (const uint8_t *)"bob", 3 } } };
    uint16_t extra[] = { 3, 5 };
    struct status old = { 1, { { [31] = 9 } }, { { 1, 2, 3, 4 }, 0 },
        { blocks, 1 }, 0, { NULL, 0 } },
                  new = { 2, { { [0] = 0x80 } }, { { 1, 2, 3, 4 }, 100 },
                      { blocks, 2 }, 6, { extra, 2 } };
    devp2p_server *listener = NULL, *dialler = NULL;
    devp2p_events *events = NULL;
    devp2p_event event = { .kind = 0 };
    devp2p_node self;
    char url[DEVP2P_URL_MAX];
    int err = start(&listener, &new, NULL);

    if (!err)
        err = devp2p_events_open(&events, listener);
    if (!err) {
        devp2p_server_self(listener, &self);
        err = start(&dialler, &old, devp2p_node_url(url, &self));
    }
    while (!err && event.kind != DEVP2P_EVENT_PEER_DROP)
        err = devp2p_events_next(events, &event, 10000);
    if (err)
        fprintf(stderr, "status: %s\n", devp2p_strerror(err));
    devp2p_events_close(events);
    devp2p_server_free(dialler);
    devp2p_server_free(listener);
    return err || event.code != DEVP2P_DISC_REQUESTED;
}
