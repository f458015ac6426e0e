/* SPDX-License-Identifier: MIT */
#include "core/self.h"

#include "base/bytes.h"
#include "wire/hello.h"

#include <string.h>

int dp_self_identify(
    dp_node_self *self, const dp_crypto *crypto, const devp2p_key *key)
{
    self->crypto = crypto;
    self->key = *key;
    int err = dp_crypto_curve(crypto)->derive(crypto, &self->pub, &self->key);
    if (err)
        return dp_fail(err,
            "private_key: zero, or not below the order of the group; "
            "devp2p_key_generate makes one");
    self->id = devp2p_pubkey_id(&self->pub);
    return 0;
}

int dp_self_hello(dp_node_self *self, const char *name, const char *field)
{
    const dp_protocol *rows[DP_PROTOCOLS_MAX];
    devp2p_cap caps[DP_PROTOCOLS_MAX];
    size_t n = self->nprotocols;

    for (size_t i = 0; i < n; i++)
        rows[i] = &self->protocols[i];
    dp_protocols_sort(rows, n);
    for (size_t i = 0; i < n; i++)
        caps[i] = (devp2p_cap){ rows[i]->name, rows[i]->version };
    dp_hello hello = {
        .version = DP_P2P_VERSION,
        .name = { (const uint8_t *)name, strlen(name) },
        .caps = caps,
        .ncaps = n,
        .pub = self->pub,
    };
    self->hello = dp_alloc(&self->env, DP_HANDSHAKE_PACKET_MAX);
    if (!self->hello)
        return DEVP2P_ERR_NOMEM;
    if (dp_hello_write(
            self->hello, DP_HANDSHAKE_PACKET_MAX, &self->hello_len, &hello))
        return dp_fail(DEVP2P_ERR_INVALID,
            "%s: their names do not fit into a Hello of %d bytes", field,
            DP_HANDSHAKE_PACKET_MAX);
    return 0;
}

void dp_self_fini(dp_node_self *self)
{
    dp_free(&self->env, self->hello, DP_HANDSHAKE_PACKET_MAX);
    self->hello = NULL;
    devp2p_key_wipe(&self->key);
}

/* --- names of ours --- */

static bool printable(devp2p_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < 0x20 || text.at[i] > 0x7e)
            return false;
    return true;
}

int dp_self_check_name(const char *name)
{
    const devp2p_slice text = { (const uint8_t *)name, strlen(name) };

    if (text.len > DP_CLIENT_NAME_MAX)
        return dp_fail(DEVP2P_ERR_INVALID, "name: %zu bytes, at most %d fit",
            text.len, DP_CLIENT_NAME_MAX);
    if (!printable(text))
        return dp_fail(DEVP2P_ERR_INVALID, "name: not printable ASCII");
    return 0;
}

static bool twins(const dp_protocol *a, const dp_protocol *b)
{
    return a->version == b->version && a->name.len == b->name.len &&
           memcmp(a->name.at, b->name.at, a->name.len) == 0;
}

/* check_protocol looks at row i, those before it are fine. */
static int check_protocol(const dp_protocol *rows, size_t i, const char *field)
{
    const dp_protocol *row = &rows[i];

    if (row->name.len == 0 || row->name.len > DP_NAME_MAX ||
        !printable(row->name))
        return dp_fail(DEVP2P_ERR_INVALID,
            "%s[%zu].name: not 1 to %d printable ASCII characters", field, i,
            DP_NAME_MAX);
    for (size_t k = 0; k < i; k++)
        if (twins(&rows[k], row))
            return dp_fail(DEVP2P_ERR_INVALID,
                "%s[%zu]: %.*s version %u is there twice", field, i,
                DEVP2P_PRI(row->name), row->version);
    return 0;
}

int dp_self_check_protocols(
    const dp_protocol *rows, size_t n, const char *field)
{
    int err = 0;

    for (size_t i = 0; i < n && !err; i++)
        err = check_protocol(rows, i, field);
    return err;
}

int dp_self_check_log_level(devp2p_log_level level)
{
    if ((unsigned)level <= DEVP2P_LOG_TRACE)
        return 0;
    return dp_fail(
        DEVP2P_ERR_INVALID, "log_level: %u is no level", (unsigned)level);
}
