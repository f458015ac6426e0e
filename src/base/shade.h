/* SPDX-License-Identifier: MIT */
/* shade.h - memory that is kept and belongs to nobody: the address sanitizer
 * shall find who touches it, as if it had been freed.  Without that sanitizer
 * nothing is done. */
#ifndef DP_SHADE_H
#define DP_SHADE_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DP_SHADES 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define DP_SHADES 1
#endif

#ifdef DP_SHADES
#include <sanitizer/asan_interface.h>
#define dp_shade(at, n)   ASAN_POISON_MEMORY_REGION(at, n)
#define dp_unshade(at, n) ASAN_UNPOISON_MEMORY_REGION(at, n)
#else
#define dp_shade(at, n)   ((void)(at), (void)(n))
#define dp_unshade(at, n) ((void)(at), (void)(n))
#endif

#endif
