/* SPDX-License-Identifier: MIT */
#include "core/encode.h"

#include "base/limits.h"

static int encode(
    devp2p_slice *out, uint8_t *buf, size_t cap, const dp_source *from)
{
    devp2p_rlp_writer w = devp2p_rlp_write(buf, cap);

    if (from->type)
        devp2p_rlp_put_struct(&w, from->type, from->value);
    else if (from->bare)
        devp2p_rlp_put_item(&w, from->items);
    else
        devp2p_rlp_put_items(&w, from->items, from->n);
    return devp2p_rlp_finish(&w, out);
}

/* encode_long counts first.  A value that another thread changes between the
 * two passes is an error, or shorter. */
static int encode_long(dp_payload *p, const dp_source *from)
{
    int err = encode(&p->bytes, NULL, 0, from);

    if (err)
        return err;
    p->cap = p->bytes.len;
    if (p->cap > DP_MESSAGE_MAX)
        return DEVP2P_ERR_TOO_BIG;
    p->heap = dp_resize(p->env, NULL, 0, p->cap);
    if (!p->heap)
        return DEVP2P_ERR_NOMEM;
    err = encode(&p->bytes, p->heap, p->cap, from);
    if (err)
        dp_payload_fini(p);
    return err;
}

int dp_payload_init(dp_payload *p, const dp_env *env, const dp_source *from)
{
    p->env = env;
    p->heap = NULL;
    int err = encode(&p->bytes, p->small, sizeof p->small, from);
    return err == DEVP2P_ERR_NOBUF ? encode_long(p, from) : err;
}

void dp_payload_fini(dp_payload *p)
{
    dp_free(p->env, p->heap, p->cap);
}
