/* SPDX-License-Identifier: MIT */
/* key_to_enode.c - devp2p key to-enode FILE */
#include "command.h"
#include "keyfile.h"
#include "parse.h"
#include "report.h"

#include <devp2p/node.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { IP, TCP, UDP };

/* read_endpoint fills in what the options say; an empty address is a node
 * without an endpoint. */
static int read_endpoint(devp2p_node *out, const call *asked)
{
    const char *ip = asked->values[IP];
    unsigned tcp, udp;
    if (parse_number(&tcp, asked, TCP, UINT16_MAX) ||
        parse_number(&udp, asked, UDP, UINT16_MAX))
        return USAGE;
    if (!ip[0])
        return 0;
    char text[DEVP2P_ADDR_TEXT];
    bool six = strchr(ip, ':') != NULL;
    int n = snprintf(text, sizeof text, "%s%s%s:%u", six ? "[" : "", ip,
        six ? "]" : "", tcp);
    /* a zone means nothing elsewhere, so no URL has one */
    if ((size_t)n >= sizeof text || devp2p_addr_parse(&out->addr, text) ||
        out->addr.scope)
        return misuse(asked->command, "not an IP address: --ip %s", ip);
    out->udp = (uint16_t)udp;
    return 0;
}

static int run(const call *asked)
{
    char url[DEVP2P_URL_MAX];
    devp2p_node node = { 0 };
    int result = read_endpoint(&node, asked);
    if (!result)
        result = keyfile_public(&node.pub, asked->args[0]);
    if (result)
        return result;
    printf("%s\n", devp2p_node_url(url, &node));
    return DONE;
}

const command command_key_to_enode = {
    .path = "key to-enode",
    .args = "FILE",
    .words = "Show the enode URL of a key file",
    .options = {
        [IP] = { "ip", "IP", "127.0.0.1", "Its address", NULL, 0 },
        [TCP] = { "tcp", "PORT", "30303", "Its TCP port", NULL, 0 },
        [UDP] = { "udp", "PORT", "30303", "Its UDP port", NULL, 0 },
    },
    .run = run,
};
