/* SPDX-License-Identifier: MIT */
#include "vector_frame_mac.h"

#include "base/limits.h"
#include "crypto/frames.h"
#include "wire/envelope.h"

#include <devp2p/rlp.h>
#include <stdlib.h>
#include <string.h>

static int some_chance(void *user, void *out, size_t len)
{
    (void)user;
    memset(out, 7, len);
    return 0;
}

/* A way is one direction of a session and what works it. */
typedef struct way {
    dp_crypto *crypto;
    dp_engine *engine;
    dp_dir dir;
    bool snappy;
} way;

static int way_init(way *w, const json_t *input)
{
    const dp_env env = { .alloc = dp_default_alloc, .random = some_chance };
    dp_secrets s;
    size_t n;
    *w = (way){ .snappy = json_is_true(json_object_get(input, "snappy")) };
    memcpy(s.aes, vector_bytes(input, "aes_secret", &n), 32);
    memcpy(s.mac, vector_bytes(input, "mac_secret", &n), 32);
    const uint8_t *seed = vector_bytes(input, "mac_seed", &n);
    dp_keccak_init(&s.egress);
    dp_keccak_add(&s.egress, seed, n);
    dp_dir_init(&w->dir, &s, &s.egress);
    int err = dp_crypto_new(&w->crypto, &env, NULL);
    return err ? err : dp_engine_new(&w->engine, &env, w->crypto);
}

static void way_fini(way *w)
{
    dp_dir_fini(&w->dir);
    dp_engine_free(w->engine);
    dp_crypto_free(w->crypto);
}

/* frame works one frame, in two jobs that meet anywhere: 0 when it is whole. */
static int frame(way *w, uint8_t *at, size_t len, bool open)
{
    dp_frames f = { .dir = &w->dir,
        .at = at,
        .end = at + len / 2,
        .size_max = DP_FRAME_MAX,
        .count_max = 1,
        .open = open };
    dp_frames *v = &f;
    dp_frames_run(w->engine, &v, 1);
    uint32_t count = f.count;
    if (!f.err && !count) {
        f.end = at + len;
        dp_frames_run(w->engine, &v, 1);
        count = f.count;
    }
    if (f.err)
        return f.err;
    return count == 1 && f.at == at + len ? 0 : DEVP2P_ERR_FRAME_SIZE;
}

/* --- messages --- */

static uint64_t code_of(const json_t *message)
{
    return strtoull(vector_text(message, "code"), NULL, 10);
}

/* A message is what a frame holds. */
typedef struct message {
    uint64_t code;
    uint8_t *payload;
    size_t len;
} message;

static int read_message(
    message *m, const uint8_t *data, size_t len, bool snappy)
{
    devp2p_rlp_reader r = devp2p_rlp_read(data, len);
    size_t id_len = devp2p_rlp_get_raw(&r).len;
    if (r.err)
        return r.err;
    r = devp2p_rlp_read(data, id_len);
    m->code = devp2p_rlp_get_u64(&r);
    m->len = len - id_len;
    int err = devp2p_rlp_done(&r);
    if (!err && snappy)
        err = dp_snappy_size(&m->len, data + id_len, len - id_len);
    if (err)
        return err;
    m->payload = vector_alloc(m->len);
    if (snappy)
        return dp_snappy_inflate(
            m->payload, m->len, data + id_len, len - id_len);
    memcpy(m->payload, data + id_len, m->len);
    return 0;
}

static bool message_is(const message *m, const json_t *want)
{
    return m->code == code_of(want) &&
           vector_same(want, "payload", m->payload, m->len);
}

static int run_message(const json_t *input, const json_t *output)
{
    size_t len;
    const uint8_t *data = vector_bytes(input, "frame_data", &len);
    message m;
    int err = read_message(
        &m, data, len, json_is_true(json_object_get(input, "snappy")));
    if (err || !output)
        return err;
    return message_is(&m, output) ? 0 : VECTOR_DIFFERS;
}

/* --- sessions --- */

/* write_one lays a message out as a frame at *at.  There is more than one right
 * compression, so the frame's data is what the case gives: it must hold the
 * message, and the id, which has one form, must be ours. */
static bool write_one(way *w, const json_t *want, uint8_t **at, size_t *wire)
{
    size_t len;
    const uint8_t *data = vector_bytes(want, "frame_data", &len);
    uint8_t id[9];
    devp2p_rlp_writer writer = devp2p_rlp_write(id, sizeof id);
    devp2p_slice written;
    devp2p_rlp_put_u64(&writer, code_of(want));
    message m;
    if (devp2p_rlp_finish(&writer, &written) || written.len > len ||
        memcmp(written.at, data, written.len) != 0 ||
        read_message(&m, data, len, w->snappy) || !message_is(&m, want))
        return false;
    *wire = dp_frame_wire(len);
    *at = vector_alloc(*wire);
    memset(*at, 0, *wire);
    dp_frame_header(*at, (uint32_t)len);
    memcpy(*at + DP_FRAME_HEAD, data, len);
    return true;
}

static int run_session_write(const json_t *input, const json_t *output)
{
    way w;
    size_t i;
    const json_t *m, *wires = json_object_get(output, "wires");
    int err = way_init(&w, input);
    bool same = true;
    json_array_foreach(json_object_get(input, "messages"), i, m)
    {
        uint8_t *at;
        size_t wire, n;
        const uint8_t *want = vector_hex(json_array_get(wires, i), &n);
        same = same && !err && write_one(&w, m, &at, &wire);
        if (!same)
            break;
        err = frame(&w, at, wire, false);
        same = !err && n == wire && memcmp(at, want, n) == 0;
    }
    way_fini(&w);
    return err ? err : same ? 0 : VECTOR_DIFFERS;
}

static int run_session_read(const json_t *input, const json_t *output)
{
    way w;
    size_t i;
    const json_t *wire, *messages = json_object_get(output, "messages");
    int err = way_init(&w, input);
    bool same = true;
    json_array_foreach(json_object_get(input, "wires"), i, wire)
    {
        size_t len;
        uint8_t *at = vector_hex(wire, &len);
        message m;
        if (!err)
            err = frame(&w, at, len, true);
        if (!err)
            err = read_message(&m, at + DP_FRAME_HEAD, w.dir.size, w.snappy);
        if (err)
            break;
        const json_t *want = json_array_get(messages, i);
        same =
            same && output &&
            vector_same(want, "frame_data", at + DP_FRAME_HEAD, w.dir.size) &&
            message_is(&m, want);
    }
    way_fini(&w);
    return err ? err : same ? 0 : VECTOR_DIFFERS;
}

static int run_header(const json_t *input, const json_t *output)
{
    int64_t size = vector_int(input, "frame_size");
    uint8_t header[16];
    if (size > DP_FRAME_MAX)
        return DEVP2P_ERR_TOO_BIG;
    dp_frame_header(header, (uint32_t)size);
    return vector_same(output, "header", header, sizeof header) &&
                   vector_int(output, "padded_size") ==
                       (int64_t)dp_frame_body((size_t)size) &&
                   vector_int(output, "wire_size") ==
                       (int64_t)dp_frame_wire((size_t)size)
               ? 0
               : VECTOR_DIFFERS;
}

static const vector_row rows[] = { { "fixed_mac_frame",
                                       vector_fixed_mac_frame },
    { "mac", vector_mac }, { "session_write", run_session_write },
    { "session_read", run_session_read }, { "message", run_message },
    { "header", run_header }, { NULL, NULL } };

const vector_file vector_rlpx_frame = { "rlpx_frame", rows };
