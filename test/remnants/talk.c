/* SPDX-License-Identifier: MIT */
/* talk RECORD KEY KEY KEY: two servers that talk, fail to, and end, for
 * tools/remnants.py, which searches this process's memory at every pause.  A
 * pause says its name on standard output and ends with a byte on standard
 * input.  RECORD gets the secrets, the KEYs are key files. */
#include "record.h"

#include "base/bytes.h"

#include <devp2p/devp2p.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORDS = 20, PATIENCE_MS = 20000, PACKET = 400 };

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "talk: %s: %s\n", what, devp2p_last_detail());
    exit(1);
}

static void pause_at(const char *name)
{
    char byte;
    must(write(1, name, strlen(name)) > 0 && write(1, "\n", 1) == 1, "pipe");
    must(read(0, &byte, 1) == 1, "pipe");
}

/* --- a copy of a key in every form, for the search to find --- */

static void plant(const devp2p_key *key)
{
    enum { SIZE = 32 + 32 + 64 + 64 + 48, TEXT = 65 };
    uint8_t *at = calloc(1, SIZE);
    char text[TEXT];
    must(at != NULL, "memory");
    memcpy(at, key->b, 32);
    for (int i = 0; i < 32; i++) {
        at[32 + i] = key->b[31 - i];
        snprintf(text, sizeof text, "%02x", key->b[i]);
        memcpy(at + 64 + 2 * i, text, 2);
        snprintf(text, sizeof text, "%02X", key->b[i]);
        memcpy(at + 128 + 2 * i, text, 2);
    }
    must(EVP_EncodeBlock((uint8_t *)text, key->b, 32) == 44, "base64");
    memcpy(at + 192, text, 44);
    pause_at("planted");
    OPENSSL_cleanse(at, SIZE);
    OPENSSL_cleanse(text, sizeof text);
    free(at);
}

/* --- frames of many directions at once --- */

static int system_random(void *user, void *out, size_t len)
{
    (void)user;
    return getrandom(out, len, 0) == (ssize_t)len ? 0 : DEVP2P_ERR_RANDOM;
}

/* side_by_side seals for more directions than a processor works on at a time,
 * which are gone then. */
static void side_by_side(void)
{
    enum { DIRECTIONS = 9, SIZE = 300 };
    const dp_env env = { .alloc = dp_default_alloc, .random = system_random };
    dp_dir dirs[DIRECTIONS];
    dp_frames jobs[DIRECTIONS], *v[DIRECTIONS];
    uint8_t bytes[DIRECTIONS][DP_FRAME_HEAD + SIZE + 4 + DP_FRAME_TAIL] = { 0 };
    dp_crypto *crypto;
    dp_engine *engine;
    must(dp_crypto_new(&crypto, &env, NULL) == 0, "crypto");
    must(dp_engine_new(&engine, &env, crypto) == 0, "engine");
    for (int i = 0; i < DIRECTIONS; i++) {
        dp_secrets s;
        must(dp_random(&env, &s, sizeof s) == 0, "random");
        s.egress.at = s.ingress.at = (uint32_t)i * 7;
        record_secrets(&s);
        dp_dir_init(&dirs[i], &s, &s.egress);
        dp_wipe(&s, sizeof s);
        dp_frame_header(bytes[i], SIZE);
        jobs[i] = (dp_frames){ .dir = &dirs[i],
            .at = bytes[i],
            .end = bytes[i] + sizeof bytes[i],
            .count_max = 1 };
        v[i] = &jobs[i];
    }
    dp_frames_run(engine, v, DIRECTIONS);
    for (int i = 0; i < DIRECTIONS; i++) {
        must(jobs[i].count == 1, "a frame");
        dp_dir_fini(&dirs[i]);
    }
    dp_engine_free(engine);
    dp_crypto_free(crypto);
    pause_at("side by side");
}

/* --- handlers, of both styles --- */

static int say(devp2p_rw *rw, unsigned n)
{
    return devp2p_send_items(rw, 0, n);
}

/* answer counts up to WORDS, then only listens. */
static int answer(devp2p_rw *rw, const devp2p_msg *msg)
{
    uint32_t n;
    int err = devp2p_decode_items(msg, &n);
    return err || n >= WORDS ? err : say(rw, n + 1);
}

static int run(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    devp2p_msg msg;
    (void)peer;
    (void)user;
    int err = say(rw, 0);
    while (!err && (err = devp2p_read(rw, &msg)) == 0)
        err = answer(rw, &msg);
    return err;
}

