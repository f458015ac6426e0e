/* SPDX-License-Identifier: MIT */
/* rlp.c - a structure like a block, encoded and decoded with tables: a header
 * of 15 fields, two uncles, 200 transactions of 9 fields.  First it says how
 * many bytes that is and their checksum. */
#include "trial.h"

#include <devp2p/rlp.h>

#include <string.h>

enum { TXS = 200, UNCLES = 2, CALLDATA = 68, ROOM = 1 << 17 };

struct header {
    uint8_t parent[32], uncles[32], coinbase[20], state[32], txs[32];
    uint8_t receipts[32], bloom[256];
    devp2p_u256 difficulty;
    uint64_t number, gas_limit, gas_used, time;
    devp2p_slice extra;
    uint8_t mix[32], nonce[8];
};
DEVP2P_RLP_TYPE(header, parent, uncles, coinbase, state, txs, receipts, bloom,
    difficulty, number, gas_limit, gas_used, time, extra, mix, nonce);

struct tx {
    uint64_t nonce;
    devp2p_u256 price;
    uint64_t gas;
    uint8_t to[20];
    devp2p_u256 value;
    devp2p_slice data;
    uint64_t v;
    devp2p_u256 r, s;
};
DEVP2P_RLP_TYPE(tx, nonce, price, gas, to, value, data, v, r, s);

struct block {
    struct header header;
    struct {
        struct tx *at;
        size_t len;
    } txs;
    struct {
        struct header *at;
        size_t len;
    } uncles;
};
DEVP2P_RLP_TABLE(block, DEVP2P_FIELD_STRUCT(block, header, header),
    DEVP2P_FIELD_STRUCTS(block, txs, tx),
    DEVP2P_FIELD_STRUCTS(block, uncles, header));

static struct block block;
static struct tx txs[TXS];
static struct header uncles[UNCLES];
static uint8_t calldata[CALLDATA], encoded[ROOM], arena[ROOM];
static size_t encoded_len;

/* --- the same numbers as rlp.go's --- */

static uint64_t seed = 1;

static uint8_t draw(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint8_t)(seed >> 56);
}

static void fill(uint8_t *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = draw();
}

/* number is one of n bytes. */
static devp2p_u256 number(size_t n)
{
    devp2p_u256 v = { { 0 } };
    fill(v.b + 32 - n, n);
    v.b[32 - n] |= 0x80;
    return v;
}

static void make_header(struct header *h, uint64_t n)
{
    fill(h->parent, 32);
    fill(h->uncles, 32);
    fill(h->coinbase, 20);
    fill(h->state, 32);
    fill(h->txs, 32);
    fill(h->receipts, 32);
    fill(h->bloom, 256);
    h->difficulty = number(7);
    h->number = 12000000 + n;
    h->gas_limit = 15000000;
    h->gas_used = 14980000 + n;
    h->time = 1615000000 + n;
    h->extra = (devp2p_slice){ calldata, 24 };
    fill(h->mix, 32);
    fill(h->nonce, 8);
}

static void make_tx(struct tx *t, uint64_t n)
{
    t->nonce = n * 17;
    t->price = number(5);
    t->gas = 21000 + n;
    fill(t->to, 20);
    t->value = number(n % 2 ? 8 : 9);
    t->data = (devp2p_slice){ calldata, n % 3 ? 0 : CALLDATA };
    t->v = 37 + n % 2;
    t->r = number(32);
    t->s = number(32);
}

static void make_block(void)
{
    fill(calldata, sizeof calldata);
    make_header(&block.header, 0);
    for (uint64_t i = 0; i < TXS; i++)
        make_tx(&txs[i], i);
    for (uint64_t i = 0; i < UNCLES; i++)
        make_header(&uncles[i], i + 1);
    block.txs.at = txs;
    block.txs.len = TXS;
    block.uncles.at = uncles;
    block.uncles.len = UNCLES;
}

/* --- what is measured --- */

static void encode_once(void)
{
    devp2p_rlp_writer w = devp2p_rlp_write(encoded, sizeof encoded);
    devp2p_slice out;
    devp2p_rlp_put_struct(&w, &block_rlp, &block);
    must(devp2p_rlp_finish(&w, &out) == 0);
    encoded_len = out.len;
}

static void encode(meter *m)
{
    meter_start(m);
    for (int i = 0; i < 10; i++)
        encode_once();
    meter_stop(m, 10);
}

static void decode(meter *m)
{
    struct block back;
    meter_start(m);
    for (int i = 0; i < 10; i++) {
        devp2p_arena a = { arena, arena + sizeof arena };
        devp2p_rlp_reader r = devp2p_rlp_read(encoded, encoded_len);
        devp2p_rlp_get_struct(&r, &block_rlp, &back, &a);
        must(devp2p_rlp_done(&r) == 0);
    }
    meter_stop(m, 10);
    must(back.txs.len == TXS && back.uncles.len == UNCLES);
    must(memcmp(back.txs.at[TXS - 1].s.b, txs[TXS - 1].s.b, 32) == 0);
}

/* bytes tells the length and 48 bits of FNV-1a. */
static void bytes(void)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < encoded_len; i++)
        sum = (sum ^ encoded[i]) * UINT64_C(0x100000001b3);
    printf("%zu %012lx\n", encoded_len, sum >> 16);
    fflush(stdout);
}

int main(void)
{
    static const thing things[] = {
        { "rlp_encode", encode },
        { "rlp_decode", decode },
    };
    make_block();
    encode_once();
    bytes();
    return trial_serve(things, sizeof things / sizeof *things);
}
