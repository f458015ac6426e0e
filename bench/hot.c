/* SPDX-License-Identifier: MIT */
/* hot.c - the hot paths, a hundred times each and the same bytes every time,
 * for bench/instructions.py to count what they execute.  Each hot_ function is
 * one thing that is counted; what stands around it is not. */
#include "trial.h"

#include "core/packet.h"
#include "core/session.h"
#include "crypto/frames.h"

#include <devp2p/rlp.h>

#include <snappy-c.h>
#include <string.h>

enum { TIMES = 100, SIZE = 100, FRAMES = 16, LARGE = 60000, ROOM = 1 << 17 };

#define HOT __attribute__((noinline)) void

HOT hot_seal(dp_frames *f);
HOT hot_open(dp_frames *f);
HOT hot_seal_large(dp_frames *f);
HOT hot_open_large(dp_frames *f);
HOT hot_encode(void);
HOT hot_decode(void);
HOT hot_echo(dp_session *s, const uint8_t *bytes, size_t len);

static dp_env env;
static dp_crypto *crypto;
static dp_engine *engine;
static uint8_t memory[ROOM];

/* draw is not random, so that every run is the same. */
static int draw(void *user, void *out, size_t len)
{
    static uint8_t next = 1;
    (void)user;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)(next = (uint8_t)(next * 73 + 41));
    return 0;
}

/* --- frames --- */

static void run(dp_frames *f)
{
    dp_frames_run(engine, &f, 1);
    must(f->err == 0 && f->at == f->end);
}

HOT hot_seal(dp_frames *f)
{
    run(f);
}

HOT hot_open(dp_frames *f)
{
    run(f);
}

HOT hot_seal_large(dp_frames *f)
{
    run(f);
}

HOT hot_open_large(dp_frames *f)
{
    run(f);
}

static void frames(uint32_t size, uint32_t count, void (*seal)(dp_frames *),
    void (*open)(dp_frames *))
{
    dp_secrets secrets = { .aes = { 1 }, .mac = { 2 } };
    dp_dir to, from;
    size_t wire = dp_frame_wire(size);
    dp_keccak_init(&secrets.egress);
    dp_dir_init(&to, &secrets, &secrets.egress);
    dp_dir_init(&from, &secrets, &secrets.egress);
    for (int i = 0; i < TIMES; i++) {
        for (uint32_t k = 0; k < count; k++)
            dp_frame_header(memory + k * wire, size);
        dp_frames f = { .dir = &to,
            .at = memory,
            .end = memory + count * wire,
            .size_max = DP_FRAME_MAX,
            .count_max = UINT32_MAX };
        seal(&f);
        f.dir = &from;
        f.at = memory;
        f.open = true;
        open(&f);
    }
}

/* --- RLP --- */

struct hot {
    uint64_t number;
    uint8_t hash[32];
    devp2p_u256 value;
    devp2p_slice text;
};
DEVP2P_RLP_TYPE(hot, number, hash, value, text);

static struct hot some = { 1234567, { 7, 8, 9 }, { { [20] = 1, [31] = 2 } },
    { (const uint8_t *)"the quick brown fox jumps over the lazy dog", 43 } };
static size_t encoded;

HOT hot_encode(void)
{
    devp2p_rlp_writer w = devp2p_rlp_write(memory, sizeof memory);
    devp2p_slice out;
    devp2p_rlp_put_struct(&w, &hot_rlp, &some);
    must(devp2p_rlp_finish(&w, &out) == 0);
    encoded = out.len;
}

HOT hot_decode(void)
{
    struct hot back;
    devp2p_rlp_reader r = devp2p_rlp_read(memory, encoded);
    devp2p_rlp_get_struct(&r, &hot_rlp, &back, NULL);
    must(devp2p_rlp_done(&r) == 0 && back.number == some.number);
}

/* --- a session --- */

static const dp_protocol protocol = { { (const uint8_t *)"hot", 3 }, 1, 1 };
static const dp_now now = { .mono = DP_SEC };
static dp_budget budget = { .limit = SIZE_MAX };

static void introduce(dp_node_self *self, dp_pool *pool)
{
    devp2p_key key;
    *self = (dp_node_self){ .env = env,
        .protocols = &protocol,
        .nprotocols = 1,
        .pool = pool,
        .recv = &budget,
        .send = &budget };
    must(dp_key_draw(&env, &key) == 0);
    must(dp_self_identify(self, crypto, &key) == 0);
    must(dp_self_hello(self, "hot", "protocols") == 0);
}

static bool work(dp_session *s, bool open)
{
    dp_frames *f = dp_session_lend(s, open, now);
    if (!f)
        return false;
    dp_frames_run(engine, &f, 1);
    dp_session_take(s, f, now);
    return true;
}

