/* SPDX-License-Identifier: MIT */
#include "core/tx.h"

#include "core/caps.h"
#include "wire/disconnect.h"

#include <string.h>

void dp_tx_init(dp_tx *tx, const dp_env *env, dp_pool *pool, dp_budget *total)
{
    *tx = (dp_tx){ .env = env,
        .share = { .total = total },
        .mark = DP_SEND_MARK,
        .classes = DP_CLASSES,
        .allowed = SIZE_MAX };
    dp_window_init(&tx->window, env, pool);
    dp_list_init(&tx->flight);
}

static size_t queues_size(const dp_tx *tx, size_t n)
{
    return n * (sizeof(dp_tx_queue) + tx->classes * sizeof(dp_tx_lane));
}

int dp_tx_open(dp_tx *tx, size_t n)
{
    tx->queues = dp_alloc(tx->env, queues_size(tx, n));
    if (!tx->queues)
        return DEVP2P_ERR_NOMEM;
    tx->nqueues = n;
    dp_tx_lane *lanes = (dp_tx_lane *)(void *)(tx->queues + n);
    for (size_t i = 0; i < n; i++) {
        tx->queues[i].lanes = lanes + i * tx->classes;
        for (size_t c = 0; c < tx->classes; c++)
            dp_list_init(&tx->queues[i].lanes[c].items);
    }
    return 0;
}

/* --- queues --- */

static void release_packet(dp_tx *tx, dp_tx_item *item)
{
    tx->queues[item->queue].bytes -= item->wire;
    tx->waiting -= item->wire;
    dp_share_give(&tx->share, item->wire);
    dp_packet_drop(item->packet);
    item->packet = NULL;
}

static void forget(dp_tx *tx, dp_tx_item *item)
{
    if (item->packet)
        release_packet(tx, item);
    dp_free(tx->env, item, sizeof *item);
}

static void forget_all(dp_tx *tx, dp_list *items)
{
    dp_link *k;
    while ((k = dp_list_pop(items)) != NULL)
        forget(tx, dp_of(k, dp_tx_item, link));
}

void dp_tx_cut(dp_tx *tx)
{
    for (size_t i = 0; i < tx->nqueues; i++)
        for (size_t c = 0; c < tx->classes; c++)
            forget_all(tx, &tx->queues[i].lanes[c].items);
    memset(tx->queued, 0, sizeof tx->queued);
}

void dp_tx_fini(dp_tx *tx)
{
    dp_tx_cut(tx);
    forget_all(tx, &tx->flight);
    if (tx->item)
        forget(tx, tx->item);
    dp_free(tx->env, tx->queues, queues_size(tx, tx->nqueues));
    dp_window_fini(&tx->window);
}

int dp_tx_send(
    dp_tx *tx, size_t queue, dp_class class, uint64_t id, dp_packet *p)
{
    dp_tx_queue *q = &tx->queues[queue];
    if (class >= tx->classes)
        class = 0;
    dp_tx_lane *lane = &q->lanes[class];
    size_t wire = dp_feed_wire(id, p->len);
    if (!wire)
        return DEVP2P_ERR_TOO_BIG;
    dp_share_look(&tx->share);
    if (!tx->unmarked && (q->bytes >= tx->mark || tx->share.over)) {
        tx->nfull += !q->full;
        q->full = true;
        return DEVP2P_ERR_AGAIN;
    }
    dp_tx_item *item = dp_alloc(tx->env, sizeof *item);
    if (!item)
        return DEVP2P_ERR_NOMEM;
    item->packet = dp_packet_keep(p);
    item->id = id;
    item->code = p->code;
    item->queue = queue;
    item->wire = wire;
    item->full = p->full;
    /* who was silent has saved nothing up */
    if (dp_list_empty(&lane->items) && lane->served < tx->served[class])
        lane->served = tx->served[class];
    dp_list_push(&lane->items, &item->link);
    tx->queued[class]++;
    q->bytes += wire;
    q->unsent++;
    tx->waiting += wire;
    dp_share_take(&tx->share, wire);
    return 0;
}