static int opened(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer;
    (void)user;
    return say(rw, 0);
}

static int heard(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)user;
    return answer(rw, msg);
}

/* --- servers --- */

typedef struct node {
    devp2p_server *srv;
    devp2p_events *ring;
    char url[DEVP2P_URL_MAX];
} node;

static void start(node *x, const char *file)
{
    const devp2p_protocol rows[] = {
        { .name = "run", .version = 1, .length = 1, .run = run },
        { .name = "events",
            .version = 1,
            .length = 1,
            .on_open = opened,
            .on_msg = heard },
        { .name = NULL },
    };
    devp2p_config cfg = {
        .name = "talk", .listen_addr = "127.0.0.1:0", .protocols = rows
    };
    devp2p_node self;
    must(devp2p_key_load(&cfg.private_key, file) == 0, "key file");
    must(devp2p_server_new(&x->srv, &cfg) == 0, "new");
    devp2p_key_wipe(&cfg.private_key);
    must(devp2p_server_start(x->srv) == 0, "start");
    must(devp2p_events_open(&x->ring, x->srv) == 0, "events");
    devp2p_server_self(x->srv, &self);
    devp2p_node_url(x->url, &self);
}

static void finish(node *x)
{
    devp2p_events_close(x->ring);
    devp2p_server_free(x->srv);
}

static devp2p_event expect(node *x, devp2p_event_kind kind)
{
    devp2p_event e;
    do
        must(devp2p_events_next(x->ring, &e, PATIENCE_MS) == 0, "event");
    while (e.kind != kind);
    return e;
}

/* fail_to_dial has x dial someone who is not there under that key. */
static void fail_to_dial(node *x, const char *url)
{
    must(devp2p_server_add_peer(x->srv, NULL, url) == 0, "add");
    must(expect(x, DEVP2P_EVENT_DIAL_FAIL).code < 0, "a dial that fails");
    must(devp2p_server_remove_peer(x->srv, NULL, url) == 0, "remove");
}

/* --- those who are no peers --- */

/* false_packet is an envelope with a good point and nothing else good. */
static void false_packet(uint8_t out[PACKET], const devp2p_pubkey *point)
{
    memset(out, 0x5a, PACKET);
    out[0] = (PACKET - 2) >> 8;
    out[1] = (PACKET - 2) & 0xff;
    out[2] = 4;
    memcpy(out + 3, point->b, sizeof point->b);
}

static int tcp(struct sockaddr_in *at, uint16_t port)
{
    *at = (struct sockaddr_in){ .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0, "socket");
    return fd;
}

