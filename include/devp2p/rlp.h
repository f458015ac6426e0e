/* SPDX-License-Identifier: MIT */
/* devp2p/rlp.h - reading and writing RLP (Recursive Length Prefix).
 *
 * Four ways, from the loosest to the tightest:
 *
 * items    loose values of C types: DEVP2P_ITEMS("bar", 7u) is written as a
 *          list, DEVP2P_DESTS(&word, &number) is read from one;
 * types    one line after a struct says that it is a list:
 *              struct status { uint32_t version; uint8_t genesis[32]; };
 *              DEVP2P_RLP_TYPE(status, version, genesis);
 * tables   the same with lists, nested structs, optional and trailing fields:
 *          DEVP2P_RLP_TABLE;
 * cursors  devp2p_rlp_reader and devp2p_rlp_writer, value by value.
 *
 * Only canonical RLP is accepted: the shortest length form, no byte below 0x80
 * with a header of its own, no integer with a leading zero.  Lists nest at most
 * DEVP2P_RLP_DEPTH_MAX deep.  Nothing here allocates: byte strings borrow from
 * the input and arrays land in an arena of the caller.
 *
 * Thread:  any, for every function; a reader, writer or arena belongs to one
 *          thread at a time. */
#ifndef DEVP2P_RLP_H
#define DEVP2P_RLP_H

#include <devp2p/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DEVP2P_RLP_DEPTH_MAX 16 /* lists within lists */
#define DEVP2P_RLP_FIELDS_MAX \
    32 /* rows of a table, values of a list of items */

/* A devp2p_u256 is an unsigned integer of 256 bits, big-endian. */
typedef struct devp2p_u256 {
    uint8_t b[32];
} devp2p_u256;

/* A devp2p_arena is memory of the caller, from at to end, that decoding fills
 * from the front with the arrays it finds.  What lands there lives as long as
 * that memory.  An array that does not fit is ERR_NOBUF, never cut short. */
typedef struct devp2p_arena {
    uint8_t *at, *end;
} devp2p_arena;

/* --- reader --- */

/* A devp2p_rlp_reader is a cursor over borrowed bytes.  The first error sticks:
 * every later read does nothing and gives zero, and devp2p_rlp_done tells it,
 * so that many fields can be read before one test.  err may be looked at; the
 * other members are private. */
typedef struct devp2p_rlp_reader {
    const uint8_t *at, *end;
    const uint8_t *ends[DEVP2P_RLP_DEPTH_MAX];
    unsigned depth;
    int err;
    bool told; /* devp2p_last_detail names the field */
} devp2p_rlp_reader;

/* devp2p_rlp_read starts to read.
 *
 * Returns: a reader, by value; there is nothing to free.
 * In:      bytes - len bytes, borrowed as long as it is used. */
DEVP2P_API devp2p_rlp_reader devp2p_rlp_read(const void *bytes, size_t len);

/* devp2p_rlp_enter goes into the list that comes next; devp2p_rlp_leave goes
 * out again and fails with ERR_RLP_EXTRA when elements are left;
 * devp2p_rlp_leave_early skips those, looking at no more than their headers. */
DEVP2P_API void devp2p_rlp_enter(devp2p_rlp_reader *r);
DEVP2P_API void devp2p_rlp_leave(devp2p_rlp_reader *r);
DEVP2P_API void devp2p_rlp_leave_early(devp2p_rlp_reader *r);

/* devp2p_rlp_more tells whether another value follows in the present list (or,
 * outside of lists, in the input).
 *
 * Returns: true when one does; false after an error. */
DEVP2P_API bool devp2p_rlp_more(const devp2p_rlp_reader *r);

/* devp2p_rlp_is_list tells whether a list comes next.
 *
 * Returns: true when one does; false after an error and at the end. */
DEVP2P_API bool devp2p_rlp_is_list(const devp2p_rlp_reader *r);

/* devp2p_rlp_count counts the values that follow in the present list without
 * reading them.
 *
 * Returns: how many; 0 after an error, also one that it finds. */
DEVP2P_API size_t devp2p_rlp_count(devp2p_rlp_reader *r);

