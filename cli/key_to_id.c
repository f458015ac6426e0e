/* SPDX-License-Identifier: MIT */
/* key_to_id.c - devp2p key to-id FILE */
#include "command.h"
#include "keyfile.h"
#include "show.h"

static int run(const call *asked)
{
    devp2p_pubkey pub;
    int result = keyfile_public(&pub, asked->args[0]);
    if (result)
        return result;
    devp2p_id id = devp2p_pubkey_id(&pub);
    show_id(&id);
    return DONE;
}

const command command_key_to_id = {
    .path = "key to-id",
    .args = "FILE",
    .words = "Show the node id of a key file",
    .run = run,
};
