/* SPDX-License-Identifier: MIT */
/* key_generate.c - devp2p key generate FILE */
#include "command.h"
#include "report.h"

#include <devp2p/key.h>

static int run(const call *asked)
{
    devp2p_key key;
    int err = devp2p_key_generate(&key);
    if (!err)
        err = devp2p_key_save(&key, asked->args[0]);
    devp2p_key_wipe(&key);
    return err ? fail("%s", devp2p_last_detail()) : DONE;
}

const command command_key_generate = {
    .path = "key generate",
    .args = "FILE",
    .words = "Write a new node key into a file",
    .run = run,
};
