/* SPDX-License-Identifier: MIT */
/* command.h - what a sub-command is.  The table of them is the one source of
 * the parser, of help and of shell completion. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stddef.h>

/* How the tool ends. */
enum { DONE = 0, FAILED = 1, USAGE = 2 };

enum { OPTIONS_MAX = 9 };

typedef struct call call;
typedef int run_fn(const call *asked);

/* An option is --name, with a value --name=value or --name value. */
typedef struct option {
    const char *name;
    const char *value;  /* what its value is called; NULL: it has none */
    const char *preset; /* its value when it is not given */
    const char *words;
    run_fn *run; /* what is done instead of the command; or NULL */
    char letter; /* -letter means the same; or 0 */
} option;

/* A command is a row of the table; without run it is a group of others, whose
 * paths begin with its own. */
typedef struct command {
    const char *path; /* "key generate"; "" is the tool itself */
    /* "FILE" is one, "[X...]" any number, "" none; "a|b" is one of these */
    const char *args;
    const char *words;
    option options[OPTIONS_MAX + 1]; /* ends with a NULL name */
    run_fn *run;
} command;

/* A call is a command line that was understood. */
struct call {
    const command *command;
    run_fn *run;
    /* in the order of command->options; "" for one without a value, NULL for
     * one that was not given and has no preset */
    const char *values[OPTIONS_MAX];
    char **args;
    size_t n_args;
};

/* commands is the table, the tool itself first; it ends with NULL. */
extern const command *const commands[];

/* common are the options of every command; they end with a NULL name. */
extern const option common[];

/* command_child finds a command of a group by the last word of its path: the
 * command, or NULL. */
const command *command_child(const command *group, const char *name);

/* command_name is the last word of the path of c when c stands in group, else
 * NULL. */
const char *command_name(const command *group, const command *c);

#endif
