/* SPDX-License-Identifier: MIT */
/* json.c - JSON on standard output (RFC 8259). */
#include "json.h"

#include <inttypes.h>
#include <stdio.h>

/* line begins the line of a member, or of the end of an object or list. */
static void line(const json *j)
{
    if (j->depth || j->filled)
        printf("\n%*s", (int)(2 * j->depth), "");
}

static void quote(const char *text)
{
    putchar('"');
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < ' ' || *at >= 0x7f)
            printf("\\u%04x", (unsigned)*at);
        else
            putchar(*at);
    putchar('"');
}

static void begin(json *j, const char *name)
{
    if (j->filled)
        putchar(',');
    if (j->depth)
        line(j);
    if (name) {
        quote(name);
        printf(": ");
    }
    j->filled = true;
}

void json_open(json *j, const char *name, char kind)
{
    begin(j, name);
    putchar(kind);
    j->depth++;
    j->filled = false;
}

void json_close(json *j, char kind)
{
    j->depth--;
    if (j->filled)
        line(j);
    putchar(kind == '{' ? '}' : ']');
    j->filled = true;
    if (!j->depth)
        putchar('\n');
}

void json_text(json *j, const char *name, const char *text)
{
    begin(j, name);
    quote(text);
}

void json_number(json *j, const char *name, uint64_t number)
{
    begin(j, name);
    printf("%" PRIu64, number);
}

void json_bool(json *j, const char *name, bool is)
{
    begin(j, name);
    printf("%s", is ? "true" : "false");
}

void json_raw(json *j, const char *name, const char *value)
{
    begin(j, name);
    printf("%s", value);
}
