/* SPDX-License-Identifier: MIT */
/* given_sockets_test.c - real sockets: connections over a socketpair and over
 * TCP that the program has made, and listeners on both families. */
#include "ends.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- handed over --- */

/* talk_over lets two servers talk over two connected sockets. */
static void talk_over(int first, int second)
{
    devp2p_config cfg = { .max_peers = 0 };
    uint64_t tickets[2];
    end a, b;

    end_init(&a, &cfg);
    end_init(&b, &cfg);
    assert_int_equal(
        devp2p_server_setup_conn(a.srv, &tickets[0], first, 0, &b.self), 0);
    assert_int_equal(devp2p_server_setup_conn(
                         b.srv, &tickets[1], second, DEVP2P_PEER_INBOUND, NULL),
        0);
    expect(&a, DEVP2P_EVENT_PEER_ADD);
    expect(&b, DEVP2P_EVENT_PEER_ADD);
    devp2p_event done = expect(&a, DEVP2P_EVENT_COMMAND);
    assert_int_equal(done.code, 0);
    assert_true(done.ticket == tickets[0]);
    done = expect(&b, DEVP2P_EVENT_COMMAND);
    assert_int_equal(done.code, 0);
    assert_true(done.ticket == tickets[1]);
    have_talked(&a, &b);
    end_fini(&a);
    end_fini(&b);
    assert_int_equal(fcntl(first, F_GETFD), -1); /* closed */
    assert_int_equal(fcntl(second, F_GETFD), -1);
}

static void a_socketpair(void **state)
{
    (void)state;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    talk_over(fds[0], fds[1]);
}

/* tcp_pair connects two sockets that block, as programs make them. */
static void tcp_pair(int fds[2])
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&at, len), 0);
    fds[1] = accept(listener, NULL, NULL);
    assert_true(fds[1] >= 0);
    close(listener);
}

static void over_tcp(void **state)
{
    (void)state;
    int fds[2];

    tcp_pair(fds);
    talk_over(fds[0], fds[1]);
}

static void what_is_no_stream_socket(void **state)
{
    (void)state;
    devp2p_config cfg = { .max_peers = 0 };
    int fds[3];
    end a;

    end_init(&a, &cfg);
    assert_int_equal(pipe(fds), 0);
    fds[2] = socket(AF_INET, SOCK_DGRAM, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            devp2p_server_setup_conn(a.srv, NULL, fds[i], 0, &a.self),
            DEVP2P_ERR_INVALID);
        assert_int_equal(close(fds[i]), 0); /* it was left alone */
    }
    assert_int_equal(devp2p_server_setup_conn(
                         a.srv, NULL, fds[0], DEVP2P_PEER_INBOUND, NULL),
        DEVP2P_ERR_INVALID);
    end_fini(&a);
}

