/* SPDX-License-Identifier: MIT */
/* cpeer [--events] - libdevp2p as a scripted peer of the interop suite, in the
 * language of ../README.md.  Its handlers are of the run style, or with
 * --events of the other. */
#include "dials.h"
#include "links.h"
#include "payload.h"
#include "say.h"
#include "test_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static devp2p_server *server;
static bool events_style;
static cap caps[CAPS_MAX];
static size_t ncaps;

/* --- handlers --- */

/* arrived tells of a message and does what the row asks for. */
static int arrived(devp2p_rw *rw, const devp2p_msg *msg, const cap *row)
{
    int err = row->echo ? devp2p_send_raw(rw, msg->code, msg->payload) : 0;
    if (err == DEVP2P_ERR_AGAIN)
        return err; /* the message comes again */
    json_t *members = json_object();
    put_hex(members, "id", devp2p_peer_id(devp2p_rw_peer(rw))->b, 32);
    json_object_set_new(members, "cap", json_string(row->name));
    json_object_set_new(members, "version", json_integer(row->version));
    json_object_set_new(members, "code", json_integer((json_int_t)msg->code));
    describe(members, msg->payload);
    say("msg", members);
    if (row->has_bye && msg->code == row->bye_code)
        return row->bye_reason;
    return err;
}

static int run(devp2p_peer *peer, devp2p_rw *rw, void *row)
{
    devp2p_msg msg;
    int err;
    links_join(peer, rw, row, caps, ncaps);
    do
        err = devp2p_read(rw, &msg);
    while (!err && !(err = arrived(rw, &msg, row)));
    links_leave(peer, rw);
    return err;
}

static int on_open(devp2p_peer *peer, devp2p_rw *rw, void *row)
{
    links_join(peer, rw, row, caps, ncaps);
    return 0;
}

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *row)
{
    return arrived(rw, msg, row);
}

static void on_close(devp2p_rw *rw, int reason, uint32_t unsent, void *row)
{
    (void)reason, (void)unsent, (void)row;
    links_leave(devp2p_rw_peer(rw), rw);
}

/* --- events --- */

/* join_bare tells of a peer that no handler tells of. */
static void join_bare(const devp2p_id *id)
{
    devp2p_peer *peers[64];
    size_t n = devp2p_server_peers(server, peers, 64);
    for (size_t i = 0; i < n; i++) {
        if (!memcmp(devp2p_peer_id(peers[i]), id, sizeof *id))
            links_join(peers[i], NULL, NULL, caps, ncaps);
        devp2p_peer_drop(peers[i]);
    }
}

static void dropped(const devp2p_event *event)
{
    bool known = DEVP2P_IS_DISC(event->code);
    const char *by = !known ? "network" : event->remote ? "them" : "us";
    json_t *members = json_object();
    links_gone(&event->id);
    put_hex(members, "id", event->id.b, 32);
    put_reason(members, event->code);
    json_object_set_new(members, "by", json_string(by));
    json_object_set_new(
        members, "error", json_string(devp2p_strerror(event->code)));
    say("closed", members);
}

static void on_event(const devp2p_event *event, void *user)
{
    (void)user;
    dials_event(server, event);
    if (event->kind == DEVP2P_EVENT_PEER_ADD && !ncaps)
        join_bare(&event->id);
    if (event->kind == DEVP2P_EVENT_PEER_DROP)
        dropped(event);
}

/* --- sending: on a thread of its own, because a send may block --- */

typedef struct job {
    struct job *next;
    json_t *command;
} job;

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_filled = PTHREAD_COND_INITIALIZER;
static job *queue, **queue_end = &queue;

static void queue_put(json_t *command)
{
    job *j = calloc(1, sizeof *j);
    if (!j)
        abort();
    j->command = command;
    pthread_mutex_lock(&queue_lock);
    *queue_end = j;
    queue_end = &j->next;
    pthread_cond_signal(&queue_filled);
    pthread_mutex_unlock(&queue_lock);
}

static json_t *queue_take(void)
{
    pthread_mutex_lock(&queue_lock);
    while (!queue)
        pthread_cond_wait(&queue_filled, &queue_lock);
    job *j = queue;
    if (!(queue = j->next))
        queue_end = &queue;
    pthread_mutex_unlock(&queue_lock);
    json_t *command = j->command;
    free(j);
    return command;
}

/* send_once uses the calls that a user's program would use. */
static int send_once(devp2p_rw *rw, const json_t *command, devp2p_slice payload)
{
    uint64_t code = number_of(command, "code");
    const char *form = text_of(command, "form");
    const char *value = text_of(command, "value");
    if (!strcmp(form, "list"))
        return devp2p_send_items(rw, code, value);
    if (!strcmp(form, "bare"))
        return devp2p_send_value(rw, code, value);
    return devp2p_send_raw(rw, code, payload);
}