/* knock sends a false auth and waits until it is hung up on. */
static void knock(const devp2p_node *at)
{
    uint8_t packet[PACKET], byte;
    struct sockaddr_in to;
    int fd = tcp(&to, at->addr.port);
    false_packet(packet, &at->pub);
    must(connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    must(write(fd, packet, PACKET) == PACKET, "write");
    while (read(fd, &byte, 1) > 0)
        ;
    close(fd);
}

/* lie has x dial a listener that answers with a false ack, or hangs up. */
static void lie(node *x, devp2p_node as, bool answers)
{
    uint8_t packet[PACKET];
    char url[DEVP2P_URL_MAX];
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int fd = tcp(&at, 0);
    must(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
             listen(fd, 1) == 0 &&
             getsockname(fd, (struct sockaddr *)&at, &len) == 0,
        "listen");
    as.addr.port = ntohs(at.sin_port);
    devp2p_node_url(url, &as);
    must(devp2p_server_add_peer(x->srv, NULL, url) == 0, "add");
    int conn = accept(fd, NULL, NULL);
    must(conn >= 0 && read(conn, packet, 2) == 2, "auth");
    false_packet(packet, &as.pub);
    if (answers)
        must(write(conn, packet, PACKET) == PACKET, "write");
    shutdown(conn, SHUT_WR);
    (void)expect(x, DEVP2P_EVENT_DIAL_FAIL);
    must(devp2p_server_remove_peer(x->srv, NULL, url) == 0, "remove");
    close(conn);
    close(fd);
}

static void fail(node *a, node *b, const char *stranger)
{
    devp2p_key key;
    devp2p_node self;
    devp2p_sig sig;
    char url[DEVP2P_URL_MAX];
    must(devp2p_key_load(&key, stranger) == 0, "key file");
    must(devp2p_node_parse(&self, a->url) == 0, "url");
    knock(&self);
    /* a's address under a key that is not a's */
    must(devp2p_key_public(&self.pub, &key) == 0, "public");
    must(devp2p_sign(&sig, self.pub.b, &key) == 0, "sign");
    devp2p_key_wipe(&key);
    self.id = devp2p_pubkey_id(&self.pub);
    devp2p_node_url(url, &self);
    fail_to_dial(b, url);
    lie(b, self, true);
    lie(b, self, false);
}

/* --- sessions without a server --- */

typedef struct lone {
    devp2p_rlpx *rlpx;
    devp2p_session *s;
    bool ready;
} lone;

static const devp2p_now never = { .mono_ns = 1 };

static void lone_init(lone *x, const char *file)
{
    static const devp2p_rlpx_cap caps[] = {
        { .name = "lone", .version = 1, .length = 1 }, { .name = NULL }
    };
    devp2p_rlpx_config cfg = { .name = "talk", .caps = caps };
    must(devp2p_key_load(&cfg.private_key, file) == 0, "key file");
    must(devp2p_rlpx_new(&x->rlpx, &cfg) == 0, "rlpx");
    devp2p_key_wipe(&cfg.private_key);
    x->ready = false;
}

/* carry takes what one says to the other. */
static void carry(lone *from, lone *to)
{
    devp2p_session_event event;
    const uint8_t *bytes;
    uint8_t *at;
    size_t len, room;
    while (devp2p_session_next(from->s, &event, never))
        from->ready = from->ready || event.kind == DEVP2P_SESSION_READY;
    while ((len = devp2p_session_out(from->s, &bytes, never)) > 0 &&
           (room = devp2p_session_room(to->s, &at)) > 0) {
        len = len < room ? len : room;
        memcpy(at, bytes, len);
        devp2p_session_recv(to->s, len, never);
        devp2p_session_sent(from->s, len, never);
    }
}

static void alone(const char *file, const char *other)
{
    lone a, b;
    devp2p_key key;
    devp2p_pubkey pub;
    lone_init(&a, file);
    lone_init(&b, other);
    must(devp2p_key_load(&key, other) == 0, "key file");
    must(devp2p_key_public(&pub, &key) == 0, "public");
    devp2p_key_wipe(&key);
    must(devp2p_session_new(&a.s, a.rlpx, &pub, never) == 0, "session");
    must(devp2p_session_new(&b.s, b.rlpx, NULL, never) == 0, "session");
    for (int i = 0; i < 100 && !(a.ready && b.ready); i++) {
        carry(&a, &b);
        carry(&b, &a);
    }
    must(a.ready && b.ready, "sessions without a server");
    pause_at("alone");
    devp2p_session_free(a.s);
    devp2p_session_free(b.s);
    pause_at("alone, freed");
    devp2p_rlpx_free(a.rlpx);
    devp2p_rlpx_free(b.rlpx);
}

int main(int argc, char **argv)
{
    node a, b;
    devp2p_key key;
    must(argc == 5, "arguments");
    int fd = open(argv[1], O_WRONLY | O_APPEND | O_CLOEXEC);
    must(fd >= 0, "record");
    record_to(fd);
    must(devp2p_key_load(&key, argv[2]) == 0, "key file");
    plant(&key);
    devp2p_key_wipe(&key);
    side_by_side();

    start(&a, argv[2]);
    start(&b, argv[3]);
    must(devp2p_server_add_peer(b.srv, NULL, a.url) == 0, "add");
    (void)expect(&a, DEVP2P_EVENT_PEER_ADD);
    (void)expect(&b, DEVP2P_EVENT_PEER_ADD);
    pause_at("connected");
    must(devp2p_server_remove_peer(b.srv, NULL, a.url) == 0, "remove");
    (void)expect(&a, DEVP2P_EVENT_PEER_DROP);
    (void)expect(&b, DEVP2P_EVENT_PEER_DROP);
    pause_at("closed");
    fail(&a, &b, argv[4]);
    pause_at("failed");
    alone(argv[2], argv[4]);
    /* once more, with keys that the servers have made ahead by now, and so that
     * they end with a connection */
    must(devp2p_server_add_peer(b.srv, NULL, a.url) == 0, "add");
    (void)expect(&a, DEVP2P_EVENT_PEER_ADD);
    pause_at("again");
    finish(&b);
    finish(&a);
    pause_at("freed");
    return 0;
}
