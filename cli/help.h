/* SPDX-License-Identifier: MIT */
/* help.h - what the tool says of itself. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "command.h"

/* help_show shows the command of a call, help_version the version. */
run_fn help_show, help_version;

#endif