/* devp2p_rlp_get_uint reads an unsigned integer of at most max,
 * devp2p_rlp_get_u64 one of 64 bits, devp2p_rlp_get_u256 one of 256 bits,
 * devp2p_rlp_get_bool one that is 0 or 1.  Too big is ERR_RLP_RANGE.
 *
 * Returns: the value; 0 after an error. */
DEVP2P_API uint64_t devp2p_rlp_get_uint(devp2p_rlp_reader *r, uint64_t max);
DEVP2P_API uint64_t devp2p_rlp_get_u64(devp2p_rlp_reader *r);
DEVP2P_API devp2p_u256 devp2p_rlp_get_u256(devp2p_rlp_reader *r);
DEVP2P_API bool devp2p_rlp_get_bool(devp2p_rlp_reader *r);

/* devp2p_rlp_get_bytes reads a byte string.
 *
 * Returns: the bytes, borrowed from the input; empty after an error. */
DEVP2P_API devp2p_slice devp2p_rlp_get_bytes(devp2p_rlp_reader *r);

/* devp2p_rlp_get_fixed copies a byte string of exactly len bytes; another
 * length is ERR_RLP_RANGE.
 *
 * Out:     out - len bytes, all zero after an error. */
DEVP2P_API void devp2p_rlp_get_fixed(
    devp2p_rlp_reader *r, void *out, size_t len);

/* devp2p_rlp_get_raw reads one value, string or list, as the bytes that encode
 * it; what is inside a list is not looked at.
 *
 * Returns: the bytes, borrowed from the input; empty after an error. */
DEVP2P_API devp2p_slice devp2p_rlp_get_raw(devp2p_rlp_reader *r);

/* devp2p_rlp_done ends the reading.
 *
 * Returns: 0; the first error: ERR_RLP_SHORT, _KIND, _CANON, _RANGE, _EXTRA,
 *          _DEPTH, ERR_NOBUF (arena), ERR_STATE (leave without enter);
 *          ERR_RLP_EXTRA when not all of the input was read. */
DEVP2P_API DEVP2P_CHECK int devp2p_rlp_done(const devp2p_rlp_reader *r);

/* --- writer --- */

/* A devp2p_rlp_writer fills a buffer of the caller.  The first error sticks and
 * devp2p_rlp_finish tells it.  The members are private. */
typedef struct devp2p_rlp_writer {
    uint8_t *buf;
    size_t len, cap;
    size_t mark[DEVP2P_RLP_DEPTH_MAX];
    unsigned depth;
    int err;
} devp2p_rlp_writer;

/* devp2p_rlp_write starts to write.  Of a buffer all cap bytes belong to the
 * writer: behind what was written anything may stand.
 *
 * Returns: a writer, by value; there is nothing to free.
 * In:      buf - cap bytes, borrowed as long as it is used; NULL: it stores
 *          nothing and only counts, and devp2p_rlp_finish gives the size. */
DEVP2P_API devp2p_rlp_writer devp2p_rlp_write(void *buf, size_t cap);

/* devp2p_rlp_open begins a list, devp2p_rlp_close ends it. */
DEVP2P_API void devp2p_rlp_open(devp2p_rlp_writer *w);
DEVP2P_API void devp2p_rlp_close(devp2p_rlp_writer *w);

/* devp2p_rlp_put_u64, devp2p_rlp_put_u256, devp2p_rlp_put_bytes and
 * devp2p_rlp_put_str append one value.  devp2p_rlp_put_raw appends bytes that
 * encode one or more whole values already; it does not check them. */
DEVP2P_API void devp2p_rlp_put_u64(devp2p_rlp_writer *w, uint64_t v);
DEVP2P_API void devp2p_rlp_put_u256(devp2p_rlp_writer *w, const devp2p_u256 *v);
DEVP2P_API void devp2p_rlp_put_bytes(
    devp2p_rlp_writer *w, const void *bytes, size_t len);
DEVP2P_API void devp2p_rlp_put_str(devp2p_rlp_writer *w, const char *string);
DEVP2P_API void devp2p_rlp_put_raw(devp2p_rlp_writer *w, devp2p_slice encoded);

/* devp2p_rlp_finish ends the writing.
 *
 * Returns: 0; the first error: ERR_NOBUF, ERR_RLP_DEPTH, ERR_RLP_RANGE (a
 *          negative item), ERR_STATE (open and close do not match).
 * Out:     out - what was written, in the caller's buffer; empty after an
 *          error; at is NULL when the writer only counted. */