/* What a server was given and never looked at is closed with it. */
static void a_server_that_never_starts(void **state)
{
    (void)state;
    devp2p_config cfg = { .max_peers = 0 };
    devp2p_server *srv;
    int fds[2];
    char byte;

    assert_int_equal(devp2p_key_generate(&cfg.private_key), 0);
    assert_int_equal(devp2p_server_new(&srv, &cfg), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(
        devp2p_server_setup_conn(srv, NULL, fds[0], DEVP2P_PEER_INBOUND, NULL),
        0);
    devp2p_server_free(srv);
    assert_int_equal(fcntl(fds[0], F_GETFD), -1);
    assert_int_equal(read(fds[1], &byte, 1), 0);
    close(fds[1]);
}

/* The dialer answers on a thread of its own. */
typedef struct service {
    pthread_t thread;
    devp2p_server *srv;
    uint64_t ticket;
    end *to;
} service;

static void *connect_them(void *arg)
{
    service *s = arg;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(devp2p_server_dialed(s->srv, s->ticket, fds[0]), 0);
    assert_int_equal(devp2p_server_setup_conn(
                         s->to->srv, NULL, fds[1], DEVP2P_PEER_INBOUND, NULL),
        0);
    return NULL;
}

static void serve(
    devp2p_server *srv, uint64_t ticket, const devp2p_node *node, void *user)
{
    service *s = user;

    assert_string_equal(node->host, "somewhere.example");
    s->srv = srv;
    s->ticket = ticket;
    assert_int_equal(pthread_create(&s->thread, NULL, connect_them, s), 0);
}

static void a_dialer_with_a_thread(void **state)
{
    (void)state;
    end a, b;
    service s = { .to = &b };
    devp2p_config cfg = { .dialer = serve, .dialer_user = &s }, plain = { 0 };

    end_init(&b, &plain);
    end_init(&a, &cfg);
    devp2p_node to = b.self;
    to.addr = (devp2p_addr){ .port = 30303 };
    memcpy(to.host, "somewhere.example", sizeof "somewhere.example");
    dial(&a, &to);
    expect(&a, DEVP2P_EVENT_PEER_ADD);
    expect(&b, DEVP2P_EVENT_PEER_ADD);
    assert_int_equal(pthread_join(s.thread, NULL), 0);
    end_fini(&a);
    end_fini(&b);
}

/* --- listeners --- */

/* reached tells whether a server is reached at an address. */
static bool reached(end *at, const char *address)
{
    devp2p_config cfg = { .max_peers = 0 };
    devp2p_node to = at->self;
    devp2p_event event;
    end from;

    assert_int_equal(devp2p_addr_parse(&to.addr, address), 0);
    to.addr.port = to.udp = at->self.addr.port;
    end_init(&from, &cfg);
    dial(&from, &to);
    do
        assert_int_equal(devp2p_events_next(from.ring, &event, PATIENCE_MS), 0);
    while (event.kind != DEVP2P_EVENT_PEER_ADD &&
           event.kind != DEVP2P_EVENT_DIAL_FAIL);
    end_fini(&from);
    return event.kind == DEVP2P_EVENT_PEER_ADD;
}

/* An IPv6 loopback address is missing where IPv6 is switched off. */
static bool has_six(void)
{
    devp2p_config cfg = { .listen_addr = "[::1]:0" };
    end e;
    int err = end_try(&e, &cfg);

    end_fini(&e);
    if (err)
        print_message("skipped: IPv6 addresses: this machine has no [::1]\n");
    return !err;
}

static void every_address(void **state)
{
    (void)state;
    devp2p_config cfg = { .listen_addr = ":0" };
    end e;

    end_init(&e, &cfg);
    assert_true(reached(&e, "127.0.0.1:0"));
    assert_true(reached(&e, "127.0.0.2:0"));
    if (has_six())
        assert_true(reached(&e, "[::1]:0"));
    end_fini(&e);
}

static void one_address(void **state)
{
    (void)state;
    devp2p_config cfg = { .listen_addr = "127.0.0.2:0" };
    bool six = has_six();
    end e;

    end_init(&e, &cfg);
    assert_true(reached(&e, "127.0.0.2:0"));
    assert_false(reached(&e, "127.0.0.1:0"));
    if (six)
        assert_false(reached(&e, "[::1]:0"));
    end_fini(&e);
    if (!six)
        return;
    cfg.listen_addr = "[::1]:0";
    end_init(&e, &cfg);
    assert_true(reached(&e, "[::1]:0"));
    assert_false(reached(&e, "127.0.0.1:0"));
    end_fini(&e);
}

/* What is told is not what is bound, and the port follows unless it is given.
 */
static void external_address(void **state)
{
    (void)state;
    devp2p_config cfg = { .listen_addr = "127.0.0.1:0",
        .external_addr = "203.0.113.5" };
    char text[DEVP2P_ADDR_TEXT];
    end e;

    end_init(&e, &cfg);
    devp2p_addr_text(text, &e.self.addr);
    assert_memory_equal(text, "203.0.113.5:", 12);
    assert_int_not_equal(e.self.addr.port, 0);
    assert_true(reached(&e, "127.0.0.1:0")); /* on that port */
    end_fini(&e);
    cfg.external_addr = "[2001:db8::5]:4000";
    end_init(&e, &cfg);
    assert_string_equal(
        devp2p_addr_text(text, &e.self.addr), "[2001:db8::5]:4000");
    end_fini(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socketpair),
        cmocka_unit_test(over_tcp),
        cmocka_unit_test(what_is_no_stream_socket),
        cmocka_unit_test(a_server_that_never_starts),
        cmocka_unit_test(a_dialer_with_a_thread),
        cmocka_unit_test(every_address),
        cmocka_unit_test(one_address),
        cmocka_unit_test(external_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
