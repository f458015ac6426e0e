/* SPDX-License-Identifier: MIT */
/* pipe_test.c - a handler with a peer, a pipe and no server: when a send
 * returns, how everything ends, test peers. */
#include "base/limits.h"
#include "server/pipe_fixture.h"
#include "server/rw.h"
#include "test_env.h"

#include <sched.h>
#include <semaphore.h>
#include <time.h>

/* --- a handler --- */

/* handler is that of examples/foobar.c, but for what it prints. */
static int handler(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    bool inbound = devp2p_peer_flags(peer) & DEVP2P_PEER_INBOUND;
    int err = inbound ? 0 : devp2p_send_items(rw, 0, "foo");
    devp2p_slice word;

    (void)user;
    for (devp2p_msg m; !err && !(err = devp2p_read(rw, &m));) {
        if (devp2p_decode_items(&m, &word) && devp2p_decode_value(&m, &word))
            return DEVP2P_ERR_RLP_KIND;
        if (devp2p_slice_is(word, "foo"))
            err = devp2p_send_items(rw, 0, "bar");
        else if (devp2p_slice_is(word, "leave"))
            devp2p_peer_disconnect(peer, DEVP2P_DISC_USELESS_PEER);
    }
    return err;
}

static void a_handler_without_a_server(void **state)
{
    const devp2p_cap caps[] = { DEVP2P_CAP("MyProtocol", 1) };
    const uint32_t flags[] = { 0, DEVP2P_PEER_INBOUND };

    (void)state;
    for (int i = 0; i < 2; i++) {
        devp2p_rw *near, *far;
        actor a = { .run = handler };
        assert_int_equal(devp2p_pipe(&near, &far), 0);
        assert_int_equal(
            devp2p_test_peer(&a.peer, "it", caps, 1, flags[i], near), 0);
        actor_start(&a, near);
        if (flags[i] == 0)
            assert_int_equal(devp2p_expect_items(far, 0, "foo"), 0);
        assert_int_equal(devp2p_send_items(far, 0, "nothing to say"), 0);
        assert_int_equal(devp2p_send_value(far, 0, "foo"), 0);
        assert_int_equal(devp2p_expect_items(far, 0, "bar"), 0);
        assert_int_equal(devp2p_send_items(far, 0, "foo"), 0);
        assert_int_equal(devp2p_expect_items(far, 0, "bar"), 0);
        assert_int_equal(devp2p_peer_reason(a.peer, NULL), 0);
        devp2p_pipe_close(far);
        assert_int_equal(actor_join(&a), DEVP2P_ERR_CLOSED);
        assert_int_equal(devp2p_peer_reason(a.peer, NULL), DEVP2P_ERR_CLOSED);
        devp2p_rw_drop(far);
        devp2p_peer_drop(a.peer);
    }
}

static void a_handler_that_disconnects(void **state)
{
    devp2p_rw *near, *far;
    devp2p_peer *other;
    devp2p_msg msg;
    bool remote;
    actor a = { .run = handler };

    (void)state;
    assert_int_equal(devp2p_pipe(&near, &far), 0);
    assert_int_equal(
        devp2p_test_peer(&a.peer, "it", NULL, 0, DEVP2P_PEER_INBOUND, near), 0);
    assert_int_equal(devp2p_test_peer(&other, "me", NULL, 0, 0, far), 0);
    actor_start(&a, near);
    assert_int_equal(devp2p_send_items(far, 0, "leave"), 0);
    assert_int_equal(devp2p_read(far, &msg), DEVP2P_ERR_CLOSED);
    assert_int_equal(actor_join(&a), DEVP2P_ERR_CLOSED);
    int reason = devp2p_peer_reason(a.peer, &remote);
    assert_int_equal(reason, DEVP2P_DISC_USELESS_PEER);
    assert_false(remote);
    reason = devp2p_peer_reason(other, &remote);
    assert_int_equal(reason, DEVP2P_DISC_USELESS_PEER);
    assert_true(remote);
    devp2p_pipe_close(far); /* the first reason stays */
    devp2p_peer_disconnect(other, DEVP2P_DISC_QUITTING);
    assert_int_equal(devp2p_peer_reason(other, NULL), DEVP2P_DISC_USELESS_PEER);
    devp2p_rw_drop(far);
    devp2p_peer_drop(a.peer);
    devp2p_peer_drop(other);
}

