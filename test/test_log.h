/* SPDX-License-Identifier: MIT */
/* test_log.h - what the library logs in tests, down to TRACE, goes to a file of
 * the folder that DEVP2P_LOGS names, and what is secret in a test to another;
 * tools/traces.py then looks for the one in the other.  Without that variable
 * nothing is kept. */
#ifndef TEST_LOG_H
#define TEST_LOG_H

#include <devp2p/base.h>

/* test_log is for a server or a machine; any thread. */
devp2p_log_fn test_log;

/* test_secret notes 32 bytes that no log may hold. */
void test_secret(const uint8_t bytes[32]);

#endif