DEVP2P_API DEVP2P_CHECK int devp2p_rlp_finish(
    devp2p_rlp_writer *w, devp2p_slice *out);

/* --- types: a table says how a C struct is an RLP list --- */

/* A devp2p_rlp_kind is what a C value is in RLP. */
typedef enum devp2p_rlp_kind {
    DEVP2P_RLP_UINT = 1, /* uint8_t to uint64_t */
    DEVP2P_RLP_BOOL,     /* bool */
    DEVP2P_RLP_U256,     /* devp2p_u256 */
    DEVP2P_RLP_BYTES,    /* devp2p_slice: a byte string of any length */
    DEVP2P_RLP_FIXED,    /* uint8_t[n]: a byte string of n bytes */
    DEVP2P_RLP_RAW,      /* devp2p_slice: one value as its encoding */
    DEVP2P_RLP_REST,     /* devp2p_slice: all values to the end of the list */
    DEVP2P_RLP_STRUCT    /* a struct with a table: a list */
} devp2p_rlp_kind;

enum {
    DEVP2P_RLP_OPTIONAL = 1, /* the list may end before it; zero is left out */
    DEVP2P_RLP_LIST = 2,     /* struct { T *at; size_t len; }: a list of T */
    DEVP2P_RLP_TAIL = 4      /* the same, but to the end of the outer list */
};

typedef struct devp2p_rlp_type devp2p_rlp_type;

/* A devp2p_rlp_field is a row; the macros below make it. */
typedef struct devp2p_rlp_field {
    const char *name;
    size_t offset;
    size_t size; /* of the value, or of one element */
    devp2p_rlp_kind kind;
    unsigned flags;
    const devp2p_rlp_type *type; /* of a STRUCT */
} devp2p_rlp_field;

struct devp2p_rlp_type {
    const char *name;
    size_t size;
    const devp2p_rlp_field *fields;
    size_t nfields;
};

/* devp2p_rlp_put_struct appends a struct as a list. */
DEVP2P_API void devp2p_rlp_put_struct(
    devp2p_rlp_writer *w, const devp2p_rlp_type *type, const void *value);

/* devp2p_rlp_get_struct reads a list into a struct.  A list that is too short
 * is ERR_RLP_SHORT, one that is too long ERR_RLP_EXTRA; devp2p_last_detail
 * names the field.
 *
 * Out:     value - all zero after an error; its slices borrow from the input.
 * In:      arena - takes the arrays; NULL when the type has none. */
DEVP2P_API void devp2p_rlp_get_struct(devp2p_rlp_reader *r,
    const devp2p_rlp_type *type, void *value, devp2p_arena *arena);

/* --- items: values on their own --- */

/* A devp2p_item is a value to write; DEVP2P_ITEM makes it. */
typedef struct devp2p_item {
    devp2p_rlp_kind kind;
    bool negative; /* an integer below zero: ERR_RLP_RANGE */
    union {
        uint64_t u64;
        devp2p_u256 u256;
        devp2p_slice bytes;
        struct {
            const devp2p_rlp_type *type;
            const void *value;
        } st;
    } v;
} devp2p_item;

/* A devp2p_dest is where a value that is read goes; DEVP2P_DEST makes it. */
typedef struct devp2p_dest {
    devp2p_rlp_kind kind;
    size_t size;
    const devp2p_rlp_type *type;
    void *to;
} devp2p_dest;

/* devp2p_rlp_put_item appends one value, devp2p_rlp_put_items a list of n. */
DEVP2P_API void devp2p_rlp_put_item(
    devp2p_rlp_writer *w, const devp2p_item *item);
DEVP2P_API void devp2p_rlp_put_items(
    devp2p_rlp_writer *w, const devp2p_item *items, size_t n);

/* devp2p_rlp_get_item reads one value, devp2p_rlp_get_items a list of exactly
 * n.
 *
 * Out:     what dest, or dests, point at: zero where it could not be read;
 *          slices borrow from the input.
 * In:      arena - takes the arrays of structs; may be NULL. */
DEVP2P_API void devp2p_rlp_get_item(
    devp2p_rlp_reader *r, const devp2p_dest *dest, devp2p_arena *arena);
