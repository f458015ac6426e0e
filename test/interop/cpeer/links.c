/* SPDX-License-Identifier: MIT */
#include "links.h"

#include "say.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct link {
    struct link *next;
    devp2p_peer *peer;
    bool gone;
    size_t open, shared; /* protocols that run, and that will */
    devp2p_rw *rw[CAPS_MAX];
    const cap *row[CAPS_MAX];
} link;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static link *links;

static size_t count_shared(devp2p_peer *peer, const cap *caps, size_t ncaps)
{
    size_t n = 0, shared = 0;
    const devp2p_cap *theirs = devp2p_peer_caps(peer, &n);
    for (size_t i = 0; i < ncaps; i++) {
        bool found = false, counted = false;
        for (size_t k = 0; k < n; k++)
            found |= devp2p_slice_is(theirs[k].name, caps[i].name) &&
                     theirs[k].version == caps[i].version;
        /* Of one name only one version runs. */
        for (size_t j = 0; j < i && found; j++)
            for (size_t k = 0; k < n; k++)
                counted |= !strcmp(caps[j].name, caps[i].name) &&
                           devp2p_slice_is(theirs[k].name, caps[j].name) &&
                           theirs[k].version == caps[j].version;
        shared += found && !counted;
    }
    return shared;
}

static void tell(devp2p_peer *peer)
{
    size_t n = 0;
    const devp2p_cap *theirs = devp2p_peer_caps(peer, &n);
    json_t *names = json_array(), *members = json_object();
    for (size_t i = 0; i < n; i++) {
        char name[80], text[112];
        devp2p_escape(name, sizeof name, theirs[i].name);
        snprintf(text, sizeof text, "%s/%llu", name,
            (unsigned long long)theirs[i].version);
        json_array_append_new(names, json_string(text));
    }
    put_hex(members, "id", devp2p_peer_id(peer)->b, 32);
    json_object_set_new(members, "name", json_string(devp2p_peer_name(peer)));
    json_object_set_new(members, "caps", names);
    json_object_set_new(members, "inbound",
        json_boolean(devp2p_peer_flags(peer) & DEVP2P_PEER_INBOUND));
    say("peer", members);
}

static link *link_of(devp2p_peer *peer)
{
    link *l = links;
    while (l && l->peer != peer)
        l = l->next;
    return l;
}

void links_join(devp2p_peer *peer, devp2p_rw *rw, const cap *row,
    const cap *caps, size_t ncaps)
{
    pthread_mutex_lock(&lock);
    link *l = link_of(peer);
    if (!l) {
        if (!(l = calloc(1, sizeof *l)))
            abort();
        l->peer = devp2p_peer_keep(peer);
        l->shared = count_shared(peer, caps, ncaps);
        l->next = links;
        links = l;
    }
    if (rw) {
        l->row[l->open] = row;
        l->rw[l->open++] = devp2p_rw_keep(rw);
    }
    if (l->open == l->shared)
        tell(peer);
    pthread_mutex_unlock(&lock);
}

static bool unlink_if_empty(link **at)
{
    link *l = *at;
    if (l->open)
        return false;
    *at = l->next;
    devp2p_peer_drop(l->peer);
    free(l);
    return true;
}

void links_leave(devp2p_peer *peer, devp2p_rw *rw)
{
    pthread_mutex_lock(&lock);
    for (link **at = &links; *at; at = &(*at)->next) {
        link *l = *at;
        if (l->peer != peer)
            continue;
        for (size_t i = 0; i < l->open; i++) {
            if (l->rw[i] != rw)
                continue;
            devp2p_rw_drop(rw);
            l->open--;
            l->rw[i] = l->rw[l->open];
            l->row[i] = l->row[l->open];
        }
        l->gone = true; /* the others end with it */
        unlink_if_empty(at);
        break;
    }
    pthread_mutex_unlock(&lock);
}

void links_gone(const devp2p_id *id)
{
    pthread_mutex_lock(&lock);
    for (link **at = &links; *at;) {
        link *l = *at;
        bool same = !memcmp(devp2p_peer_id(l->peer), id, sizeof *id);
        l->gone |= same;
        if (!same || !unlink_if_empty(at))
            at = &l->next;
    }
    pthread_mutex_unlock(&lock);
}

static bool has_id(devp2p_peer *peer, const char *hex_id)
{
    char hex[65];
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", devp2p_peer_id(peer)->b[i]);
    return !*hex_id || !strcmp(hex, hex_id);
}

/* find returns the only live link that fits; the lock is held. */
static link *find(const char *hex_id)
{
    link *found = NULL;
    for (link *l = links; l; l = l->next) {
        if (l->gone || !has_id(l->peer, hex_id))
            continue;
        if (found)
            return NULL;
        found = l;
    }
    return found;
}

devp2p_peer *links_peer(const char *hex_id)
{
    pthread_mutex_lock(&lock);
    link *l = find(hex_id);
    devp2p_peer *peer = l ? devp2p_peer_keep(l->peer) : NULL;
    pthread_mutex_unlock(&lock);
    return peer;
}

devp2p_rw *links_rw(const char *hex_id, const char *protocol)
{
    pthread_mutex_lock(&lock);
    devp2p_rw *rw = NULL;
    link *l = find(hex_id);
    for (size_t i = 0; l && i < l->open; i++)
        if (!strcmp(l->row[i]->name, protocol))
            rw = devp2p_rw_keep(l->rw[i]);
    pthread_mutex_unlock(&lock);
    return rw;
}
