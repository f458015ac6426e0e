/* SPDX-License-Identifier: MIT */
/* socks5.h - the client's side of SOCKS version 5 (RFC 1928), with user and
 * password (RFC 1929): asks a proxy for a TCP connection to a node.  A host
 * name goes to the proxy as it is. */
#ifndef DP_SOCKS5_H
#define DP_SOCKS5_H

#include <devp2p/node.h>

enum {
    DP_SOCKS5_WORD = 255, /* bytes of a user, a password or a host name */
    DP_SOCKS5_OUT = 3 + 2 * DP_SOCKS5_WORD,
    DP_SOCKS5_IN = 5 + DP_SOCKS5_WORD + 2
};

/* A dp_socks5_proxy borrows from the text that it was read from. */
typedef struct dp_socks5_proxy {
    devp2p_addr addr;
    devp2p_slice user, password; /* user empty: none */
} dp_socks5_proxy;

/* dp_socks5_parse reads "1.2.3.4:1080", "[::1]:1080" or either behind
 * "user:password@"; the last @ counts, and the first colon before it.  Returns
 * 0 or ERR_ADDR; the sentence does not show the text, which holds a secret. */
int dp_socks5_parse(dp_socks5_proxy *out, const char *text);

typedef enum dp_socks5_step {
    DP_SOCKS5_METHOD = 1, /* the proxy is to choose one */
    DP_SOCKS5_STATUS,     /* it is to accept user and password */
    DP_SOCKS5_REPLY,      /* it is to connect */
    DP_SOCKS5_OPEN
} dp_socks5_step;

/* A dp_socks5 is one conversation.  It never takes a byte that is not the
 * proxy's own. */
typedef struct dp_socks5 {
    const dp_socks5_proxy *proxy; /* outlives it */
    const char *host;             /* as the node, which outlives it too */
    const devp2p_addr *addr;
    dp_socks5_step step;
    uint8_t reply; /* what it answered last: a method, status or reply */
    size_t in_n, need;
    size_t out_n, out_at;
    uint8_t in[DP_SOCKS5_IN];
    uint8_t out[DP_SOCKS5_OUT];
} dp_socks5;

/* dp_socks5_init begins one: host is asked for unless it is "", then addr is;
 * the port is always that of addr. */
void dp_socks5_init(dp_socks5 *s, const dp_socks5_proxy *proxy,
    const char *host, const devp2p_addr *addr);
void dp_socks5_fini(dp_socks5 *s); /* wipes the password */

/* dp_socks5_out lends what is to be sent, 0 for nothing now. */
size_t dp_socks5_out(const dp_socks5 *s, const uint8_t **at);
void dp_socks5_sent(dp_socks5 *s, size_t n);

/* dp_socks5_room lends room for what is still to come; 0 once the connection is
 * open, or while something is to be sent first. */
size_t dp_socks5_room(dp_socks5 *s, uint8_t **at);

/* dp_socks5_recv says that n bytes came: 0; ERR_PROXY for what is not SOCKS;
 * ERR_PROXY_AUTH; the error of the reply. */
int dp_socks5_recv(dp_socks5 *s, size_t n);

static inline bool dp_socks5_open(const dp_socks5 *s)
{
    return s->step == DP_SOCKS5_OPEN;
}

#endif
