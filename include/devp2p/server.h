/* SPDX-License-Identifier: MIT */
/* devp2p/server.h - a server: its configuration, life and events. */
#ifndef DEVP2P_SERVER_H
#define DEVP2P_SERVER_H

#include <devp2p/protocol.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct devp2p_server devp2p_server;

/* --- events --- */

typedef enum devp2p_event_kind {
    DEVP2P_EVENT_PEER_ADD = 1, /* a peer is up, its handlers start */
    DEVP2P_EVENT_PEER_DROP,    /* it is gone: code, remote, unsent, protocol */
    DEVP2P_EVENT_DIAL_FAIL,    /* a dial of ours came to nothing: code */
    DEVP2P_EVENT_COMMAND,      /* the outcome of a command: ticket, code */
    DEVP2P_EVENT_LOST,         /* the ring was full: count events are missing */

    /* with message_events: protocol, version, msg_code, msg_size */
    DEVP2P_EVENT_MSG_SENT,    /* the kernel was given a message, whole */
    DEVP2P_EVENT_MSG_RECEIVED /* one has come for a handler, who has it next */
} devp2p_event_kind;

/* What a command did, and how the node stood then: a set.  A static node that
 * is neither connected nor being dialled waits for a slot or for its time. */
enum {
    DEVP2P_OUTCOME_ADDED = 1,     /* it is a static node from now on */
    DEVP2P_OUTCOME_UPDATED = 2,   /* it was one, and has the new endpoint now */
    DEVP2P_OUTCOME_REMOVED = 4,   /* it is none any more */
    DEVP2P_OUTCOME_DIALLING = 8,  /* we dial it, or are in handshake with it */
    DEVP2P_OUTCOME_CONNECTED = 16 /* it is a peer; with REMOVED: was */
};

/* A devp2p_event is a frozen value; what does not apply is zero. */
typedef struct devp2p_event {
    devp2p_event_kind kind;
    int code; /* 0, DEVP2P_DISC_* or DEVP2P_ERR_* */
    uint64_t ticket;
    uint64_t time_ms; /* Unix time */
    devp2p_id id;
    devp2p_addr addr;
    uint32_t flags;  /* DEVP2P_PEER_* */
    uint32_t unsent; /* messages accepted, never given to the kernel */
    uint32_t count;
    bool remote;       /* the peer sent the code */
    char protocol[67]; /* that the code, or the message, is of; or "" */
    uint32_t outcome;  /* of a command: DEVP2P_OUTCOME_* */
    uint32_t version;  /* of the message's protocol */
    uint32_t msg_size; /* of its payload, inflated */
    uint64_t msg_code;
} devp2p_event;

/* A devp2p_event_fn hears of every event on the server's first loop; of a
 * message on the loop of its peer, with io_threads above 1 at the same time as
 * of others.  It may not block.  The event is borrowed until it returns.
 * A handler begins behind the PEER_ADD of its peer, and PEER_DROP comes behind
 * on_close. */
typedef void devp2p_event_fn(const devp2p_event *event, void *user);

/* --- dials by the program --- */

/* A devp2p_dialer_fn connects to a node in whatever way it likes, instead of
 * TCP: it begins to, and returns.  What came of it is told with
 * devp2p_server_dialed and the ticket, now or later, on any thread; after 15 s
 * the dial has failed.  The node has an address, or a host name, and a port.
 * It runs on the server's first loop and may not block; the node is borrowed
 * until it returns. */
typedef void devp2p_dialer_fn(
    devp2p_server *srv, uint64_t ticket, const devp2p_node *node, void *user);

/* --- bans --- */

/* A devp2p_ban is whom nobody talks to: a node, or a network.  The struct is
 * frozen. */
typedef struct devp2p_ban {
    devp2p_id id;      /* of the node, while net.family is 0 */
    devp2p_addr net;   /* of port 0 */
    uint32_t bits;     /* of net that count */
    uint64_t until_ms; /* Unix time; 0: until it is lifted */
} devp2p_ban;

/* --- configuration --- */

/* A devp2p_resolve_fn asks for the address of a static node, for a dial that is
 * about to begin; devp2p_server_resolved is the answer, with the ticket, at
 * once or later.  name is the host name of its URL, asked for before each dial.
 * A NULL name asks where the node is that has this key, as discovery may know:
 * its URL tells no address, or nobody answered there; not found is a good
 * answer.  It may not block; name and node are borrowed until it returns.
 * Thread: the server's first loop. */
