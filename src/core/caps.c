/* SPDX-License-Identifier: MIT */
#include "core/caps.h"

#include "base/assert.h"

#include <string.h>

/* order_names compares as bytes; a prefix comes first. */
static int order_names(devp2p_slice a, devp2p_slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.at, b.at, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static bool comes_after(const dp_protocol *a, const dp_protocol *b)
{
    int c = order_names(a->name, b->name);
    return c ? c > 0 : a->version > b->version;
}

void dp_protocols_sort(const dp_protocol **rows, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const dp_protocol *row = rows[i];
        size_t k = i;
        for (; k > 0 && comes_after(rows[k - 1], row); k--)
            rows[k] = rows[k - 1];
        rows[k] = row;
    }
}

static bool announced(
    const dp_protocol *row, const devp2p_cap *theirs, size_t ntheirs)
{
    for (size_t i = 0; i < ntheirs; i++)
        if (theirs[i].version == row->version &&
            order_names(theirs[i].name, row->name) == 0)
            return true;
    return false;
}

/* dp_caps_match: RLPx, "Capability Messaging": ids follow the alphabet of the
 * names that are shared; of one name only the highest common version runs, and
 * what is not shared takes no ids. */
void dp_caps_match(dp_caps *out, const dp_protocol *ours, size_t nours,
    const devp2p_cap *theirs, size_t ntheirs)
{
    const dp_protocol *rows[DP_PROTOCOLS_MAX];
    dp_assert(nours <= DP_PROTOCOLS_MAX);
    for (size_t i = 0; i < nours; i++)
        rows[i] = &ours[i];
    dp_protocols_sort(rows, nours);

    out->n = 0;
    for (size_t i = 0; i < nours; i++) {
        if (!announced(rows[i], theirs, ntheirs))
            continue;
        size_t at = out->n;
        if (at > 0 &&
            order_names(ours[out->v[at - 1].ours].name, rows[i]->name) == 0)
            at--; /* a higher version of the same name */
        out->v[at] = (dp_shared){ .ours = (size_t)(rows[i] - ours),
            .length = rows[i]->length };
        out->n = at + 1;
    }
    uint64_t offset = DP_BASE_LENGTH;
    for (size_t i = 0; i < out->n; i++) {
        out->v[i].offset = offset;
        offset += out->v[i].length;
    }
}

bool dp_caps_find(const dp_caps *caps, uint64_t id, size_t *at, uint64_t *code)
{
    for (size_t i = 0; i < caps->n; i++) {
        const dp_shared *cap = &caps->v[i];
        if (id < cap->offset || id - cap->offset >= cap->length)
            continue;
        *at = i;
        *code = id - cap->offset;
        return true;
    }
    return false;
}