static bool owes(const dp_tx *tx, const dp_tx_queue *q)
{
    return q->full && q->bytes < tx->mark / 2 && !tx->share.over;
}

size_t dp_tx_owing(const dp_tx *tx)
{
    for (size_t i = 0; tx->nfull && i < tx->nqueues; i++)
        if (owes(tx, &tx->queues[i]))
            return i;
    return SIZE_MAX;
}

void dp_tx_noted(dp_tx *tx, size_t queue)
{
    tx->queues[queue].full = false;
    tx->nfull--;
}

/* --- the base protocol --- */

void dp_tx_hello(dp_tx *tx, const uint8_t *payload, size_t len)
{
    tx->base.hello = payload;
    tx->base.hello_len = len;
}

void dp_tx_ping(dp_tx *tx)
{
    tx->base.pings = 1;
}

void dp_tx_pong(dp_tx *tx)
{
    tx->base.pongs++;
}

void dp_tx_bye(dp_tx *tx, uint8_t reason)
{
    tx->base.bye = true;
    tx->base.reason = reason;
}

/* start_small begins a message of a few bytes; compressed it is one snappy
 * literal: length, tag, bytes. */
static void start_small(
    dp_tx *tx, uint64_t id, const uint8_t *payload, size_t len)
{
    dp_tx_base *b = &tx->base;
    size_t head = b->snappy ? 2 : 0;
    dp_assert(len > 0 && head + len <= sizeof b->small);
    if (head) {
        b->small[0] = (uint8_t)len;
        b->small[1] = (uint8_t)((len - 1) << 2);
    }
    memcpy(b->small + head, payload, len);
    dp_feed_start(&tx->feed, id, b->small, head + len);
}

static bool base_wants(const dp_tx_base *b)
{
    return b->hello || b->pongs || b->pings || b->bye;
}

/* base_goes: it would begin something now. */
static bool base_goes(const dp_tx *tx)
{
    const dp_tx_base *b = &tx->base;
    return b->hello || b->pongs || b->pings || (b->bye && !tx->waiting);
}

/* start_base begins what is most urgent; Disconnect waits for the queues. */
static bool start_base(dp_tx *tx)
{
    static const uint8_t empty_list[1] = { 0xc0 };
    dp_tx_base *b = &tx->base;
    if (b->hello) {
        dp_feed_start(&tx->feed, DP_ID_HELLO, b->hello, b->hello_len);
        b->hello = NULL;
    } else if (b->pongs) {
        b->pongs--;
        start_small(tx, DP_ID_PONG, empty_list, 1);
    } else if (b->pings) {
        b->pings = 0;
        start_small(tx, DP_ID_PING, empty_list, 1);
    } else if (b->bye && !tx->waiting) {
        uint8_t payload[3];
        size_t len = dp_disconnect_write(payload, b->reason);
        b->bye = false;
        start_small(tx, DP_ID_DISCONNECT, payload, len);
    } else {
        return false;
    }
    return true;
}

/* --- the scheduler --- */

/* choose is the lane of a class that was granted the fewest bytes. */
static dp_tx_lane *choose(const dp_tx *tx, size_t class)
{
    dp_tx_lane *best = NULL;

    for (size_t i = 0; i < tx->nqueues; i++) {
        dp_tx_lane *lane = &tx->queues[i].lanes[class];
        if (!dp_list_empty(&lane->items) &&
            (!best || lane->served < best->served))
            best = lane;
    }
    return best;
}

/* start_queued begins the oldest message of the lane whose turn it is in the
 * most urgent class that has any. */
static bool start_queued(dp_tx *tx)
{
    size_t class = 0;

    while (class < tx->classes && !tx->queued[class])
        class ++;
    if (class == tx->classes)
        return false;
    dp_tx_lane *lane = choose(tx, class);
    dp_tx_item *item = dp_of(dp_list_pop(&lane->items), dp_tx_item, link);
    tx->queued[class]--;
    tx->served[class] = lane->served;
    lane->served += item->wire;
    tx->item = item;
    dp_feed_start(&tx->feed, item->id, item->packet->bytes, item->packet->len);
    return true;
}

