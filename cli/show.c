/* SPDX-License-Identifier: MIT */
/* show.c - values as the tool writes them. */
#include "show.h"

#include <stdio.h>

void show_id(const devp2p_id *id)
{
    for (size_t i = 0; i < sizeof id->b; i++)
        printf("%02x", id->b[i]);
    printf("\n");
}
