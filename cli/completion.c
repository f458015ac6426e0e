/* SPDX-License-Identifier: MIT */
/* completion.c - devp2p completion bash: a script that knows the table.
 *
 * Its walk finds the command that the words before the cursor name; what may
 * stand at the cursor then depends on that command alone. */
#include "command.h"
#include "report.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char walk[] =
    "# SPDX-License-Identifier: MIT\n"
    "# bash completion of devp2p, made by: devp2p completion bash\n"
    "_devp2p()\n"
    "{\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} path= words= options= files= i\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case \"$path ${COMP_WORDS[i]}\" in\n";

static const char values[] = "        esac\n"
                             "    done\n"
                             "    case \"${COMP_WORDS[COMP_CWORD - 1]}\" in\n";

static const char choices[] = "    =) return ;;\n"
                              "    esac\n"
                              "    case \"$path\" in\n";

static const char reply[] =
    "    esac\n"
    "    case \"$word\" in\n"
    "    -*) words=$options files= ;;\n"
    "    esac\n"
    "    if [ -n \"$files\" ]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
    "        compopt -o filenames 2>/dev/null\n"
    "    else\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
    "    fi\n"
    "}\n"
    "complete -F _devp2p devp2p\n";

/* put_step moves the walk on to a command; behind one whose arguments are
 * commands it begins again. */
static void put_step(const command *c)
{
    bool again = !strcmp(c->args, "[COMMAND...]");
    /* at the top the path is empty, and the space stands first */
    printf("        \"%s%s\") path=\"%s\" ;;\n",
        strchr(c->path, ' ') ? "" : " ", c->path, again ? "" : c->path);
}

/* put_values ends it behind an option whose value is for the user to say. */
static void put_values(const command *c)
{
    for (const option *o = c->options; o->name; o++)
        if (o->value)
            printf("    --%s) return ;;\n", o->name);
}

static void put_options(const option *options)
{
    for (const option *o = options; o->name; o++)
        printf("--%s ", o->name);
}

/* put_choice says what may stand behind a command: options, and the commands of
 * a group, or files, or one of some words. */
static void put_choice(const command *c)
{
    printf("    \"%s\") options=\"", c->path);
    put_options(c->options);
    put_options(common);
    printf("\" words=\"");
    for (size_t i = 0; !c->run && commands[i]; i++) {
        const char *name = command_name(c, commands[i]);
        if (name)
            printf("%s ", name);
    }
    if (c->args[0] >= 'a')
        for (const char *at = c->args; *at; at++)
            putchar(*at == '|' ? ' ' : *at);
    printf("\" files=%s ;;\n", strcmp(c->args, "FILE") ? "" : "yes");
}

static int run(const call *asked)
{
    if (strcmp(asked->args[0], "bash") != 0)
        return misuse(asked->command, "unknown shell %.64s, known is %s",
            asked->args[0], asked->command->args);
    printf("%s", walk);
    for (size_t i = 1; commands[i]; i++)
        put_step(commands[i]);
    printf("%s", values);
    for (size_t i = 0; commands[i]; i++)
        put_values(commands[i]);
    printf("%s", choices);
    for (size_t i = 0; commands[i]; i++)
        put_choice(commands[i]);
    printf("%s", reply);
    return DONE;
}

const command command_completion = {
    .path = "completion",
    .args = "bash",
    .words = "Write the completion script of a shell",
    .run = run,
};