DEVP2P_API void devp2p_rlp_get_items(devp2p_rlp_reader *r,
    const devp2p_dest *dests, size_t n, devp2p_arena *arena);

#ifndef __cplusplus
/* DEVP2P_ITEM makes an item of an integer of any C type, a bool, a string that
 * ends with NUL, a devp2p_slice, a devp2p_u256 or a devp2p_item. */
#define DEVP2P_ITEM(x) \
    _Generic((x),                                                             \
    bool: devp2p_item_u64, unsigned char: devp2p_item_u64,                    \
    unsigned short: devp2p_item_u64, unsigned: devp2p_item_u64,               \
    unsigned long: devp2p_item_u64, unsigned long long: devp2p_item_u64,      \
    signed char: devp2p_item_i64, short: devp2p_item_i64,                     \
    int: devp2p_item_i64, long: devp2p_item_i64, long long: devp2p_item_i64,  \
    char *: devp2p_item_str, const char *: devp2p_item_str,                   \
    devp2p_slice: devp2p_item_bytes, devp2p_u256: devp2p_item_u256,           \
    devp2p_item: devp2p_item_self)(x)

/* DEVP2P_ITEM_STRUCT is a struct with a table, DEVP2P_ITEM_RAW a devp2p_slice
 * that holds RLP already. */