/* --- when a send returns --- */

static sem_t sent; /* by word_sender */

/* word_sender sends one word, and reads what comes until the end. */
static int word_sender(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    devp2p_msg m;
    int err = devp2p_send_items(rw, 7, "word");

    (void)peer;
    (void)user;
    sem_post(&sent);
    while (!devp2p_read(rw, &m))
        ;
    return err;
}

static int writer(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer;
    (void)user;
    return devp2p_send_items(rw, 0, "late word");
}

/* still tells that the send has not returned, nor does so for a while. */
static bool still(devp2p_rw *quiet)
{
    devp2p_msg m;

    return devp2p_read_for(quiet, &m, 20) == DEVP2P_ERR_TIMEOUT &&
           sem_trywait(&sent) != 0;
}

/* The ways in which a reader has done with a message. */
static void by_reading_on(devp2p_rw *rw)
{
    devp2p_msg m;
    assert_int_equal(devp2p_read(rw, &m), 0);
}

static void by_sending(devp2p_rw *rw)
{
    assert_int_equal(devp2p_send_items(rw, 7, "answer"), 0);
}

static void by_closing(devp2p_rw *rw)
{
    devp2p_pipe_close(rw);
}

static void a_send_waits_until_consumed(void **state)
{
    void (*const ways[])(devp2p_rw *) = { by_reading_on, by_sending, by_closing,
        devp2p_rw_drop };
    devp2p_rw *near, *far, *q1, *q2;

    (void)state;
    assert_int_equal(devp2p_pipe(&q1, &q2), 0);
    assert_int_equal(sem_init(&sent, 0, 0), 0);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        actor a = { .run = word_sender }, b = { .run = writer };
        devp2p_msg m;
        devp2p_slice word;
        assert_int_equal(devp2p_pipe(&near, &far), 0);
        actor_start(&a, near);
        assert_true(still(q1));
        assert_int_equal(devp2p_read(far, &m), 0);
        assert_int_equal(m.code, 7);
        assert_int_equal(devp2p_decode_items(&m, &word), 0);
        assert_true(devp2p_slice_is(word, "word"));
        assert_true(still(q1));
        /* neither asking nor a second sender counts as a use */
        assert_int_equal(devp2p_rw_wait(far, 0), 0);
        actor_start(&b, devp2p_rw_keep(a.rw));
        assert_true(still(q1));
        ways[i](far);
        sem_wait(&sent);
        if (ways[i] != devp2p_rw_drop) {
            devp2p_pipe_close(far);
            devp2p_rw_drop(far);
        }
        assert_int_equal(actor_join(&a), 0);
        int err = actor_join(&b);
        assert_int_equal(err, ways[i] == by_reading_on ? 0 : DEVP2P_ERR_CLOSED);
    }
    sem_destroy(&sent);
    devp2p_rw_drop(q1);
    devp2p_rw_drop(q2);
}

static void what_was_read_stays(void **state)
{
    devp2p_rw *near, *far;
    actor a = { .run = word_sender };
    devp2p_msg m;
    devp2p_slice word;

    (void)state;
    assert_int_equal(sem_init(&sent, 0, 0), 0);
    assert_int_equal(devp2p_pipe(&near, &far), 0);
    actor_start(&a, near);
    assert_int_equal(devp2p_read(far, &m), 0);
    assert_int_equal(devp2p_send_items(far, 0, "answer"), 0);
    devp2p_pipe_close(far);
    assert_int_equal(actor_join(&a), 0);
    /* consumed, its sender gone: it is the reader's until the next read */
    assert_int_equal(devp2p_decode_items(&m, &word), 0);
    assert_true(devp2p_slice_is(word, "word"));
    assert_int_equal(devp2p_read(far, &m), DEVP2P_ERR_CLOSED);
    devp2p_rw_drop(far);
    sem_destroy(&sent);
}

