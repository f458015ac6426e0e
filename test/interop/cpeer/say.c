/* SPDX-License-Identifier: MIT */
#include "say.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { FEW = 64 };

static pthread_mutex_t one_line = PTHREAD_MUTEX_INITIALIZER;

void say(const char *ev, json_t *members)
{
    json_t *line = members ? members : json_object();
    json_object_set_new(line, "ev", json_string(ev));
    char *text = json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (!text)
        abort(); /* out of memory, or a member that is not text */
    pthread_mutex_lock(&one_line);
    puts(text);
    fflush(stdout);
    pthread_mutex_unlock(&one_line);
    free(text);
    json_decref(line);
}

/* kind_of names the failures of a send that a cell tests. */
static const char *kind_of(int err)
{
    switch (err) {
    case DEVP2P_ERR_TOO_BIG:
        return "too_big";
    case DEVP2P_ERR_INVALID:
        return "invalid";
    default:
        return "closed";
    }
}

void reply(const json_t *tag, json_t *members, int err)
{
    json_t *line = members ? members : json_object();
    json_t *copy = tag ? json_deep_copy(tag) : json_null();
    json_object_set_new(line, "tag", copy);
    if (err) {
        json_object_set_new(line, "error", json_string(devp2p_strerror(err)));
        if (!json_object_get(line, "kind"))
            json_object_set_new(line, "kind", json_string(kind_of(err)));
        put_reason(line, err);
    }
    say(err ? "fail" : "ok", line);
}

void put_reason(json_t *members, int code)
{
    json_t *reason = DEVP2P_IS_DISC(code) ? json_integer(DEVP2P_DISC_BYTE(code))
                                          : json_null();
    json_object_set_new(members, "reason", reason);
}

void put_hex(json_t *members, const char *key, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * FEW + 1];
    size_t n = 0;
    for (size_t i = 0; i < len && i < FEW; i++) {
        uint8_t b = ((const uint8_t *)bytes)[i];
        text[n++] = digits[b >> 4];
        text[n++] = digits[b & 15];
    }
    json_object_set_new(members, key, json_stringn(text, n));
}

void describe(json_t *members, devp2p_slice payload)
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (!EVP_Digest(payload.len ? (const void *)payload.at : "", payload.len,
            sum, &len, EVP_sha256(), NULL))
        abort();
    json_object_set_new(members, "size", json_integer((json_int_t)payload.len));
    put_hex(members, "sha256", sum, len);
    if (payload.len <= FEW)
        put_hex(members, "hex", payload.at, payload.len);
}
