/* SPDX-License-Identifier: MIT */
/* help.c - devp2p help [COMMAND...], and the options --help and --version. */
#include "help.h"

#include "parse.h"

#include <devp2p/base.h>
#include <stdio.h>
#include <string.h>

static void show_commands(const command *group)
{
    printf("\nCommands:\n");
    for (size_t i = 0; commands[i]; i++) {
        const char *name = command_name(group, commands[i]);
        if (name)
            printf("  %-20s  %s\n", name, commands[i]->words);
    }
}

static void show_option(const option *o)
{
    char left[32], letter[] = ", -?";
    letter[3] = o->letter;
    snprintf(left, sizeof left, "--%s%s%s%s", o->name, o->letter ? letter : "",
        o->value ? " " : "", o->value ? o->value : "");
    printf("  %-20s  %s", left, o->words);
    if (o->preset)
        printf(" (%s)", o->preset);
    printf("\n");
}

int help_show(const call *asked)
{
    const command *c = asked->command;
    printf("%s.\n\nUsage: devp2p %s%s[OPTION...]%s%s\n", c->words, c->path,
        c->path[0] ? " " : "", c->args[0] || !c->run ? " " : "",
        c->run ? c->args : "COMMAND");
    if (!c->run)
        show_commands(c);
    printf("\nOptions:\n");
    for (const option *o = c->options; o->name; o++)
        show_option(o);
    for (const option *o = common; o->name; o++)
        show_option(o);
    return DONE;
}

int help_version(const call *asked)
{
    (void)asked;
    printf("devp2p %d.%d.%d\n", DEVP2P_VERSION_MAJOR, DEVP2P_VERSION_MINOR,
        DEVP2P_VERSION_PATCH);
    return DONE;
}

static int run(const call *asked)
{
    const command *c = commands[0];
    for (size_t i = 0; c && i < asked->n_args; i++)
        c = parse_command(c, asked->args[i]);
    if (!c)
        return USAGE;
    return help_show(&(call){ .command = c });
}

const command command_help = {
    .path = "help",
    .args = "[COMMAND...]",
    .words = "Show what a command does and its options",
    .run = run,
};