/* --- the end --- */

static int reader(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    devp2p_msg m;

    (void)peer;
    (void)user;
    return devp2p_read(rw, &m);
}

static void closing_wakes_who_waits(void **state)
{
    devp2p_run_fn *const runs[] = { reader, writer };
    devp2p_rw *near, *far;
    devp2p_msg m;

    (void)state;
    for (int i = 0; i < 8; i++) {
        actor a = { .run = runs[i & 1] };
        assert_int_equal(devp2p_pipe(&near, &far), 0);
        devp2p_rw *mine = devp2p_rw_keep(i & 2 ? near : far);
        actor_start(&a, near);
        if (i & 4) /* it waits by now, as likely as not */
            sched_yield();
        devp2p_pipe_close(mine);
        assert_int_equal(actor_join(&a), DEVP2P_ERR_CLOSED);
        assert_int_equal(devp2p_read(mine, &m), DEVP2P_ERR_CLOSED);
        assert_int_equal(devp2p_read_for(mine, &m, 0), DEVP2P_ERR_CLOSED);
        assert_int_equal(devp2p_send_items(mine, 0, "late"), DEVP2P_ERR_CLOSED);
        assert_int_equal(devp2p_send_raw(mine, 0, (devp2p_slice){ NULL, 0 }),
            DEVP2P_ERR_CLOSED);
        assert_int_equal(devp2p_rw_wait(mine, 0), DEVP2P_ERR_CLOSED);
        devp2p_rw_drop(mine);
        devp2p_rw_drop(far);
    }
}

static void dropping_the_last_reference_closes(void **state)
{
    devp2p_rw *near, *far;
    devp2p_msg m;

    (void)state;
    for (int i = 0; i < 2; i++) {
        actor a = { .run = i ? writer : reader };
        assert_int_equal(devp2p_pipe(&near, &far), 0);
        actor_start(&a, near);
        devp2p_rw_keep(far);
        devp2p_rw_drop(far);
        assert_int_equal(devp2p_rw_wait(far, 0), 0);
        devp2p_rw_drop(far);
        assert_int_equal(actor_join(&a), DEVP2P_ERR_CLOSED);
    }
    assert_int_equal(devp2p_pipe(&near, &far), 0);
    devp2p_rw_drop(far);
    assert_int_equal(devp2p_read(near, &m), DEVP2P_ERR_CLOSED);
    devp2p_rw_drop(near);
}

static dp_now clock_of_test(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (dp_now){
        .mono = (uint64_t)t.tv_sec * DP_SEC + (uint64_t)t.tv_nsec,
        .wall = 1234567,
    };
}

static void time_limits(void **state)
{
    devp2p_rw *near, *far;
    devp2p_msg m;
    test_env t;

    (void)state;
    test_env_init(&t);
    assert_int_equal(dp_pipe_new(&near, &far, &t.env, clock_of_test), 0);
    assert_int_equal(devp2p_read_for(near, &m, 0), DEVP2P_ERR_TIMEOUT);
    for (uint32_t ms = 1; ms <= 4; ms++) {
        uint64_t before = clock_of_test().mono;
        assert_int_equal(devp2p_read_for(near, &m, ms), DEVP2P_ERR_TIMEOUT);
        assert_true(clock_of_test().mono - before >= ms * DP_MS);
    }
    actor a = { .run = writer };
    actor_start(&a, far);
    assert_int_equal(devp2p_read_for(near, &m, DEVP2P_FOREVER - 1), 0);
    assert_int_equal(m.received_ms, 1234567);
    devp2p_rw_drop(near);
    assert_int_equal(actor_join(&a), 0);
    assert_int_equal(t.live, 0);
}

/* --- messages --- */

