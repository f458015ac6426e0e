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

/* dp_payload_init: a value that another thread changes between the two passes
 * is an error, or shorter. */
int dp_payload_init(dp_payload *p, const dp_env *env, const dp_source *from)
{
    uint8_t *at = p->small;
    int err = encode(&p->bytes, NULL, 0, from);

    if (err)
        return err;
    p->env = env;
    p->heap = NULL;
    p->cap = p->bytes.len;
    if (p->cap > DP_MESSAGE_MAX)
        return DEVP2P_ERR_TOO_BIG;
    if (p->cap > sizeof p->small) {
        at = p->heap = dp_resize(env, NULL, 0, p->cap);
        if (!at)
            return DEVP2P_ERR_NOMEM;
    }
    err = encode(&p->bytes, at, p->cap, from);
    if (err)
        dp_payload_fini(p);
    return err;
}

void dp_payload_fini(dp_payload *p)
{
    dp_free(p->env, p->heap, p->cap);
}
