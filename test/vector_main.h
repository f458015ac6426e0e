/* SPDX-License-Identifier: MIT */
/* vector_main.h - what a vector file's module gives to the runner. */
#ifndef VECTOR_MAIN_H
#define VECTOR_MAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A vector_op runs one case.  It returns a negative error when the input is
 * refused, 0 when it is accepted and all of output agrees, VECTOR_DIFFERS when
 * it is accepted and something does not.  output is NULL for a case that
 * expects an error. */
enum { VECTOR_DIFFERS = 1 };
typedef int vector_op(const json_t *input, const json_t *output);

typedef struct vector_row {
    const char *op;
    vector_op *run;
} vector_row;

/* rows end with a NULL op; a row without run is about what the library does not
 * do yet, and the runner tells how many of its cases wait.  The file is
 * test/vectors/<name>.json. */
typedef struct vector_file {
    const char *name;
    const vector_row *rows;
} vector_file;

/* Each test/vector_<name>.c defines one of these; vector_main.c lists them. */
extern const vector_file vector_keccak256, vector_secp256k1, vector_ecies,
    vector_rlp, vector_rlpx_handshake, vector_rlpx_frame, vector_snappy,
    vector_hello, vector_disconnect, vector_capability_match, vector_enode_url,
    vector_netutil;

/* Helpers; a malformed vector file ends the run. */

/* vector_text is a string member, vector_int an integer one. */
const char *vector_text(const json_t *object, const char *key);
int64_t vector_int(const json_t *object, const char *key);

/* vector_hex is a hex string as bytes, freed by the runner after the case;
 * vector_bytes is a member of that kind, vector_same compares bytes with one.
 */
uint8_t *vector_hex(const json_t *string, size_t *len);
uint8_t *vector_bytes(const json_t *object, const char *key, size_t *len);
bool vector_same(
    const json_t *object, const char *key, const void *at, size_t len);

/* vector_alloc is memory that the runner frees after the case. */
void *vector_alloc(size_t size);

#endif