static int big_sender(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    const devp2p_slice *big = user;
    devp2p_slice less = { big->at, big->len - 1 };

    (void)peer;
    assert_int_equal(devp2p_send_raw(rw, 0, *big), DEVP2P_ERR_TOO_BIG);
    assert_int_equal(devp2p_send_raw(rw, UINT64_MAX, less), 0);
    assert_int_equal(devp2p_send_raw(rw, 0, (devp2p_slice){ NULL, 0 }), 0);
    return 0;
}

static int packet_sender(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    (void)peer;
    int err = devp2p_send_packet(rw, user);
    return err ? err : devp2p_send_packet(rw, user);
}

/* A packet goes through a pipe as it goes to a peer, as often as one likes. */
static void packets(void **state)
{
    devp2p_rw *near, *far;
    devp2p_packet *packet;

    (void)state;
    assert_int_equal(devp2p_packet_new_items(&packet, 7, "to all", 1u), 0);
    actor a = { .run = packet_sender, .user = packet };
    assert_int_equal(devp2p_pipe(&near, &far), 0);
    actor_start(&a, near);
    assert_int_equal(devp2p_expect_items(far, 7, "to all", 1u), 0);
    assert_int_equal(devp2p_expect_items(far, 7, "to all", 1u), 0);
    assert_int_equal(actor_join(&a), 0);
    assert_int_equal(devp2p_send_packet(far, packet), DEVP2P_ERR_CLOSED);
    devp2p_packet_drop(packet);
    devp2p_rw_drop(far);
}

static void any_code_and_16_mib(void **state)
{
    const size_t len = DP_MESSAGE_MAX + 1;
    uint8_t *bytes = calloc(1, len);
    devp2p_slice big = { bytes, len };
    devp2p_rw *near, *far;
    devp2p_msg m;

    (void)state;
    bytes[len - 2] = 0x5a;
    actor a = { .run = big_sender, .user = &big };
    assert_int_equal(devp2p_pipe(&near, &far), 0);
    actor_start(&a, near);
    assert_int_equal(devp2p_read(far, &m), 0);
    assert_true(m.code == UINT64_MAX);
    assert_int_equal(m.payload.len, DP_MESSAGE_MAX);
    assert_memory_equal(m.payload.at, bytes, DP_MESSAGE_MAX);
    assert_int_equal(devp2p_read(far, &m), 0);
    assert_int_equal(m.code, 0);
    assert_int_equal(m.payload.len, 0);
    assert_int_equal(devp2p_read(far, &m), DEVP2P_ERR_CLOSED);
    assert_int_equal(actor_join(&a), 0);
    devp2p_rw_drop(far);
    free(bytes);
}

struct numbers {
    struct {
        uint32_t *at;
        size_t len;
    } list;
};
DEVP2P_RLP_TABLE(numbers, DEVP2P_FIELD_LIST(numbers, list));

static int number_sender(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    uint32_t some[] = { 1, 2, 3 };
    struct numbers n = { { some, 3 } };

    (void)peer;
    (void)user;
    return devp2p_send(rw, 1, numbers, &n);
}

static void arrays(void **state)
{
    devp2p_rw *near, *far;
    struct numbers n;
    devp2p_msg m;
    test_env t;
    actor a = { .run = number_sender };

    (void)state;
    test_env_init(&t);
    assert_int_equal(dp_pipe_new(&near, &far, &t.env, clock_of_test), 0);
    actor_start(&a, near);
    assert_int_equal(devp2p_read(far, &m), 0);
    test_env_fail(&t, 1);
    assert_int_equal(devp2p_decode(&m, numbers, &n), DEVP2P_ERR_NOBUF);
    assert_int_equal(devp2p_decode(&m, numbers, &n), 0);
    assert_int_equal(n.list.len, 3);
    assert_int_equal(n.list.at[2], 3);
    devp2p_rw_drop(far);
    assert_int_equal(actor_join(&a), 0);
    assert_int_equal(t.live, 0);
}

enum { CROWD = 3, EACH = 200 };