typedef void devp2p_resolve_fn(devp2p_server *srv, uint64_t ticket,
    const char *name, const devp2p_node *node, void *user);

/* A devp2p_config is copied whole by devp2p_server_new: strings, arrays, rows.
 * Zero means the default that stands beside the field. */
typedef struct devp2p_config {
    devp2p_key private_key;  /* needed */
    const char *name;        /* client name in Hello; "" */
    const char *listen_addr; /* ":30303", "1.2.3.4:0", "[::1]:0"; no listener */
    const devp2p_protocol *protocols; /* ends with a NULL name; none */
    const char *const *static_nodes;  /* enode URLs, ends with NULL; none */
    devp2p_event_fn *on_event;
    void *on_event_user;
    devp2p_log_fn *log;
    void *log_user;
    devp2p_alloc_fn *alloc; /* malloc and free */
    void *alloc_user;
    devp2p_log_level log_level; /* DEVP2P_LOG_OFF */
    uint32_t max_peers;         /* 50; DEVP2P_NONE for none */
    uint32_t worker_threads;    /* cores - 1, at least 1, at most 4; 1..64 */
    uint32_t run_stack;         /* bytes of a handler's stack: 1 MiB */
    /* what devp2p_server_self tells instead of the bound address, and port if
       it names one: "203.0.113.5", "[2001:db8::1]:30303" */
    const char *external_addr;
    /* a SOCKS5 proxy that all dials go through, and that looks host names up:
       "127.0.0.1:1080", "user:password@127.0.0.1:1080"; dials are by TCP */
    const char *socks5;
    devp2p_dialer_fn *dialer; /* makes all dials; dials are by TCP */
    void *dialer_user;

    /* who may connect */
    const char *const *trusted_nodes; /* enode URLs, ends with NULL; none */
    const char *const *net_restrict;  /* networks such as "10.0.0.0/8", ends
                                         with NULL; every address.  No other is
                                         accepted or dialled */
    const char *const *allow_ids;     /* 64 hex digits or enode URLs, ends with
                                     NULL; every node.  Others, unless static
                                     or trusted, hear USELESS_PEER */
    uint32_t dial_ratio; /* 3: a third of max_peers, one at least, is for nodes
                            that we dial, the rest for others; 1..1000;
                            DEVP2P_NONE: every slot is for both */
    uint32_t max_pending_in;     /* in handshake: 50; 1..1000 */
    uint32_t max_pending_out;    /* dials at once: 50; 1..1000 */
    uint32_t pending_per_subnet; /* in handshake, /24 or /48: 8; 1..1000 */
    uint32_t throttle_ms;        /* between attempts of one address, in IPv6 of
                                    one /64: 30000; 1000..3600000; DEVP2P_NONE:
                                    none */
    uint32_t accepts_per_s;      /* 200; 1..100000 */
    uint32_t farewells_per_s;    /* who hears "too many peers" while no slot is
                                    free: 5; 1..1000; DEVP2P_NONE: nobody */
    bool no_dial;                /* nobody is dialled, all slots are others' */
    bool limit_lan;              /* limits by address, and accepts_per_s, apply
                                    to loopback, link-local and private ones */

    /* Bytes a second on the wire: of all connections together, in which the
     * peers have equal shares, and of each.  What comes faster stays with the
     * peer, what is sent faster waits.  4,096 or more; no bound.  A peer may
     * give up a message that takes more than 30 s to be sent. */
    uint32_t bytes_in_per_s, bytes_out_per_s;
    uint32_t peer_bytes_in_per_s, peer_bytes_out_per_s;

    /* Bytes that may wait: for one peer and protocol, 64 KiB to 256 MiB, and in
     * all, DEVP2P_NONE for no bound. */
    uint32_t send_mark;  /* 1 MiB; one more message is taken below it */
    uint32_t recv_mark;  /* 4 MiB, inflated; one more is read below it */
    uint32_t send_total; /* 64 MiB; 1 MiB or more */
    uint32_t recv_total; /* 64 MiB; 32 MiB or more: two of the longest; with
                            io_threads these are for each, and the default is
                            no less */

    /* whom to dial */
    devp2p_iter dial_candidates; /* beside those of protocols */
    devp2p_resolve_fn *resolver; /* nobody: static nodes need an address, unless
                                    socks5 or the dialer looks names up */
    void *resolver_user;

    bool message_events; /* MSG_SENT and MSG_RECEIVED are told, too */

    /* the peer book */
    uint32_t max_bans;      /* 16384; 1..1000000 */
    uint32_t max_standings; /* nodes whose conduct is remembered, the longest
                               unchanged one is forgotten first: 16384;
                               16..1000000 */
    uint32_t backoff_ms;    /* how long a node stays out that behaves badly, and
                               is not dialled again that cannot be reached (not
                               the static and trusted ones): 30000, and 6 and 30
                               times that; 1000..3600000; DEVP2P_NONE: it does
                               not */
    uint32_t
        rotate_ms; /* while no slot is free for others, about every so often
                           a peer hears TOO_MANY_PEERS that has been one for 10
                           minutes, is neither static nor trusted, and is not
                           among the tenth with the best scores, this connection
                           included (of equal ones, the oldest): 0, never;
                           60000..3600000 */

    /* Loops, a thread each: 1; 1..64.  A peer lives on the one that has the
     * fewest when it comes.  With more than one, callbacks of event-style
     * protocols for different peers may run at the same time.  Bytes a second
     * are of all loops together; of send_total and recv_total each has an equal
     * part, for its own peers. */
    uint32_t io_threads;

    /* Bytes of buffers that may be kept for up to a second after their use, for
     * the next message, beyond what is in use: 16 MiB; 1 MiB to 1 GiB;
     * DEVP2P_NONE: each buffer is given back at once. */
    uint32_t warm_total;

    /* Keys for handshakes to come that are made while none runs, each used once
     * and then wiped: twice max_peers, at most 256; 1..65536; DEVP2P_NONE:
     * none, a handshake makes its own, as when they have run out. */
    uint32_t spare_keys;

    /* Peers whose shared secret (of the two node keys) is kept when they have
     * left, so that their next handshake is cheaper: twice max_peers, at most
     * 128; 1..1024; DEVP2P_NONE: none. */
    uint32_t kept_secrets;
} devp2p_config;

