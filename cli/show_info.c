/* SPDX-License-Identifier: MIT */
/* show_info.c - infos as JSON. */
#include "show_info.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SHOWN = 4 * 256 + 8, CAP_SHOWN = 4 * 256 };

static void put_enode(json *j, const devp2p_node *node)
{
    char url[DEVP2P_URL_MAX];
    json_text(j, "enode", devp2p_node_url(url, node));
}

static void put_id(json *j, const devp2p_id *id)
{
    char hex[2 * sizeof id->b + 1];
    for (size_t i = 0; i < sizeof id->b; i++)
        snprintf(hex + 2 * i, 3, "%02x", id->b[i]);
    json_text(j, "id", hex);
}

/* put_addr writes host and port, "" for no address. */
static void put_addr(json *j, const char *name, const devp2p_addr *addr)
{
    char text[DEVP2P_ADDR_TEXT] = "";
    if (addr->family)
        devp2p_addr_text(text, addr);
    json_text(j, name, text);
}

/* put_ip writes an address without its port. */
static void put_ip(json *j, const char *name, const devp2p_addr *addr)
{
    char text[DEVP2P_ADDR_TEXT] = "";
    if (addr->family)
        devp2p_addr_text(text, addr);
    char *end = strrchr(text, ':'), *at = text;
    if (end && at[0] == '[') {
        at++;
        end--;
    }
    if (end)
        *end = '\0';
    json_text(j, name, at);
}

static bool shown_before(const devp2p_protocol_info *rows, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (!strcmp(rows[k].name, rows[i].name))
            return true;
    return false;
}

/* put_protocols: of several versions of a name the first is shown. */
static void put_protocols(
    json *j, const devp2p_protocol_info *rows, size_t n, const char *silent)
{
    json_open(j, "protocols", '{');
    for (size_t i = 0; i < n; i++) {
        if (shown_before(rows, i))
            continue;
        if (!rows[i].text)
            json_text(j, rows[i].name, "unknown");
        else if (!rows[i].text[0])
            json_raw(j, rows[i].name, silent);
        else
            json_raw(j, rows[i].name, rows[i].text);
    }
    json_close(j, '{');
}

void show_node_info(json *j, const char *name, const devp2p_node_info *info)
{
    char shown[NAME_SHOWN];
    devp2p_slice own = { (const uint8_t *)info->name, strlen(info->name) };
    json_open(j, name, '{');
    put_id(j, &info->node.id);
    json_text(j, "name", devp2p_escape(shown, sizeof shown, own));
    put_enode(j, &info->node);
    put_ip(j, "ip", &info->node.addr);
    json_open(j, "ports", '{');
    json_number(j, "discovery", info->node.udp);
    json_number(j, "listener", info->node.addr.port);
    json_close(j, '{');
    put_addr(j, "listenAddr", &info->listen);
    put_protocols(j, info->protocols, info->nprotocols, "null");
    json_close(j, '{');
}

static void put_caps(json *j, const devp2p_cap *caps, size_t n)
{
    char name[CAP_SHOWN], text[CAP_SHOWN + 24];
    json_open(j, "caps", '[');
    for (size_t i = 0; i < n; i++) {
        devp2p_escape(name, sizeof name, caps[i].name);
        snprintf(text, sizeof text, "%s/%" PRIu64, name, caps[i].version);
        json_text(j, NULL, text);
    }
    json_close(j, '[');
}

void show_peer_info(json *j, const char *name, const devp2p_peer_info *info)
{
    json_open(j, name, '{');
    put_enode(j, &info->node);
    put_id(j, &info->node.id);
    json_text(j, "name", info->name);
    put_caps(j, info->caps, info->ncaps);
    json_open(j, "network", '{');
    put_addr(j, "localAddress", &info->local);
    put_addr(j, "remoteAddress", &info->remote);
    json_bool(j, "inbound", info->flags & DEVP2P_PEER_INBOUND);
    json_bool(j, "trusted", info->flags & DEVP2P_PEER_TRUSTED);
    json_bool(j, "static", info->flags & DEVP2P_PEER_STATIC);
    json_close(j, '{');
    put_protocols(j, info->protocols, info->nprotocols, "\"handshake\"");
    json_close(j, '{');
}
