/* SPDX-License-Identifier: MIT */
/* import.h - structs of programs that were compiled with another size of them:
 * they grow only at the end, and their size is their version. */
#ifndef DP_IMPORT_H
#define DP_IMPORT_H

#include <stddef.h>
#include <stdint.h>

/* dp_import copies a struct: what theirs does not have is zero, what we do not
 * know must be zero.  Returns 0, or ERR_ABI with a sentence that names it: also
 * for a size below least. */
int dp_import(void *own, size_t own_size, const void *theirs, size_t size,
    size_t least, const char *name);

/* dp_import_number reads a field whose zero means other; outside of least to
 * most it returns ERR_INVALID with a sentence that names it. */
int dp_import_number(uint32_t *out, uint32_t value, uint32_t other,
    uint32_t least, uint32_t most, const char *field);

#endif
