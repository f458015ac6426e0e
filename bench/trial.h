/* SPDX-License-Identifier: MIT */
/* trial.h - a bench program: it reads names of things to measure from stdin,
 * and answers each with one line, the CPU time of one operation in ns.  So
 * whoever asks may interleave what is to be compared.  "cpu" is answered with
 * what the library chose for this processor. */
#ifndef TRIAL_H
#define TRIAL_H

#include "base/env.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A meter adds up the time between start and stop. */
typedef struct meter {
    uint64_t began, spent, ops;
} meter;

void meter_start(meter *m);
void meter_stop(meter *m, uint64_t ops);

/* A thing's run does a batch, some 100 us or more of it between start and
 * stop. */
typedef struct thing {
    const char *name;
    void (*run)(meter *m);
} thing;

/* trial_serve answers until stdin ends; it returns what main shall. */
int trial_serve(const thing *things, size_t n);

/* now_ns is the time, usage_ns the CPU time of all threads of the process. */
uint64_t now_ns(void);
uint64_t usage_ns(void);

/* more_descriptors raises the soft limit to the hard one. */
void more_descriptors(void);

/* not_understood ends the program over a line, or whatever else was said. */
_Noreturn void not_understood(const char *line);

/* trial_env is malloc and the system's randomness. */
dp_env trial_env(void);

/* must ends the program when what it is to measure does not work. */
#define must(condition)                                                     \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                        \
        }                                                                   \
    } while (0)

#endif
