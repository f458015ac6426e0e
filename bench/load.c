/* SPDX-License-Identifier: MIT */
/* load.c URL MOST [idle] - loads a server, ours or another one, with up to MOST
 * guests.  It does what the lines of stdin say, and answers each with a line
 * when it is done; times are in ns.  FILE SIZE is a payload, the first SIZE
 * bytes of a file.
 *
 *   connect N AT_ONCE FROM    -> guests, wall; see guests_join, FROM is a
 *                                guests_from
 *   check FILE SIZE           -> same: the server has these bytes too
 *   echo FILE SIZE WINDOW N   -> wall, CPU, messages: N messages come back, so
 *                                many per guest on their way at once, on both
 *                                protocols in turn
 *   ping FILE SIZE N GAP_US   -> round trips: median, p99, worst; each guest
 *                                sends N, one every so often (or, 0, at once
 *                                after the last)
 *   watch FILE SIZE           -> ready; then the same of the first guest, that
 *                                sends one after the other until a line comes
 *   sink FILE SIZE N          -> wall, CPU, messages, bytes: each guest sends N
 *                                and the server counts them
 *   take N                    -> ready; then messages, bytes: N arrived at each
 *                                guest, which says so when asked for the count
 */
#include "guests.h"

#include "core/packet.h"

#include <openssl/evp.h>
#include <string.h>

enum { WATCHED = 1 << 20 }; /* more than anybody waits for */

typedef struct load {
    guests gs;
    uint8_t *bytes; /* the payload */
    size_t size;
    dp_packet *packet; /* it, compressed */
    dp_packet *count; /* an answer to CODE_COUNT; nobody looks at the numbers */
    /* what goes on */
    uint64_t budget; /* messages still to be sent */
    uint64_t back;   /* messages that came back */
    uint64_t each, gap;
    uint64_t *trips;
    uint64_t messages, total; /* counted by the server, or taken */
    uint8_t hash[32];
    bool hashed;
} load;

static void payload(load *l, uint64_t code, const char *path, size_t size)
{
    FILE *f = fopen(path, "rb");
    l->bytes = realloc(l->bytes, size);
    must(f && l->bytes && fread(l->bytes, 1, size, f) == size);
    fclose(f);
    l->size = size;
    dp_packet_drop(l->packet);
    must(dp_packet_new(&l->packet, &l->gs.env, code,
             (devp2p_slice){ l->bytes, size }, true) == 0);
}

static size_t cap_of(uint64_t number)
{
    return number % GUEST_CAPS;
}

static void same(const load *l, devp2p_slice plain)
{
    must(plain.len == l->size && !memcmp(plain.at, l->bytes, l->size));
}

/* --- messages that come --- */

static void on_echo(
    guest *g, size_t cap, uint64_t code, devp2p_slice plain, void *user)
{
    load *l = user;
    must(code == CODE_ECHO);
    same(l, plain);
    g->got++;
    l->back++;
    if (!l->budget)
        return;
    l->budget--;
    must(guest_send(&l->gs, g, cap, l->packet));
}

static void ping(load *l, guest *g, uint64_t now)
{
    g->began = now;
    g->due = DP_NEVER;
    must(guest_send(&l->gs, g, cap_of(g->sent++), l->packet));
}

static void on_pong(
    guest *g, size_t cap, uint64_t code, devp2p_slice plain, void *user)
{
    load *l = user;
    uint64_t now = now_ns();
    must(code == CODE_ECHO && cap == cap_of(g->got));
    same(l, plain);
    g->got++;
    l->trips[l->back++] = now - g->began;
    if (g->got == l->each)
        return;
    if (l->gap == 0)
        ping(l, g, now);
    else
        g->due = g->began + l->gap > now ? g->began + l->gap : now;
}

static uint64_t big_endian(const uint8_t *at)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | at[i];
    return v;
}