static void send_now(const json_t *command)
{
    devp2p_slice payload = { NULL, 0 };
    devp2p_rw *rw = links_rw(text_of(command, "id"), text_of(command, "cap"));
    json_t *members = json_object();
    int err = rw ? payload_make(&payload, command) : DEVP2P_ERR_NOT_FOUND;
    if (!err) {
        describe(members, payload);
        while ((err = send_once(rw, command, payload)) == DEVP2P_ERR_AGAIN)
            if ((err = devp2p_rw_wait(rw, DEVP2P_FOREVER)))
                break;
    }
    free((void *)(uintptr_t)payload.at);
    if (rw)
        devp2p_rw_drop(rw);
    reply(json_object_get(command, "tag"), members, err);
}

static void *sender(void *unused)
{
    (void)unused;
    for (;;) {
        json_t *command = queue_take();
        send_now(command);
        json_decref(command);
    }
    return NULL;
}

/* --- commands --- */

static void read_caps(const json_t *rows, devp2p_protocol *table)
{
    size_t i;
    const json_t *row;
    ncaps = 0;
    json_array_foreach(rows, i, row)
    {
        const json_t *bye = json_object_get(row, "bye");
        cap *c = &caps[ncaps];
        if (ncaps == CAPS_MAX)
            abort();
        *c = (cap){ .version = (uint32_t)number_of(row, "version"),
            .length = (uint32_t)number_of(row, "length"),
            .echo = json_is_true(json_object_get(row, "echo")),
            .has_bye = json_is_object(bye),
            .bye_code = number_of(bye, "code"),
            .bye_reason = DEVP2P_DISC(number_of(bye, "reason")) };
        snprintf(c->name, sizeof c->name, "%s", text_of(row, "name"));
        table[ncaps] = (devp2p_protocol){ .name = c->name,
            .version = c->version,
            .length = c->length,
            .user = c };
        if (events_style) {
            table[ncaps].on_open = on_open;
            table[ncaps].on_msg = on_msg;
            table[ncaps].on_close = on_close;
        } else {
            table[ncaps].run = run;
        }
        ncaps++;
    }
}

static int start(const json_t *command, json_t *answer)
{
    devp2p_protocol table[CAPS_MAX + 1] = { { .name = NULL } };
    devp2p_config cfg = { .protocols = table, .on_event = on_event };
    devp2p_node self;
    const char *key = text_of(command, "key");
    if (server)
        return DEVP2P_ERR_STATE;
    read_caps(json_object_get(command, "caps"), table);
    cfg.name = text_of(command, "name");
    cfg.listen_addr = text_of(command, "listen");
    cfg.max_peers = (uint32_t)number_of(command, "maxPeers");
    int err = *key ? devp2p_key_parse(&cfg.private_key, key)
                   : devp2p_key_generate(&cfg.private_key);
    cfg.log = test_log;
    cfg.log_level = DEVP2P_LOG_TRACE;
    test_secret(cfg.private_key.b);
    if (!err && !(err = devp2p_server_new(&server, &cfg)))
        err = devp2p_server_start(server);
    if (err) {
        devp2p_server_free(server);
        server = NULL;
        return err;
    }
    devp2p_server_self(server, &self);
    char url[DEVP2P_URL_MAX];
    json_object_set_new(
        answer, "enode", json_string(devp2p_node_url(url, &self)));
    put_hex(answer, "id", self.id.b, sizeof self.id.b);
    return 0;
}

static int disconnect(const json_t *command, json_t *answer)
{
    (void)answer;
    devp2p_peer *peer = links_peer(text_of(command, "id"));
    if (!peer)
        return DEVP2P_ERR_NOT_FOUND;
    devp2p_peer_disconnect(peer, DEVP2P_DISC(number_of(command, "reason")));
    devp2p_peer_drop(peer);
    return 0;
}

static int stop(const json_t *command, json_t *answer)
{
    (void)command, (void)answer;
    devp2p_server_free(server);
    server = NULL;
    return 0;
}

/* obey carries out one command and takes it over. */
static void obey(json_t *command)
{
    static const struct {
        const char *op;
        int (*fn)(const json_t *command, json_t *answer);
    } ops[] = { { "start", start }, { "disconnect", disconnect },
        { "stop", stop } };
    const char *op = text_of(command, "op");
    const json_t *tag = json_object_get(command, "tag");
    json_t *answer = json_object();
    int err = DEVP2P_ERR_INVALID;
    if (!strcmp(op, "send")) {
        json_decref(answer);
        queue_put(command);
        return;
    }
    if (!strcmp(op, "dial")) {
        json_decref(answer);
        (json_is_true(json_object_get(command, "keep"))
                ? dials_keep
                : dials_begin)(server, text_of(command, "enode"), tag);
        json_decref(command);
        return;
    }
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (!strcmp(op, ops[i].op))
            err = ops[i].fn(command, answer);
    reply(tag, answer, err);
    json_decref(command);
}

int main(int argc, char **argv)
{
    pthread_t thread;
    char *line = NULL;
    size_t cap_of_line = 0;
    events_style = argc > 1 && !strcmp(argv[1], "--events");
    if (pthread_create(&thread, NULL, sender, NULL))
        return 1;
    while (getline(&line, &cap_of_line, stdin) > 0) {
        json_t *command = json_loads(line, 0, NULL);
        if (command)
            obey(command);
        else
            say("error", NULL);
    }
    free(line);
    stop(NULL, NULL);
    return 0;
}
