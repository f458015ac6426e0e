/* SPDX-License-Identifier: MIT */
/* list.h - intrusive doubly linked list; a link belongs to one list at most and
 * knows whether it does. */
#ifndef DP_LIST_H
#define DP_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct dp_link {
    struct dp_link *next, *prev; /* both NULL: in no list */
} dp_link;

typedef struct dp_list {
    dp_link head;
} dp_list;

/* dp_of is the struct that a member is in. */
#define dp_of(ptr, type, member) \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void dp_list_init(dp_list *l)
{
    l->head.next = l->head.prev = &l->head;
}

static inline bool dp_list_empty(const dp_list *l)
{
    return l->head.next == &l->head;
}

static inline bool dp_linked(const dp_link *k)
{
    return k->next != NULL;
}

static inline void dp_list_push(dp_list *l, dp_link *k)
{
    k->prev = l->head.prev;
    k->next = &l->head;
    k->prev->next = k;
    l->head.prev = k;
}

static inline void dp_unlink(dp_link *k)
{
    if (k->next == NULL)
        return;
    k->prev->next = k->next;
    k->next->prev = k->prev;
    k->next = k->prev = NULL;
}

/* dp_list_first is the first link or NULL; dp_list_pop also takes it out. */
static inline dp_link *dp_list_first(dp_list *l)
{
    return dp_list_empty(l) ? NULL : l->head.next;
}

static inline dp_link *dp_list_pop(dp_list *l)
{
    dp_link *k = dp_list_first(l);
    if (k)
        dp_unlink(k);
    return k;
}

/* dp_list_next is the link after k, NULL at the end. */
static inline dp_link *dp_list_next(dp_list *l, dp_link *k)
{
    return k->next == &l->head ? NULL : k->next;
}

/* dp_list_splice moves all of from to the end of l. */
static inline void dp_list_splice(dp_list *l, dp_list *from)
{
    if (dp_list_empty(from))
        return;
    from->head.next->prev = l->head.prev;
    l->head.prev->next = from->head.next;
    from->head.prev->next = &l->head;
    l->head.prev = from->head.prev;
    dp_list_init(from);
}

#endif
