/* SPDX-License-Identifier: MIT */
/* report.h - what the tool says when something is wrong: one line on standard
 * error. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "command.h"

/* fail says why a command failed; it returns FAILED. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* misuse says what is wrong with a command line; it returns USAGE. */
int misuse(const command *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* finish writes what is left of standard output and closes it: result, or
 * FAILED when not all of it could be written. */
int finish(int result);

#endif
