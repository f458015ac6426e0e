/* SPDX-License-Identifier: MIT */
/* parse.c - from a command line to a call.  Options may stand anywhere behind
 * the command they belong to; behind "--" no word is one.  As in Go programs,
 * one dash does as well as two. */
#include "parse.h"

#include "report.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DURATION_MAX = 1000 * 3600 }; /* seconds */

/* A line is the words that are left. */
typedef struct line {
    char **words;
    size_t n;
} line;

static char *next(line *rest)
{
    rest->n--;
    return *rest->words++;
}

/* add appends a name to a list with commas, as far as there is room. */
static void add(char *list, size_t cap, const char *dashes, const char *name)
{
    size_t len = strlen(list);
    snprintf(list + len, cap - len, "%s%s%s", len ? ", " : "", dashes, name);
}

/* known_commands lists those of a group. */
static const char *known_commands(const command *group, char *list, size_t cap)
{
    list[0] = 0;
    for (size_t i = 0; commands[i]; i++) {
        const char *name = command_name(group, commands[i]);
        if (name)
            add(list, cap, "", name);
    }
    return list;
}

const command *parse_command(const command *group, const char *word)
{
    char known[256];
    const command *child = command_child(group, word);
    if (!child)
        misuse(group, "unknown command %.64s, known are %s", word,
            known_commands(group, known, sizeof known));
    return child;
}

static int unknown_option(const command *c, const char *word)
{
    char known[256] = "";
    for (const option *o = c->options; o->name; o++)
        add(known, sizeof known, "--", o->name);
    for (const option *o = common; o->name; o++)
        add(known, sizeof known, "--", o->name);
    return misuse(c, "unknown option %.64s, known are %s", word, known);
}

/* find looks for a name of len characters. */
static const option *find(const option *options, const char *name, size_t len)
{
    for (const option *o = options; o->name; o++) {
        bool letter = len == 1 && o->letter == name[0];
        if (letter || (strlen(o->name) == len && !strncmp(o->name, name, len)))
            return o;
    }
    return NULL;
}

/* take_option reads a word that begins with a dash, and the next one when that
 * is its value. */
static int take_option(call *out, const char *word, line *rest)
{
    const command *c = out->command;
    const char *name = word + (word[1] == '-' ? 2 : 1);
    size_t len = strcspn(name, "=");
    const char *value = name[len] ? name + len + 1 : NULL;
    const option *own = find(c->options, name, len);
    const option *o = own ? own : find(common, name, len);
    if (!o)
        return unknown_option(c, word);
    if (!o->value && value)
        return misuse(c, "--%s takes no value", o->name);
    if (o->value && !value) {
        if (!rest->n)
            return misuse(c, "--%s needs a value: %s", o->name, o->value);
        value = next(rest);
    }
    if (own)
        out->values[own - c->options] = value ? value : "";
    if (o->run)
        out->run = o->run;
    return 0;
}

/* check_args holds the arguments against what the command asks for. */
static int check_args(const call *asked)
{
    const command *c = asked->command;
    char known[256];
    if (!asked->run)
        return misuse(c, "a command is missing: one of %s",
            known_commands(c, known, sizeof known));
    bool any = c->args[0] == '[';
    size_t wanted = any ? SIZE_MAX : c->args[0] ? 1 : 0;
    if (asked->n_args > wanted)
        return misuse(c, "one argument too many: %s", asked->args[wanted]);
    if (asked->n_args < wanted && !any)
        return misuse(c, "%s is missing", c->args);
    return 0;
}

static void enter(call *out, const command *c)
{
    out->command = c;
    out->run = c->run;
    for (size_t i = 0; c->options[i].name; i++)
        out->values[i] = c->options[i].preset;
}

int parse(call *out, char **words, size_t n)
{
    line rest = { words, n };
    bool only_args = false;
    *out = (call){ .args = words };
    enter(out, commands[0]);
    while (rest.n) {
        char *word = next(&rest);
        if (!only_args && !strcmp(word, "--")) {
            only_args = true;
        } else if (!only_args && word[0] == '-' && word[1]) {
            int err = take_option(out, word, &rest);
            /* help and version: what else there is does not matter */
            if (err || out->run != out->command->run)
                return err;
        } else if (!out->command->run) {
            const command *child = parse_command(out->command, word);
            if (!child)
                return USAGE;
            enter(out, child);
        } else {
            words[out->n_args++] = word;
        }
    }
    return check_args(out);
}

/* digits reads a whole number up to max: what stands behind it, or NULL. */
static const char *digits(uint64_t *out, const char *text, uint64_t max)
{
    const char *at = text;
    uint64_t v = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (v > max / 10 || v * 10 > max - digit)
            return NULL;
        v = v * 10 + digit;
    }
    *out = v;
    return at > text ? at : NULL;
}

int parse_between(
    uint64_t *out, const call *asked, size_t which, uint64_t min, uint64_t max)
{
    const char *text = asked->values[which];
    const char *end = digits(out, text, max);
    if (!end || *end || *out < min)
        return misuse(asked->command,
            "not a number from %" PRIu64 " to %" PRIu64 ": --%s %s", min, max,
            asked->command->options[which].name, text);
    return 0;
}

int parse_number(unsigned *out, const call *asked, size_t which, unsigned max)
{
    uint64_t v;
    int err = parse_between(&v, asked, which, 0, max);
    if (!err)
        *out = (unsigned)v;
    return err;
}

int parse_duration(uint64_t *ms, const call *asked, size_t which)
{
    const char *text = asked->values[which];
    uint64_t n = 0;
    const char *unit = digits(&n, text, DURATION_MAX);
    uint64_t s = !unit                            ? 0
                 : !unit[0] || !strcmp(unit, "s") ? n
                 : !strcmp(unit, "m")             ? n * 60
                 : !strcmp(unit, "h")             ? n * 3600
                                                  : 0;
    if (s == 0 || s > DURATION_MAX)
        return misuse(asked->command,
            "not a time such as 90, 90s, 5m or 1h, up to 1000h: --%s %s",
            asked->command->options[which].name, text);
    *ms = s * 1000;
    return 0;
}

int parse_seconds(unsigned *ms, const call *asked, size_t which, unsigned max)
{
    const char *text = asked->values[which];
    char *end;
    double v = strtod(text, &end);
    bool plain = !text[strspn(text, "0123456789.")];
    if (!plain || end == text || *end || v < 0.001 || v > max)
        return misuse(asked->command,
            "not a number of seconds above 0 and up to %u: --%s %s", max,
            asked->command->options[which].name, text);
    *ms = (unsigned)(v * 1000);
    return 0;
}

int parse_node(devp2p_node *out, const call *asked)
{
    if (devp2p_node_parse(out, asked->args[0]) != 0)
        return misuse(asked->command, "%s", devp2p_last_detail());
    return out->addr.port
               ? 0
               : misuse(asked->command, "node URL: it names no TCP port");
}
