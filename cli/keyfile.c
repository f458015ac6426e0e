/* SPDX-License-Identifier: MIT */
/* keyfile.c - the public half of a key file; the private one goes nowhere. */
#include "keyfile.h"

#include "report.h"

int keyfile_public(devp2p_pubkey *out, const char *path)
{
    devp2p_key key;
    int err = devp2p_key_load(&key, path);
    if (!err)
        err = devp2p_key_public(out, &key);
    devp2p_key_wipe(&key);
    return err ? fail("%s", devp2p_last_detail()) : 0;
}
