/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "server/listener.h"

#include <string.h>

/* A machine that lacks families or ports, and counts what is open. */
typedef struct machine {
    dp_world world;
    bool no_six, no_four;
    uint16_t next, taken_from, taken_to; /* of IPv4 */
    int open, tries;
    unsigned wants[2];
} machine;

struct dp_io {
    machine *m;
    size_t at;
    bool used;
};

static struct dp_io ios[2];

static int fake_listen(dp_world *w, const devp2p_addr *at, void *user,
    dp_io **out, devp2p_addr *bound)
{
    machine *m = (machine *)w;
    size_t i = at->family == 6 ? 0 : 1;

    (void)user;
    m->tries++;
    if (at->family == 6 ? m->no_six : m->no_four)
        return DEVP2P_ERR_ADDR_UNAVAILABLE;
    *bound = *at;
    if (at->port == 0)
        bound->port = m->next++;
    if (i == 1 && bound->port >= m->taken_from && bound->port <= m->taken_to)
        return DEVP2P_ERR_ADDR_IN_USE;
    assert_false(ios[i].used);
    ios[i] = (struct dp_io){ m, i, true };
    *out = &ios[i];
    m->open++;
    return 0;
}

static void fake_want(dp_io *io, unsigned events)
{
    io->m->wants[io->at] = events;
}

static void fake_close(dp_io *io, bool reset)
{
    (void)reset;
    io->used = false;
    io->m->open--;
}

static const dp_world_ops ops = {
    .listen = fake_listen, .want = fake_want, .close = fake_close
};

static machine machine_new(void)
{
    memset(ios, 0, sizeof ios);
    return (machine){ .world.ops = &ops, .next = 50000 };
}

static int bind_to(
    machine *m, dp_listener *l, const char *text, devp2p_addr *bound)
{
    devp2p_addr at;
    assert_int_equal(dp_listen_parse(&at, text), 0);
    return dp_listener_bind(l, &m->world, &at, bound);
}

static void both_families(void **state)
{
    (void)state;
    machine m = machine_new();
    dp_listener l = { .reading = false };
    devp2p_addr bound;
    char text[DEVP2P_ADDR_TEXT];

    assert_int_equal(bind_to(&m, &l, ":0", &bound), 0);
    assert_int_equal(m.open, 2);
    assert_string_equal(devp2p_addr_text(text, &bound), "127.0.0.1:50000");
    dp_listener_want(&l, &m.world, true);
    assert_int_equal(m.wants[0], DP_READ);
    assert_int_equal(m.wants[1], DP_READ);
    dp_listener_want(&l, &m.world, false);
    assert_int_equal(m.wants[0] | m.wants[1], 0);
    dp_listener_close(&l, &m.world);
    assert_int_equal(m.open, 0);
}

static void one_family(void **state)
{
    (void)state;
    machine m = machine_new();
    dp_listener l = { .reading = false };
    devp2p_addr bound;
    char text[DEVP2P_ADDR_TEXT];

    m.no_six = true;
    assert_int_equal(bind_to(&m, &l, ":30303", &bound), 0);
    assert_string_equal(devp2p_addr_text(text, &bound), "127.0.0.1:30303");
    dp_listener_close(&l, &m.world);
    m.no_six = false;
    m.no_four = true;
    assert_int_equal(bind_to(&m, &l, ":30303", &bound), 0);
    assert_string_equal(devp2p_addr_text(text, &bound), "[::1]:30303");
    dp_listener_close(&l, &m.world);
    m.no_six = true;
    assert_int_equal(
        bind_to(&m, &l, ":30303", &bound), DEVP2P_ERR_ADDR_UNAVAILABLE);
    assert_non_null(strstr(devp2p_last_detail(), "listen_addr: :30303"));
    assert_int_equal(m.open, 0);
}

/* A port that IPv6 gave may be taken in IPv4: other ports are tried, but not
 * for one that was asked for. */
static void port_taken(void **state)
{
    (void)state;
    machine m = machine_new();
    dp_listener l = { .reading = false };
    devp2p_addr bound;

    m.taken_from = 50000;
    m.taken_to = 50004;
    assert_int_equal(bind_to(&m, &l, ":0", &bound), 0);
    assert_int_equal(bound.port, 50005);
    assert_int_equal(m.open, 2);
    dp_listener_close(&l, &m.world);
    m.tries = 0;
    assert_int_equal(bind_to(&m, &l, ":50001", &bound), DEVP2P_ERR_ADDR_IN_USE);
    assert_int_equal(m.tries, 2);
    m.taken_to = UINT16_MAX;
    assert_int_equal(bind_to(&m, &l, ":0", &bound), DEVP2P_ERR_ADDR_IN_USE);
    assert_int_equal(m.open, 0);
}

static void one_address(void **state)
{
    (void)state;
    machine m = machine_new();
    dp_listener l = { .reading = false };
    devp2p_addr bound;
    char text[DEVP2P_ADDR_TEXT];

    assert_int_equal(dp_listen_parse(&bound, "nonsense"), DEVP2P_ERR_ADDR);
    devp2p_addr at;
    assert_int_equal(dp_listen_parse(&at, "1.2.3.4:5"), 0);
    assert_int_equal(dp_listener_bind(&l, &m.world, &at, &bound), 0);
    assert_string_equal(devp2p_addr_text(text, &bound), "1.2.3.4:5");
    assert_int_equal(m.open, 1);
    dp_listener_close(&l, &m.world);
    assert_int_equal(bind_to(&m, &l, "[::]:7", &bound), 0);
    assert_string_equal(devp2p_addr_text(text, &bound), "[::1]:7");
    dp_listener_close(&l, &m.world);
    m.no_four = true;
    assert_int_equal(dp_listener_bind(&l, &m.world, &at, &bound),
        DEVP2P_ERR_ADDR_UNAVAILABLE);
    assert_non_null(strstr(devp2p_last_detail(), "listen_addr: 1.2.3.4:5"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families),
        cmocka_unit_test(one_family),
        cmocka_unit_test(port_taken),
        cmocka_unit_test(one_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
