/* SPDX-License-Identifier: MIT */
/* ask.h - what a server asked of the world and is answered later: names, loads
 * and stores. */
#ifndef DP_SIM_ASK_H
#define DP_SIM_ASK_H

#include "sim/parts.h"

/* A dp_ask is the head of what is asked.  At its time act happens, on no loop;
 * in the next turn say makes the up call.  drop frees what the ask holds
 * besides its own size bytes. */
typedef struct dp_ask dp_ask;

typedef struct dp_ask_kind {
    void (*act)(dp_ask *a); /* NULL: nothing happens */
    void (*say)(dp_ask *a);
    void (*drop)(dp_ask *a); /* NULL: it holds nothing */
} dp_ask_kind;

struct dp_ask {
    dp_link link; /* in asks or answers of its node */
    dp_sim_event due;
    dp_node *node;
    const dp_ask_kind *kind;
    uint64_t token;
    int err;
    size_t size;
};

/* dp_ask_new makes one of size bytes in all: ERR_AGAIN when DP_ASKS_MAX of its
 * kind are out, ERR_NOMEM.  dp_ask_go puts it on its way, to be done at a
 * moment; dp_ask_fail has it answered with an error instead. */
int dp_ask_new(dp_ask **out, dp_node *n, const dp_ask_kind *kind, size_t size,
    uint64_t token);
void dp_ask_go(dp_ask *a, uint64_t at);
void dp_ask_fail(dp_ask *a, int err);
void dp_ask_free(dp_ask *a);

/* dp_asks_serve makes the up calls of a turn; dp_asks_free forgets all that is
 * out. */
void dp_asks_init(dp_node *n);
void dp_asks_serve(dp_node *n);
void dp_asks_free(dp_node *n);

#endif