/* --- life --- */

/* devp2p_server_new checks and copies a configuration.  It is a macro that
 * passes the sizes your program was compiled with to devp2p_server_new_sized.
 *
 * Returns: 0; ERR_INVALID, ERR_KEY, ERR_URL or ERR_ADDR, and the detail names
 *          the field; ERR_ABI; ERR_NOMEM; ERR_RANDOM.
 * Out:     out - owned by the caller, freed with devp2p_server_free.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_new_sized(devp2p_server **out,
    const devp2p_config *cfg, size_t config_size, size_t protocol_size);
#define devp2p_server_new(out, cfg) \
    devp2p_server_new_sized(        \
        (out), (cfg), sizeof(devp2p_config), sizeof(devp2p_protocol))

/* devp2p_server_start opens the listener and starts the server's own thread. A
 * server starts once.
 *
 * Returns: 0; ERR_STATE when it was started before; ERR_ADDR_IN_USE,
 *          ERR_ADDR_UNAVAILABLE, ERR_ACCESS, ERR_LIMIT, ERR_IO, ERR_NOMEM, and
 *          the detail says more.
 * Thread:  any. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_start(devp2p_server *srv);

/* devp2p_server_run is devp2p_server_start, then devp2p_server_wait.
 *
 * Returns: as these.
 * Thread:  as devp2p_server_wait. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_run(devp2p_server *srv);

/* devp2p_server_stop only asks: peers hear QUITTING, handlers end.  What was
 * sent before goes out first, for a second at most; a second later at most the
 * last connection is closed, and what did not go out is counted as unsent.  The
 * server then waits for handlers alone.  It may be called often; NULL is fine.
 *
 * Thread:  any, any callback, any signal handler. */
DEVP2P_API void devp2p_server_stop(devp2p_server *srv);

/* devp2p_server_wait returns when the server has stopped and every handler has
 * returned.
 *
 * Returns: 0; ERR_STATE when it was not started, or when called on one of
 *          its loops or by one of its handlers.
 * Thread:  any other. */
