/* SPDX-License-Identifier: MIT */
/* tutorial [LISTEN [ENODE]]: the program of doc/TUTORIAL.md.  It answers "foo"
 * with "bar" and prints anything else; it dials ENODE and says foo to it. */
#include <devp2p/devp2p.h>
#include <stdio.h>

enum { MESSAGE_ID = 0 };

static int msg_handler(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    devp2p_msg msg;
    devp2p_slice word;
    char text[256];
    int err = 0;

    (void)user;
    if (!(devp2p_peer_flags(peer) & DEVP2P_PEER_INBOUND))
        err = devp2p_send_items(rw, MESSAGE_ID, "foo");

    while (!err && !(err = devp2p_read(rw, &msg))) {
        if (devp2p_decode_items(&msg, &word))
            continue; /* not a list of one string */

        if (devp2p_slice_is(word, "foo"))
            err = devp2p_send_items(rw, MESSAGE_ID, "bar");
        else
            printf("recv: %s\n", devp2p_escape(text, sizeof text, word));
    }
    return err;
}

static const devp2p_protocol protocols[] = {
    {
        .name = "MyProtocol",
        .version = 1,
        .length = 1,
        .run = msg_handler,
    },
    { .name = NULL },
};

int main(int argc, char **argv)
{
    const char *nodes[] = { argc > 2 ? argv[2] : NULL, NULL };
    char url[DEVP2P_URL_MAX];
    devp2p_server *srv;
    devp2p_node self;
    devp2p_config cfg = {
        .max_peers = 10,
        .name = "my node name",
        .listen_addr = argc > 1 ? argv[1] : ":30300",
        .protocols = protocols,
        .static_nodes = nodes,
    };

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (devp2p_key_generate(&cfg.private_key) ||
        devp2p_server_new(&srv, &cfg) || devp2p_server_start(srv)) {
        fprintf(stderr, "%s\n", devp2p_last_detail());
        return 1;
    }

    devp2p_server_self(srv, &self);
    printf("%s\n", devp2p_node_url(url, &self));
    devp2p_server_wait(srv);
    devp2p_server_free(srv);
    return 0;
}
