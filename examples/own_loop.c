/* SPDX-License-Identifier: MIT */
/* own_loop [ENODE]: foo and bar on one connection, driven by a poll() loop of
 * its own.  Without ENODE it waits for a connection and prints its URL. */
#include <arpa/inet.h>
#include <devp2p/devp2p.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static devp2p_now now(void)
{
    struct timespec mono, wall;
    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (devp2p_now){ (uint64_t)mono.tv_sec * 1000000000 +
                             (uint64_t)mono.tv_nsec,
        (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000 };
}

/* --- the protocol --- */

static int say(devp2p_session *s, const char *word)
{
    devp2p_packet *packet;
    int err = devp2p_packet_new_items(&packet, 0, word);
    if (!err)
        err = devp2p_session_send(s, 0, packet, now());
    devp2p_packet_drop(packet);
    return err;
}

static int hear(devp2p_session *s, const devp2p_msg *msg)
{
    devp2p_slice word;
    char text[256];
    if (devp2p_decode_items(msg, &word))
        return 0;
    if (devp2p_slice_is(word, "foo"))
        return say(s, "bar");
    printf("recv: %s\n", devp2p_escape(text, sizeof text, word));
    return 0;
}

/* take_events: false when the connection has ended. */
static bool take_events(devp2p_session *s, int fd, bool dialled)
{
    devp2p_session_event ev;
    while (devp2p_session_next(s, &ev, now())) {
        int err = 0;
        if (ev.kind == DEVP2P_SESSION_DOWN) {
            printf("ended: %s\n", devp2p_strerror(ev.reason));
            return false;
        }
        if (ev.kind == DEVP2P_SESSION_READY && dialled)
            err = say(s, "foo");
        else if (ev.kind == DEVP2P_SESSION_MSG)
            err = hear(s, &ev.msg);
        else if (ev.kind == DEVP2P_SESSION_SHUT)
            shutdown(fd, SHUT_WR);
        if (err)
            devp2p_session_close(s, DEVP2P_DISC_SUBPROTOCOL_ERROR, now());
    }
    return true;
}

/* --- the loop --- */

static void read_some(devp2p_session *s, int fd)
{
    uint8_t *at;
    size_t room = devp2p_session_room(s, &at);
    ssize_t n = room ? read(fd, at, room) : -1;
    if (n > 0)
        devp2p_session_recv(s, (size_t)n, now());
    else if (n == 0)
        devp2p_session_eof(s, 0, now());
    else if (room && errno != EAGAIN && errno != EINTR)
        devp2p_session_eof(s, DEVP2P_ERR_RESET, now());
}

/* write_some: true when bytes are left that the socket did not take. */
static bool write_some(devp2p_session *s, int fd)
{
    const uint8_t *at;
    size_t len;
    while ((len = devp2p_session_out(s, &at, now())) > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        devp2p_session_sent(s, (size_t)n, now());
    }
    return false;
}

static int until(uint64_t deadline)
{
    uint64_t mono = now().mono_ns;
    uint64_t ms = deadline > mono ? (deadline - mono) / 1000000 + 1 : 0;
    return ms > 60000 ? 60000 : (int)ms;
}

static void drive(devp2p_session *s, int fd, bool dialled)
{
    while (take_events(s, fd, dialled)) {
        bool full = write_some(s, fd);
        uint8_t *at;
        struct pollfd p = { .fd = fd, .events = full ? POLLOUT : 0 };
        if (devp2p_session_room(s, &at) > 0)
            p.events |= POLLIN;
        if (!p.events)
            p.fd = -1; /* or a hang-up would be told again and again */
        poll(&p, 1, until(devp2p_session_deadline(s)));
        if (p.revents & (POLLIN | POLLHUP | POLLERR))
            read_some(s, fd);
        devp2p_session_tick(s, now());
    }
}

/* --- the socket --- */

static int dial(const devp2p_node *node)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
        .sin_port = htons(node->addr.port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memcpy(&to.sin_addr, node->addr.ip, 4);
    errno = EAFNOSUPPORT;
    if (node->addr.family == 4 &&
        connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static int await(devp2p_node *self)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
        .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof at;
    char url[DEVP2P_URL_MAX];
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&at, len) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&at, &len))
        return -1;
    self->addr = (devp2p_addr){
        .ip = { 127, 0, 0, 1 }, .port = ntohs(at.sin_port), .family = 4
    };
    self->udp = self->addr.port;
    puts(devp2p_node_url(url, self));
    int fd = accept(listener, NULL, NULL);
    close(listener);
    return fd;
}

int main(int argc, char **argv)
{
    static const devp2p_rlpx_cap caps[] = { { "MyProtocol", 1, 1 },
        { NULL, 0, 0 } };
    devp2p_rlpx_config cfg = { .name = "own loop", .caps = caps };
    devp2p_node node = { .udp = 0 };
    devp2p_session *s = NULL;
    devp2p_rlpx *rlpx = NULL;
    bool dialled = argc > 1;
    int fd = -1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    int err = devp2p_key_generate(&cfg.private_key);
    if (!err)
        err = dialled ? devp2p_node_parse(&node, argv[1])
                      : devp2p_key_public(&node.pub, &cfg.private_key);
    if (!err)
        err = devp2p_rlpx_new(&rlpx, &cfg);
    devp2p_key_wipe(&cfg.private_key);
    if (!err && (fd = dialled ? dial(&node) : await(&node)) < 0)
        perror("own_loop");
    if (fd >= 0)
        err = devp2p_session_new(&s, rlpx, dialled ? &node.pub : NULL, now());
    if (err)
        fprintf(stderr, "own_loop: %s\n", devp2p_last_detail());
    if (s) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        drive(s, fd, dialled);
    }
    devp2p_session_free(s);
    devp2p_rlpx_free(rlpx);
    if (fd >= 0)
        close(fd);
    return !s;
}
