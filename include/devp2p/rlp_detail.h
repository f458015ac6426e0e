/* SPDX-License-Identifier: MIT */
/* devp2p/rlp_detail.h - what stands behind the macros of devp2p/rlp.h, which
 * includes it; nothing here is for use by name. */
#ifndef DEVP2P_RLP_DETAIL_H
#define DEVP2P_RLP_DETAIL_H

#include <devp2p/rlp.h>

#ifndef __cplusplus
#include <string.h>

static inline devp2p_item devp2p_item_u64(unsigned long long v)
{
    return (devp2p_item){ .kind = DEVP2P_RLP_UINT, .v.u64 = v };
}
static inline devp2p_item devp2p_item_i64(long long v)
{
    return (devp2p_item){
        .kind = DEVP2P_RLP_UINT, .negative = v < 0, .v.u64 = (uint64_t)v
    };
}
static inline devp2p_item devp2p_item_bytes(devp2p_slice v)
{
    return (devp2p_item){ .kind = DEVP2P_RLP_BYTES, .v.bytes = v };
}
static inline devp2p_item devp2p_item_str(const char *v)
{
    return devp2p_item_bytes((devp2p_slice){ (const uint8_t *)v, strlen(v) });
}
static inline devp2p_item devp2p_item_u256(devp2p_u256 v)
{
    return (devp2p_item){ .kind = DEVP2P_RLP_U256, .v.u256 = v };
}
static inline devp2p_item devp2p_item_self(devp2p_item v)
{
    return v;
}

#define DEVP2P_DEST_OF_(name, T, kind)                     \
    static inline devp2p_dest devp2p_dest_##name(T *to)    \
    {                                                      \
        return (devp2p_dest){ kind, sizeof(T), NULL, to }; \
    }
DEVP2P_DEST_OF_(uchar, unsigned char, DEVP2P_RLP_UINT)
DEVP2P_DEST_OF_(ushort, unsigned short, DEVP2P_RLP_UINT)
DEVP2P_DEST_OF_(uint, unsigned, DEVP2P_RLP_UINT)
DEVP2P_DEST_OF_(ulong, unsigned long, DEVP2P_RLP_UINT)
DEVP2P_DEST_OF_(ullong, unsigned long long, DEVP2P_RLP_UINT)
DEVP2P_DEST_OF_(bool, bool, DEVP2P_RLP_BOOL)
DEVP2P_DEST_OF_(bytes, devp2p_slice, DEVP2P_RLP_BYTES)
DEVP2P_DEST_OF_(u256, devp2p_u256, DEVP2P_RLP_U256)
static inline devp2p_dest devp2p_dest_self(devp2p_dest v)
{
    return v;
}

/* DEVP2P_NO_ARRAY_ is p; an array is refused (unless it has the size of a
 * pointer). */
#define DEVP2P_NO_ARRAY_(p)                                                \
    ((void)sizeof(char[_Generic((p), devp2p_dest : 1, default              \
                                : sizeof(p) == sizeof(void *) ? 1 : -1)]), \
        (p))

/* The kind of a value follows from its C type, arrays look like pointers here;
 * DEVP2P_SIZE_ refuses what really is a pointer. */
#define DEVP2P_KIND_(x) \
    _Generic((x),                                                          \
    bool: DEVP2P_RLP_BOOL, unsigned char: DEVP2P_RLP_UINT,                 \
    unsigned short: DEVP2P_RLP_UINT, unsigned: DEVP2P_RLP_UINT,            \
    unsigned long: DEVP2P_RLP_UINT, unsigned long long: DEVP2P_RLP_UINT,   \
    devp2p_u256: DEVP2P_RLP_U256, devp2p_slice: DEVP2P_RLP_BYTES,          \
    unsigned char *: DEVP2P_RLP_FIXED)
#define DEVP2P_SIZE_(x) \
    (sizeof(x) * sizeof(char[_Generic(&(x), unsigned char **: -1, default: 1)]))

/* DEVP2P_SIZE_IF_ is the size of x, which must have type T. */
#define DEVP2P_SIZE_IF_(x, T) _Generic((x), T : sizeof(T))

