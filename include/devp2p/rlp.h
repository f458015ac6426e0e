/* SPDX-License-Identifier: MIT */
/* devp2p/rlp.h - reading and writing RLP. */
#ifndef DEVP2P_RLP_H
#define DEVP2P_RLP_H

#include <devp2p/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DEVP2P_RLP_DEPTH_MAX 16

/* --- reader: a cursor over borrowed bytes; the first error sticks --- */

typedef struct devp2p_rlp_reader {
    const uint8_t *at, *end;
    const uint8_t *ends[DEVP2P_RLP_DEPTH_MAX];
    unsigned depth;
    int err;
} devp2p_rlp_reader;

DEVP2P_API devp2p_rlp_reader devp2p_rlp_read(const void *data, size_t len);
DEVP2P_API void devp2p_rlp_enter(devp2p_rlp_reader *r);
DEVP2P_API void devp2p_rlp_leave(devp2p_rlp_reader *r);
DEVP2P_API void devp2p_rlp_leave_early(devp2p_rlp_reader *r);
DEVP2P_API bool devp2p_rlp_more(const devp2p_rlp_reader *r);
DEVP2P_API uint64_t devp2p_rlp_get_u64(devp2p_rlp_reader *r);
DEVP2P_API bool devp2p_rlp_get_bool(devp2p_rlp_reader *r);
DEVP2P_API devp2p_slice devp2p_rlp_get_bytes(devp2p_rlp_reader *r);
DEVP2P_API void devp2p_rlp_get_fixed(
    devp2p_rlp_reader *r, void *out, size_t len);
DEVP2P_API devp2p_slice devp2p_rlp_get_raw(devp2p_rlp_reader *r);
DEVP2P_API DEVP2P_CHECK int devp2p_rlp_done(const devp2p_rlp_reader *r);

/* --- writer: fills a caller buffer; the first error sticks --- */

typedef struct devp2p_rlp_writer {
    uint8_t *buf;
    size_t len, cap;
    size_t mark[DEVP2P_RLP_DEPTH_MAX];
    unsigned depth;
    int err;
} devp2p_rlp_writer;

DEVP2P_API devp2p_rlp_writer devp2p_rlp_write(void *buf, size_t cap);
DEVP2P_API void devp2p_rlp_open(devp2p_rlp_writer *w);
DEVP2P_API void devp2p_rlp_close(devp2p_rlp_writer *w);
DEVP2P_API void devp2p_rlp_put_u64(devp2p_rlp_writer *w, uint64_t v);
DEVP2P_API void devp2p_rlp_put_bytes(
    devp2p_rlp_writer *w, const void *at, size_t len);
DEVP2P_API void devp2p_rlp_put_str(devp2p_rlp_writer *w, const char *s);
DEVP2P_API void devp2p_rlp_put_raw(devp2p_rlp_writer *w, devp2p_slice item);
DEVP2P_API DEVP2P_CHECK int devp2p_rlp_finish(
    devp2p_rlp_writer *w, devp2p_slice *out);

/* --- types: a table that says how a C struct is an RLP list --- */

typedef enum devp2p_rlp_kind {
    DEVP2P_RLP_U8,
    DEVP2P_RLP_U16,
    DEVP2P_RLP_U32,
    DEVP2P_RLP_U64,
    DEVP2P_RLP_BOOL,
    DEVP2P_RLP_BYTES,
    DEVP2P_RLP_FIXED,
    DEVP2P_RLP_STRUCT,
    DEVP2P_RLP_LIST,
    DEVP2P_RLP_REST
} devp2p_rlp_kind;

enum { DEVP2P_RLP_OPTIONAL = 1 };

typedef struct devp2p_rlp_type devp2p_rlp_type;

typedef struct devp2p_rlp_field {
    const char *name;
    size_t offset, size;
    devp2p_rlp_kind kind;
    unsigned flags;
    const devp2p_rlp_type *elem;
} devp2p_rlp_field;

struct devp2p_rlp_type {
    const char *name;
    size_t size;
    const devp2p_rlp_field *fields;
    size_t nfields;
};

/* A bump arena for the arrays a decode needs; borrowed by the result. */
typedef struct devp2p_arena {
    uint8_t *at, *end;
} devp2p_arena;

DEVP2P_API void devp2p_rlp_put_struct(
    devp2p_rlp_writer *w, const devp2p_rlp_type *type, const void *value);