static void on_count(
    guest *g, size_t cap, uint64_t code, devp2p_slice plain, void *user)
{
    load *l = user;
    (void)cap;
    must(code == CODE_COUNT && plain.len == 16);
    l->messages += big_endian(plain.at);
    l->total += big_endian(plain.at + 8);
    g->got++;
    l->back++;
}

static void on_sink(
    guest *g, size_t cap, uint64_t code, devp2p_slice plain, void *user)
{
    load *l = user;
    if (code == CODE_COUNT) {
        must(guest_send(&l->gs, g, cap, l->count));
        return;
    }
    must(code == CODE_SINK);
    g->got++;
    l->back++;
    l->total += plain.len;
}

static void on_hash(
    guest *g, size_t cap, uint64_t code, devp2p_slice plain, void *user)
{
    load *l = user;
    (void)g;
    (void)cap;
    must(code == CODE_HASH && plain.len == 32);
    memcpy(l->hash, plain.at, 32);
    l->hashed = true;
}

/* --- what is asked --- */

static void begin(load *l, guest_msg_fn *msg)
{
    l->gs.msg = msg;
    l->gs.user = l;
    l->back = l->messages = l->total = 0;
    for (size_t i = 0; i < l->gs.n; i++)
        l->gs.v[i].sent = l->gs.v[i].got = 0;
}

static void check(load *l, const char *path, size_t size)
{
    uint8_t hash[32];
    begin(l, on_hash);
    payload(l, CODE_HASH, path, size);
    l->hashed = false;
    must(guest_send(&l->gs, &l->gs.v[0], 0, l->packet));
    while (!l->hashed)
        guests_wait(&l->gs, DP_SEC);
    must(EVP_Digest(l->bytes, size, hash, NULL, EVP_sha256(), NULL) == 1);
    puts(memcmp(hash, l->hash, 32) == 0 ? "same" : "different");
}