DEVP2P_API int devp2p_server_wait(devp2p_server *srv);

/* devp2p_server_free stops, waits and frees.  NULL is fine.  Peers and rws that
 * somebody keeps stay valid.
 *
 * Thread:  as devp2p_server_wait, and nobody else uses the server any more. */
DEVP2P_API void devp2p_server_free(devp2p_server *srv);

/* --- asking: any thread, any callback, never waits --- */

/* devp2p_server_self tells this node's key and bound TCP endpoint; a listener
 * on every address is told as loopback, none as port 0.  external_addr takes
 * the place of the address, and of the port unless it has none.
 *
 * Out:     out - the node, with its TCP port once the server was started.
 * Thread:  any. */
DEVP2P_API void devp2p_server_self(devp2p_server *srv, devp2p_node *out);

/* devp2p_server_count counts the connected peers.
 *
 * Returns: how many there are now.
 * Thread:  any. */
DEVP2P_API size_t devp2p_server_count(devp2p_server *srv);

/* devp2p_server_peers lists connected peers.
 *
 * Returns: how many were stored.
 * Out:     out - up to cap peers, each with a reference for the caller, who
 *          gives it back with devp2p_peer_drop.
 * Thread:  any. */
DEVP2P_API size_t devp2p_server_peers(
    devp2p_server *srv, devp2p_peer **out, size_t cap);

/* devp2p_server_traffic counts what was moved on all connections since the
 * start, those included that are over or never were a peer's, as it was at the
 * end of the last turn.
 *
 * Out:     out - all of it of one moment.
 * Thread:  any. */
DEVP2P_API void devp2p_server_traffic(devp2p_server *srv, devp2p_traffic *out);

/* --- changing: any thread, any callback; the outcome is an event --- */

/* devp2p_server_add_peer adds a static node: it is dialled as soon as there is
 * a slot, and again as long as it is not connected.  A dial that fails is
 * repeated 35 s after it began; who was connected is dialled 1 to 2 s later;
 * and who gave a reason to be left alone is, for 35 s to 15 min.  A node that
 * is static already gets the endpoint of the URL; if it is connected it stays
 * so.
 *
 * Returns: 0 when the command is on its way, ERR_URL, ERR_CLOSED after the
 *          stop, ERR_AGAIN when 1,024 commands wait, ERR_NOMEM.  The event
 *          COMMAND then says 0 (its outcome tells ADDED or UPDATED, and how the
 *          node stands), ERR_EXISTS when it is static with this endpoint,
 *          ERR_LIMIT, ERR_NOMEM, DISC_SELF, ERR_ACCESS for an address outside
 *          of net_restrict, ERR_NAME for a host name that nobody looks up
 *          (resolver, socks5, dialer), or ERR_ADDR for a URL without an address
 *          to dial.  What becomes of the dial is told by PEER_ADD or DIAL_FAIL.
 * Out:     ticket - the event's; may be NULL.
 * In:      url - copied.
 * Thread:  any, any callback. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_add_peer(
    devp2p_server *srv, uint64_t *ticket, const char *url);

/* devp2p_server_remove_peer takes a node off the static ones and disconnects it
 * with REQUESTED.
 *
 * Returns: as devp2p_server_add_peer; the event says 0 or ERR_NOT_FOUND, and
 *          its outcome REMOVED and how the node stood.
 * Out:     ticket - the event's; may be NULL.
 * Thread:  any, any callback. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_remove_peer(
    devp2p_server *srv, uint64_t *ticket, const char *url);

/* devp2p_server_add_peer_wait is devp2p_server_add_peer that waits until the
 * node is connected, or until its first dial has failed; a static node is
 * dialled again also after that.
 *
 * Returns: 0 when it is a peer; why not: what its COMMAND said (ERR_EXISTS at
 *          once, and the outcome tells how it stands), or the reason of the
 *          DIAL_FAIL; as devp2p_server_add_peer; ERR_TIMEOUT; ERR_CLOSED when
 *          the server stops meanwhile; ERR_STATE on a loop of it.
 * Out:     out - the event that tells it: COMMAND, PEER_ADD or DIAL_FAIL; after
 *          ERR_TIMEOUT the COMMAND, if it came.  Zeros when none did; may be
 *          NULL.
 * In:      url - copied; timeout_ms - milliseconds, DEVP2P_FOREVER waits.
 * Thread:  any but the server's loops; a run-style handler may. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_add_peer_wait(devp2p_server *srv,
    devp2p_event *out, const char *url, uint32_t timeout_ms);

/* devp2p_server_remove_peer_wait is devp2p_server_remove_peer that waits until
 * the node is not connected any more.
 *
 * Returns: 0; ERR_NOT_FOUND; as devp2p_server_add_peer_wait.
 * Out:     out - COMMAND, or PEER_DROP when it was connected; may be NULL.
 * In:      url - copied; timeout_ms - milliseconds, DEVP2P_FOREVER waits.
 * Thread:  as devp2p_server_add_peer_wait. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_remove_peer_wait(devp2p_server *srv,
    devp2p_event *out, const char *url, uint32_t timeout_ms);

/* devp2p_server_wake says that a source of dial candidates which answered
 * ERR_AGAIN has more.
 *
 * Thread: any, any callback. */