DEVP2P_API void devp2p_rlp_get_struct(devp2p_rlp_reader *r,
    const devp2p_rlp_type *type, void *value, devp2p_arena *mem);

/* --- items: single values, wrapped by C type --- */

typedef struct devp2p_item {
    devp2p_rlp_kind kind;
    bool negative;
    union {
        uint64_t u64;
        devp2p_slice bytes;
        struct {
            const devp2p_rlp_type *type;
            const void *value;
        } st;
    } v;
} devp2p_item;

typedef struct devp2p_dest {
    devp2p_rlp_kind kind;
    void *to;
} devp2p_dest;

DEVP2P_API void devp2p_rlp_put_items(
    devp2p_rlp_writer *w, const devp2p_item *items, size_t n);
DEVP2P_API void devp2p_rlp_get_items(
    devp2p_rlp_reader *r, const devp2p_dest *dests, size_t n);

#ifndef __cplusplus
#include <string.h>

static inline devp2p_item devp2p_item_u64(unsigned long long u)
{
    return (devp2p_item){ .kind = DEVP2P_RLP_U64, .v.u64 = u };
}
static inline devp2p_item devp2p_item_i64(long long i)
{
    return (devp2p_item){
        .kind = DEVP2P_RLP_U64, .negative = i < 0, .v.u64 = (uint64_t)i
    };
}
static inline devp2p_item devp2p_item_str(const char *s)
{
    return (devp2p_item){ .kind = DEVP2P_RLP_BYTES,
        .v.bytes = { (const uint8_t *)s, strlen(s) } };
}
static inline devp2p_item devp2p_item_bytes(devp2p_slice s)
{
    return (devp2p_item){ .kind = DEVP2P_RLP_BYTES, .v.bytes = s };
}
static inline devp2p_item devp2p_item_self(devp2p_item i)
{
    return i;
}

#define DEVP2P_ITEM(x) \
    _Generic((x),                                         \
    bool: devp2p_item_u64,                                                   \
    unsigned char: devp2p_item_u64, unsigned short: devp2p_item_u64,         \
    unsigned: devp2p_item_u64, unsigned long: devp2p_item_u64,               \
    unsigned long long: devp2p_item_u64,                                     \
    short: devp2p_item_i64, int: devp2p_item_i64, long: devp2p_item_i64,     \
    long long: devp2p_item_i64,                                              \
    char *: devp2p_item_str, const char *: devp2p_item_str,                  \
    devp2p_slice: devp2p_item_bytes, devp2p_item: devp2p_item_self)(x)

#define DEVP2P_DEST(p) \
    ((devp2p_dest){ _Generic((p),                         \
    uint8_t *: DEVP2P_RLP_U8, uint16_t *: DEVP2P_RLP_U16,                    \
    uint32_t *: DEVP2P_RLP_U32, uint64_t *: DEVP2P_RLP_U64,                  \
    bool *: DEVP2P_RLP_BOOL, devp2p_slice *: DEVP2P_RLP_BYTES), (p) })

/* The kind of a field follows from its C type. */
#define DEVP2P_KIND_OF_(T, m) \
    _Generic(((T *)0)->m,                          \
    bool: DEVP2P_RLP_BOOL, uint8_t: DEVP2P_RLP_U8,                           \
    uint16_t: DEVP2P_RLP_U16, uint32_t: DEVP2P_RLP_U32,                      \
    uint64_t: DEVP2P_RLP_U64, devp2p_slice: DEVP2P_RLP_BYTES,                \
    uint8_t *: DEVP2P_RLP_FIXED)

#define DEVP2P_FIELD_(T, m, fl)                                             \
    {                                                                       \
#m, offsetof(T, m), sizeof(((T *)0)->m), DEVP2P_KIND_OF_(T, m), fl, \
            NULL                                                            \
    }
#define DEVP2P_FIELD(tag, m) DEVP2P_FIELD_(struct tag, m, 0)
#define DEVP2P_FIELD_OPT(tag, m) \
    DEVP2P_FIELD_(struct tag, m, DEVP2P_RLP_OPTIONAL)
#define DEVP2P_FIELD_STRUCT(tag, m, elem)                          \
    {                                                              \
#m, offsetof(struct tag, m), sizeof(((struct tag *)0)->m), \
            DEVP2P_RLP_STRUCT, 0, &elem##_rlp                      \
    }
