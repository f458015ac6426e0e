/* SPDX-License-Identifier: MIT */
#include "payload.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

uint64_t number_of(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static uint8_t *room_for(size_t len)
{
    uint8_t *room = calloc(1, len ? len : 1);
    if (!room)
        abort();
    return room;
}

static int make_rlp(devp2p_slice *out, const char *value, bool list)
{
    size_t cap = strlen(value) + 16;
    devp2p_rlp_writer w = devp2p_rlp_write(room_for(cap), cap);
    if (list)
        devp2p_rlp_open(&w);
    devp2p_rlp_put_str(&w, value);
    if (list)
        devp2p_rlp_close(&w);
    return devp2p_rlp_finish(&w, out);
}

static int make_hex(devp2p_slice *out, const char *text)
{
    size_t len = strlen(text) / 2;
    uint8_t *bytes = room_for(len);
    for (size_t i = 0; i < len; i++) {
        unsigned b = 0;
        if (sscanf(text + 2 * i, "%2x", &b) != 1) {
            free(bytes);
            return DEVP2P_ERR_INVALID;
        }
        bytes[i] = (uint8_t)b;
    }
    *out = (devp2p_slice){ bytes, len };
    return 0;
}

/* make_random fills with SHAKE128 of the seed in decimal: every language's
 * library has it, so each end can compute what it should have got. */
static int make_random(devp2p_slice *out, size_t len, uint64_t seed)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    uint8_t *bytes = room_for(len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || !EVP_DigestInit_ex(ctx, EVP_shake128(), NULL) ||
        !EVP_DigestUpdate(ctx, text, (size_t)n) ||
        (len && !EVP_DigestFinalXOF(ctx, bytes, len)))
        abort();
    EVP_MD_CTX_free(ctx);
    *out = (devp2p_slice){ bytes, len };
    return 0;
}

int payload_make(devp2p_slice *out, const json_t *command)
{
    const char *form = text_of(command, "form");
    size_t size = (size_t)number_of(command, "size");
    if (!strcmp(form, "list") || !strcmp(form, "bare"))
        return make_rlp(out, text_of(command, "value"), form[0] == 'l');
    if (!strcmp(form, "hex"))
        return make_hex(out, text_of(command, "hex"));
    if (!strcmp(form, "random"))
        return make_random(out, size, number_of(command, "seed"));
    if (strcmp(form, "zeros"))
        return DEVP2P_ERR_INVALID;
    *out = (devp2p_slice){ room_for(size), size };
    return 0;
}
