/* SPDX-License-Identifier: MIT */
/* dials.h - dial commands that wait for their outcome, which comes as events.
 */
#ifndef CPEER_DIALS_H
#define CPEER_DIALS_H

#include <devp2p/devp2p.h>
#include <jansson.h>

/* dials_begin asks srv to dial and remembers whom to answer. */
void dials_begin(devp2p_server *srv, const char *url, const json_t *tag);

/* dials_keep makes a static node of it, which srv dials whenever it is gone. */
void dials_keep(devp2p_server *srv, const char *url, const json_t *tag);

/* dials_event answers the dial that an event decides, if there is one. */
void dials_event(devp2p_server *srv, const devp2p_event *event);

#endif
