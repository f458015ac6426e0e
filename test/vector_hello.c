/* SPDX-License-Identifier: MIT */
#include "vector_main.h"

#include "wire/hello.h"

#include <stdio.h>
#include <string.h>

static bool same_number(const json_t *object, const char *key, uint64_t v)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)v);
    return strcmp(vector_text(object, key), text) == 0;
}

static bool same_caps(const json_t *want, const dp_hello *hello)
{
    size_t i;
    json_t *row;
    if (json_array_size(want) != hello->ncaps)
        return false;
    json_array_foreach(want, i, row)
    {
        const devp2p_cap *cap = &hello->caps[i];
        if (!vector_same(row, "name_hex", cap->name.at, cap->name.len) ||
            !same_number(row, "version", cap->version))
            return false;
    }
    return true;
}

/* written_again: what was read is written as the list was, but for elements and
 * bytes that follow. */
static bool written_again(
    const dp_hello *hello, const uint8_t *at, size_t len, bool more)
{
    uint8_t again[DP_HELLO_MAX];
    size_t n;
    if (dp_hello_write(again, sizeof again, &n, hello) != 0)
        return false;
    return more ? n < len : n == len && memcmp(again, at, n) == 0;
}

static int decode(const json_t *input, const json_t *output)
{
    static uint8_t memory[DP_HELLO_ARENA];
    devp2p_arena arena = { memory, memory + sizeof memory };
    size_t len;
    const uint8_t *at = vector_bytes(input, "payload", &len);
    dp_hello hello;
    int err = dp_hello_read(&hello, at, len, &arena);
    if (err || !output)
        return err;
    bool more = json_array_size(json_object_get(output, "extra")) ||
                vector_text(output, "trailing")[0];
    bool same =
        same_number(output, "p2p_version", hello.version) &&
        vector_same(output, "client_id_hex", hello.name.at, hello.name.len) &&
        same_caps(json_object_get(output, "caps"), &hello) &&
        same_number(output, "listen_port", hello.port) &&
        vector_same(output, "node_id", hello.pub.b, sizeof hello.pub.b) &&
        written_again(&hello, at, len, more);
    return same ? 0 : VECTOR_DIFFERS;
}

static const vector_row rows[] = { { "decode", decode }, { NULL, NULL } };

const vector_file vector_hello = { "hello", rows };
