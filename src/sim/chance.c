/* SPDX-License-Identifier: MIT */
#include "sim/chance.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t turn_left(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

void dp_chance_init(dp_chance *c, uint64_t seed, uint64_t stream)
{
    uint64_t state = splitmix(&stream) ^ seed;
    for (size_t i = 0; i < 4; i++)
        c->s[i] = splitmix(&state);
}

uint64_t dp_chance_next(dp_chance *c)
{
    uint64_t *s = c->s;
    uint64_t out = turn_left(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = turn_left(s[3], 45);
    return out;
}

uint64_t dp_chance_below(dp_chance *c, uint64_t bound)
{
    return bound ? dp_chance_next(c) % bound : 0;
}

void dp_chance_fill(dp_chance *c, void *out, size_t len)
{
    for (uint8_t *at = out; len;) {
        uint64_t v = dp_chance_next(c);
        size_t n = len < sizeof v ? len : sizeof v;
        for (size_t i = 0; i < n; i++)
            at[i] = (uint8_t)(v >> 8 * i);
        at += n;
        len -= n;
    }
}
