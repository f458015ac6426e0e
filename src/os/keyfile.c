/* SPDX-License-Identifier: MIT */
/* keyfile.c - private keys in files.  Only the owner may touch such a file, and
 * it is never there in part. */
#include "base/bytes.h"
#include "base/env.h"

#include <devp2p/key.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGITS = 2 * sizeof(devp2p_key), PATH_LONGEST = 4096 };

/* unusable says why the system refused something. */
static int unusable(const char *what, const char *path)
{
    char why[128] = "";
    if (strerror_r(errno, why, sizeof why) != 0)
        snprintf(why, sizeof why, "error %d", errno);
    return dp_fail(DEVP2P_ERR_KEY_FILE, "%s: %s: key file %s", what, why, path);
}

/* read_all reads until the end or until out is full: the length, or -1. */
static ssize_t read_all(int fd, char *out, size_t cap)
{
    size_t len = 0;
    while (len < cap) {
        ssize_t n = read(fd, out + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

/* check looks at the open file, not at its name: that may change meanwhile. */
static int check(int fd, const char *path)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return unusable("cannot look at it", path);
    if (!S_ISREG(st.st_mode))
        return dp_fail(
            DEVP2P_ERR_KEY_FILE, "not a plain file: key file %s", path);
    if (st.st_uid != geteuid())
        return dp_fail(DEVP2P_ERR_KEY_FILE,
            "it belongs to another user: key file %s", path);
    unsigned mode = st.st_mode & 07777;
    if (mode & ~0600U)
        return dp_fail(DEVP2P_ERR_KEY_FILE,
            "mode %04o is wider than 0600: key file %s", mode, path);
    return 0;
}

/* read_key takes 64 digits and at most one newline; text has room for more, so
 * that what is too long is seen. */
static int read_key(devp2p_key *out, int fd, const char *path)
{
    char text[DIGITS + 3];
    ssize_t len = read_all(fd, text, sizeof text - 1);
    int err = 0;
    if (len < 0) {
        err = unusable("cannot read it", path);
    } else {
        if (len == DIGITS + 1 && text[DIGITS] == '\n')
            len--;
        text[len] = 0;
        devp2p_key key;
        if (!dp_unhex(key.b, sizeof key.b, text, (size_t)len))
            err = dp_fail(DEVP2P_ERR_KEY_FILE,
                "it does not hold 64 hex digits: key file %s", path);
        else
            err = devp2p_key_parse(out, text);
        devp2p_key_wipe(&key);
    }
    dp_wipe(text, sizeof text);
    return err;
}

int devp2p_key_load(devp2p_key *out, const char *path)
{
    devp2p_key_wipe(out);
    /* not blocking: a pipe of that name would wait for a writer */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return unusable("cannot open it", path);
    int err = check(fd, path);
    if (!err)
        err = read_key(out, fd, path);
    close(fd);
    return err;
}

static bool write_all(int fd, const char *at, size_t len)
{
    while (len) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* fill writes the key into a new file and waits until the disk has it. */
static bool fill(int fd, const devp2p_key *key)
{
    char text[DIGITS + 1];
    dp_hex(text, key->b, sizeof key->b);
    text[DIGITS] = '\n';
    bool ok = fchmod(fd, 0600) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
              write_all(fd, text, sizeof text) && fsync(fd) == 0;
    dp_wipe(text, sizeof text);
    return ok;
}

/* settle asks the disk to keep the name as well; some file systems cannot. */
static void settle(const char *path)
{
    char copy[PATH_LONGEST];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

int devp2p_key_save(const devp2p_key *key, const char *path)
{
    char temp[PATH_LONGEST];
    devp2p_pubkey pub;
    int err = devp2p_key_public(&pub, key);
    if (err)
        return err;
    int len = snprintf(temp, sizeof temp, "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof temp)
        return dp_fail(DEVP2P_ERR_KEY_FILE, "the path is too long");
    int fd = mkstemp(temp);
    if (fd < 0)
        return unusable("cannot create it", path);
    if (!fill(fd, key))
        err = unusable("cannot write it", path);
    if (close(fd) != 0 && !err)
        err = unusable("cannot write it", path);
    /* a link, because a rename would replace what is there */
    if (!err && link(temp, path) != 0)
        err = errno == EEXIST ? dp_fail(DEVP2P_ERR_EXISTS,
                                    "there is already a key file %s", path)
                              : unusable("cannot name it", path);
    unlink(temp);
    if (!err)
        settle(path);
    return err;
}