DEVP2P_API void devp2p_server_wake(devp2p_server *srv);

/* devp2p_server_resolved answers the resolver's question with that ticket.  The
 * first address of each family is used, IPv4 first; an answer that comes after
 * 5 s (30 s without a name), or twice, is ignored.  Without an address the dial
 * goes to where the name led before.
 *
 * Returns: 0, ERR_CLOSED after the stop, ERR_AGAIN when 1,024 commands wait,
 *          ERR_NOMEM.
 * In:      addrs - copied; of a name their ports do not count; err - why there
 *          are none, or 0.
 * Thread:  any, any callback. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_resolved(devp2p_server *srv,
    uint64_t ticket, const devp2p_addr *addrs, size_t n, int err);

/* devp2p_server_setup_conn sets a connection up on a socket that the program
 * has connected, as one that came in or as a dial of ours.  Its handshake has
 * the time that every handshake has, it takes a slot as every peer does, and
 * counts among the handshakes, or dials, that are under way; a dial of the same
 * node that is not up yet is given up for it (DIAL_FAIL with ERR_EXISTS).
 *
 * Returns: 0 when the server has taken the socket over; else it still belongs
 *          to the caller: ERR_INVALID when fd is no stream socket, or flags
 *          and node do not agree; ERR_KEY; ERR_CLOSED after the stop, ERR_AGAIN
 *          when 1,024 commands wait, ERR_NOMEM, ERR_IO.  The event COMMAND
 *          comes when it is decided: 0 behind PEER_ADD, else why it came to
 *          nothing, behind DIAL_FAIL for one of ours: ERR_CLOSED, ERR_LIMIT,
 *          ERR_NOMEM, ERR_EXISTS for a node that is in handshake on a dial of
 *          ours, a disconnect reason (remote: the other side's), or what its
 *          handshake or the socket ended with.
 * Out:     ticket - the event's; may be NULL.
 * In:      fd - a connected stream socket, of any address family; it becomes
 *          non-blocking.
 *          flags - DEVP2P_PEER_INBOUND, and then node is NULL; or 0.
 *          node - whom it leads to; copied, only key and address count.
 * Thread:  any, any callback. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_setup_conn(devp2p_server *srv,
    uint64_t *ticket, int fd, uint32_t flags, const devp2p_node *node);

/* devp2p_server_dialed answers a devp2p_dialer_fn: PEER_ADD or DIAL_FAIL
 * follows.  A socket that comes too late, or for a dial that was given up
 * meanwhile, is closed.
 *
 * Returns: 0 when the server has taken the socket over; else it still belongs
 *          to the caller: ERR_INVALID when fd is no stream socket, or the
 *          server has no dialer; ERR_CLOSED after the stop, ERR_AGAIN when
 *          1,024 commands wait, ERR_NOMEM, ERR_IO.
 * In:      ticket - of the devp2p_dialer_fn.
 *          fd - a connected stream socket, of any address family; it becomes
 *          non-blocking.  Or why there is none, an ERR_* code: DIAL_FAIL tells
 *          it.
 * Thread:  any, any callback. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_dialed(
    devp2p_server *srv, uint64_t ticket, int fd);

/* devp2p_server_add_trusted makes a node trusted: it finds a slot also when
 * there is none left, up to 256 such peers beyond max_peers, and when it comes
 * from the address in its URL nothing but net_restrict and one connection a
 * second stands in its way.  It is not dialled unless it is static too.  A peer
 * that is connected has DEVP2P_PEER_TRUSTED from now on.
 *
 * Returns: as devp2p_server_add_peer; the event says 0, also for another
 *          address of a trusted node, ERR_EXISTS, ERR_LIMIT, ERR_NOMEM or
 *          DISC_SELF.
 * Out:     ticket - the event's; may be NULL.
 * In:      url - copied; the key alone is enough.
 * Thread:  any, any callback. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_add_trusted(
    devp2p_server *srv, uint64_t *ticket, const char *url);

/* devp2p_server_remove_trusted takes the trust from a node; it stays connected.
 *
 * Returns: as devp2p_server_add_peer; the event says 0 or ERR_NOT_FOUND.
 * Out:     ticket - the event's; may be NULL.
 * Thread:  any, any callback. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_remove_trusted(
    devp2p_server *srv, uint64_t *ticket, const char *url);

/* devp2p_server_ban bans a node or a network, at once: connections from there
 * are closed before a byte is read, a node that names itself and one that is
 * connected hear USELESS_PEER, nobody is dialled there (DIAL_FAIL with
 * ERR_BANNED).  A ban goes before all else: static and trusted nodes and
 * allow_ids.  One that is there already gets the new end.
 *
 * Bans, and the conduct of nodes, are kept in this process.
 *
 * Returns: 0 when the command is on its way; ERR_INVALID when who is neither of
 *          these or the time is longer than ten years; ERR_CLOSED after the
 *          stop, ERR_AGAIN when 1,024 commands wait, ERR_NOMEM.  The event
 *          COMMAND then says 0, ERR_LIMIT when there are max_bans (none goes
 *          before its end), ERR_NOMEM or ERR_CLOSED.
 * Out:     ticket - the event's; may be NULL.
 * In:      who - the id of a node (64 hex digits), its enode URL (of which only
 *          the key counts), an address "1.2.3.4" or "2001:db8::1", or a network
 *          "10.0.0.0/8", "2001:db8::/64"; copied.  Who has one IPv6 address may
 *          have its /64.
 *          ms - milliseconds; 0: until it is lifted.
 * Thread:  any, any callback. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_ban(
    devp2p_server *srv, uint64_t *ticket, const char *who, uint64_t ms);

/* devp2p_server_unban lifts a ban.
 *
 * Returns: as devp2p_server_ban; the event says 0 or ERR_NOT_FOUND: a part of a
 *          network that is banned has no ban of its own.
 * Out:     ticket - the event's; may be NULL.
 * In:      who - as devp2p_server_ban.
 * Thread:  any, any callback. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_unban(
    devp2p_server *srv, uint64_t *ticket, const char *who);

/* devp2p_server_bans lists the bans, the oldest first.
 *
 * Returns: how many there are, also while cap is less.
 * Out:     out - up to cap of them; NULL while cap is 0.
 * Thread:  any, any callback; never waits. */
