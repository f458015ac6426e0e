/* SPDX-License-Identifier: MIT */
/* tutorial_server [LISTEN]: the first step of doc/TUTORIAL.md, a server without
 * protocols. */
#include <devp2p/devp2p.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    devp2p_server *srv;
    devp2p_config cfg = {
        .max_peers = 10,
        .name = "my node name",
        .listen_addr = argc > 1 ? argv[1] : ":30300",
    };

    if (devp2p_key_generate(&cfg.private_key) ||
        devp2p_server_new(&srv, &cfg) || devp2p_server_start(srv)) {
        fprintf(stderr, "%s\n", devp2p_last_detail());
        return 1;
    }
    printf("running\n");
    fflush(stdout);
    devp2p_server_wait(srv);
    devp2p_server_free(srv);
    return 0;
}
