/* SPDX-License-Identifier: MIT */
/* table.c - the sub-commands.  A new one is a file of its own and a line in
 * COMMANDS; parser, help and completion know it from there. */
#include "command.h"
#include "help.h"

#include <string.h>

/* COMMANDS lists them in the order in which help shows them. */
#define COMMANDS(X) \
    X(tool)         \
    X(key)          \
    X(key_generate) \
    X(key_to_id)    \
    X(key_to_enode) \
    X(rlpx)         \
    X(rlpx_ping)    \
    X(rlpx_info)    \
    X(sim)          \
    X(sim_list)     \
    X(sim_run)      \
    X(sim_seeds)    \
    X(completion)   \
    X(help)

#define X(name) extern const command command_##name;
COMMANDS(X)
#undef X

/* The groups. */
const command command_tool = {
    .path = "",
    .args = "",
    .words =
        "The tool of libdevp2p: node keys, questions to nodes, simulations",
};

const command command_key = {
    .path = "key",
    .args = "",
    .words = "Make and show node keys",
};

const command command_rlpx = {
    .path = "rlpx",
    .args = "",
    .words = "Ask nodes over the RLPx transport",
};

const command command_sim = {
    .path = "sim",
    .args = "",
    .words = "Let nodes play in a simulated world",
};

const command *const commands[] = {
#define X(name) &command_##name,
    COMMANDS(X)
#undef X
        NULL,
};

const option common[] = {
    { .name = "help", .letter = 'h', .words = "Show this", .run = help_show },
    { .name = "version",
        .letter = 'v',
        .words = "Show the version",
        .run = help_version },
    { .name = NULL },
};

const char *command_name(const command *group, const command *c)
{
    size_t len = strlen(group->path);
    const char *name = c->path;
    if (len) {
        if (strncmp(name, group->path, len) != 0 || name[len] != ' ')
            return NULL;
        name += len + 1;
    }
    return *name && !strchr(name, ' ') ? name : NULL;
}

const command *command_child(const command *group, const char *name)
{
    for (size_t i = 0; commands[i]; i++) {
        const char *its = command_name(group, commands[i]);
        if (its && !strcmp(its, name))
            return commands[i];
    }
    return NULL;
}