static void echo(
    load *l, const char *path, size_t size, uint64_t window, uint64_t n)
{
    begin(l, on_echo);
    payload(l, CODE_ECHO, path, size);
    uint64_t from = now_ns(), cpu = usage_ns();
    l->budget = n;
    for (uint64_t w = 0; w < window; w++)
        for (size_t i = 0; i < l->gs.n && l->budget; i++) {
            guest *g = &l->gs.v[i];
            l->budget--;
            must(guest_send(&l->gs, g, cap_of(w), l->packet));
        }
    while (l->back < n)
        guests_wait(&l->gs, DP_SEC);
    printf("%lu %lu %lu\n", now_ns() - from, usage_ns() - cpu, l->back);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void tell_trips(load *l, uint64_t n)
{
    qsort(l->trips, n, sizeof *l->trips, compare);
    printf("%lu %lu %lu\n", l->trips[n / 2], l->trips[n * 99 / 100],
        l->trips[n - 1]);
    free(l->trips);
}

/* pings sends those that are due; it returns when the next one is. */
static uint64_t pings(load *l)
{
    uint64_t now = now_ns(), next = DP_NEVER;
    for (size_t i = 0; i < l->gs.n; i++) {
        guest *g = &l->gs.v[i];
        if (g->due <= now)
            ping(l, g, now);
        next = g->due < next ? g->due : next;
    }
    return next > now ? next - now : 0;
}

static void trips(
    load *l, const char *path, size_t size, uint64_t n, uint64_t gap_us)
{
    uint64_t all = n * l->gs.n;
    begin(l, on_pong);
    payload(l, CODE_ECHO, path, size);
    l->each = n;
    l->gap = gap_us * 1000;
    l->trips = calloc(all, sizeof *l->trips);
    must(l->trips && all);
    uint64_t now = now_ns();
    for (size_t i = 0; i < l->gs.n; i++) /* not all at the same time */
        l->gs.v[i].due = now + l->gap * i / l->gs.n;
    while (l->back < all)
        guests_wait(&l->gs, pings(l));
    tell_trips(l, all);
}

/* watch pings until somebody says something. */
static void watch(load *l, const char *path, size_t size)
{
    begin(l, on_pong);
    payload(l, CODE_ECHO, path, size);
    l->each = WATCHED;
    l->gap = 0;
    l->trips = calloc(WATCHED, sizeof *l->trips);
    must(l->trips);
    puts("ready");
    fflush(stdout);
    ping(l, &l->gs.v[0], now_ns());
    while (l->back < WATCHED && !guests_wait(&l->gs, DP_SEC))
        ;
    must(l->back < WATCHED && getchar() == '\n');
    l->each = l->back + 1; /* that one is on its way */
    while (l->back < l->each)
        guests_wait(&l->gs, DP_SEC);
    tell_trips(l, l->each);
}

/* sink sends N messages from each guest on its first protocol, and then asks
 * for the count: the answer comes when all of them have been dealt with. */
static void sink(load *l, const char *path, size_t size, uint64_t n)
{
    dp_packet *ask;
    bool more = true;
    begin(l, on_count);
    payload(l, CODE_SINK, path, size);
    must(dp_packet_new(
             &ask, &l->gs.env, CODE_COUNT, (devp2p_slice){ 0 }, true) == 0);
    uint64_t from = now_ns(), cpu = usage_ns();
    while (more) {
        more = false;
        for (size_t i = 0; i < l->gs.n; i++) {
            guest *g = &l->gs.v[i];
            while (g->sent < n && guest_send(&l->gs, g, 0, l->packet))
                g->sent++;
            if (g->sent == n && guest_send(&l->gs, g, 0, ask))
                g->sent++;
            more |= g->sent <= n;
        }
        guests_wait(&l->gs, DP_SEC);
    }
    while (l->back < l->gs.n)
        guests_wait(&l->gs, DP_SEC);
    printf("%lu %lu %lu %lu\n", now_ns() - from, usage_ns() - cpu, l->messages,
        l->total);
    dp_packet_drop(ask);
}

static void take(load *l, uint64_t n)
{
    begin(l, on_sink);
    puts("ready");
    fflush(stdout);
    while (l->back < n * l->gs.n)
        guests_wait(&l->gs, DP_SEC);
    printf("%lu %lu\n", l->back, l->total);
}

static void connect_some(load *l, size_t n, size_t at_once, guests_from from)
{
    uint64_t began = now_ns();
    guests_join(&l->gs, n, at_once, from);
    printf("%zu %lu\n", l->gs.up, now_ns() - began);
}

static void obey(load *l, const char *line)
{
    char path[256];
    unsigned long a, b, c;
    if (sscanf(line, "connect %lu %lu %lu", &a, &b, &c) == 3)
        connect_some(l, a, b, (guests_from)c);
    else if (sscanf(line, "check %255s %lu", path, &a) == 2)
        check(l, path, a);
    else if (sscanf(line, "echo %255s %lu %lu %lu", path, &a, &b, &c) == 4)
        echo(l, path, a, b, c);
    else if (sscanf(line, "ping %255s %lu %lu %lu", path, &a, &b, &c) == 4)
        trips(l, path, a, b, c);
    else if (sscanf(line, "watch %255s %lu", path, &a) == 2)
        watch(l, path, a);
    else if (sscanf(line, "sink %255s %lu %lu", path, &a, &b) == 3)
        sink(l, path, a, b);
    else if (sscanf(line, "take %lu", &a) == 1)
        take(l, a);
    else
        not_understood(line);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    load l = { .bytes = NULL };
    char line[512];
    must(argc >= 3);
    guests_init(&l.gs, argv[1], strtoul(argv[2], NULL, 10), argc > 3);
    const devp2p_slice zeros = { (const uint8_t[16]){ 0 }, 16 };
    must(dp_packet_new(&l.count, &l.gs.env, CODE_COUNT, zeros, true) == 0);
    for (;;) {
        while (!guests_wait(&l.gs, DP_SEC))
            ;
        if (!fgets(line, sizeof line, stdin))
            break;
        obey(&l, line);
    }
    dp_packet_drop(l.packet);
    dp_packet_drop(l.count);
    free(l.bytes);
    guests_fini(&l.gs);
    return 0;
}
