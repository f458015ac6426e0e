/* SPDX-License-Identifier: MIT */
#include "crypto/frames.h"

#include "base/bytes.h"
#include "crypto/frame_lane.h"

#include <string.h>

enum { BLOCK = 16 };

void dp_dir_init(dp_dir *dir, const dp_secrets *s, const dp_keccak *mac)
{
    uint8_t digest[32];
    *dir = (dp_dir){ .mac = *mac };
    memcpy(dir->aes_key, s->aes, sizeof dir->aes_key);
    memcpy(dir->mac_key, s->mac, sizeof dir->mac_key);
    dp_keccak_peek(mac, digest);
    memcpy(dir->digest, digest, BLOCK);
}

void dp_dir_fini(dp_dir *dir)
{
    dp_wipe(dir, sizeof *dir);
}

/* dp_frame_header: behind the size stands header-data, a list of two zeros; the
 * rest is zero. */
void dp_frame_header(uint8_t out[16], uint32_t size)
{
    static const uint8_t data[3] = { 0xc2, 0x80, 0x80 };
    memset(out, 0, BLOCK);
    dp_put24(out, size);
    memcpy(out + 3, data, sizeof data);
}

int dp_engine_new(dp_engine **out, const dp_env *env, const dp_crypto *crypto)
{
    *out = NULL;
    dp_engine *e = dp_alloc(env, sizeof *e);
    if (!e)
        return DEVP2P_ERR_NOMEM;
    e->env = *env;
    e->cpu = dp_cpu_chosen();
    if (dp_cipher_init(&e->cipher, e->cpu->aes, crypto)) {
        dp_engine_free(e);
        return DEVP2P_ERR_NOMEM;
    }
    *out = e;
    return 0;
}

void dp_engine_free(dp_engine *e)
{
    if (!e)
        return;
    dp_cipher_fini(&e->cipher);
    dp_env env = e->env;
    dp_free(&env, e, sizeof *e);
}

void dp_engine_forget(dp_engine *e)
{
    dp_cipher_forget(&e->cipher);
}

void dp_frames_run(dp_engine *e, dp_frames **v, size_t n)
{
    const dp_cpu *cpu = e->cpu;
    if (!n)
        return;
    if (cpu->few && n >= cpu->few->least) {
        dp_lanes_run(cpu, v, n);
    } else {
        for (size_t i = 0; i < n; i++) {
            dp_lane l;
            dp_lane_begin(&l, v[i], &e->cipher);
            dp_lane_finish(cpu->keccak, &l);
        }
    }
    dp_wipe_stack(); /* MAC states, seeds, keys */
}
