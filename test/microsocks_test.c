/* SPDX-License-Identifier: MIT */
/* microsocks_test.c - dials through a real SOCKS5 proxy, the program
 * microsocks, on this machine.  Without it nothing is tested, and a line says
 * so; with DEVP2P_REQUIRE=socks5 that is a failure. */
#include "ends.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77, TRIES = 3000, TRY_MS = 10 };

/* --- ports --- */

/* reserve binds a port that nobody else gets then; as long as nobody listens on
 * it, who asks for it again may have it. */
static int reserve(uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof at;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static bool answers(uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool good = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return good;
}

/* --- the proxy --- */

typedef struct proxy {
    pid_t pid;
    int log; /* what it says */
    char said[4096];
    size_t n;
    char address[64];
} proxy;

static void become_proxy(int log, uint16_t port, bool password)
{
    char text[8];

    snprintf(text, sizeof text, "%u", port);
    dup2(log, STDERR_FILENO);
    if (password)
        execlp("microsocks", "microsocks", "-i", "127.0.0.1", "-p", text, "-u",
            "me", "-P", "word", (char *)NULL);
    else
        execlp("microsocks", "microsocks", "-i", "127.0.0.1", "-p", text,
            (char *)NULL);
    _exit(127);
}

/* hear waits a moment for what it says; false when it has ended. */
static bool hear(proxy *p)
{
    struct pollfd wait = { .fd = p->log, .events = POLLIN };

    if (poll(&wait, 1, TRY_MS) <= 0)
        return true;
    ssize_t n = read(p->log, p->said + p->n, sizeof p->said - 1 - p->n);
    p->n += n > 0 ? (size_t)n : 0;
    p->said[p->n] = 0;
    return n > 0;
}

static void proxy_init(proxy *p, bool password)
{
    uint16_t port;
    int pipes[2], held = reserve(&port);

    memset(p, 0, sizeof *p);
    assert_int_equal(pipe(pipes), 0);
    p->pid = fork(); /* while there is one thread */
    assert_true(p->pid >= 0);
    if (p->pid == 0)
        become_proxy(pipes[1], port, password);
    close(pipes[1]);
    p->log = pipes[0];
    snprintf(p->address, sizeof p->address, "127.0.0.1:%u", port);
    for (int i = 0; !answers(port); i++)
        if (i == TRIES || !hear(p))
            fail_msg("microsocks does not listen: %s", p->said);
    close(held);
}

static void proxy_fini(proxy *p)
{
    kill(p->pid, SIGTERM);
    waitpid(p->pid, NULL, 0);
    close(p->log);
}

/* has_connected: its log names what it was asked for, an address or a name. */
static void has_connected(proxy *p, const char *host, uint16_t port)
{
    char words[300];

    snprintf(words, sizeof words, "connected to %s:%u\n", host, port);
    for (int i = 0; !strstr(p->said, words); i++)
        if (i == TRIES || !hear(p))
            fail_msg("not \"%s\" in: %s", words, p->said);
}

/* --- through it --- */

/* no_datagrams: this process has no socket that could send one. */
static void no_datagrams(void)
{
    for (int fd = 0; fd < 1024; fd++) {
        int type = 0, domain = 0;
        socklen_t len = sizeof type;
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) ||
            getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len))
            continue;
        assert_false(type == SOCK_DGRAM && domain != AF_UNIX);
    }
}

static void through(const char *host, bool password)
{
    devp2p_config here = { .listen_addr = ":0" }, there = { .max_peers = 0 };
    char text[128];
    proxy p;
    end a, b;

    proxy_init(&p, password);
    snprintf(text, sizeof text, "%s%s", password ? "me:word@" : "", p.address);
    there.socks5 = text;
    end_init(&b, &here);
    end_init(&a, &there);
    devp2p_node to = b.self;
    if (host[0]) {
        to.addr = (devp2p_addr){ .port = b.self.addr.port };
        snprintf(to.host, sizeof to.host, "%s", host);
    }
    dial(&a, &to);
    expect(&a, DEVP2P_EVENT_PEER_ADD);
    no_datagrams();
    has_connected(&p, host[0] ? host : "127.0.0.1", b.self.addr.port);
    have_talked(&a, &b);
    end_fini(&a);
    end_fini(&b);
    proxy_fini(&p);
}

static void an_address(void **state)
{
    (void)state;
    through("", false);
}

/* The name goes to the proxy as it is. */
static void a_name(void **state)
{
    (void)state;
    through("localhost", false);
}

static void a_password(void **state)
{
    (void)state;
    through("localhost", true);
}

/* fails dials where nobody is, and tells how that failed. */
static int fails(const char *socks5, uint16_t port)
{
    devp2p_config cfg = { .socks5 = socks5 };
    devp2p_node to;
    devp2p_key key;
    end a;

    memset(&to, 0, sizeof to);
    assert_int_equal(devp2p_key_generate(&key), 0);
    test_secret(key.b);
    assert_int_equal(devp2p_key_public(&to.pub, &key), 0);
    assert_int_equal(devp2p_addr_parse(&to.addr, "127.0.0.1:0"), 0);
    to.addr.port = to.udp = port;
    end_init(&a, &cfg);
    dial(&a, &to);
    int code = expect(&a, DEVP2P_EVENT_DIAL_FAIL).code;
    end_fini(&a);
    return code;
}

static void what_it_refuses(void **state)
{
    (void)state;
    char text[128];
    uint16_t port;
    int held = reserve(&port);
    proxy p;

    proxy_init(&p, true);
    snprintf(text, sizeof text, "me:word@%s", p.address);
    assert_int_equal(fails(text, port), DEVP2P_ERR_PROXY_REFUSED);
    snprintf(text, sizeof text, "me:sword@%s", p.address);
    assert_int_equal(fails(text, port), DEVP2P_ERR_PROXY_AUTH);
    assert_int_equal(fails(p.address, port), DEVP2P_ERR_PROXY_AUTH);
    proxy_fini(&p);
    snprintf(text, sizeof text, "127.0.0.1:%u", port);
    assert_int_equal(fails(text, port), DEVP2P_ERR_PROXY);
    close(held);
}

/* --- whether there is one --- */

static bool installed(void)
{
    const char *at = getenv("PATH");
    char path[4096];

    while (at && *at) {
        size_t len = strcspn(at, ":");
        snprintf(path, sizeof path, "%.*s/microsocks", (int)len, at);
        if (access(path, X_OK) == 0)
            return true;
        at += len + (at[len] == ':');
    }
    return false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address),
        cmocka_unit_test(a_name),
        cmocka_unit_test(a_password),
        cmocka_unit_test(what_it_refuses),
    };
    const char *required = getenv("DEVP2P_REQUIRE");

    if (installed())
        return cmocka_run_group_tests(tests, NULL, NULL);
    printf("skipped: socks5: microsocks is not installed, and so no dial went "
           "through a real proxy; \"tools/setup.sh socks5\" installs it\n");
    return required && strstr(required, "socks5") ? 1 : SKIPPED;
}
