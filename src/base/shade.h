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
void __asan_poison_memory_region(const volatile void *at, size_t n);
void __asan_unpoison_memory_region(const volatile void *at, size_t n);
#define dp_shade(at, n)   __asan_poison_memory_region(at, n)
#define dp_unshade(at, n) __asan_unpoison_memory_region(at, n)
#else
#define dp_shade(at, n)   ((void)(at), (void)(n))
#define dp_unshade(at, n) ((void)(at), (void)(n))
#endif

#endif
