/* SPDX-License-Identifier: MIT */
/* errors.c - writes the manual page devp2p_errors(7) from the two lists that
 * the library's enums and words are made from. */
#include <devp2p/base.h>
#include <stdio.h>

static const char head[] =
    ".\\\" SPDX-License-Identifier: MIT\n"
    ".\\\" made from the lists of <devp2p/base.h> by man/errors.c\n"
    ".Dd November 24, 2026\n"
    ".Dt DEVP2P_ERRORS 7\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm devp2p_errors\n"
    ".Nd error codes and disconnect reasons of libdevp2p\n"
    ".Sh SYNOPSIS\n"
    ".In devp2p/base.h\n"
    ".Sh DESCRIPTION\n"
    "Functions of\n"
    ".Xr libdevp2p 3\n"
    "that can fail return an\n"
    ".Vt int :\n"
    "0, or one of the negative codes below, which never change.\n"
    ".Fn devp2p_strerror\n"
    "says a code in the words that stand here;\n"
    ".Fn devp2p_last_detail\n"
    "has a sentence about the last error of the calling thread.\n";

static const char errors[] = ".Ss Errors\n"
                             ".Bl -tag -width Ds\n";

static const char reasons[] =
    ".El\n"
    ".Ss Disconnect reasons\n"
    "A connection ends with a reason, one byte that either node may send.\n"
    "Reason\n"
    ".Ar r\n"
    "is the code \\-0x100 \\-\n"
    ".Ar r ,\n"
    "so that a handler can return it and\n"
    ".Fn devp2p_strerror\n"
    "can say it.\n"
    ".Fn DEVP2P_IS_DISC code\n"
    "tells whether a code is a reason,\n"
    ".Fn DEVP2P_DISC_BYTE code\n"
    "is its byte and\n"
    ".Fn DEVP2P_DISC byte\n"
    "the reverse.\n"
    "A peer may send any byte, also one that is not listed.\n"
    ".Bl -tag -width Ds\n";

static const char tail[] = ".El\n"
                           ".Sh SEE ALSO\n"
                           ".Xr devp2p 1 ,\n"
                           ".Xr libdevp2p 3\n";

int main(void)
{
    printf("%s%s", head, errors);
#define X(name, code, text) \
    printf(".It Dv DEVP2P_ERR_" #name " Pq \\-%d\n" text "\n", -(code));
    DEVP2P_ERRORS(X)
#undef X
    printf("%s", reasons);
#define X(name, code, text) \
    printf(".It Dv DEVP2P_DISC_" #name " Pq 0x%02x\n" text "\n", code);
    DEVP2P_DISC_REASONS(X)
#undef X
    printf("%s", tail);
    return fflush(stdout) != 0;
}