/* crowd sends from several threads while one reads, at both ends. */
static void *one_of_the_crowd(void *end)
{
    for (unsigned i = 0; i < EACH; i++)
        assert_int_equal(devp2p_send_value(end, i, i), 0);
    return NULL;
}

static int crowd(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    pthread_t threads[CROWD];
    unsigned next[EACH + 1] = { 0 };
    devp2p_msg m;

    (void)peer;
    (void)user;
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, one_of_the_crowd, rw), 0);
    for (int i = 0; i < CROWD * EACH; i++) {
        unsigned v;
        assert_int_equal(devp2p_read(rw, &m), 0);
        assert_int_equal(devp2p_decode_value(&m, &v), 0);
        assert_int_equal(v, m.code);
        next[v]++; /* each of them in order: never ahead of the one before */
        assert_true(v == 0 || next[v] <= next[v - 1]);
    }
    assert_int_equal(devp2p_read_for(rw, &m, 0), DEVP2P_ERR_TIMEOUT);
    for (int i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    return 0;
}

static void both_ways_at_once(void **state)
{
    devp2p_rw *near, *far;
    actor a = { .run = crowd };

    (void)state;
    assert_int_equal(devp2p_pipe(&near, &far), 0);
    actor_start(&a, devp2p_rw_keep(near));
    assert_int_equal(crowd(NULL, far, NULL), 0);
    assert_int_equal(actor_join(&a), 0);
    devp2p_rw_drop(near);
    devp2p_rw_drop(far);
}

/* --- peers --- */

static void accessors(void **state)
{
    const devp2p_cap caps[] = { DEVP2P_CAP("eth", 68), DEVP2P_CAP("snap", 1) };
    const devp2p_addr none = { .family = 0 };
    devp2p_peer *a, *b, *same;
    size_t n;

    (void)state;
    assert_int_equal(devp2p_test_peer(&a, "Geth\n", caps, 2,
                         DEVP2P_PEER_INBOUND | DEVP2P_PEER_STATIC, NULL),
        0);
    assert_int_equal(devp2p_test_peer(&b, "other", NULL, 0, 0, NULL), 0);
    assert_int_equal(devp2p_test_peer(&same, "Geth\n", NULL, 0, 0, NULL), 0);
    assert_string_equal(devp2p_peer_name(a), "Geth\\x0a");
    const devp2p_cap *got = devp2p_peer_caps(a, &n);
    assert_int_equal(n, 2);
    assert_true(devp2p_slice_is(got[0].name, "eth"));
    assert_int_equal(got[0].version, 68);
    assert_true(devp2p_slice_is(got[1].name, "snap"));
    devp2p_peer_caps(b, &n);
    assert_int_equal(n, 0);
    assert_int_equal(devp2p_peer_flags(a), 3);
    assert_int_equal(devp2p_peer_version(a), 5);
    assert_memory_equal(devp2p_peer_remote(a), &none, sizeof none);
    assert_memory_equal(devp2p_peer_local(a), &none, sizeof none);

    devp2p_pubkey pub;
    devp2p_id id = devp2p_pubkey_id(devp2p_peer_pubkey(a));
    assert_int_equal(
        devp2p_pubkey_parse(&pub, devp2p_peer_pubkey(a), sizeof pub), 0);
    assert_memory_equal(&id, devp2p_peer_id(a), sizeof id);
    assert_memory_equal(devp2p_peer_id(same), devp2p_peer_id(a), sizeof id);
    assert_memory_not_equal(devp2p_peer_id(b), devp2p_peer_id(a), sizeof id);

    devp2p_peer_disconnect(a, 7); /* not a reason: REQUESTED */
    devp2p_peer_disconnect(a, DEVP2P_DISC_QUITTING);
    bool remote = true;
    assert_int_equal(devp2p_peer_reason(a, &remote), DEVP2P_DISC_REQUESTED);
    assert_false(remote);
    assert_int_equal(devp2p_peer_reason(b, NULL), 0);
    devp2p_peer_drop(devp2p_peer_keep(a));
    devp2p_peer_drop(a);
    devp2p_peer_drop(b);
    devp2p_peer_drop(same);
}

