/* SPDX-License-Identifier: MIT */
/* vector_capability_match.c - which capabilities two nodes share. */
#include "vector_main.h"

#include "core/caps.h"

#include <string.h>

static devp2p_slice name_of(const json_t *row)
{
    const char *name = vector_text(row, "name");
    return (devp2p_slice){ (const uint8_t *)name, strlen(name) };
}

static bool agrees(
    const json_t *want, const dp_shared *got, const dp_protocol *ours)
{
    const dp_protocol *row = &ours[got->ours];
    return devp2p_slice_is(row->name, vector_text(want, "name")) &&
           vector_int(want, "version") == (int64_t)row->version &&
           vector_int(want, "offset") == (int64_t)got->offset &&
           vector_int(want, "length") == (int64_t)got->length;
}

static int match(const json_t *input, const json_t *output)
{
    const json_t *local = json_object_get(input, "local");
    const json_t *remote = json_object_get(input, "remote");
    size_t nlocal = json_array_size(local), nremote = json_array_size(remote);
    dp_protocol *ours = vector_alloc(nlocal * sizeof *ours);
    devp2p_cap *theirs = vector_alloc(nremote * sizeof *theirs);
    size_t i;
    json_t *row;
    json_array_foreach(local, i, row)
    {
        ours[i].name = name_of(row);
        ours[i].version = (uint32_t)vector_int(row, "version");
        ours[i].length = (uint32_t)vector_int(row, "length");
    }
    json_array_foreach(remote, i, row)
    {
        theirs[i].name = name_of(row);
        theirs[i].version = (uint64_t)vector_int(row, "version");
    }

    dp_caps caps = { .v = vector_alloc(nlocal * sizeof *caps.v) };
    dp_caps_match(&caps, ours, nlocal, theirs, nremote);
    const json_t *running = json_object_get(output, "running");
    if (json_array_size(running) != caps.n)
        return VECTOR_DIFFERS;
    json_array_foreach(running, i, row)
    {
        if (!agrees(row, &caps.v[i], ours))
            return VECTOR_DIFFERS;
    }
    return 0;
}

static const vector_row rows[] = { { "match", match }, { NULL, NULL } };

const vector_file vector_capability_match = { "capability_match", rows };