/* finish: the frame is in the window, whole; its item waits to be written. */
static void finish(dp_tx *tx)
{
    if (!tx->item)
        return;
    release_packet(tx, tx->item);
    tx->item->end = tx->window.fed;
    dp_list_push(&tx->flight, &tx->item->link);
    tx->item = NULL;
}

static bool has_room(const dp_tx *tx)
{
    return !tx->window.at || dp_window_room(&tx->window) > 0;
}

/* allows: enough may enter the window for a header, whole. */
static bool allows(const dp_tx *tx)
{
    return tx->allowed >= DP_FRAME_HEAD;
}

/* room_for_frame is how much of the frame at hand may enter the window now. */
static size_t room_for_frame(const dp_tx *tx)
{
    size_t room = dp_window_room(&tx->window);
    size_t allowed = tx->allowed & ~(size_t)15;

    return tx->item && allowed < room ? allowed : room;
}

static void fill(dp_tx *tx)
{
    dp_window *w = &tx->window;
    while (has_room(tx)) {
        if (!dp_feed_active(&tx->feed) && !start_base(tx) &&
            !(allows(tx) && start_queued(tx)))
            return;
        if (tx->item && !allows(tx))
            return;
        size_t n =
            dp_feed_copy(&tx->feed, w->at + w->filled, room_for_frame(tx));
        dp_window_fill(w, n);
        if (tx->item && tx->allowed != SIZE_MAX)
            tx->allowed -= n;
        if (!dp_feed_active(&tx->feed))
            finish(tx);
    }
}

static bool has_frames(const dp_tx *tx)
{
    return dp_feed_active(&tx->feed) || tx->waiting || base_wants(&tx->base);
}

/* goes: something may enter the window. */
static bool goes(const dp_tx *tx)
{
    if (dp_feed_active(&tx->feed))
        return !tx->item || allows(tx);
    return base_goes(tx) || (tx->waiting && allows(tx));
}

bool dp_tx_wants(const dp_tx *tx)
{
    const dp_window *w = &tx->window;
    return !w->lent && (w->filled > w->sealed || (goes(tx) && has_room(tx)));
}

int dp_tx_lend(dp_tx *tx, dp_frames **job)
{
    *job = NULL;
    if (!dp_tx_wants(tx))
        return 0;
    if (dp_window_open(&tx->window, tx->waiting))
        return DEVP2P_ERR_NOMEM;
    fill(tx);
    *job = dp_window_lend(&tx->window);
    return 0;
}

/* written is the oldest message in the window if all of it was written. */
static dp_tx_item *written(const dp_tx *tx)
{
    dp_list *flight = (dp_list *)(uintptr_t)&tx->flight;
    dp_link *k = dp_list_first(flight);
    dp_tx_item *item = k ? dp_of(k, dp_tx_item, link) : NULL;

    return item && item->end <= tx->window.written ? item : NULL;
}

bool dp_tx_written(dp_tx *tx, dp_tx_item *out)
{
    dp_tx_item *item = written(tx);

    if (!item)
        return false;
    *out = *item;
    tx->queues[item->queue].unsent--;
    dp_meter_message(
        tx->meter, DP_OUT, item->queue, item->code, item->wire, item->full);
    dp_unlink(&item->link);
    forget(tx, item);
    return true;
}

bool dp_tx_owes_news(const dp_tx *tx)
{
    return tx->tells && written(tx);
}

void dp_tx_sent(dp_tx *tx, size_t n, dp_now now)
{
    dp_tx_item item;

    dp_window_sent(&tx->window, n, now);
    dp_meter_bytes(tx->meter, DP_OUT, n);
    while (!tx->tells && dp_tx_written(tx, &item))
        ;
}

bool dp_tx_empty(const dp_tx *tx)
{
    return !has_frames(tx) && tx->window.sent == tx->window.filled;
}