static void an_end_has_one_peer(void **state)
{
    devp2p_rw *near, *far, other = { .ops = NULL };
    devp2p_peer *peer, *no;
    int mark;

    (void)state;
    assert_int_equal(devp2p_pipe(&near, &far), 0);
    assert_null(devp2p_rw_peer(near));
    assert_int_equal(devp2p_test_peer(&peer, "a", NULL, 0, 0, near), 0);
    assert_ptr_equal(devp2p_rw_peer(near), peer);
    assert_null(devp2p_rw_peer(far));
    assert_int_equal(
        devp2p_test_peer(&no, "b", NULL, 0, 0, near), DEVP2P_ERR_EXISTS);
    assert_null(no);
    assert_int_equal(
        devp2p_test_peer(&no, "b", NULL, 0, 0, &other), DEVP2P_ERR_INVALID);
    assert_null(no);
    devp2p_pipe_close(&other); /* nothing happens */
    assert_null(devp2p_rw_data(near));
    devp2p_rw_set_data(near, &mark);
    assert_ptr_equal(devp2p_rw_data(near), &mark);
    assert_null(devp2p_rw_data(far));

    /* the peer is there as long as its end, and the pipe as its peer */
    devp2p_peer_keep(peer);
    devp2p_peer_drop(peer);
    devp2p_peer_drop(peer);
    assert_string_equal(devp2p_peer_name(devp2p_rw_peer(near)), "a");
    devp2p_peer_keep(peer);
    devp2p_rw_drop(near);
    assert_int_equal(devp2p_peer_reason(peer, NULL), DEVP2P_ERR_CLOSED);
    assert_int_equal(
        devp2p_test_peer(&no, "b", NULL, 0, 0, far), DEVP2P_ERR_CLOSED);
    devp2p_rw_drop(far);
    devp2p_peer_disconnect(peer, DEVP2P_DISC_QUITTING);
    devp2p_peer_drop(peer);
}

/* --- memory --- */

static void each_allocation_fails(void **state)
{
    devp2p_rw *near, *far;
    devp2p_peer *peer;
    char word[1000];
    test_env t;

    (void)state;
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = 0;
    test_env_init(&t);
    test_env_fail(&t, 1);
    assert_int_equal(
        dp_pipe_new(&near, &far, &t.env, clock_of_test), DEVP2P_ERR_NOMEM);
    assert_null(near);
    assert_null(far);
    assert_int_equal(t.live, 0);
    assert_int_equal(dp_pipe_new(&near, &far, &t.env, clock_of_test), 0);
    test_env_fail(&t, 1);
    assert_int_equal(
        devp2p_test_peer(&peer, "a", NULL, 0, 0, near), DEVP2P_ERR_NOMEM);
    assert_null(peer);
    assert_int_equal(devp2p_test_peer(&peer, "a", NULL, 0, 0, near), 0);
    for (size_t n = 1; n <= 2; n++) { /* for the encoding, for the message */
        test_env_fail(&t, n);
        assert_int_equal(devp2p_send_items(near, 0, word), DEVP2P_ERR_NOMEM);
    }
    devp2p_peer_drop(peer);
    devp2p_rw_drop(near);
    devp2p_rw_drop(far);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handler_without_a_server),
        cmocka_unit_test(a_handler_that_disconnects),
        cmocka_unit_test(a_send_waits_until_consumed),
        cmocka_unit_test(what_was_read_stays),
        cmocka_unit_test(closing_wakes_who_waits),
        cmocka_unit_test(dropping_the_last_reference_closes),
        cmocka_unit_test(time_limits),
        cmocka_unit_test(packets),
        cmocka_unit_test(any_code_and_16_mib),
        cmocka_unit_test(arrays),
        cmocka_unit_test(both_ways_at_once),
        cmocka_unit_test(accessors),
        cmocka_unit_test(an_end_has_one_peer),
        cmocka_unit_test(each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
