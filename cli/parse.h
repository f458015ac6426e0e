/* SPDX-License-Identifier: MIT */
/* parse.h - from a command line to a call. */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "command.h"

#include <devp2p/devp2p.h>

#include <stdint.h>

/* parse understands the words behind the program's name: 0, or USAGE when it
 * has said what is wrong.  It moves the arguments to the front of words. */
int parse(call *out, char **words, size_t n);

/* parse_command is the command of a group that a word names, or NULL when it
 * has said that there is none. */
const command *parse_command(const command *group, const char *word);

/* parse_number reads an option's value as a whole number up to max,
 * parse_between as one from min to max: 0, or USAGE when it has said that it is
 * none. */
int parse_number(unsigned *out, const call *asked, size_t which, unsigned max);

int parse_between(
    uint64_t *out, const call *asked, size_t which, uint64_t min, uint64_t max);

/* parse_duration reads one as 90, 90s, 5m or 1h, above zero: the same. */
int parse_duration(uint64_t *ms, const call *asked, size_t which);

/* parse_node reads the first argument as the URL of a node with a TCP port: the
 * same. */
int parse_node(devp2p_node *out, const call *asked);

/* parse_seconds reads one as seconds, maybe with a fraction: the same. */
int parse_seconds(unsigned *ms, const call *asked, size_t which, unsigned max);

#endif
