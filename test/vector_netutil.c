/* SPDX-License-Identifier: MIT */
#include "vector_main.h"

#include "base/addr.h"
#include "base/netlist.h"

#include <stdio.h>
#include <string.h>

enum { NETS = 16 };

static devp2p_addr addr_of(const json_t *input, const char *key)
{
    const char *text = vector_text(input, key);
    devp2p_addr addr;
    if (!dp_ip_parse(&addr, text, strlen(text)))
        return (devp2p_addr){ .family = 0 };
    return addr;
}

/* says compares a verdict with the result of output. */
static int says(const json_t *output, bool verdict)
{
    const json_t *want = json_object_get(output, "result");
    return json_is_boolean(want) && json_is_true(want) == verdict
               ? 0
               : VECTOR_DIFFERS;
}

static int is_lan(const json_t *input, const json_t *output)
{
    devp2p_addr addr = addr_of(input, "addr");
    return addr.family ? says(output, dp_addr_is_lan(&addr)) : -1;
}

static int same_net(const json_t *input, const json_t *output)
{
    devp2p_addr a = addr_of(input, "a"), b = addr_of(input, "b");
    unsigned bits = (unsigned)vector_int(input, "bits");
    return a.family && b.family ? says(output, dp_same_net(&a, &b, bits)) : -1;
}

/* net_text is a network without brackets. */
static const char *net_text(char *out, size_t cap, const dp_net *net)
{
    char text[DEVP2P_ADDR_TEXT];
    devp2p_addr_text(text, &net->ip);
    char *at = text, *end = strrchr(text, ':');
    if (*at == '[')
        at++, end--;
    snprintf(out, cap, "%.*s/%u", (int)(end - at), at, net->bits);
    return out;
}

static int parse_netlist(const json_t *input, const json_t *output)
{
    const json_t *masks = json_object_get(output, "masks");
    dp_net nets[NETS];
    size_t n;
    int err = dp_netlist_parse(nets, NETS, &n, vector_text(input, "text"));
    if (err || !output)
        return err;
    bool same = json_array_size(masks) == n;
    for (size_t i = 0; i < n && same; i++) {
        const char *want = json_string_value(json_array_get(masks, i));
        char text[DEVP2P_ADDR_TEXT + 8];
        same = strcmp(want, net_text(text, sizeof text, &nets[i])) == 0;
    }
    return same ? 0 : VECTOR_DIFFERS;
}

static int netlist_contains(const json_t *input, const json_t *output)
{
    devp2p_addr addr = addr_of(input, "addr");
    dp_net nets[NETS];
    size_t at, n = 0;
    json_t *mask;
    json_array_foreach(json_object_get(input, "masks"), at, mask)
    {
        size_t one;
        int err =
            dp_netlist_parse(&nets[n], NETS - n, &one, json_string_value(mask));
        if (err)
            return err;
        n += one;
    }
    return says(output, dp_netlist_has(nets, n, &addr));
}

/* What nodes tell of other nodes and of our own address, and how many of a
 * subnet a table holds, is decided by discovery. */
static const vector_row rows[] = { { "is_lan", is_lan },
    { "same_net", same_net }, { "parse_netlist", parse_netlist },
    { "netlist_contains", netlist_contains }, { "is_special", NULL },
    { "check_relay", NULL }, { "distinct_net", NULL },
    { "endpoint_predictor", NULL }, { NULL, NULL } };

const vector_file vector_netutil = { "netutil", rows };
