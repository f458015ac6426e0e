/* SPDX-License-Identifier: MIT */
/* peers.c - a server whose memory is counted: the library's through its
 * config, libuv's and OpenSSL's through theirs.  It prints its URL, and for
 * each line of stdin: peers, bytes live in the library's allocator, in libuv's
 * and in OpenSSL's, resident bytes, ns of CPU. */
#include "trial.h"

#include <devp2p/devp2p.h>

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* --- counting allocators: libuv and OpenSSL do not say how much they free, so
 * the size stands before each block --- */

enum { HEAD = 16, LIBRARY = 0, LIBUV, OPENSSL, KINDS };

static atomic_size_t live[KINDS];

static void *resize(int kind, void *old, size_t size)
{
    uint8_t *head = old ? (uint8_t *)old - HEAD : NULL;
    size_t before = 0;
    if (head)
        memcpy(&before, head, sizeof before);
    if (size == 0) {
        atomic_fetch_sub(&live[kind], before);
        free(head);
        return NULL;
    }
    head = size > SIZE_MAX - HEAD ? NULL : realloc(head, HEAD + size);
    if (!head)
        return NULL;
    memcpy(head, &size, sizeof size);
    atomic_fetch_add(&live[kind], size - before);
    return head + HEAD;
}

static void *library_alloc(void *user, void *old, size_t old_size, size_t size)
{
    (void)user;
    (void)old_size;
    return resize(LIBRARY, old, size);
}

static void *uv_malloc_(size_t size)
{
    return resize(LIBUV, NULL, size ? size : 1);
}

static void *uv_realloc_(void *old, size_t size)
{
    return resize(LIBUV, old, size);
}

static void *uv_calloc_(size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    void *at = uv_malloc_(n * size);
    return at ? memset(at, 0, n * size) : NULL;
}

static void uv_free_(void *at)
{
    resize(LIBUV, at, 0);
}

static void *ssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size ? resize(OPENSSL, NULL, size) : NULL;
}

static void *ssl_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return resize(OPENSSL, old, size);
}

static void ssl_free(void *at, const char *file, int line)
{
    (void)file;
    (void)line;
    resize(OPENSSL, at, 0);
}

/* --- the server --- */

static int on_msg(devp2p_rw *rw, const devp2p_msg *msg, void *user)
{
    (void)rw;
    (void)msg;
    (void)user;
    return 0;
}

static size_t resident(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    must(f && fscanf(f, "%*u %lu", &pages) == 1);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

int main(void)
{
    must(uv_replace_allocator(uv_malloc_, uv_realloc_, uv_calloc_, uv_free_) ==
         0);
    must(CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free));
    const devp2p_protocol protocols[] = {
        { .name = "idle", .version = 1, .length = 1, .on_msg = on_msg },
        { .name = NULL },
    };
    devp2p_config cfg = {
        .name = "bench",
        .listen_addr = "127.0.0.1:0",
        .protocols = protocols,
        .alloc = library_alloc,
        .max_peers = 10000,
        .dial_ratio = DEVP2P_NONE,
    };
    devp2p_server *srv;
    devp2p_node self;
    char url[DEVP2P_URL_MAX], line[16];
    must(devp2p_key_generate(&cfg.private_key) == 0);
    must(devp2p_server_new(&srv, &cfg) == 0);
    more_descriptors();
    must(devp2p_server_start(srv) == 0);
    devp2p_server_self(srv, &self);
    devp2p_node_url(url, &self);
    puts(url);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        printf("%zu %zu %zu %zu %zu %lu\n", devp2p_server_count(srv),
            atomic_load(&live[LIBRARY]), atomic_load(&live[LIBUV]),
            atomic_load(&live[OPENSSL]), resident(), usage_ns());
        fflush(stdout);
    }
    devp2p_server_free(srv);
    return 0;
}
