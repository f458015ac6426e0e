/* SPDX-License-Identifier: MIT */
/* parts.c FILE [wire] - what the rows of whole servers cannot do without: the
 * frames of many connections, given to the engine at once as a turn of the
 * server does; one compression of the first MiB of FILE and its frames for 64
 * peers, and for each of 8 its own.  With wire it only tells how many bytes
 * that MiB is on the wire.
 */
#include "trial.h"

#include "base/limits.h"
#include "crypto/frames.h"

#include <snappy-c.h>
#include <string.h>

enum {
    SMALL = 104, /* 100 B that do not compress, and the id */
    FRAMES = 16,
    LARGE = 1 << 20,
    MANY = 64,
    FEW = 8
};

static dp_engine *engine;
static dp_secrets secrets;
static dp_dir to[MANY], from[MANY];
static uint8_t *memory[MANY];
static uint8_t *data, *packed, *plain; /* LARGE bytes, compressed, and again */

/* run gives n directions to the engine, jobs of at most DP_WINDOW each. */
static void run(dp_dir *dirs, size_t n, bool open, size_t bytes)
{
    dp_frames jobs[MANY], *list[MANY];
    for (size_t i = 0; i < n; i++) {
        jobs[i] = (dp_frames){ .dir = &dirs[i], .at = memory[i], .open = open };
        jobs[i].size_max = DP_FRAME_MAX;
        jobs[i].count_max = UINT32_MAX;
        list[i] = &jobs[i];
    }
    for (size_t end = 0; end < bytes;) {
        end = end + DP_WINDOW < bytes ? end + DP_WINDOW : bytes;
        for (size_t i = 0; i < n; i++)
            jobs[i].end = memory[i] + end;
        dp_frames_run(engine, list, n);
    }
    for (size_t i = 0; i < n; i++)
        must(jobs[i].err == 0 && jobs[i].at == memory[i] + bytes);
}

/* frames seals frames of so many bytes for n directions, and opens them. */
static void frames(meter *m, bool open, size_t n, uint32_t size, uint32_t count)
{
    size_t wire = dp_frame_wire(size);
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < count; k++)
            dp_frame_header(memory[i] + k * wire, size);
    if (!open)
        meter_start(m);
    run(to, n, false, count * wire);
    if (!open)
        meter_stop(m, n * count);
    if (open)
        meter_start(m);
    run(from, n, true, count * wire);
    if (open)
        meter_stop(m, n * count);
}

static void seal_small(meter *m)
{
    frames(m, false, MANY, SMALL, FRAMES);
}

static void open_small(meter *m)
{
    frames(m, true, MANY, SMALL, FRAMES);
}

static void seal_large(meter *m)
{
    frames(m, false, FEW, LARGE, 1);
}

static void open_large(meter *m)
{
    frames(m, true, FEW, LARGE, 1);
}

/* pack compresses the MiB: the body of its frame, with an id of one byte. */
static uint32_t pack(void)
{
    size_t len = snappy_max_compressed_length(LARGE);
    must(snappy_compress((char *)data, LARGE, (char *)packed, &len) ==
         SNAPPY_OK);
    return (uint32_t)len + 1;
}

static void broadcast(meter *m)
{
    meter_start(m);
    uint32_t size = pack();
    meter_stop(m, 0);
    for (int i = 0; i < MANY / FEW; i++)
        frames(m, false, FEW, size, 1);
    m->ops -= MANY - 1;
}

static void bulk_send(meter *m)
{
    uint32_t size = 0;
    meter_start(m);
    for (int i = 0; i < FEW; i++)
        size = pack();
    meter_stop(m, 0);
    frames(m, false, FEW, size, 1);
}

static void bulk_take(meter *m)
{
    uint32_t size = pack();
    frames(m, true, FEW, size, 1);
    meter_start(m);
    for (int i = 0; i < FEW; i++) {
        size_t full = LARGE;
        must(snappy_uncompress(
                 (char *)packed, size - 1, (char *)plain, &full) == SNAPPY_OK);
    }
    meter_stop(m, 0);
}

int main(int argc, char **argv)
{
    static const thing things[] = {
        { "seal_small", seal_small },
        { "open_small", open_small },
        { "seal_large", seal_large },
        { "open_large", open_large },
        { "broadcast", broadcast },
        { "bulk_send", bulk_send },
        { "bulk_take", bulk_take },
    };
    dp_env env = trial_env();
    dp_crypto *crypto;
    must(argc == 2 || argc == 3);
    FILE *f = fopen(argv[1], "rb");
    data = malloc(LARGE);
    packed = malloc(snappy_max_compressed_length(LARGE));
    plain = malloc(LARGE);
    must(f && data && packed && plain && fread(data, 1, LARGE, f) == LARGE);
    fclose(f);
    if (argc == 3)
        return printf("%zu\n", dp_frame_wire(pack())) < 0;
    must(dp_crypto_new(&crypto, &env, NULL) == 0);
    must(dp_engine_new(&engine, &env, crypto) == 0);
    must(dp_random(&env, secrets.aes, sizeof secrets.aes) == 0);
    must(dp_random(&env, secrets.mac, sizeof secrets.mac) == 0);
    dp_keccak_init(&secrets.egress);
    for (size_t i = 0; i < MANY; i++) {
        dp_dir_init(&to[i], &secrets, &secrets.egress);
        dp_dir_init(&from[i], &secrets, &secrets.egress);
        memory[i] = calloc(1,
            i < FEW ? dp_frame_wire(2 * LARGE) : FRAMES * dp_frame_wire(SMALL));
        must(memory[i]);
    }
    int code = trial_serve(things, sizeof things / sizeof *things);
    for (size_t i = 0; i < MANY; i++)
        free(memory[i]);
    free(plain);
    free(packed);
    free(data);
    dp_engine_free(engine);
    dp_crypto_free(crypto);
    return code;
}
