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

int dp_self_hello(dp_node_self *self, const char *name)
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
            "protocols: their names do not fit into a Hello of %d bytes",
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

static bool printable(const char *s)
{
    for (; *s; s++)
        if (*s < 0x20 || *s > 0x7e)
            return false;
    return true;
}

int dp_self_check_name(const char *name)
{
    size_t len = strlen(name);

    if (len > DP_CLIENT_NAME_MAX)
        return dp_fail(DEVP2P_ERR_INVALID, "name: %zu bytes, at most %d fit",
            len, DP_CLIENT_NAME_MAX);
    if (!printable(name))
        return dp_fail(DEVP2P_ERR_INVALID, "name: not printable ASCII");
    return 0;
}

int dp_self_check_protocol(size_t at, const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > DP_NAME_MAX || !printable(name))
        return dp_fail(DEVP2P_ERR_INVALID,
            "protocols[%zu].name: not 1 to %d printable ASCII characters", at,
            DP_NAME_MAX);
    return 0;
}
