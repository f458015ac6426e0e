/* SPDX-License-Identifier: MIT */
#include "vector_main.h"

#include <devp2p/node.h>

#include <stdio.h>
#include <string.h>

/* same_text compares with a member that is null when there is nothing. */
static bool same_text(const json_t *object, const char *key, const char *text)
{
    const json_t *want = json_object_get(object, key);
    return json_is_null(want) ? !*text
                              : strcmp(json_string_value(want), text) == 0;
}

/* ip_text is the address without its port and brackets. */
static const char *ip_text(char text[DEVP2P_ADDR_TEXT], const devp2p_addr *addr)
{
    devp2p_addr_text(text, addr);
    *strrchr(text, ':') = 0;
    if (text[0] != '[')
        return text;
    text[strlen(text) - 1] = 0;
    return text + 1;
}

static int compare(const json_t *output, const devp2p_node *node)
{
    char url[DEVP2P_URL_MAX], addr[DEVP2P_ADDR_TEXT];
    bool same =
        vector_same(output, "public_key", node->pub.b, sizeof node->pub.b) &&
        vector_same(output, "node_id", node->id.b, sizeof node->id.b) &&
        same_text(output, "ip", ip_text(addr, &node->addr)) &&
        same_text(output, "hostname", node->host) &&
        vector_int(output, "tcp") == node->addr.port &&
        vector_int(output, "udp") == node->udp &&
        same_text(output, "text", devp2p_node_url(url, node));
    return same ? 0 : VECTOR_DIFFERS;
}

static int parse(const json_t *input, const json_t *output)
{
    devp2p_node node;
    int err = devp2p_node_parse(&node, vector_text(input, "url"));
    return err || !output ? err : compare(output, &node);
}

/* parse_bare takes the key without "enode://" as well. */
static int parse_bare(const json_t *input, const json_t *output)
{
    const char *text = vector_text(input, "url");
    char url[DEVP2P_URL_MAX];
    snprintf(url, sizeof url, "%s%s",
        strncmp(text, "enode://", 8) == 0 ? "" : "enode://", text);
    devp2p_node node;
    int err = devp2p_node_parse(&node, url);
    return err || !output ? err : compare(output, &node);
}

static const vector_row rows[] = { { "parse", parse },
    { "parse_bare", parse_bare }, { NULL, NULL } };

const vector_file vector_enode_url = { "enode_url", rows };
