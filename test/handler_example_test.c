/* SPDX-License-Identifier: MIT */
/* handler_example_test.c - the handler of the README and how it is tested
 * without a server; the README quotes both. */
#include "test.h"

#include <devp2p/devp2p.h>

#include <pthread.h>
#include <stdio.h>

enum { MESSAGE_ID = 0 };

static int handler(devp2p_peer *peer, devp2p_rw *rw, void *user)
{
    devp2p_msg msg;
    devp2p_slice word;
    char text[256];
    int err;

    (void)peer, (void)user;
    while (!(err = devp2p_read(rw, &msg))) {
        if (devp2p_decode_items(&msg, &word))
            continue; /* not a list of one string: go on */
        if (devp2p_slice_is(word, "foo"))
            err = devp2p_send_items(rw, MESSAGE_ID, "bar");
        else
            printf("recv: %s\n", devp2p_escape(text, sizeof text, word));
        if (err)
            break;
    }
    return err;
}

static void *run_handler(void *rw)
{
    handler(devp2p_rw_peer(rw), rw, NULL);
    devp2p_rw_drop(rw); /* closes the pipe, as a server the connection */
    return NULL;
}

static void must(int err)
{
    if (err)
        fail_msg("%s: %s", devp2p_strerror(err), devp2p_last_detail());
}

static void answers_foo_with_bar(void **state)
{
    devp2p_cap caps[] = { DEVP2P_CAP("MyProtocol", 1) };
    devp2p_rw *ours, *theirs; /* the handler's end, and that of the test */
    devp2p_peer *peer;
    pthread_t thread;

    (void)state;
    must(devp2p_pipe(&ours, &theirs));
    must(devp2p_test_peer(&peer, "a node", caps, 1, 0, ours));
    pthread_create(&thread, NULL, run_handler, ours);
    must(devp2p_send_items(theirs, MESSAGE_ID, "hello"));
    must(devp2p_send_items(theirs, MESSAGE_ID, "foo"));
    must(devp2p_expect_items(theirs, MESSAGE_ID, "bar"));
    devp2p_rw_drop(theirs); /* the handler reads ERR_CLOSED and returns */
    pthread_join(thread, NULL);
    devp2p_peer_drop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_foo_with_bar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
