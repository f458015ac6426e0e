/* SPDX-License-Identifier: MIT */
/* devp2p/pipe.h - testing a handler with a peer, a pipe and no server.
 *
 * A pipe is two rws: what is sent on one end is read at the other.  The handler
 * runs on a thread of the test with one end and a test peer; the test plays the
 * other node on the other end:
 *
 *     devp2p_expect_items(end, 0, "foo");      the handler said "foo"
 *     devp2p_send_items(end, 0, "bar");        and hears "bar"
 *     devp2p_pipe_close(end);                  its next read is ERR_CLOSED
 *
 * devp2p_read*, devp2p_decode*, devp2p_send* and devp2p_rw_* work on both ends
 * as on the rw of a run-style protocol, and so does all that asks a peer.
 * Callbacks of the event style are called by the test, with an end as the rw.
 * Nothing is encrypted or compressed, nothing touches a network, and no code is
 * out of range: a pipe does not know the length of a protocol. */
#ifndef DEVP2P_PIPE_H
#define DEVP2P_PIPE_H

#include <devp2p/protocol.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- pipes --- */

/* devp2p_pipe makes two ends.
 *
 * A send on one end waits until the message is consumed at the other: it was
 * read there, and that end was used again (it reads on, sends, or compared the
 * message in a devp2p_expect_*).  So when a send has returned, the reader has
 * done with the message or has begun to answer.  It also returns when the pipe
 * closes: with 0 if the message had been read by then, else with ERR_CLOSED,
 * and then nobody will read it.  Nothing is queued, so the two ends need two
 * threads.  devp2p_rw_wait never waits.  devp2p_rw_peer is NULL until
 * devp2p_test_peer gives an end a peer.
 *
 * Returns: 0, ERR_NOMEM.
 * Out:     a, b - each with a reference for the caller, who gives it back with
 *          devp2p_rw_drop; the last one of either end closes the pipe.  NULL
 *          after an error.
 * Thread:  any; each end has one reader at a time. */
DEVP2P_API DEVP2P_CHECK int devp2p_pipe(devp2p_rw **a, devp2p_rw **b);

/* devp2p_pipe_close closes both ends: who waits in a read or a send is woken,
 * and every later one returns ERR_CLOSED.  The peer of an end, if it has one
 * that was not disconnected before, has ERR_CLOSED as its reason.  Nothing
 * happens to an rw that is no end of a pipe.
 *
 * Thread: any. */
DEVP2P_API void devp2p_pipe_close(devp2p_rw *end);

/* --- peers --- */

/* DEVP2P_CAP makes a capability of a string literal and a number. */
#define DEVP2P_CAP(name, version)                                      \
    {                                                                  \
        { (const uint8_t *)("" name), sizeof("" name) - 1 }, (version) \
    }

/* devp2p_test_peer makes a peer that no server knows: the one that a handler
 * on end meets.  Its key follows from its name: the same in every run, and two
 * names are two nodes.  Its addresses are zero, its version is 5.
 *
 * devp2p_peer_disconnect closes the pipe; devp2p_peer_reason then tells the
 * reason, also that of a peer on the other end, to which it is a remote one.
 *
 * Returns: 0; ERR_NOMEM; ERR_INVALID when end is no end of a pipe; ERR_EXISTS
 *          when it has a peer; ERR_CLOSED.
 * Out:     out - with a reference for the caller, who gives it back with
 *          devp2p_peer_drop; the end has its own.  NULL after an error.
 * In:      name - the client name; caps - n capabilities, NULL when n is 0;
 *          flags - a set of DEVP2P_PEER_*; end - may be NULL: the peer is
 *          connected to nothing.
 * Thread:  any, before the end is used by others. */
DEVP2P_API DEVP2P_CHECK int devp2p_test_peer(devp2p_peer **out,
    const char *name, const devp2p_cap *caps, size_t n, uint32_t flags,
    devp2p_rw *end);

/* --- expecting; the reverse of devp2p_send_* --- */

/* DEVP2P_EXPECT_MS is how long a message is waited for, so that a test of a
 * broken handler fails and does not hang. */
#define DEVP2P_EXPECT_MS 5000

/* devp2p_expect_raw reads one message and compares it with a code and a payload
 * that is RLP already (or empty).  What was read is consumed.
 *
 * Returns: 0; ERR_UNEXPECTED for another message; what devp2p_read_for returns
 *          after DEVP2P_EXPECT_MS.  devp2p_last_detail shows what was expected
 *          and what came: strings escaped, other bytes in hex, the long cut.
 * Thread:  as devp2p_read, of which it is one. */
DEVP2P_API DEVP2P_CHECK int devp2p_expect_raw(
    devp2p_rw *rw, uint64_t code, devp2p_slice payload);

/* devp2p_expect_struct expects a struct as a list (macro devp2p_expect),
 * devp2p_expect_list n values as a list (macro devp2p_expect_items),
 * devp2p_expect_one one bare value (macro devp2p_expect_value).
 *
 * Returns: as devp2p_expect_raw; ERR_RLP_*, ERR_NOMEM before anything is read.
 * Thread:  as devp2p_expect_raw. */
DEVP2P_API DEVP2P_CHECK int devp2p_expect_struct(devp2p_rw *rw, uint64_t code,
    const devp2p_rlp_type *type, const void *value);
DEVP2P_API DEVP2P_CHECK int devp2p_expect_list(
    devp2p_rw *rw, uint64_t code, const devp2p_item *items, size_t n);
DEVP2P_API DEVP2P_CHECK int devp2p_expect_one(
    devp2p_rw *rw, uint64_t code, const devp2p_item *item);

#ifndef __cplusplus
/* devp2p_expect_items(rw, code, "bar", 7u) expects what devp2p_send_items with
 * these arguments sends, and so on. */
#define devp2p_expect_items(rw, code, ...) \
    devp2p_expect_list((rw), (code), DEVP2P_ITEMS(__VA_ARGS__))
#define devp2p_expect_value(rw, code, value) \
    devp2p_expect_one((rw), (code), (const devp2p_item[]){ DEVP2P_ITEM(value) })
#define devp2p_expect(rw, code, tag, ptr) \
    devp2p_expect_struct(                 \
        (rw), (code), &tag##_rlp, 1 ? (ptr) : (const struct tag *)0)
#endif

#ifdef __cplusplus
}
#endif
#endif
