/* SPDX-License-Identifier: MIT */
/* keyfile_fuzz.c - a file is a key or an error with a sentence; what is saved
 * is what was loaded. */
#include "base/assert.h"
#include "base/env.h"

#include <devp2p/key.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/devp2p-fuzz-XXXXXX", path[64], copy[64];

static void clean(void)
{
    unlink(path);
    unlink(copy);
    rmdir(dir);
}

static void prepare(void)
{
    if (path[0])
        return;
    dp_assert(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/key", dir);
    snprintf(copy, sizeof copy, "%s/copy", dir);
    dp_assert(atexit(clean) == 0);
}

static void put(const uint8_t *data, size_t size, unsigned mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    dp_assert(fd >= 0);
    dp_assert(write(fd, data, size) == (ssize_t)size);
    dp_assert(fchmod(fd, mode) == 0);
    dp_assert(close(fd) == 0);
}

/* no_key: things that are no files and paths that lead nowhere. */
static void no_key(void)
{
    static char longest[5000];
    const devp2p_key one = { { [31] = 1 } }, zero = { { 0 } };
    devp2p_key key;
    dp_assert(devp2p_key_load(&key, dir) == DEVP2P_ERR_KEY_FILE);
    dp_assert(devp2p_key_load(&key, copy) == DEVP2P_ERR_KEY_FILE);
    dp_assert(devp2p_key_save(&one, "/dev/null/key") == DEVP2P_ERR_KEY_FILE);
    dp_assert(devp2p_key_save(&zero, copy) == DEVP2P_ERR_KEY);
    memset(longest, 'x', sizeof longest - 1);
    dp_assert(devp2p_key_save(&one, longest) == DEVP2P_ERR_KEY_FILE);
}

/* The first byte is the mode's lower bits, for group and others. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    devp2p_key key, again;
    if (!size)
        return 0;
    prepare();
    put(data + 1, size - 1, 0600 | (data[0] & 077));
    dp_fail(0, "%s", "");
    if (devp2p_key_load(&key, path)) {
        dp_assert(devp2p_last_detail()[0]);
        return 0;
    }
    dp_assert((data[0] & 077) == 0);
    unlink(copy);
    no_key();
    dp_assert(devp2p_key_save(&key, copy) == 0);
    dp_assert(devp2p_key_save(&key, copy) == DEVP2P_ERR_EXISTS);
    dp_assert(devp2p_key_load(&again, copy) == 0);
    dp_assert(memcmp(&again, &key, sizeof key) == 0);
    return 0;
}
