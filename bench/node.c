/* SPDX-License-Identifier: MIT */
/* node.c events|run [PEERS [fenced|loops=N]] - a whole server of ours with two
 * protocols, which answer as guests.h says.  fenced: local addresses have the
 * limits of all others; loops: its io_threads.  It prints its URL, and does
 * what the lines of stdin say; times are in ns, FILE SIZE is as in load.c.
 *
 *   usage             -> CPU of the process, peers
 *   dial URL          -> peers, when it is one
 *   send FILE SIZE N  -> wall: N messages to each peer, until each has counted
 *                        them; of the events style
 *   spread FILE SIZE  -> peers: one packet is broadcast
 */
#include "guests.h"

#include <devp2p/devp2p.h>

#include <openssl/evp.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/resource.h>

enum { SENT_TO = 64 };

typedef struct tally {
    uint64_t messages, bytes;
} tally;

static devp2p_server *srv;
static sem_t counted, added; /* a peer has; a peer was */

/* Those on "echo" that messages are sent to. */
static devp2p_rw *to[SENT_TO];
static _Atomic size_t nto;
static pthread_mutex_t meeting = PTHREAD_MUTEX_INITIALIZER; /* of the loops */

/* --- the protocols --- */

static void store(uint8_t *at, uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        at[i] = (uint8_t)v;
}

static int answer_count(devp2p_rw *rw, const tally *t, const devp2p_msg *msg)
{
    uint8_t out[16];
    if (msg->payload.len) { /* we had asked */
        must(sem_post(&counted) == 0);
        return 0;
    }
    store(out, t->messages);
    store(out + 8, t->bytes);
    return devp2p_send_raw(rw, CODE_COUNT, (devp2p_slice){ out, sizeof out });
}

static int answer_hash(devp2p_rw *rw, const devp2p_msg *msg)
{
    uint8_t out[32];
    must(EVP_Digest(msg->payload.at, msg->payload.len, out, NULL, EVP_sha256(),
             NULL) == 1);
    return devp2p_send_raw(rw, CODE_HASH, (devp2p_slice){ out, sizeof out });
}

static int answer(devp2p_rw *rw, const devp2p_msg *msg, tally *t)
{
    switch (msg->code) {
    case CODE_ECHO:
        return devp2p_send_raw(rw, CODE_ECHO, msg->payload);
    case CODE_SINK:
        t->messages++;
        t->bytes += msg->payload.len;
        return 0;
    case CODE_COUNT:
        return answer_count(rw, t, msg);
    default:
        return answer_hash(rw, msg);
    }
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *first)
{
    tally *t = calloc(1, sizeof *t);
    (void)peer;
    must(t);
    devp2p_rw_set_data(rw, t);
    must(pthread_mutex_lock(&meeting) == 0);
    if (first && nto < SENT_TO) {
        to[nto] = devp2p_rw_keep(rw);
        nto++;
    }
    must(pthread_mutex_unlock(&meeting) == 0);
    return 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)user;
    return answer(rw, msg, devp2p_rw_data(rw));
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *user)
{
    (void)reason;
    (void)unsent;
    (void)user;
    free(devp2p_rw_data(rw));
}

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    tally t = { 0 };
    devp2p_msg msg;
    int err;
    (void)peer;
    (void)user;
    while (!(err = devp2p_read(rw, &msg)))
        if ((err = answer(rw, &msg, &t)))
            break;
    return err;
}

static const devp2p_protocol of_events[] = {
    { .name = "echo",
        .version = 1,
        .length = CODES,
        .user = to,
        .on_open = on_open,
        .on_msg = on_msg,
        .on_close = on_close },
    { .name = "side",
        .version = 1,
        .length = CODES,
        .on_open = on_open,
        .on_msg = on_msg,
        .on_close = on_close },
    { .name = NULL },
};

static const devp2p_protocol of_threads[] = {
    { .name = "echo", .version = 1, .length = CODES, .run = run },
    { .name = "side", .version = 1, .length = CODES, .run = run },
    { .name = NULL },
};

