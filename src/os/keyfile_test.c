/* SPDX-License-Identifier: MIT */
#include <devp2p/key.h>

#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS \
    "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291"

static char dir[] = "/tmp/devp2p-keyfile-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/key", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir); /* fails when anything else was left there */
}

/* put makes the file anew with these bytes and this mode. */
static void put(const char *text, size_t len, mode_t mode)
{
    unlink(path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* refuses: the error, an empty key and a sentence with these words. */
static void refuses(int want, const char *words)
{
    devp2p_key key;
    const devp2p_key zero = { { 0 } };
    memset(&key, 1, sizeof key);
    assert_int_equal(devp2p_key_load(&key, path), want);
    assert_memory_equal(&key, &zero, sizeof key);
    if (!strstr(devp2p_last_detail(), words))
        fail_msg("'%s' does not say '%s'", devp2p_last_detail(), words);
}

static void good_key(devp2p_key *key)
{
    assert_int_equal(devp2p_key_parse(key, DIGITS), 0);
}

static size_t files(void)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void saved_whole(void **state)
{
    (void)state;
    devp2p_key key, back;
    static const mode_t masks[] = { 0, 022, 0777 };
    good_key(&key);
    for (size_t i = 0; i < 3; i++) {
        unlink(path);
        mode_t before = umask(masks[i]);
        int err = devp2p_key_save(&key, path);
        umask(before);
        assert_int_equal(err, 0);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(st.st_size, 65);
        assert_int_equal(st.st_nlink, 1);
        assert_int_equal(files(), 1);
        assert_int_equal(devp2p_key_load(&back, path), 0);
        assert_memory_equal(&back, &key, sizeof key);
    }
}

static void never_replaced(void **state)
{
    (void)state;
    devp2p_key key, other, back;
    good_key(&key);
    unlink(path);
    assert_int_equal(devp2p_key_save(&key, path), 0);
    other = key;
    other.b[31] ^= 1;
    assert_int_equal(devp2p_key_save(&other, path), DEVP2P_ERR_EXISTS);
    assert_non_null(strstr(devp2p_last_detail(), path));
    assert_int_equal(files(), 1);
    assert_int_equal(devp2p_key_load(&back, path), 0);
    assert_memory_equal(&back, &key, sizeof key);

    /* nor a link that leads nowhere */
    unlink(path);
    assert_int_equal(symlink("/nowhere/at/all", path), 0);
    assert_int_equal(devp2p_key_save(&key, path), DEVP2P_ERR_EXISTS);
    assert_int_equal(files(), 1);
}

static void bad_saves(void **state)
{
    (void)state;
    devp2p_key key, zero = { { 0 } };
    unlink(path);
    good_key(&key);
    assert_int_equal(devp2p_key_save(&zero, path), DEVP2P_ERR_KEY);
    char far[128];
    snprintf(far, sizeof far, "%s/none/key", dir);
    assert_int_equal(devp2p_key_save(&key, far), DEVP2P_ERR_KEY_FILE);
    assert_string_not_equal(devp2p_last_detail(), "");
    static char longest[5000];
    memset(longest, 'a', sizeof longest - 1);
    assert_int_equal(devp2p_key_save(&key, longest), DEVP2P_ERR_KEY_FILE);
    assert_int_equal(files(), 0);
}

static void wider_modes(void **state)
{
    (void)state;
    devp2p_key key;
    for (mode_t bit = 1; bit <= 04000; bit <<= 1) {
        bool fine = bit == 0200 || bit == 0400;
        put(DIGITS "\n", 65, 0600 | bit);
        if (fine)
            assert_int_equal(devp2p_key_load(&key, path), 0);
        else
            refuses(DEVP2P_ERR_KEY_FILE, "wider than 0600");
    }
    put(DIGITS, 64, 0400);
    assert_int_equal(devp2p_key_load(&key, path), 0);
}

static void bad_contents(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "\n", DIGITS "\n\n", DIGITS "\r\n",
        DIGITS "0", DIGITS " ", " " DIGITS, "0x" DIGITS };
    const char *const words = "64 hex digits";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(bad[i], strlen(bad[i]), 0600);
        refuses(DEVP2P_ERR_KEY_FILE, words);
    }
    put(DIGITS, 63, 0600);
    refuses(DEVP2P_ERR_KEY_FILE, words);
    for (size_t i = 0; i < 64; i++) {
        char text[65] = DIGITS;
        text[i] = "\0g:/@`\xff "[i % 8];
        put(text, 64, 0600);
        refuses(DEVP2P_ERR_KEY_FILE, words);
    }
    char zero[64];
    memset(zero, '0', sizeof zero);
    put(zero, 64, 0600);
    refuses(DEVP2P_ERR_KEY, "above zero");
    memset(zero, 'f', sizeof zero);
    put(zero, 64, 0600);
    refuses(DEVP2P_ERR_KEY, "group order");
}

static void not_a_file(void **state)
{
    (void)state;
    unlink(path);
    refuses(DEVP2P_ERR_KEY_FILE, "No such file");
    assert_int_equal(mkdir(path, 0700), 0);
    refuses(DEVP2P_ERR_KEY_FILE, "not a plain file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refuses(DEVP2P_ERR_KEY_FILE, "not a plain file"); /* and does not wait */
}

static void another_owner(void **state)
{
    (void)state;
    devp2p_key key;
    const char *foreign = "/etc/passwd";
    if (geteuid() == 0) {
        put(DIGITS, 64, 0600);
        assert_int_equal(chown(path, 1, 1), 0);
        foreign = path;
    }
    assert_int_equal(devp2p_key_load(&key, foreign), DEVP2P_ERR_KEY_FILE);
    assert_non_null(strstr(devp2p_last_detail(), "another user"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_whole),
        cmocka_unit_test(never_replaced),
        cmocka_unit_test(bad_saves),
        cmocka_unit_test(wider_modes),
        cmocka_unit_test(bad_contents),
        cmocka_unit_test(not_a_file),
        cmocka_unit_test(another_owner),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
