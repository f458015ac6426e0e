/* SPDX-License-Identifier: MIT */
/* report.c - errors, on one line whatever the words of the user hold. */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_LEN = 1024 };

/* put writes the line; control characters would break it, or the terminal. */
static void put(char *line)
{
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    fprintf(stderr, "%s\n", line);
}

int fail(const char *format, ...)
{
    char line[LINE_MAX_LEN];
    va_list args;
    va_start(args, format);
    int n = snprintf(line, sizeof line, "devp2p: ");
    vsnprintf(line + n, sizeof line - (size_t)n, format, args);
    va_end(args);
    put(line);
    return FAILED;
}

int misuse(const command *c, const char *format, ...)
{
    char line[LINE_MAX_LEN];
    va_list args;
    va_start(args, format);
    int n = snprintf(
        line, sizeof line, "devp2p: %s%s", c->path, c->path[0] ? ": " : "");
    vsnprintf(line + n, sizeof line - (size_t)n, format, args);
    va_end(args);
    put(line);
    return USAGE;
}

int finish(int result)
{
    errno = 0;
    bool lost = ferror(stdout) != 0;
    if (fclose(stdout) != 0 || lost)
        return fail("cannot write to standard output%s%s", errno ? ": " : "",
            errno ? strerror(errno) : "");
    return result;
}
