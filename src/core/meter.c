/* SPDX-License-Identifier: MIT */
#include "core/meter.h"

#include "base/assert.h"

#include <string.h>

static uint32_t cells_of(uint32_t length)
{
    return length <= DP_METERED_CODES ? length : DP_METERED_CODES + 1;
}

static dp_meter_row *rows_of(const dp_meter *m)
{
    return (dp_meter_row *)(void *)(m->cells + m->ncells);
}

static size_t size_of(uint32_t ncells, uint32_t nrows)
{
    return ncells * sizeof(devp2p_traffic) + nrows * sizeof(dp_meter_row);
}

int dp_meter_open(dp_meter *m, const dp_env *env, const dp_caps *caps)
{
    uint32_t n = 0, nrows = (uint32_t)caps->n;

    for (size_t i = 0; i < caps->n; i++)
        n += cells_of(caps->v[i].length);
    if (nrows == 0)
        return 0;
    m->cells = dp_alloc(env, size_of(n, nrows));
    if (!m->cells)
        return DEVP2P_ERR_NOMEM;
    m->nrows = nrows;
    m->ncells = n;
    n = 0;
    for (size_t i = 0; i < caps->n; i++) {
        dp_meter_row row = { n, cells_of(caps->v[i].length) };
        rows_of(m)[i] = row;
        n += row.n;
    }
    return 0;
}

void dp_meter_fini(dp_meter *m, const dp_env *env)
{
    dp_free(env, m->cells, size_of(m->ncells, m->nrows));
    m->cells = NULL;
    m->nrows = m->ncells = 0;
}

/* --- counting --- */

static devp2p_flow *flow(devp2p_traffic *t, dp_way way)
{
    return way == DP_IN ? &t->in : &t->out;
}

void dp_meter_bytes(dp_meter *m, dp_way way, size_t n)
{
    if (!m)
        return;
    flow(&m->all, way)->wire += n;
    if (m->sum)
        flow(m->sum, way)->wire += n;
}

static devp2p_traffic *cell(const dp_meter *m, size_t cap, uint64_t code)
{
    if (cap >= m->nrows)
        return NULL;
    const dp_meter_row *row = &rows_of(m)[cap];
    uint64_t at = code < DP_METERED_CODES ? code : DP_METERED_CODES;
    return at < row->n ? &m->cells[row->first + at] : NULL;
}

static void count(devp2p_flow *f, size_t full)
{
    f->messages++;
    f->plain += full;
}

void dp_meter_message(dp_meter *m, dp_way way, size_t cap, uint64_t code,
    size_t wire, size_t full)
{
    if (!m)
        return;
    count(flow(&m->all, way), full);
    if (m->sum)
        count(flow(m->sum, way), full);
    devp2p_traffic *c = cell(m, cap, code);
    if (!c)
        return;
    count(flow(c, way), full);
    flow(c, way)->wire += wire;
}

/* --- asking --- */

bool dp_meter_copy(dp_meter *out, const dp_meter *m)
{
    if (memcmp(&out->all, &m->all, sizeof m->all) == 0)
        return false;
    out->all = m->all;
    dp_assert(out->ncells == m->ncells);
    if (m->ncells)
        memcpy(out->cells, m->cells, m->ncells * sizeof *m->cells);
    return true;
}

static void add(devp2p_flow *to, const devp2p_flow *f)
{
    to->messages += f->messages;
    to->wire += f->wire;
    to->plain += f->plain;
}

void dp_traffic_add(devp2p_traffic *to, const devp2p_traffic *t)
{
    add(&to->in, &t->in);
    add(&to->out, &t->out);
}

void dp_meter_read(
    const dp_meter *m, devp2p_traffic *out, size_t cap, uint64_t code)
{
    *out = (devp2p_traffic){ .in = { 0 } };
    if (code != DEVP2P_ALL_CODES) {
        const devp2p_traffic *c = cell(m, cap, code);
        if (c)
            *out = *c;
        return;
    }
    if (cap >= m->nrows)
        return;
    const dp_meter_row *row = &rows_of(m)[cap];
    for (size_t i = 0; i < row->n; i++)
        dp_traffic_add(out, &m->cells[row->first + i]);
}
