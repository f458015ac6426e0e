/* SPDX-License-Identifier: MIT */
/* foobar_events [--listen ADDR] [--bare] [ENODE]: foobar.c without a thread per
 * peer; the server's loop calls on_open, on_msg and on_close. */
#include <devp2p/devp2p.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_ID = 0 };
static devp2p_server *server;

static int my_open(devp2p_peer *peer, devp2p_rw *rw, void *bare)
{
    if (devp2p_peer_flags(peer) & DEVP2P_PEER_INBOUND)
        return 0; /* only say "foo" to a node that we dialled */
    return *(bool *)bare ? devp2p_send_value(rw, MESSAGE_ID, "foo")
                         : devp2p_send_items(rw, MESSAGE_ID, "foo");
}

static int my_msg(devp2p_rw *rw, const devp2p_msg *msg, void *bare)
{
    devp2p_slice word;
    char text[256];

    (void)bare;
    if (devp2p_decode_items(msg, &word) && devp2p_decode_value(msg, &word))
        return 0; /* neither ["word"] nor "word": wait for the next */
    if (devp2p_slice_is(word, "foo"))
        return devp2p_send_items(rw, MESSAGE_ID, "bar"); /* ERR_AGAIN: later */
    printf("recv: %s\n", devp2p_escape(text, sizeof text, word));
    return 0;
}

static void my_close(devp2p_rw *rw, int reason, uint32_t unsent, void *bare)
{
    (void)bare;
    printf("closed: %s: %s, %u unsent\n", devp2p_peer_name(devp2p_rw_peer(rw)),
        devp2p_strerror(reason), unsent);
}

static void interrupted(int signal_number)
{
    devp2p_server_stop(signal_number ? server : NULL);
}

int main(int argc, char **argv)
{
    bool bare = false;
    const char *nodes[2] = { NULL };
    char url[DEVP2P_URL_MAX];
    devp2p_node self;
    devp2p_protocol mine[2] = { { .name = "MyProtocol",
        .version = 1,
        .length = 1,
        .user = &bare,
        .on_open = my_open,
        .on_msg = my_msg,
        .on_close = my_close } };
    devp2p_config cfg = { .max_peers = 10,
        .name = "my node name",
        .listen_addr = ":30300",
        .protocols = mine,
        .static_nodes = nodes };

    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--bare"))
            bare = true;
        else if (!strcmp(argv[i], "--listen") && argv[i + 1])
            cfg.listen_addr = argv[++i];
        else
            nodes[0] = argv[i];
    if (devp2p_key_generate(&cfg.private_key) ||
        devp2p_server_new(&server, &cfg) || devp2p_server_start(server)) {
        fprintf(stderr, "foobar_events: %s\n", devp2p_last_detail());
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGINT, interrupted);
    devp2p_server_self(server, &self);
    puts(devp2p_node_url(url, &self));
    devp2p_server_wait(server);
    devp2p_server_free(server);
    return 0;
}
