/* SPDX-License-Identifier: MIT */
/* error.c - the words for a code, and the sentence that goes with the last
 * error of a thread. */
#include "base/env.h"

#include <stdio.h>

/* The sentence is the one thing that a thread keeps of its own. */
static _Thread_local char detail[256];

const char *devp2p_strerror(int code)
{
    switch (code) {
    case DEVP2P_OK:
        return "no error";
#define X(name, value, text) \
    case DEVP2P_ERR_##name:  \
        return text;
        DEVP2P_ERRORS(X)
#undef X
#define X(name, value, text) \
    case DEVP2P_DISC_##name: \
        return text;
        DEVP2P_DISC_REASONS(X)
#undef X
    default:
        return DEVP2P_IS_DISC(code) ? "unknown disconnect reason"
                                    : "unknown error";
    }
}

const char *devp2p_last_detail(void)
{
    return detail;
}

int dp_fail(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    return code;
}
