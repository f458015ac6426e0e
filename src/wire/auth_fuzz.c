/* SPDX-License-Identifier: MIT */
/* auth_fuzz.c - the bodies of auth and ack: what is read and written again says
 * the same. */
#include "wire/auth.h"

#include "base/assert.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t auth_out[DP_AUTH_BODY_MAX], ack_out[DP_ACK_BODY_MAX];
    dp_auth auth, auth_again;
    dp_ack ack, ack_again;
    if (dp_auth_read(&auth, data, size) == 0) {
        size_t len = dp_auth_write(auth_out, &auth);
        dp_assert(len <= sizeof auth_out);
        dp_assert(dp_auth_read(&auth_again, auth_out, len) == 0);
        dp_assert(memcmp(&auth, &auth_again, sizeof auth) == 0);
    }
    if (dp_ack_read(&ack, data, size) == 0) {
        size_t len = dp_ack_write(ack_out, &ack);
        dp_assert(len <= sizeof ack_out);
        dp_assert(dp_ack_read(&ack_again, ack_out, len) == 0);
        dp_assert(memcmp(&ack, &ack_again, sizeof ack) == 0);
    }
    return 0;
}
