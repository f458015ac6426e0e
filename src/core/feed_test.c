/* SPDX-License-Identifier: MIT */
#include "core/feed.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "crypto/frames.h"
#include "test.h"

#include <devp2p/rlp.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t ids[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff,
    UINT64_C(1) << 32, UINT64_MAX };
static const size_t sizes[] = { 0, 1, 7, 14, 15, 16, 31, 100, 1000 };

enum { NIDS = sizeof ids / sizeof *ids, NSIZES = sizeof sizes / sizeof *sizes };

/* check_plain reads a whole plain frame as a peer would. */
static void check_plain(
    const uint8_t *frame, uint64_t id, const uint8_t *payload, size_t len)
{
    size_t size = dp_get24(frame);
    devp2p_rlp_reader r = devp2p_rlp_read(frame + DP_FRAME_HEAD, size);
    assert_true(devp2p_rlp_get_u64(&r) == id);
    assert_int_equal(r.err, 0);
    assert_int_equal(r.end - r.at, len);
    assert_memory_equal(r.at, payload, len);
    static const uint8_t zeros[32];
    assert_memory_equal(frame + 16, zeros, 16);
    assert_memory_equal(
        r.end, zeros, dp_frame_wire(size) - DP_FRAME_HEAD - size);
}

static void test_any_slices_make_the_same_frame(void **state)
{
    (void)state;
    uint8_t payload[1000], whole[2048], sliced[2048];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 7 + 1);
    for (size_t i = 0; i < NIDS; i++) {
        for (size_t k = 0; k < NSIZES; k++) {
            dp_feed f;
            memset(whole, 0xee, sizeof whole);
            dp_feed_start(&f, ids[i], payload, sizes[k]);
            assert_int_equal(f.wire, dp_feed_wire(ids[i], sizes[k]));
            assert_int_equal(dp_feed_copy(&f, whole, 2048), f.wire);
            assert_false(dp_feed_active(&f));
            check_plain(whole, ids[i], payload, sizes[k]);
            for (size_t slice = 16; slice <= 96; slice += 16) {
                size_t at = 0;
                memset(sliced, 0xdd, sizeof sliced);
                dp_feed_start(&f, ids[i], payload, sizes[k]);
                while (dp_feed_active(&f))
                    at += dp_feed_copy(&f, sliced + at, slice);
                assert_int_equal(at, f.wire);
                assert_memory_equal(sliced, whole, at);
            }
        }
    }
}

static void test_longest_frame(void **state)
{
    (void)state;
    assert_int_equal(
        dp_feed_wire(0x10, DP_FRAME_MAX - 1), dp_frame_wire(DP_FRAME_MAX));
    assert_int_equal(dp_feed_wire(0x10, DP_FRAME_MAX), 0);
    assert_int_equal(dp_feed_wire(0x80, DP_FRAME_MAX - 1), 0);
    assert_int_equal(dp_feed_wire(UINT64_MAX, DP_FRAME_MAX - 8), 0);
    assert_int_equal(dp_feed_wire(0, SIZE_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_slices_make_the_same_frame),
        cmocka_unit_test(test_longest_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
