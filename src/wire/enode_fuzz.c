/* SPDX-License-Identifier: MIT */
/* enode_fuzz.c - a URL that is accepted has one text; one that is refused
 * leaves a sentence. */
#include "base/assert.h"
#include "base/env.h"

#include <devp2p/node.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *url = malloc(size + 1);
    char text[DEVP2P_URL_MAX], again[DEVP2P_URL_MAX];
    devp2p_node a, b;
    dp_assert(url);
    if (size)
        memcpy(url, data, size);
    url[size] = 0;
    dp_fail(0, "%s", "");
    if (devp2p_node_parse(&a, url)) {
        dp_assert(devp2p_last_detail()[0]);
    } else {
        devp2p_node_url(text, &a);
        dp_assert(devp2p_node_parse(&b, text) == 0);
        dp_assert(memcmp(&a.id, &b.id, sizeof a.id) == 0);
        dp_assert(a.addr.port == b.addr.port && a.udp == b.udp);
        dp_assert(strcmp(a.host, b.host) == 0);
        dp_assert(strcmp(devp2p_node_url(again, &b), text) == 0);
    }
    free(url);
    return 0;
}
