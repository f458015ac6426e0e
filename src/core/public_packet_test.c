/* SPDX-License-Identifier: MIT */
#include "core/public_packet.h"

#include "base/limits.h"
#include "wire/envelope.h"

#include "test.h"
#include "test_env.h"

struct pairs {
    uint32_t number;
    devp2p_slice text;
};
DEVP2P_RLP_TYPE(pairs, number, text);

static void assert_payload(devp2p_packet *p, const void *at, size_t len)
{
    devp2p_slice payload = dp_public_packet_payload(p);
    assert_int_equal(payload.len, len);
    assert_memory_equal(payload.at, at, len);
}

/* The four ways to make one give the bytes that the sends give. */
static void four_ways(void **state)
{
    (void)state;
    static const uint8_t list[] = { 0xc5, 7, 0x83, 'b', 'a', 'r' };
    devp2p_slice bar = { list + 3, 3 };
    devp2p_packet *p;
    struct pairs value = { 7, bar };

    assert_int_equal(devp2p_packet_new(&p, 3, pairs, &value), 0);
    assert_int_equal(p->plain->code, 3);
    assert_payload(p, list, sizeof list);
    devp2p_packet_drop(p);
    assert_int_equal(devp2p_packet_new_items(&p, 3, 7u, "bar"), 0);
    assert_payload(p, list, sizeof list);
    devp2p_packet_drop(p);
    assert_int_equal(devp2p_packet_new_value(&p, 3, "bar"), 0);
    assert_payload(p, list + 2, 4);
    devp2p_packet_drop(p);
    assert_int_equal(devp2p_packet_new_raw(&p, 3, bar), 0);
    assert_payload(p, "bar", 3);
    assert_ptr_equal(devp2p_packet_keep(p), p);
    devp2p_packet_drop(p);
    assert_payload(p, "bar", 3);
    devp2p_packet_drop(p);
    devp2p_packet_drop(NULL);
}

static void refused(void **state)
{
    (void)state;
    static uint8_t zeros[DP_MESSAGE_MAX + 1];
    devp2p_slice all = { zeros, sizeof zeros };
    devp2p_packet *p = (devp2p_packet *)zeros;

    assert_int_equal(devp2p_packet_new_items(&p, 0, -1), DEVP2P_ERR_RLP_RANGE);
    assert_null(p);
    assert_int_equal(devp2p_packet_new_raw(&p, 0, all), DEVP2P_ERR_TOO_BIG);
    assert_null(p);
    all.len--;
    assert_int_equal(devp2p_packet_new_value(&p, 0, all), DEVP2P_ERR_TOO_BIG);
    assert_null(p);
    assert_int_equal(devp2p_packet_new_raw(&p, 0, all), 0);
    devp2p_packet_drop(p);
}

/* The compressed form is made when it is first wanted, once; the plain one is
 * there. */
static void forms(void **state)
{
    (void)state;
    test_env m;
    uint8_t text[5000], out[5000];
    devp2p_packet *p;
    dp_packet *plain, *snappy, *again;

    test_env_init(&m);
    memset(text, 'x', sizeof text);
    assert_int_equal(dp_public_packet_raw(
                         &p, &m.env, 4, (devp2p_slice){ text, sizeof text }),
        0);
    size_t calls = m.calls;
    assert_int_equal(dp_public_packet_form(&plain, p, false), 0);
    assert_int_equal(m.calls, calls);
    assert_int_equal(plain->len, sizeof text);
    assert_int_equal(dp_public_packet_form(&snappy, p, true), 0);
    assert_true(m.calls > calls);
    calls = m.calls;
    assert_int_equal(dp_public_packet_form(&again, p, true), 0);
    assert_int_equal(m.calls, calls);
    assert_ptr_equal(again, snappy);
    assert_int_equal(snappy->code, 4);
    assert_true(snappy->len < 1000);
    assert_int_equal(
        dp_snappy_inflate(out, sizeof out, snappy->bytes, snappy->len), 0);
    assert_memory_equal(out, text, sizeof text);

    /* a form that a session keeps outlives the packet */
    dp_packet_keep(snappy);
    devp2p_packet_drop(p);
    assert_int_equal(snappy->full, sizeof text);
    assert_int_equal(m.live, sizeof *snappy + snappy->len);
    dp_packet_drop(snappy);
    assert_int_equal(m.live, 0);
}

/* make_and_form gives what the first error is. */
static int make_and_form(test_env *m, const dp_source *from)
{
    devp2p_packet *p;
    dp_packet *form;
    int err = dp_public_packet_new(&p, &m->env, 0, from);

    if (err)
        return err;
    err = dp_public_packet_form(&form, p, true);
    if (err) { /* nothing is lost: the next one makes it */
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
        assert_int_equal(dp_public_packet_form(&form, p, true), 0);
    }
    assert_int_equal(form->full, p->plain->len);
    devp2p_packet_drop(p);
    return err;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    static uint8_t text[5000];
    const devp2p_item item = DEVP2P_ITEM(((devp2p_slice){ text, 5000 }));
    const dp_source from = { .items = &item, .n = 1 };
    unsigned failed = 0;

    for (unsigned i = 1;; i++) {
        test_env m;
        test_env_init(&m);
        test_env_fail(&m, i);
        int err = make_and_form(&m, &from);
        assert_int_equal(m.live, 0);
        if (m.calls < i) {
            assert_int_equal(err, 0);
            break;
        }
        assert_int_equal(err, DEVP2P_ERR_NOMEM);
        failed++;
    }
    assert_int_equal(failed, 5); /* payload, packet, plain, snappy, its cut */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_ways),
        cmocka_unit_test(refused),
        cmocka_unit_test(forms),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