#define DEVP2P_FIELD_LIST(tag, m, elem)                            \
    {                                                              \
#m, offsetof(struct tag, m), sizeof(((struct tag *)0)->m), \
            DEVP2P_RLP_LIST, 0, &elem##_rlp                        \
    }
#define DEVP2P_FIELD_REST(tag, m)                                  \
    {                                                              \
#m, offsetof(struct tag, m), sizeof(((struct tag *)0)->m), \
            DEVP2P_RLP_REST, 0, NULL                               \
    }

/* DEVP2P_RLP_TABLE names the type; its fields follow in braces-free form. */
#define DEVP2P_RLP_TABLE(tag, ...)                                       \
    static const devp2p_rlp_field tag##_fields_[] = { __VA_ARGS__ };     \
    static const devp2p_rlp_type tag##_rlp = { #tag, sizeof(struct tag), \
        tag##_fields_, sizeof tag##_fields_ / sizeof *tag##_fields_ }

/* DEVP2P_RLP_TYPE(tag, a, b, c): every field's kind is read off the struct. */
#define DEVP2P_RLP_TYPE(tag, ...) \
    DEVP2P_RLP_TABLE(tag, DEVP2P_EACH_(DEVP2P_FIELD, tag, __VA_ARGS__))

#define DEVP2P_NARGS_(...) \
    DEVP2P_NTH_(__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define DEVP2P_NTH_(a, b, c, d, e, f, g, h, i, j, k, l, n, ...) n
#define DEVP2P_CAT_(a, b)                                       DEVP2P_CAT2_(a, b)
#define DEVP2P_CAT2_(a, b)                                      a##b
#define DEVP2P_EACH_(f, t, ...) \
    DEVP2P_CAT_(DEVP2P_E_, DEVP2P_NARGS_(__VA_ARGS__))(f, t, __VA_ARGS__)
#define DEVP2P_E_1(f, t, a)       f(t, a)
#define DEVP2P_E_2(f, t, a, ...)  f(t, a), DEVP2P_E_1(f, t, __VA_ARGS__)
#define DEVP2P_E_3(f, t, a, ...)  f(t, a), DEVP2P_E_2(f, t, __VA_ARGS__)
#define DEVP2P_E_4(f, t, a, ...)  f(t, a), DEVP2P_E_3(f, t, __VA_ARGS__)
#define DEVP2P_E_5(f, t, a, ...)  f(t, a), DEVP2P_E_4(f, t, __VA_ARGS__)
#define DEVP2P_E_6(f, t, a, ...)  f(t, a), DEVP2P_E_5(f, t, __VA_ARGS__)
#define DEVP2P_E_7(f, t, a, ...)  f(t, a), DEVP2P_E_6(f, t, __VA_ARGS__)
#define DEVP2P_E_8(f, t, a, ...)  f(t, a), DEVP2P_E_7(f, t, __VA_ARGS__)
#define DEVP2P_E_9(f, t, a, ...)  f(t, a), DEVP2P_E_8(f, t, __VA_ARGS__)
#define DEVP2P_E_10(f, t, a, ...) f(t, a), DEVP2P_E_9(f, t, __VA_ARGS__)
#define DEVP2P_E_11(f, t, a, ...) f(t, a), DEVP2P_E_10(f, t, __VA_ARGS__)
#define DEVP2P_E_12(f, t, a, ...) f(t, a), DEVP2P_E_11(f, t, __VA_ARGS__)
#define DEVP2P_ITEM1_(t, x)       DEVP2P_ITEM(x)
#define DEVP2P_DEST1_(t, p)       DEVP2P_DEST(p)
#define DEVP2P_ITEMS(...)                                                 \
    (const devp2p_item[]){ DEVP2P_EACH_(DEVP2P_ITEM1_, ~, __VA_ARGS__) }, \
        DEVP2P_NARGS_(__VA_ARGS__)
#define DEVP2P_DESTS(...)                                                 \
    (const devp2p_dest[]){ DEVP2P_EACH_(DEVP2P_DEST1_, ~, __VA_ARGS__) }, \
        DEVP2P_NARGS_(__VA_ARGS__)

/* A struct as one item: type-checked against its table. */
#define DEVP2P_VAL(tag, p)                     \
    ((devp2p_item){ .kind = DEVP2P_RLP_STRUCT, \
        .v.st = { &tag##_rlp, 1 ? (p) : (const struct tag *)0 } })
#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif /* DEVP2P_RLP_H */
