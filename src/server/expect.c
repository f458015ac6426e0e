/* SPDX-License-Identifier: MIT */
/* expect.c - devp2p_expect_*: a test reads a message and says what it should
 * have been. */
#include "base/bytes.h"
#include "base/list.h"
#include "server/rw.h"

#include <devp2p/pipe.h>

#include <inttypes.h>
#include <string.h>

/* --- words for a payload --- */

/* A text is cut where it would not fit into the sentence of a failure. */
typedef struct text {
    char at[88];
    size_t len;
    bool cut;
} text;

static void put(text *t, const char *words)
{
    static const char dots[] = "...";

    for (; *words && !t->cut; words++) {
        t->cut = t->len + sizeof dots == sizeof t->at;
        if (!t->cut)
            t->at[t->len++] = *words;
    }
    memcpy(t->at + t->len, t->cut ? dots : "", t->cut ? sizeof dots : 1);
}

static void put_hex(text *t, devp2p_slice bytes)
{
    char digits[3];

    put(t, "0x");
    for (size_t i = 0; i < bytes.len && !t->cut; i++)
        put(t, dp_hex(digits, bytes.at + i, 1));
}

static bool printable(devp2p_slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.at[i] < ' ' || bytes.at[i] > '~')
            return false;
    return true;
}

static void put_string(text *t, devp2p_slice bytes)
{
    char words[sizeof t->at];

    if (!printable(bytes)) {
        put_hex(t, bytes);
        return;
    }
    put(t, "\"");
    put(t, devp2p_escape(words, sizeof words, bytes));
    put(t, "\"");
}

/* put_values writes RLP as ["word", 0x07, []]; it returns what the reader says
 * of it. */
static int put_values(text *t, devp2p_slice payload)
{
    devp2p_rlp_reader r = devp2p_rlp_read(payload.at, payload.len);
    unsigned depth = 0;
    bool first = true;

    while (devp2p_rlp_more(&r) || (depth && !r.err)) {
        if (!devp2p_rlp_more(&r)) {
            devp2p_rlp_leave(&r);
            depth--;
            first = false;
            put(t, "]");
            continue;
        }
        put(t, first ? "" : ", ");
        first = devp2p_rlp_is_list(&r);
        if (first) {
            devp2p_rlp_enter(&r);
            depth++;
            put(t, "[");
        } else {
            put_string(t, devp2p_rlp_get_bytes(&r));
        }
    }
    return devp2p_rlp_done(&r);
}

static const char *say(text *t, devp2p_slice payload)
{
    *t = (text){ .len = 0 };
    if (payload.len == 0) {
        put(t, "without payload");
    } else if (put_values(t, payload)) {
        *t = (text){ .len = 0 };
        put_hex(t, payload);
    }
    return t->at;
}

/* --- expecting --- */

static int compare(uint64_t code, devp2p_slice payload, const devp2p_msg *msg)
{
    size_t same = 0, len = msg->payload.len;
    text want, have;

    while (same < payload.len && same < len &&
           payload.at[same] == msg->payload.at[same])
        same++;
    if (msg->code == code && same == payload.len && same == len)
        return 0;
    say(&want, payload);
    say(&have, msg->payload);
    if (msg->code != code)
        return dp_fail(DEVP2P_ERR_UNEXPECTED,
            "expected message %" PRIu64 " %s, got message %" PRIu64 " %s", code,
            want.at, msg->code, have.at);
    return dp_fail(DEVP2P_ERR_UNEXPECTED,
        "expected message %" PRIu64 " %s, got %s: they differ from byte %zu",
        code, want.at, have.at, same);
}

int devp2p_expect_raw(devp2p_rw *rw, uint64_t code, devp2p_slice payload)
{
    devp2p_msg msg;
    text want;
    int err = devp2p_read_for(rw, &msg, DEVP2P_EXPECT_MS);

    if (err)
        return dp_fail(err, "expected message %" PRIu64 " %s, got none: %s",
            code, say(&want, payload), devp2p_strerror(err));
    err = compare(code, payload, &msg);
    rw->ops->done(rw);
    return err;
}

/* A mirror is an rw that expects of another what is sent on it, so that what is
 * expected is encoded as what is sent. */
typedef struct mirror {
    devp2p_rw rw;
    devp2p_rw *of;
} mirror;

static int ready(devp2p_rw *rw, uint64_t code)
{
    (void)rw;
    (void)code;
    return 0;
}

static int expect_sent(devp2p_rw *rw, uint64_t code, devp2p_slice payload)
{
    return devp2p_expect_raw(dp_of(rw, mirror, rw)->of, code, payload);
}

static const dp_rw_ops mirror_ops = { .ready = ready, .send = expect_sent };

static mirror mirror_of(devp2p_rw *rw)
{
    return (mirror){
        .rw = { .ops = &mirror_ops, .env = rw->env },
        .of = rw,
    };
}

int devp2p_expect_struct(devp2p_rw *rw, uint64_t code,
    const devp2p_rlp_type *type, const void *value)
{
    mirror m = mirror_of(rw);
    return devp2p_send_struct(&m.rw, code, type, value);
}

int devp2p_expect_list(
    devp2p_rw *rw, uint64_t code, const devp2p_item *items, size_t n)
{
    mirror m = mirror_of(rw);
    return devp2p_send_list(&m.rw, code, items, n);
}

int devp2p_expect_one(devp2p_rw *rw, uint64_t code, const devp2p_item *item)
{
    mirror m = mirror_of(rw);
    return devp2p_send_one(&m.rw, code, item);
}
