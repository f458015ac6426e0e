/* SPDX-License-Identifier: MIT */
/* rules.h - what a protocol of ours says about its codes: how urgent, how long,
 * how many. */
#ifndef DP_RULES_H
#define DP_RULES_H

#include "base/env.h"

#include <devp2p/protocol.h>

/* A dp_class orders what is sent: strictly, the lower the sooner. */
typedef enum dp_class {
    DP_URGENT = 0,
    DP_NORMAL,
    DP_BULK,
    DP_CLASSES
} dp_class;

typedef struct dp_rule {
    uint64_t code; /* DEVP2P_OTHER_CODES: all without a rule of their own */
    dp_class class;
    uint32_t max_size;   /* inflated */
    uint32_t per_second; /* 0: no bound */
    size_t bucket;       /* among those of the protocol, if it has a bound */
} dp_rule;

/* A dp_rules belongs to one protocol; without rows all is NORMAL. */
typedef struct dp_rules {
    dp_rule *v; /* by code */
    size_t n;
    size_t nbuckets;
} dp_rules;

/* dp_rules_count counts the rows of a table, NULL has none; more than
 * DP_RULES_MAX are DP_RULES_MAX + 1. */
size_t dp_rules_count(const devp2p_rule *table);

/* dp_rules_check checks the table of a protocol of length codes: 0, or
 * ERR_INVALID with a sentence that begins with field[at]. */
int dp_rules_check(
    const devp2p_rule *table, uint32_t length, const char *field, size_t at);

/* dp_rules_init reads a table that was checked: 0, ERR_NOMEM. */
int dp_rules_init(dp_rules *out, const dp_env *env, const devp2p_rule *table);
void dp_rules_fini(dp_rules *r, const dp_env *env);

/* dp_rules_of is the rule for a code, never NULL; r may be. */
const dp_rule *dp_rules_of(const dp_rules *r, uint64_t code);

#endif
