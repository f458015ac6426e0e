/* SPDX-License-Identifier: MIT */
#include "test_log.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* file gives this process's file of a kind, or -1.  Threads that come first
 * together open it twice, to the same end. */
static int file(atomic_int *kept, const char *kind)
{
    int fd = atomic_load(kept);
    const char *folder = getenv("DEVP2P_LOGS");
    char path[4096];
    if (fd || !folder)
        return fd - 1;
    snprintf(path, sizeof path, "%s/%d.%s", folder, (int)getpid(), kind);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    atomic_store(kept, fd + 1);
    return fd;
}

void test_log(
    void *user, devp2p_log_level level, const char *area, const char *line)
{
    static atomic_int kept; /* the descriptor and one */
    int fd = file(&kept, "log");
    (void)user;
    if (fd >= 0)
        dprintf(fd, "%u %s %s\n", (unsigned)level, area, line);
}

void test_secret(const uint8_t bytes[32])
{
    static atomic_int kept;
    int fd = file(&kept, "secrets");
    char text[65];
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    if (fd >= 0)
        dprintf(fd, "%s\n", text);
}