DEVP2P_API size_t devp2p_server_bans(
    devp2p_server *srv, devp2p_ban *out, size_t cap);

/* devp2p_server_report is devp2p_peer_report for a node that need not be
 * connected.
 *
 * Returns: 0 when the command is on its way; ERR_INVALID, ERR_CLOSED,
 *          ERR_AGAIN, ERR_NOMEM as devp2p_server_ban.  No event follows.
 * Thread:  any, any callback. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_report(
    devp2p_server *srv, const devp2p_id *id, devp2p_conduct conduct);

/* --- counters --- */

/* A devp2p_counters counts since the server was made.  It grows at its end. */
typedef struct devp2p_counters {
    /* connections that came in: let into the handshake, and of these */
    uint64_t accepted;
    uint64_t trusted;   /* from a trusted node's address, in its own right */
    uint64_t farewells; /* while no slot was free, to hear "too many peers" */

    /* closed before a byte was read */
    uint64_t refused_full;       /* no slot was free, nor a farewell */
    uint64_t refused_pending;    /* too many in handshake */
    uint64_t refused_subnet;     /* too many of them from its subnet */
    uint64_t refused_throttled;  /* its address came too soon again */
    uint64_t refused_rate;       /* too many a second */
    uint64_t refused_restricted; /* outside of net_restrict */
    uint64_t refused_memory;

    /* what was said to those that named themselves, inbound and dialled */
    uint64_t peers; /* welcome */
    uint64_t too_many_peers, already_connected, self, unexpected_identity;
    uint64_t not_allowed; /* USELESS_PEER for want of a place in allow_ids */

    uint64_t refused_banned; /* closed before a byte was read: a ban */
    uint64_t banned;         /* USELESS_PEER because of a ban */
    uint64_t shunned;        /* USELESS_PEER because of its conduct */
    uint64_t rotated;        /* peers that left for others: rotate_ms */
} devp2p_counters;