#define DEVP2P_ITEM_STRUCT(tag, p)             \
    ((devp2p_item){ .kind = DEVP2P_RLP_STRUCT, \
        .v.st = { &tag##_rlp, 1 ? (p) : (const struct tag *)0 } })
#define DEVP2P_ITEM_RAW(encoded) \
    ((devp2p_item){ .kind = DEVP2P_RLP_RAW, .v.bytes = (encoded) })

/* DEVP2P_DEST makes a dest of a pointer to an unsigned integer, a bool, a
 * devp2p_slice or a devp2p_u256, or of a devp2p_dest.  For a uint8_t array use
 * DEVP2P_DEST_FIXED: a uint8_t pointer is one integer here. */
#define DEVP2P_DEST(p) \
    _Generic((p),                                                             \
    unsigned char *: devp2p_dest_uchar, unsigned short *: devp2p_dest_ushort, \
    unsigned *: devp2p_dest_uint, unsigned long *: devp2p_dest_ulong,         \
    unsigned long long *: devp2p_dest_ullong, bool *: devp2p_dest_bool,       \
    devp2p_slice *: devp2p_dest_bytes, devp2p_u256 *: devp2p_dest_u256,       \
    devp2p_dest: devp2p_dest_self)(DEVP2P_NO_ARRAY_(p))

/* DEVP2P_DEST_FIXED is a uint8_t array that takes exactly its size,
 * DEVP2P_DEST_RAW a pointer to a devp2p_slice that takes any value as its
 * encoding, DEVP2P_DEST_STRUCT a struct with a table. */
#define DEVP2P_DEST_FIXED(array) \
    ((devp2p_dest){ .kind = DEVP2P_RLP_FIXED,                              \
        .size = _Generic((array), unsigned char *: DEVP2P_SIZE_(array)), \
        .to = (array) })
#define DEVP2P_DEST_RAW(p)                  \
    ((devp2p_dest){ .kind = DEVP2P_RLP_RAW, \
        .size = sizeof(devp2p_slice),       \
        .to = 1 ? (p) : (devp2p_slice *)0 })
#define DEVP2P_DEST_STRUCT(tag, p)             \
    ((devp2p_dest){ .kind = DEVP2P_RLP_STRUCT, \
        .size = sizeof(struct tag),            \
        .type = &tag##_rlp,                    \
        .to = 1 ? (p) : (struct tag *)0 })

/* DEVP2P_ITEMS and DEVP2P_DESTS make the two arguments (array, n) of 1 to 32
 * values. */
#define DEVP2P_ITEMS(...)                                                \
    (const devp2p_item[]){ DEVP2P_EACH_(DEVP2P_ITEM_, ~, __VA_ARGS__) }, \
        DEVP2P_COUNT_(__VA_ARGS__)
#define DEVP2P_DESTS(...)                                                \
    (const devp2p_dest[]){ DEVP2P_EACH_(DEVP2P_DEST_, ~, __VA_ARGS__) }, \
        DEVP2P_COUNT_(__VA_ARGS__)

/* DEVP2P_RLP_TYPE(tag, a, b, c) says that struct tag is a list of its members
 * a, b, c, whose kinds follow from their C types: unsigned integers, bool,
 * devp2p_u256, devp2p_slice (a byte string), uint8_t arrays.  It defines
 * tag_rlp. */
#define DEVP2P_RLP_TYPE(tag, ...) \
    DEVP2P_RLP_TABLE(tag, DEVP2P_EACH_(DEVP2P_FIELD, tag, __VA_ARGS__))

/* DEVP2P_RLP_TABLE(tag, DEVP2P_FIELD(tag, a), DEVP2P_FIELD_LIST(tag, b)) is the
 * long form.  Its rows, each with _OPT for an optional one (what follows an
 * optional row is optional):
 *
 * FIELD         a value, as in the short form
 * FIELD_RAW     a devp2p_slice: any value as its encoding
 * FIELD_STRUCT  a member of type struct elem, which has a table
 * FIELD_LIST    struct { T *at; size_t len; } with T as in the short form
 * FIELD_STRUCTS struct { struct elem *at; size_t len; }
 *
 * and as last row, for all elements that are left:
 *
 * FIELD_TAIL, FIELD_TAIL_STRUCTS  as LIST and STRUCTS
 * FIELD_REST    a devp2p_slice: their encodings, one behind the other */
#define DEVP2P_RLP_TABLE(tag, ...)                                             \
    static const devp2p_rlp_field tag##_fields_[] = { __VA_ARGS__ };           \
    _Static_assert(                                                            \
        sizeof tag##_fields_ / sizeof *tag##_fields_ <= DEVP2P_RLP_FIELDS_MAX, \
        "an RLP table has at most 32 fields");                                 \
    static const devp2p_rlp_type tag##_rlp = { #tag, sizeof(struct tag),       \
        tag##_fields_, sizeof tag##_fields_ / sizeof *tag##_fields_ }

#define DEVP2P_FIELD(tag, m)     DEVP2P_VALUE_(tag, m, 0)
#define DEVP2P_FIELD_OPT(tag, m) DEVP2P_VALUE_(tag, m, DEVP2P_RLP_OPTIONAL)
#define DEVP2P_FIELD_RAW(tag, m) DEVP2P_SLICE_(tag, m, DEVP2P_RLP_RAW, 0)
#define DEVP2P_FIELD_RAW_OPT(tag, m) \
    DEVP2P_SLICE_(tag, m, DEVP2P_RLP_RAW, DEVP2P_RLP_OPTIONAL)
#define DEVP2P_FIELD_STRUCT(tag, m, elem) DEVP2P_STRUCT_(tag, m, elem, 0)
#define DEVP2P_FIELD_STRUCT_OPT(tag, m, elem) \
    DEVP2P_STRUCT_(tag, m, elem, DEVP2P_RLP_OPTIONAL)
#define DEVP2P_FIELD_LIST(tag, m) DEVP2P_LIST_(tag, m, DEVP2P_RLP_LIST)
#define DEVP2P_FIELD_LIST_OPT(tag, m) \
    DEVP2P_LIST_(tag, m, DEVP2P_RLP_LIST | DEVP2P_RLP_OPTIONAL)
#define DEVP2P_FIELD_STRUCTS(tag, m, elem) \
    DEVP2P_STRUCTS_(tag, m, elem, DEVP2P_RLP_LIST)
#define DEVP2P_FIELD_STRUCTS_OPT(tag, m, elem) \
    DEVP2P_STRUCTS_(tag, m, elem, DEVP2P_RLP_LIST | DEVP2P_RLP_OPTIONAL)
#define DEVP2P_FIELD_TAIL(tag, m) DEVP2P_LIST_(tag, m, DEVP2P_RLP_TAIL)
#define DEVP2P_FIELD_TAIL_STRUCTS(tag, m, elem) \
    DEVP2P_STRUCTS_(tag, m, elem, DEVP2P_RLP_TAIL)
#define DEVP2P_FIELD_REST(tag, m) DEVP2P_SLICE_(tag, m, DEVP2P_RLP_REST, 0)

#include <devp2p/rlp_detail.h>
#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif
