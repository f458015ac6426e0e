/* SPDX-License-Identifier: MIT */
/* limits.h - every limit of the library with its reason, in one place. */
#ifndef DP_LIMITS_H
#define DP_LIMITS_H

#include "base/now.h"

/* --- configuration --- */
enum {
    DP_MAX_PEERS_DEFAULT = 50,  /* as geth */
    DP_MAX_PEERS = 100000,      /* beyond any descriptor table */
    DP_LOOPS_MAX = 64,          /* each wants a core; beyond any use of them */
    DP_WORKERS_MAX = 64,        /* beyond any use of the pool */
    DP_WORKERS_DEFAULT_MAX = 4, /* handshakes must not take all cores */
    DP_WORKERS_TOLD = 4, /* jobs done in a burst come back together: one is a
                            fifth of a millisecond */
    DP_RUN_STACK_DEFAULT = 1 << 20,
    DP_RUN_STACK_MIN = 64 * 1024,
    DP_RUN_STACK_MAX = 64 << 20,
    DP_NAME_MAX = 64,         /* our own names; a peer's only fill its Hello */
    DP_CLIENT_NAME_MAX = 256, /* our own client name; Hello must fit 2 KiB */
    DP_PROTOCOLS_MAX = 64,    /* ours; bounds the work of matching */
    DP_STATIC_MAX = 4096,     /* static nodes */
    DP_LOG_LINE = 512
};

/* --- secrets --- */
enum {
    DP_STACK_WIPED = 16 * 1024 /* libsecp256k1 0.2 reaches 4 KiB with a key */
};

/* --- connections --- */
enum {
    DP_PENDING_MAX = 50, /* handshakes inbound, and dials outbound, as geth */
    DP_PENDING_MOST = 1000, /* settable: beyond what 5 s of handshakes bring */
    DP_ACCEPTS_PER_TURN = 32,
    DP_COMMANDS_MAX = 1024, /* in the mailbox */
    DP_EVENTS_RING = 1024,
    DP_INFO_TEXT = 64 * 1024 /* of the program about a protocol, for people */
};
#define DP_DIAL_NS      (15 * DP_SEC) /* TCP connect */
#define DP_HANDSHAKE_NS (5 * DP_SEC)  /* to both Hellos; never extended */

/* --- dials --- */
enum {
    DP_DIAL_HISTORY = 1024, /* dynamic dials in DP_REDIAL_NS: 29 a second */
    DP_CANDIDATES_PER_TURN = 32, /* asked for; if none is dialled, a rest */
    DP_LOOKING_PEERS = 3         /* who has dialled so many is not looking */
};
/* After the last attempt began: 5 s more than the time for which a peer
 * throttles our address, as geth. */
#define DP_REDIAL_NS          (35 * DP_SEC)
#define DP_RETURN_NS          DP_SEC         /* to who was connected; and */
#define DP_RETURN_JITTER_NS   DP_SEC         /* up to so much more */
#define DP_BACKOFF_FIRM_NS    (180 * DP_SEC) /* the peer found a fault in us */
#define DP_BACKOFF_LASTING_NS (900 * DP_SEC) /* one that lasts */
#define DP_NAME_NS            (5 * DP_SEC)   /* for the address of a name */
#define DP_FIND_NS            (30 * DP_SEC)  /* for the address of an id */
#define DP_FIND_AGAIN_NS      (60 * DP_SEC)  /* doubled when it is not found */
#define DP_FIND_AGAIN_MAX_NS  (3600 * DP_SEC)
#define DP_CANDIDATE_REST_NS  DP_SEC        /* when no candidate was dialled */
#define DP_LOOKING_NS         (10 * DP_SEC) /* between lines in the log */

/* --- who may connect --- */
enum {
    DP_DIAL_RATIO = 3,         /* a third of the slots is for dials, as geth */
    DP_DIAL_RATIO_MAX = 1000,  /* beyond it one slot remains for dials */
    DP_TRUSTED_MAX = 256,      /* peers beyond max_peers; a user's own nodes */
    DP_ALLOWED_MAX = 4096,     /* ids of allow_ids, as static nodes */
    DP_NETS_MAX = 256,         /* networks of net_restrict, searched in turn */
    DP_ACCEPTS_PER_S = 200,    /* from addresses that are not local; 5 s of them
                                  are far more than the places in handshake */
    DP_ACCEPTS_MAX = 100000,   /* beyond what a loop accepts */
    DP_FAREWELLS_PER_S = 5,    /* of strangers while full: what hears "too many
                                  peers" costs a handshake */
    DP_FAREWELLS_MAX = 1000,   /* as the handshakes to the pool */
    DP_TRUSTED_PER_S = 1,      /* from the address of a trusted node */
    DP_SUBNET_PENDING = 8,     /* in handshake from a /24 or /48 */
    DP_THROTTLED = 8192,       /* addresses remembered: 200/s for 30 s fit */
    DP_THROTTLE_MS = 30000,    /* between two attempts of an address, as geth */
    DP_THROTTLE_MS_MIN = 1000, /* below it nothing is throttled */
    DP_THROTTLE_MS_MAX = 3600000
};

/* --- the peer book --- */
enum {
    DP_BANS = 16384,        /* ids and networks; 2.9 MB when full */
    DP_BANS_MOST = 1000000, /* settable: 200 MiB */
    DP_STANDINGS = 16384,   /* nodes whose conduct is remembered; 2.9 MB */
    DP_STANDINGS_MIN = 16,  /* settable: a few peers */
    DP_STANDINGS_MOST = 1000000,
    DP_BOOK_ROWS = 256,  /* of a commit: less than a millisecond of work */
    DP_BOOK_GONE = 1024, /* rows to be deleted, while the store fails */

    /* Points: good conduct weighs little, so that it takes time to earn and
     * cannot pay for harm. */
    DP_SCORE_MAX = 100,
    DP_SCORE_MIN = -1000,
    DP_SCORE_SHORT = -100,  /* at and below it a node stays out: 30 s, */
    DP_SCORE_MEDIUM = -250, /* 3 min, */
    DP_SCORE_LONG = -500,   /* 15 min, and longer each time */

    /* what the program reports (devp2p_conduct) */
    DP_POINTS_USEFUL = 5,
    DP_POINTS_LATE = -5, /* twenty in half an hour, or its link is slow */
    DP_POINTS_UNASKED = -10,
    DP_POINTS_USELESS = -25,
    DP_POINTS_MALFORMED = -100, /* once is enough, unless it had a credit */
    DP_POINTS_FALSE = -250,
    DP_POINTS_HOSTILE = -1000,

    /* what sessions show */
    DP_POINTS_STEADY = 5,   /* for DP_STEADY_NS as a peer */
    DP_POINTS_BREACH = -50, /* once may be a fault of either */
    DP_POINTS_SILENT = -10  /* no answer for 30 s; its network may be ill */
};
#define DP_BACKOFF_MS_DEFAULT 30000   /* the first class; 6 and 30 times that */
#define DP_BACKOFF_MS_MIN     1000    /* below it nobody stays out */
#define DP_BACKOFF_MS_MAX     3600000 /* as the longest stay */
#define DP_BACKOFF_MAX_NS     (3600 * DP_SEC) /* however often it happened */
#define DP_SCORE_HALF_NS      (1800 * DP_SEC) /* a score is halved */
#define DP_STEADY_NS          (600 * DP_SEC)
#define DP_BAN_MS_MAX         (UINT64_C(3650) * 86400 * 1000) /* ten years */
#define DP_BOOK_WRITE_NS      (10 * DP_SEC) /* conduct may wait to be stored */

/* --- rotation --- */
enum {
    DP_ROTATE_BEST = 10, /* a tenth of the peers never leaves */
    DP_ROTATED = 64,     /* who left in twice the time between two, and more */
    DP_ROTATE_MS_MIN = 60000,  /* below it nobody comes to anything */
    DP_ROTATE_MS_MAX = 3600000 /* beyond it nobody would notice */
};
#define DP_ROTATE_AGE_NS (600 * DP_SEC) /* as a peer, before it may leave */

/* --- curve work --- */
enum {
    DP_EC_PER_S = 1000, /* handshakes to the pool */
    DP_EC_BURST = 200,
    DP_EC_SUBNET_PER_S = 30, /* for a /24 or /48 */
    DP_EC_SUBNET_BURST = 30,
    DP_EC_SUBNETS = 1024, /* remembered; the oldest is forgotten */
    DP_EC_QUEUE = 256,

    /* Ephemeral keys made ahead, of 96 bytes; a responder uses two. */
    DP_SPARES_A_PEER = 2, /* of max_peers: every slot may fill at once */
    DP_SPARES_MAX = 256,  /* by default: 128 handshakes, 25 KB, 6 ms of work */
    DP_SPARES_MOST = 65536, /* settable: 6 MB */
    DP_TOKENS_A_PEER = 2,   /* of max_peers: they, and who left last */
    DP_TOKENS_MAX = 128, /* secrets of peers that were here, by default: 13 KB,
                             searched in less than a microsecond */
    DP_TOKENS_MOST = 1024, /* settable: searched in a tenth of what one saves */
    DP_SPARES_BATCH = 8    /* a job: a newcomer waits for less than for another
                               handshake */
};
/* Without a handshake in the pool, before keys are made: longer than the round
 * trips of who comes next in a burst. */
#define DP_SPARES_REST_NS (500 * DP_MS)