static bool greet(dp_session *s)
{
    dp_session_event ev;
    dp_ec *ec = dp_session_ec(s, now);
    bool some_work = ec != NULL;
    if (ec) {
        dp_ec_run(ec);
        dp_session_ec_done(s, ec, now);
    }
    some_work |= work(s, true);
    while (dp_session_next(s, &ev, now)) {
        must(ev.kind == DP_AUTHED || ev.kind == DP_READY);
        dp_session_judge(s, 0, now);
        some_work = true;
    }
    return work(s, false) || some_work;
}

/* give puts bytes into a session, as far as it has room. */
static size_t give(dp_session *s, const uint8_t *bytes, size_t len)
{
    uint8_t *at;
    size_t room = dp_session_room(s, &at);
    room = room < len ? room : len;
    memcpy(at, bytes, room);
    dp_session_recv(s, room, now);
    return room;
}

static bool carry(dp_session *from, dp_session *to)
{
    const uint8_t *at;
    size_t len = dp_session_out(from, &at);
    if (len)
        dp_session_sent(from, give(to, at, len), now);
    return len > 0;
}

/* answer sends every message back. */
static size_t answer(dp_session *s)
{
    char plain[SIZE];
    dp_session_event ev;
    size_t n = 0;
    for (; dp_session_next(s, &ev, now); n++) {
        dp_packet *p;
        size_t full = sizeof plain;
        must(ev.kind == DP_MSG && ev.full == SIZE);
        must(snappy_uncompress((const char *)ev.body, ev.len, plain, &full) ==
             SNAPPY_OK);
        must(dp_packet_new(&p, &env, 0,
                 (devp2p_slice){ (uint8_t *)plain, full }, true) == 0);
        size_t cap = ev.cap;
        dp_session_took(s, cap, full, now);
        must(dp_session_send(s, cap, p, now) == 0);
        dp_packet_drop(p);
    }
    return n;
}

/* hot_echo is one turn of an echo: what came is opened, inflated, sent back,
 * compressed and sealed. */
HOT hot_echo(dp_session *s, const uint8_t *bytes, size_t len)
{
    size_t n = 0;
    while (len || n < FRAMES) {
        size_t took = give(s, bytes, len);
        bytes += took;
        len -= took;
        must(work(s, true));
        n += answer(s);
    }
    while (work(s, false))
        ;
}

/* round has a and b exchange FRAMES messages. */
static void round_of(dp_session *a, dp_session *b, dp_packet *p)
{
    const uint8_t *at;
    dp_session_event ev;
    size_t back = 0;
    for (int i = 0; i < FRAMES; i++)
        must(dp_session_send(a, 0, p, now) == 0);
    while (work(a, false))
        ;
    size_t len = dp_session_out(a, &at);
    hot_echo(b, at, len);
    dp_session_sent(a, len, now);
    while (back < FRAMES) {
        must(carry(b, a) || work(a, true));
        while (work(a, true))
            ;
        while (dp_session_next(a, &ev, now)) {
            must(ev.kind == DP_MSG);
            dp_session_took(a, ev.cap, ev.full, now);
            back++;
        }
    }
}

static void echoes(void)
{
    dp_node_self near, far;
    dp_session *a, *b;
    dp_packet *p;
    dp_pool *pool;
    must(dp_pool_new(&pool, &env, 64) == 0);
    introduce(&near, pool);
    introduce(&far, pool);
    const dp_session_setup dials = { &near, &far.pub }, hears = { &far, NULL };
    must(dp_session_new(&a, &dials, now) == 0);
    must(dp_session_new(&b, &hears, now) == 0);
    for (bool more = true; more;) {
        more = greet(a);
        more = greet(b) || more;
        more = carry(a, b) || more;
        more = carry(b, a) || more;
    }
    must(dp_random(&env, memory, SIZE) == 0);
    must(dp_packet_new(&p, &env, 0, (devp2p_slice){ memory, SIZE }, true) == 0);
    for (int i = 0; i < TIMES; i++)
        round_of(a, b, p);
    dp_packet_drop(p);
    dp_session_free(a);
    dp_session_free(b);
    dp_self_fini(&near);
    dp_self_fini(&far);
    dp_pool_free(pool);
}

int main(void)
{
    env = (dp_env){ .alloc = dp_default_alloc, .random = draw };
    must(dp_crypto_new(&crypto, &env, NULL) == 0);
    must(dp_engine_new(&engine, &env, crypto) == 0);
    frames(SIZE, FRAMES, hot_seal, hot_open);
    frames(LARGE, 1, hot_seal_large, hot_open_large);
    for (int i = 0; i < TIMES; i++)
        hot_encode();
    for (int i = 0; i < TIMES; i++)
        hot_decode();
    echoes();
    dp_engine_free(engine);
    dp_crypto_free(crypto);
    return 0;
}
