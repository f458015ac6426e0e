/* SPDX-License-Identifier: MIT */
/* main.c - devp2p, the tool. */
#include "parse.h"
#include "report.h"

int main(int argc, char **argv)
{
    call asked;
    size_t n = argc > 1 ? (size_t)argc - 1 : 0;
    int err = parse(&asked, argv + (argc > 0), n);
    return err ? err : finish(asked.run(&asked));
}