/* A list member is a pointer at and a size_t len right behind it. */
#define DEVP2P_MEMBER_(tag, m) (((struct tag *)0)->m)
#define DEVP2P_FIRST_(tag, m)  (((struct tag *)0)->m.at[0])
#define DEVP2P_SHAPE_(tag, m)                                           \
    sizeof(char[_Generic(&((struct tag *)0)->m.len, size_t * : 1) &&    \
                        offsetof(struct tag, m.len) ==                  \
                            offsetof(struct tag, m.at) + sizeof(void *) \
                    ? 1                                                 \
                    : -1])

/* The rows. */
#define DEVP2P_VALUE_(tag, m, flag)                                 \
    {                                                               \
        .name = #m, .offset = offsetof(struct tag, m),              \
        .size = DEVP2P_SIZE_(DEVP2P_MEMBER_(tag, m)),               \
        .kind = DEVP2P_KIND_(DEVP2P_MEMBER_(tag, m)), .flags = flag \
    }
#define DEVP2P_SLICE_(tag, m, k, flag)                                 \
    {                                                                  \
        .name = #m, .offset = offsetof(struct tag, m),                 \
        .size = DEVP2P_SIZE_IF_(DEVP2P_MEMBER_(tag, m), devp2p_slice), \
        .kind = k, .flags = flag                                       \
    }
#define DEVP2P_STRUCT_(tag, m, elem, flag)                            \
    {                                                                 \
        .name = #m, .offset = offsetof(struct tag, m),                \
        .size = DEVP2P_SIZE_IF_(DEVP2P_MEMBER_(tag, m), struct elem), \
        .kind = DEVP2P_RLP_STRUCT, .flags = flag, .type = &elem##_rlp \
    }
#define DEVP2P_LIST_(tag, m, flag)                                           \
    {                                                                        \
        .name = #m, .offset = offsetof(struct tag, m.at),                    \
        .size = DEVP2P_SIZE_(DEVP2P_FIRST_(tag, m)) * DEVP2P_SHAPE_(tag, m), \
        .kind = DEVP2P_KIND_(DEVP2P_FIRST_(tag, m)), .flags = flag           \
    }
#define DEVP2P_STRUCTS_(tag, m, elem, flag)                           \
    {                                                                 \
        .name = #m, .offset = offsetof(struct tag, m.at),             \
        .size = DEVP2P_SIZE_IF_(DEVP2P_FIRST_(tag, m), struct elem) * \
                DEVP2P_SHAPE_(tag, m),                                \
        .kind = DEVP2P_RLP_STRUCT, .flags = flag, .type = &elem##_rlp \
    }

/* DEVP2P_COUNT_ counts 1 to 32 arguments, DEVP2P_EACH_ maps f(t, x) over them;
 * more end in a name that does not exist. */
