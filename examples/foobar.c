/* SPDX-License-Identifier: MIT */
/* foobar [--listen ADDR] [--bare] [ENODE]: answers "foo" with "bar" */
#include <devp2p/devp2p.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_ID = 0 };
static devp2p_server *server;

static int handler(devp2p_peer *peer, devp2p_rw *rw, void *bare)
{
    bool inbound = devp2p_peer_flags(peer) & DEVP2P_PEER_INBOUND;
    int err = inbound         ? 0 /* only say "foo" to a node that we dialled */
              : *(bool *)bare ? devp2p_send_value(rw, MESSAGE_ID, "foo")
                              : devp2p_send_items(rw, MESSAGE_ID, "foo");
    devp2p_slice word;
    for (devp2p_msg m; !err && !(err = devp2p_read(rw, &m));) {
        if (devp2p_decode_items(&m, &word) && devp2p_decode_value(&m, &word))
            continue; /* neither ["word"] nor "word": wait for the next */
        if (devp2p_slice_is(word, "foo"))
            err = devp2p_send_items(rw, MESSAGE_ID, "bar");
        else
            printf("recv: %s\n", devp2p_escape((char[256]){ 0 }, 256, word));
    }
    return err; /* disconnects the peer */
}

static void interrupted(int signal_number)
{
    devp2p_server_stop(signal_number ? server : NULL);
}

int main(int argc, char **argv)
{
    bool bare = false;
    const char *nodes[2] = { NULL };
    devp2p_node self;
    devp2p_protocol mine[2] = { { "MyProtocol", 1, 1, &bare, .run = handler } };
    devp2p_config cfg = { .max_peers = 10, .name = "my node name" };
    cfg.listen_addr = ":30300";
    cfg.protocols = mine;
    cfg.static_nodes = nodes;
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--bare"))
            bare = true;
        else if (!strcmp(argv[i], "--listen") && argv[i + 1])
            cfg.listen_addr = argv[++i];
        else
            nodes[0] = argv[i];
    if (devp2p_key_generate(&cfg.private_key) ||
        devp2p_server_new(&server, &cfg) || devp2p_server_start(server))
        return fprintf(stderr, "foobar: %s\n", devp2p_last_detail()), 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGINT, interrupted);
    devp2p_server_self(server, &self);
    puts(devp2p_node_url((char[DEVP2P_URL_MAX]){ 0 }, &self));
    devp2p_server_wait(server);
    devp2p_server_free(server);
}
