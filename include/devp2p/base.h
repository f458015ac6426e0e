/* SPDX-License-Identifier: MIT */
/* devp2p/base.h - the types, errors and words that every other header shares.
 *
 * Conventions of the whole library:
 * - functions return int: 0, or a negative code of this header;
 * - arguments: handle, outputs, in/outs, inputs, a length after its array, a
 *   callback followed by its user pointer;
 * - what goes in is copied, what comes out is borrowed, unless said otherwise;
 * - strings of a peer may hold any byte; print them with devp2p_escape. */
#ifndef DEVP2P_BASE_H
#define DEVP2P_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DEVP2P_API   __attribute__((visibility("default")))
#define DEVP2P_CHECK __attribute__((warn_unused_result))
#else
#define DEVP2P_API
#define DEVP2P_CHECK
#endif

#define DEVP2P_VERSION_MAJOR 0
#define DEVP2P_VERSION_MINOR 1
#define DEVP2P_VERSION_PATCH 0

/* DEVP2P_NONE says "none" in a config field whose zero means "default". */
#define DEVP2P_NONE UINT32_MAX

/* DEVP2P_FOREVER is the timeout that never comes. */
#define DEVP2P_FOREVER UINT32_MAX

/* DEVP2P_ERRORS lists every error: name, code, words.  The enum, the function
 * devp2p_strerror and the manual are made from it.  Codes are frozen. */
#define DEVP2P_ERRORS(X)                                              \
    X(NOMEM, -1, "out of memory")                                     \
    X(INVALID, -2, "invalid argument")                                \
    X(STATE, -3, "not possible in this state")                        \
    X(ABI, -4, "header and library versions do not match")            \
    X(CLOSED, -5, "connection closed")                                \
    X(TIMEOUT, -6, "timed out")                                       \
    X(AGAIN, -7, "try again later")                                   \
    X(NOBUF, -8, "buffer too small")                                  \
    X(TOO_BIG, -9, "message too big")                                 \
    X(RANDOM, -10, "no randomness available")                         \
    X(EXISTS, -11, "already there")                                   \
    X(NOT_FOUND, -12, "not found")                                    \
    X(LIMIT, -13, "a limit was reached")                              \
    X(ADDR_IN_USE, -14, "address already in use")                     \
    X(ADDR_UNAVAILABLE, -15, "address not available on this machine") \
    X(ACCESS, -16, "permission denied")                               \
    X(REFUSED, -17, "connection refused")                             \
    X(UNREACHABLE, -18, "host or network unreachable")                \
    X(RESET, -19, "connection reset")                                 \
    X(RLP_SHORT, -20, "RLP value runs past its end")                  \
    X(RLP_KIND, -21, "RLP list where string expected, or reverse")    \
    X(RLP_CANON, -22, "RLP not in canonical form")                    \
    X(RLP_RANGE, -23, "RLP value out of range")                       \
    X(RLP_EXTRA, -24, "RLP has more elements than expected")          \
    X(RLP_DEPTH, -25, "RLP lists nested too deep")                    \
    X(IO, -26, "system call failed")                                  \
    X(BANNED, -27, "banned here")                                     \
    X(KEY, -30, "not a valid key")                                    \
    X(URL, -31, "malformed node URL")                                 \
    X(ADDR, -32, "malformed network address")                         \
    X(KEY_FILE, -33, "unusable key file")                             \
    X(SIGNATURE, -34, "signature does not hold")                      \
    X(SNAPPY, -40, "malformed snappy data")                           \
    X(HANDSHAKE, -41, "encryption handshake failed")                  \
    X(FRAME_MAC, -42, "frame authentication failed")                  \
    X(FRAME_SIZE, -43, "frame size out of bounds")                    \
    X(MESSAGE, -44, "malformed base protocol message")                \
    X(STALLED, -45, "peer makes no progress")                         \
    X(UNEXPECTED, -46, "not the message that was expected")           \
    X(CHECK, -47, "a check of the simulation failed")                 \
    X(END, -49, "there are no more")                                  \
    X(PROXY, -50, "SOCKS5 proxy out of reach, or speaks no SOCKS5")   \
    X(PROXY_AUTH, -51, "SOCKS5 proxy accepts no user of ours")        \
    X(PROXY_FAILURE, -52, "SOCKS5 proxy: general failure")            \
    X(PROXY_RULES, -53, "SOCKS5 proxy: not allowed by its rules")     \
    X(PROXY_NETWORK, -54, "SOCKS5 proxy: network unreachable")        \
    X(PROXY_HOST, -55, "SOCKS5 proxy: host unreachable")              \
    X(PROXY_REFUSED, -56, "SOCKS5 proxy: connection refused")         \
    X(PROXY_TTL, -57, "SOCKS5 proxy: time to live expired")           \
    X(PROXY_COMMAND, -58, "SOCKS5 proxy: command not supported")      \
    X(PROXY_ADDRESS, -59, "SOCKS5 proxy: address type not supported") \
    X(NAME, -60, "host name not resolved")