/* --- messages --- */
enum {
    DP_HANDSHAKE_PACKET_MAX = 2048, /* auth, ack: the size prefix */
    DP_HELLO_FRAME_MAX = 2049,      /* frame before Hello: id and 2 KiB */
    DP_MESSAGE_MAX = (1 << 24) - 1, /* inflated */
    DP_FRAME_MAX = (1 << 24) - 1,   /* id and payload on the wire */
    DP_STRAY_MAX = 16, /* ids 0x04..0x0f ignored; one more ends the session */
    DP_PONG_PER_S = 1,
    DP_PONG_BURST = 5,
    DP_TURN_MESSAGES = 32,       /* a session, a turn */
    DP_TURN_BYTES = 64 * 1024,   /* a session, a turn */
    DP_TURN_TOTAL = 1024 * 1024, /* a loop, a turn */
    DP_PLAIN_AT_ONCE = 1 << 20,  /* the longest that is inflated in one turn,
                                    by libsnappy: half a millisecond */
    DP_TURN_PLAIN = 256 * 1024,  /* of longer messages a loop inflates so much a
                                    turn: 0.3 ms, with the pages it is given */
    DP_ARENA = 64 * 1024         /* for the arrays of one decoded message */
};

/* --- queues --- */
enum {
    DP_RECV_MARK = 4 << 20, /* inflated bytes for a protocol of a peer */
    DP_RECV_MESSAGES = 1024,
    DP_SEND_MARK = 1 << 20, /* accepted while below it */
    DP_WINDOW = 64 * 1024,  /* sealed or about to be */
    DP_RECV_TOTAL = 64 << 20,
    DP_SEND_TOTAL = 64 << 20,
    DP_SPARE = 16 * 1024 /* each session, beyond an exhausted total */
};
#define DP_STALL_NS (30 * DP_SEC) /* at the receive mark */
#define DP_WRITE_NS (20 * DP_SEC) /* a peer that takes nothing */

/* What the marks and totals may be set to. */
enum {
    DP_MARK_MIN = 64 * 1024,     /* a window: less and it runs dry meanwhile */
    DP_MARK_MAX = 256 << 20,     /* for one peer; beyond the totals' default */
    DP_SEND_TOTAL_MIN = 1 << 20, /* a few peers that each use their spare */
    DP_RECV_TOTAL_MIN =
        32 << 20 /* the longest message, as it comes and plain */
};

/* --- buffers that stay warm --- */
enum {
    DP_WARM_MIN = 20 * 1024,     /* what follows a chunk (rx.c); smaller ones
                                    cost the system little */
    DP_WARM_MAX = 20 << 17,      /* messages of 2 MiB; what grows beyond it is
                                    copied once, for a millisecond at most */
    DP_WARM_TOTAL = 16 << 20,    /* 8 peers that each send or take 1 MiB */
    DP_WARM_TOTAL_MIN = 1 << 20, /* less holds no block of a long message */
    DP_WARM_TOTAL_MAX = 1 << 30,
    DP_WARM_CHUNKS = 4 /* a quarter is for chunks, the rest for larger ones */
};
#define DP_WARM_NS (500 * DP_MS) /* unused so long, or up to twice, it goes */

/* --- bandwidth and rules --- */
enum {
    DP_RATE_MIN = 4096,    /* bytes a second: a peer gives up what is slower */
    DP_RATE_TURNS = 256,   /* a second, among those who share a rate */
    DP_RATE_QUANTUM = 512, /* bytes of such a turn at least: a whole header */
    DP_RULES_MAX = 256,    /* of a protocol; as many codes as anybody uses */
    DP_METERED_CODES = 32  /* counted apart; eth has 17, snap 8 */
};
#define DP_RATE_SAVED_NS (50 * DP_MS) /* what a late timer may catch up with */

/* --- liveness and farewell --- */
enum {
    DP_PROGRESS_PER_S = 4096, /* bytes of a long frame, after the grace */
    DP_DRAIN_MAX = 4 << 20    /* input thrown away after Disconnect */
};
#define DP_PROGRESS_GRACE_NS (5 * DP_SEC)
#define DP_FRAME_NS          (30 * DP_SEC)
#define DP_PING_NS           (15 * DP_SEC)
#define DP_DEAD_NS           (30 * DP_SEC) /* without a byte */
#define DP_FLUSH_NS          (2 * DP_SEC)
#define DP_DRAIN_NS          (2 * DP_SEC)
#define DP_HURRY_NS          DP_SEC /* each of the two, when the server stops */

/* --- helpers of request/response protocols --- */
enum {
    DP_REQUESTS_DEFAULT =
        10000, /* in flight, as geth: a fault alone gets there */
    DP_REQUESTS_MAX = 1000000, /* an id has 21 bits for its place */
    DP_LATE_DEFAULT = 1024,    /* timed out: enough to know late from unasked */
    DP_LATE_MS = 60 * 1000,    /* geth's longest timeout once more */
    DP_LATE_MS_MAX = 3600 * 1000,
    DP_RATES_PEERS = DP_MAX_PEERS, /* no server has more; sums fit 64 bits */
    DP_RATES_KINDS_DEFAULT = 32,   /* twice the codes of eth */
    DP_RATES_KINDS = 1024,         /* 8 bytes each in every peer */
    DP_ROUND_TRIP_MIN_MS = 2000,   /* as geth: time to do some work */
    DP_ROUND_TRIP_MAX_MS = 20000,  /* as geth: the worst links, not longer */
    DP_TIMEOUT_MS = 60 * 1000,     /* as geth */
    DP_WAIT_MAX_MS = 24 * 3600 * 1000
};

#endif
