/* SPDX-License-Identifier: MIT */
/* vector_main.c - replays whole vector files: every case runs whose op we have.
 * A case that we decide otherwise stands in DIFFERENCES.md, and then it must
 * differ. */
#include "vector_main.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const vector_file *const files[] = { &vector_keccak256,
    &vector_secp256k1, &vector_ecies, &vector_rlp, &vector_rlpx_handshake,
    &vector_rlpx_frame, &vector_snappy, &vector_hello, &vector_disconnect,
    &vector_capability_match, &vector_enode_url, &vector_netutil };

static void *held[4096]; /* memory of the case at hand */
static size_t nheld;
static char *differences;
static size_t differing; /* cases of a file that stand there */
static size_t waiting;   /* cases of a file about what we do not do yet */

static void fatal(const char *what, const char *key)
{
    fprintf(stderr, "vectors: %s: %s\n", what, key);
    exit(2);
}

void *vector_alloc(size_t size)
{
    void *at = malloc(size ? size : 1);
    if (!at || nheld == sizeof held / sizeof *held)
        fatal("out of memory", "vector_alloc");
    return held[nheld++] = at;
}

const char *vector_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (!text)
        fatal("no string member", key);
    return text;
}

int64_t vector_int(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        fatal("no integer member", key);
    return json_integer_value(value);
}

static uint8_t *unhex(const char *hex, const char *what, size_t *len)
{
    size_t n = strlen(hex);
    uint8_t *at = vector_alloc(n / 2);
    if (!dp_unhex(at, n / 2, hex, n))
        fatal("not hex", what);
    *len = n / 2;
    return at;
}

uint8_t *vector_hex(const json_t *string, size_t *len)
{
    if (!json_is_string(string))
        fatal("no string", "in an array of hex");
    return unhex(json_string_value(string), "in an array of hex", len);
}

uint8_t *vector_bytes(const json_t *object, const char *key, size_t *len)
{
    return unhex(vector_text(object, key), key, len);
}

bool vector_same(
    const json_t *object, const char *key, const void *at, size_t len)
{
    size_t n;
    const uint8_t *want = vector_bytes(object, key, &n);
    return n == len && memcmp(want, at, n) == 0;
}

static char *read_file(const char *dir, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fatal("cannot open", path);
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *text = malloc((size_t)size + 1);
    if (!text || fread(text, 1, (size_t)size, f) != (size_t)size)
        fatal("cannot read", path);
    text[size] = 0;
    fclose(f);
    return text;
}

/* listed: DIFFERENCES.md has a row "| file | case |".  Only a case that says
 * may_differ may stand there. */
static bool listed(const char *file, const json_t *c)
{
    char row[256];
    const char *name = vector_text(c, "name");
    snprintf(row, sizeof row, "\n| %s | %s |", file, name);
    if (!strstr(differences, row))
        return false;
    if (!json_object_get(c, "may_differ"))
        fatal("must not differ", name);
    differing++;
    return true;
}

/* rows_of counts the rows of DIFFERENCES.md about one file. */
static size_t rows_of(const char *file)
{
    char row[128];
    size_t rows = 0;
    snprintf(row, sizeof row, "\n| %s | ", file);
    for (const char *at = differences; (at = strstr(at, row)); at++)
        rows++;
    return rows;
}

static bool run_case(const vector_file *file, const json_t *c)
{
    const char *name = vector_text(c, "name"), *op = vector_text(c, "op");
    bool want_ok = strcmp(vector_text(c, "expect"), "ok") == 0;
    const vector_row *row = file->rows;
    while (row->op && strcmp(row->op, op) != 0)
        row++;
    if (!row->op)
        fatal("no such op", op);
    waiting += !row->run;
    if (!row->run)
        return true;

    int got = row->run(json_object_get(c, "input"),
        want_ok ? json_object_get(c, "output") : NULL);
    while (nheld)
        free(held[--nheld]);

    bool as_told = want_ok ? got == 0 : got < 0;
    if (as_told != listed(file->name, c))
        return true;
    printf("%s: %s: %s, expected %s\n", file->name, name,
        got == 0  ? "ok"
        : got < 0 ? "refused"
                  : "accepted with another result",
        !as_told ? vector_text(c, "expect") : "a difference, as listed");
    return false;
}

/* run_file replays one file and counts into *passed and *failed. */
static void run_file(
    const char *dir, const vector_file *file, size_t *passed, size_t *failed)
{
    char name[128];
    json_error_t error;
    snprintf(name, sizeof name, "%s.json", file->name);
    char *text = read_file(dir, name);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fatal(name, error.text);

    size_t at, before = *failed;
    json_t *c;
    differing = waiting = 0;
    json_array_foreach(json_object_get(root, "cases"), at, c)
    {
        *(run_case(file, c) ? passed : failed) += 1;
    }
    if (differing != rows_of(file->name)) {
        printf("%s: DIFFERENCES.md names no case of it\n", name);
        *failed += 1;
    }
    printf("%-20s %zu cases, %zu failed, %zu not done yet\n", file->name, at,
        *failed - before, waiting);
    *passed -= waiting;
    json_decref(root);
    free(text);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        fatal("usage", "vectors DIR");
    differences = read_file(argv[1], "DIFFERENCES.md");
    size_t passed = 0, failed = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        run_file(argv[1], files[i], &passed, &failed);
    free(differences);
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed != 0;
}