static void on_event(const devp2p_event *event, void *user)
{
    (void)user;
    if (event->kind == DEVP2P_EVENT_PEER_ADD)
        must(sem_post(&added) == 0);
}

/* --- what is asked --- */

static uint8_t *content(const char *path, size_t size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(size);
    must(f && bytes && fread(bytes, 1, size, f) == size);
    fclose(f);
    return bytes;
}

static void give(devp2p_rw *rw, uint64_t code, devp2p_slice bytes)
{
    int err;
    while ((err = devp2p_send_raw(rw, code, bytes)) == DEVP2P_ERR_AGAIN)
        must(devp2p_rw_wait(rw, DEVP2P_FOREVER) == 0);
    must(err == 0);
}

static void send_all(const char *path, size_t size, uint64_t n)
{
    uint8_t *bytes = content(path, size);
    uint64_t began = now_ns();
    for (uint64_t i = 0; i < n; i++)
        for (size_t k = 0; k < nto; k++)
            give(to[k], CODE_SINK, (devp2p_slice){ bytes, size });
    for (size_t k = 0; k < nto; k++)
        give(to[k], CODE_COUNT, (devp2p_slice){ 0 });
    for (size_t k = 0; k < nto; k++)
        must(sem_wait(&counted) == 0);
    printf("%lu\n", now_ns() - began);
    free(bytes);
}

static void spread(const char *path, size_t size)
{
    uint8_t *bytes = content(path, size);
    devp2p_packet *packet;
    size_t sent, full;
    must(devp2p_packet_new_raw(
             &packet, CODE_SINK, (devp2p_slice){ bytes, size }) == 0);
    must(devp2p_server_broadcast(srv, &sent, &full, "echo", 1, packet) == 0);
    must(full == 0);
    devp2p_packet_drop(packet);
    printf("%zu\n", sent);
    free(bytes);
}

static void dial(const char *url)
{
    while (sem_trywait(&added) == 0)
        ;
    must(devp2p_server_add_peer(srv, NULL, url) == 0);
    must(sem_wait(&added) == 0);
    printf("%zu\n", devp2p_server_count(srv));
}

static void obey(const char *line)
{
    char word[512];
    unsigned long a, b;
    if (strcmp(line, "usage\n") == 0)
        printf("%lu %zu\n", usage_ns(), devp2p_server_count(srv));
    else if (sscanf(line, "dial %511s", word) == 1)
        dial(word);
    else if (sscanf(line, "send %511s %lu %lu", word, &a, &b) == 3)
        send_all(word, a, b);
    else if (sscanf(line, "spread %511s %lu", word, &a) == 2)
        spread(word, a);
    else
        not_understood(line);
    fflush(stdout);
}

static void serve(void)
{
    char url[DEVP2P_URL_MAX], line[1024];
    devp2p_node self;
    must(devp2p_server_start(srv) == 0);
    devp2p_server_self(srv, &self);
    puts(devp2p_node_url(url, &self));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin))
        obey(line);
}

int main(int argc, char **argv)
{
    must(argc >= 2);
    bool runs = strcmp(argv[1], "run") == 0;
    unsigned loops = 0;
    if (argc > 3)
        (void)!sscanf(argv[3], "loops=%u", &loops);
    devp2p_config cfg = {
        .name = "bench",
        .listen_addr = "127.0.0.1:0",
        .protocols = runs ? of_threads : of_events,
        .on_event = on_event,
        .max_peers = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 200,
        .dial_ratio = DEVP2P_NONE,
        .limit_lan = argc > 3 && strcmp(argv[3], "fenced") == 0,
        .send_total = DEVP2P_NONE,
        .recv_total = DEVP2P_NONE,
        .io_threads = loops,
    };
    must(sem_init(&counted, 0, 0) == 0 && sem_init(&added, 0, 0) == 0);
    must(devp2p_key_generate(&cfg.private_key) == 0);
    must(devp2p_server_new(&srv, &cfg) == 0);
    more_descriptors();
    serve();
    devp2p_server_stop(srv);
    devp2p_server_wait(srv);
    for (size_t k = 0; k < nto; k++)
        devp2p_rw_drop(to[k]);
    devp2p_server_free(srv);
    return 0;
}