/* devp2p_server_counters tells the counters.  It is a macro that passes the
 * size your program was compiled with to devp2p_server_counters_sized.
 *
 * Out:     out - so much of them as the program knows; zero what the library
 *          does not.
 * Thread:  any, any callback; never waits. */
DEVP2P_API void devp2p_server_counters_sized(
    devp2p_server *srv, devp2p_counters *out, size_t size);
#define devp2p_server_counters(srv, out) \
    devp2p_server_counters_sized((srv), (out), sizeof(devp2p_counters))

/* devp2p_server_max_inbound and devp2p_server_max_dialled tell how max_peers is
 * divided between others that connect and nodes that we dial.
 *
 * Returns: peers of that kind, trusted ones apart.
 * Thread:  any, any callback; never waits. */
DEVP2P_API size_t devp2p_server_max_inbound(const devp2p_server *srv);
DEVP2P_API size_t devp2p_server_max_dialled(const devp2p_server *srv);

/* --- sending to all --- */

/* devp2p_server_broadcast gives one packet to every connected peer that shares
 * a protocol and whose handler of it has begun: on_open has returned, or run
 * was started.  It waits for nobody: a peer at its send mark misses it, and no
 * on_writable follows from that.  A protocol whose peers must say something
 * else first keeps its rws and calls devp2p_send_packet.
 *
 * Returns: 0, also when no peer is there; ERR_NOT_FOUND when the configuration
 *          has no such protocol, ERR_INVALID for a code at or above its length;
 *          ERR_TOO_BIG or ERR_NOMEM when at least one peer could not be given
 *          it for that reason.
 * Out:     sent - peers that took it, each as by devp2p_send_packet; full -
 *          peers that missed it at their mark.  Both also after an error, and
 *          each may be NULL.
 * In:      packet - kept by what is sent.
 * Thread:  any, any callback; it never waits. */
DEVP2P_API DEVP2P_CHECK int devp2p_server_broadcast(devp2p_server *srv,
    size_t *sent, size_t *full, const char *name, uint32_t version,
    devp2p_packet *packet);

/* --- events by pulling --- */

typedef struct devp2p_events devp2p_events;

/* devp2p_events_open starts a ring of 1,024 events; when it is full further
 * ones are counted in one LOST event.  Close it before the server is freed.
 *
 * Returns: 0, ERR_NOMEM.
 * Out:     out - owned by the caller, freed with devp2p_events_close.
 * Thread:  any; one reader at a time. */
DEVP2P_API DEVP2P_CHECK int devp2p_events_open(
    devp2p_events **out, devp2p_server *srv);

/* devp2p_events_next waits up to timeout_ms milliseconds for an event.
 *
 * Returns: 0, ERR_TIMEOUT, ERR_CLOSED when the server has stopped and the ring
 *          is empty, ERR_STATE on a loop of the server.
 * Out:     out - a copy; it is left alone after an error.
 * In:      timeout_ms - milliseconds; 0 only looks, DEVP2P_FOREVER waits.
 * Thread:  any but the server's loops, one at a time. */
DEVP2P_API DEVP2P_CHECK int devp2p_events_next(
    devp2p_events *ring, devp2p_event *out, uint32_t timeout_ms);

/* devp2p_events_close frees a ring.  NULL is fine.
 *
 * Thread:  any; nobody reads the ring any more. */
DEVP2P_API void devp2p_events_close(devp2p_events *ring);

#ifdef __cplusplus
}
#endif
#endif
