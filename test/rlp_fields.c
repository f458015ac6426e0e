/* SPDX-License-Identifier: MIT */
/* rlp_fields.c - a table of as many fields as there may be compiles; with
 * ONE_MORE it must not.  Compiled by two tests, never linked. */
#include <devp2p/rlp.h>

struct wide {
    uint8_t f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15,
        f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29,
        f30, f31, f32, f33;
};

#ifdef ONE_MORE
#define LAST , DEVP2P_FIELD(wide, f33)
#else
#define LAST
#endif

/* wide_type is what a caller would hand to a decoder. */
const devp2p_rlp_type *wide_type(void);

DEVP2P_RLP_TABLE(wide, DEVP2P_FIELD(wide, f1), DEVP2P_FIELD(wide, f2),
    DEVP2P_FIELD(wide, f3), DEVP2P_FIELD(wide, f4), DEVP2P_FIELD(wide, f5),
    DEVP2P_FIELD(wide, f6), DEVP2P_FIELD(wide, f7), DEVP2P_FIELD(wide, f8),
    DEVP2P_FIELD(wide, f9), DEVP2P_FIELD(wide, f10), DEVP2P_FIELD(wide, f11),
    DEVP2P_FIELD(wide, f12), DEVP2P_FIELD(wide, f13), DEVP2P_FIELD(wide, f14),
    DEVP2P_FIELD(wide, f15), DEVP2P_FIELD(wide, f16), DEVP2P_FIELD(wide, f17),
    DEVP2P_FIELD(wide, f18), DEVP2P_FIELD(wide, f19), DEVP2P_FIELD(wide, f20),
    DEVP2P_FIELD(wide, f21), DEVP2P_FIELD(wide, f22), DEVP2P_FIELD(wide, f23),
    DEVP2P_FIELD(wide, f24), DEVP2P_FIELD(wide, f25), DEVP2P_FIELD(wide, f26),
    DEVP2P_FIELD(wide, f27), DEVP2P_FIELD(wide, f28), DEVP2P_FIELD(wide, f29),
    DEVP2P_FIELD(wide, f30), DEVP2P_FIELD(wide, f31),
    DEVP2P_FIELD(wide, f32) LAST);

const devp2p_rlp_type *wide_type(void)
{
    return &wide_rlp;
}