enum {
    DEVP2P_OK = 0,
#define X(name, code, text) DEVP2P_ERR_##name = code,
    DEVP2P_ERRORS(X)
#undef X
};

/* DEVP2P_DISC_REASONS lists the disconnect reasons of the base protocol (RLPx,
 * "Disconnect (0x01)").  A reason r is the code -0x100 - r, so that a handler
 * can return it and devp2p_strerror can say it; a peer may send any byte, also
 * one that is not listed. */
#define DEVP2P_DISC_REASONS(X)                                         \
    X(REQUESTED, 0x00, "disconnect requested")                         \
    X(NETWORK_ERROR, 0x01, "network error")                            \
    X(PROTOCOL_ERROR, 0x02, "breach of protocol")                      \
    X(USELESS_PEER, 0x03, "useless peer")                              \
    X(TOO_MANY_PEERS, 0x04, "too many peers")                          \
    X(ALREADY_CONNECTED, 0x05, "already connected")                    \
    X(INCOMPATIBLE_VERSION, 0x06, "incompatible p2p protocol version") \
    X(INVALID_IDENTITY, 0x07, "invalid node identity")                 \
    X(QUITTING, 0x08, "client quitting")                               \
    X(UNEXPECTED_IDENTITY, 0x09, "unexpected identity")                \
    X(SELF, 0x0a, "connected to self")                                 \
    X(READ_TIMEOUT, 0x0b, "read timeout")                              \
    X(SUBPROTOCOL_ERROR, 0x10, "subprotocol error")

enum {
#define X(name, code, text) DEVP2P_DISC_##name = -0x100 - (code),
    DEVP2P_DISC_REASONS(X)
#undef X
};

/* DEVP2P_DISC makes the code of a reason byte, DEVP2P_DISC_BYTE the reverse;
 * DEVP2P_IS_DISC tells whether a code is a reason. */
#define DEVP2P_DISC(reason)    (-0x100 - (int)(reason))
#define DEVP2P_DISC_BYTE(code) ((uint8_t)(-0x100 - (code)))
#define DEVP2P_IS_DISC(code)   ((code) <= -0x100 && (code) >= -0x1ff)

/* devp2p_strerror says a code in English.
 *
 * Returns: fixed words, never NULL; "unknown error" for a foreign code.
 * In:      code - 0, DEVP2P_ERR_* or DEVP2P_DISC_*.
 * Thread:  any. */
DEVP2P_API const char *devp2p_strerror(int code);

/* devp2p_last_detail tells more about the last error of this thread.
 *
 * Returns: one sentence for people, "" when there is none; borrowed until the
 *          next call of the library on this thread.
 * Thread:  any; the sentence belongs to the calling thread. */
DEVP2P_API const char *devp2p_last_detail(void);

/* A devp2p_slice borrows bytes; it never owns them. */
typedef struct devp2p_slice {
    const uint8_t *at;
    size_t len;
} devp2p_slice;

/* DEVP2P_PRI gives the two arguments of a "%.*s". */
#define DEVP2P_PRI(s) (int)(s).len, (const char *)(s).at

/* devp2p_slice_is compares a slice with a string.
 *
 * Returns: true when both hold the same bytes.
 * Thread:  any. */
DEVP2P_API bool devp2p_slice_is(devp2p_slice slice, const char *string);

/* devp2p_escape makes bytes of a peer fit for a terminal or a log: printable
 * ASCII stays, a backslash is doubled, every other byte becomes \xHH; what does
 * not fit ends in "...".
 *
 * Returns: out, which always ends with NUL.
 * Out:     out - cap bytes, at least 8.
 * Thread:  any. */
DEVP2P_API char *devp2p_escape(char *out, size_t cap, devp2p_slice bytes);

/* A devp2p_alloc_fn serves all memory of a server.
 *
 * new_size 0 frees old and returns NULL; old NULL allocates; otherwise it
 * resizes, keeping the bytes.  NULL for a new_size above 0 means no memory.
 * Called from any thread. */
typedef void *devp2p_alloc_fn(
    void *user, void *old, size_t old_size, size_t new_size);

typedef enum devp2p_log_level {
    DEVP2P_LOG_OFF = 0,
    DEVP2P_LOG_ERROR,
    DEVP2P_LOG_WARN,
    DEVP2P_LOG_INFO,
    DEVP2P_LOG_DEBUG,
    DEVP2P_LOG_TRACE
} devp2p_log_level;

/* A devp2p_log_fn receives one line without a newline, printable ASCII only;
 * area is a short fixed word.  Called from any thread. */
typedef void devp2p_log_fn(
    void *user, devp2p_log_level level, const char *area, const char *line);

#ifdef __cplusplus
}
#endif
#endif
