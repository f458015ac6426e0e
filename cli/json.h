/* SPDX-License-Identifier: MIT */
/* json.h - one JSON value on standard output, indented, its members in the
 * order in which they are written. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>

/* A json is where the writer stands; all zero is the beginning. */
typedef struct json {
    unsigned depth;
    bool filled; /* the object or list has a member */
} json;

/* json_open begins an object '{' or a list '[', json_close ends it; the last
 * one ends the line.  Everywhere name is that of the member, NULL in a list and
 * at the beginning. */
void json_open(json *j, const char *name, char kind);
void json_close(json *j, char kind);

/* json_text writes a string, of any bytes; json_raw what is JSON already. */
void json_text(json *j, const char *name, const char *text);
void json_number(json *j, const char *name, uint64_t number);
void json_bool(json *j, const char *name, bool is);
void json_raw(json *j, const char *name, const char *value);

#endif