#define DEVP2P_COUNT_(...)                                                    \
    DEVP2P_NTH_(__VA_ARGS__, over_32, over_32, over_32, over_32, over_32,     \
        over_32, over_32, over_32, over_32, over_32, over_32, over_32,        \
        over_32, over_32, over_32, over_32, over_32, over_32, over_32,        \
        over_32, over_32, over_32, over_32, over_32, over_32, over_32,        \
        over_32, over_32, over_32, over_32, over_32, over_32, 32, 31, 30, 29, \
        28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12,   \
        11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define DEVP2P_NTH_(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13,    \
    a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, \
    a29, a30, a31, a32, a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, \
    a44, a45, a46, a47, a48, a49, a50, a51, a52, a53, a54, a55, a56, a57, a58, \
    a59, a60, a61, a62, a63, a64, n, ...)                                      \
    n
#define DEVP2P_CAT_(a, b)  DEVP2P_CAT2_(a, b)
#define DEVP2P_CAT2_(a, b) a##b
#define DEVP2P_ITEM_(t, x) DEVP2P_ITEM(x)
#define DEVP2P_DEST_(t, p) DEVP2P_DEST(p)
#define DEVP2P_EACH_(f, t, ...) \
    DEVP2P_CAT_(DEVP2P_E_, DEVP2P_COUNT_(__VA_ARGS__))(f, t, __VA_ARGS__)
#define DEVP2P_E_1(f, t, x)       f(t, x)
#define DEVP2P_E_2(f, t, x, ...)  f(t, x), DEVP2P_E_1(f, t, __VA_ARGS__)
#define DEVP2P_E_3(f, t, x, ...)  f(t, x), DEVP2P_E_2(f, t, __VA_ARGS__)
#define DEVP2P_E_4(f, t, x, ...)  f(t, x), DEVP2P_E_3(f, t, __VA_ARGS__)
#define DEVP2P_E_5(f, t, x, ...)  f(t, x), DEVP2P_E_4(f, t, __VA_ARGS__)
#define DEVP2P_E_6(f, t, x, ...)  f(t, x), DEVP2P_E_5(f, t, __VA_ARGS__)
#define DEVP2P_E_7(f, t, x, ...)  f(t, x), DEVP2P_E_6(f, t, __VA_ARGS__)
#define DEVP2P_E_8(f, t, x, ...)  f(t, x), DEVP2P_E_7(f, t, __VA_ARGS__)
#define DEVP2P_E_9(f, t, x, ...)  f(t, x), DEVP2P_E_8(f, t, __VA_ARGS__)
#define DEVP2P_E_10(f, t, x, ...) f(t, x), DEVP2P_E_9(f, t, __VA_ARGS__)
#define DEVP2P_E_11(f, t, x, ...) f(t, x), DEVP2P_E_10(f, t, __VA_ARGS__)
#define DEVP2P_E_12(f, t, x, ...) f(t, x), DEVP2P_E_11(f, t, __VA_ARGS__)
#define DEVP2P_E_13(f, t, x, ...) f(t, x), DEVP2P_E_12(f, t, __VA_ARGS__)
#define DEVP2P_E_14(f, t, x, ...) f(t, x), DEVP2P_E_13(f, t, __VA_ARGS__)
#define DEVP2P_E_15(f, t, x, ...) f(t, x), DEVP2P_E_14(f, t, __VA_ARGS__)
#define DEVP2P_E_16(f, t, x, ...) f(t, x), DEVP2P_E_15(f, t, __VA_ARGS__)
#define DEVP2P_E_17(f, t, x, ...) f(t, x), DEVP2P_E_16(f, t, __VA_ARGS__)
#define DEVP2P_E_18(f, t, x, ...) f(t, x), DEVP2P_E_17(f, t, __VA_ARGS__)
#define DEVP2P_E_19(f, t, x, ...) f(t, x), DEVP2P_E_18(f, t, __VA_ARGS__)
#define DEVP2P_E_20(f, t, x, ...) f(t, x), DEVP2P_E_19(f, t, __VA_ARGS__)
#define DEVP2P_E_21(f, t, x, ...) f(t, x), DEVP2P_E_20(f, t, __VA_ARGS__)
#define DEVP2P_E_22(f, t, x, ...) f(t, x), DEVP2P_E_21(f, t, __VA_ARGS__)
#define DEVP2P_E_23(f, t, x, ...) f(t, x), DEVP2P_E_22(f, t, __VA_ARGS__)
#define DEVP2P_E_24(f, t, x, ...) f(t, x), DEVP2P_E_23(f, t, __VA_ARGS__)
#define DEVP2P_E_25(f, t, x, ...) f(t, x), DEVP2P_E_24(f, t, __VA_ARGS__)
#define DEVP2P_E_26(f, t, x, ...) f(t, x), DEVP2P_E_25(f, t, __VA_ARGS__)
#define DEVP2P_E_27(f, t, x, ...) f(t, x), DEVP2P_E_26(f, t, __VA_ARGS__)
#define DEVP2P_E_28(f, t, x, ...) f(t, x), DEVP2P_E_27(f, t, __VA_ARGS__)
#define DEVP2P_E_29(f, t, x, ...) f(t, x), DEVP2P_E_28(f, t, __VA_ARGS__)
#define DEVP2P_E_30(f, t, x, ...) f(t, x), DEVP2P_E_29(f, t, __VA_ARGS__)
#define DEVP2P_E_31(f, t, x, ...) f(t, x), DEVP2P_E_30(f, t, __VA_ARGS__)
#define DEVP2P_E_32(f, t, x, ...) f(t, x), DEVP2P_E_31(f, t, __VA_ARGS__)
#endif /* __cplusplus */
#endif
