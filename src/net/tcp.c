/* SPDX-License-Identifier: ISC */
/* Name look-up and TCP connections with a deadline. */
#include "popkeep/net/tcp.h"
#include "popkeep/base/text.h"
#include "popkeep/net/conn.h"
#include "popkeep/net/wait.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A dead line is noticed by the deadlines of each wait; keep-alive only holds NAT tables open. */
enum { TCP_KEEP_IDLE_S = 60, TCP_KEEP_EVERY_S = 30, TCP_KEEP_COUNT = 4 };

static int tcp_resolve_error(int rc, int errnum, const char *host, struct err *e)
{
    char shown[280];

    text_escape_to(shown, sizeof shown, sv_of(host));
    switch (rc) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        err_set(e, ST_UNAVAILABLE, "there is no host %s", shown);
        return err_advise(e, "is that name spelt right? The provider's instructions for "
                             "POP3 have it");
    case EAI_MEMORY:
        return err_set(e, ST_SOFTWARE, "out of memory looking up %s", shown);
    case EAI_SYSTEM:
        err_sys(e, ST_TEMP, errnum, "cannot look up the host %s", shown);
        break;
    default:
        err_set(e, ST_TEMP, "cannot look up the host %s: the name servers do not answer", shown);
        err_advise(e, "is this machine connected, and is its name server (resolv.conf) right?");
        break;
    }
    e->line_cut = true;
    return -1;
}

int tcp_resolve(struct addrinfo **out, const char *host, unsigned port, struct err *e)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char service[16];
    int rc;

    *out = NULL;
    (void)snprintf(service, sizeof service, "%u", port);
    rc = getaddrinfo(host, service, &hints, out);
    if (rc != 0)
        return tcp_resolve_error(rc, errno, host, e);
    return 0;
}

int conn_host_address(char out[CONN_ADDRESS_MAX], const char *host, unsigned port)
{
    char text[TCP_ADDRESS_MAX];
    struct err ignored = ERR_INIT;
    struct addrinfo *list;

    if (tcp_resolve(&list, host, port, &ignored) < 0)
        return -1;
    out[0] = '\0';
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        tcp_address_text(text, a);
        if (out[0] == '\0' || strcmp(text, out) < 0)
            (void)snprintf(out, CONN_ADDRESS_MAX, "%s", text);
    }
    freeaddrinfo(list);
    return out[0] == '\0' ? -1 : 0;
}

static int tcp_failed(int errnum, const char *address, struct err *e)
{
    err_sys(e, ST_TEMP, errnum, "%s", address);
    e->line_cut = errnum != ECONNREFUSED;
    return -1;
}

static void tcp_options(int fd)
{
    int on = 1, idle = TCP_KEEP_IDLE_S, every = TCP_KEEP_EVERY_S, count = TCP_KEEP_COUNT;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

static int tcp_wait_connected(int fd, const char *address, int timeout_ms, struct err *e)
{
    int error = 0;
    socklen_t n = sizeof error;

    switch (wait_for(fd, POLLOUT, wait_now_ms() + timeout_ms)) {
    case WAIT_TIMEOUT:
        err_set(e, ST_TEMP, "%s: no answer within %d s", address, (timeout_ms + 999) / 1000);
        e->line_cut = true;
        return -1;
    case WAIT_INTERRUPTED:
        return err_set(e, ST_TEMP, "%s: interrupted while connecting", address);
    case WAIT_READY:
        break;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        error = errno;
    return error != 0 ? tcp_failed(error, address, e) : 0;
}

int tcp_connect(const struct addrinfo *a, int timeout_ms, struct err *e)
{
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    char address[TCP_ADDRESS_MAX];
    int rc = 0;

    tcp_address_text(address, a);
    if (fd < 0)
        return tcp_failed(errno, address, e);
    tcp_options(fd);
    if (connect(fd, a->ai_addr, a->ai_addrlen) != 0)
        rc = errno == EINPROGRESS || errno == EINTR ? tcp_wait_connected(fd, address, timeout_ms, e)
                                                    : tcp_failed(errno, address, e);
    if (rc != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void tcp_address_text(char out[TCP_ADDRESS_MAX], const struct addrinfo *a)
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (a->ai_family == AF_INET6) {
        const struct sockaddr_in6 *s6 = (const void *)a->ai_addr;
        (void)inet_ntop(AF_INET6, &s6->sin6_addr, host, sizeof host);
        (void)snprintf(out, TCP_ADDRESS_MAX, "[%s]:%u", host, ntohs(s6->sin6_port));
    } else {
        const struct sockaddr_in *s4 = (const void *)a->ai_addr;
        (void)inet_ntop(AF_INET, &s4->sin_addr, host, sizeof host);
        (void)snprintf(out, TCP_ADDRESS_MAX, "%s:%u", host, ntohs(s4->sin_port));
    }
}

int tcp_literal(const char *host, unsigned char out[16])
{
    char plain[INET6_ADDRSTRLEN];
    size_t n = strcspn(host, "%");

    if (n >= sizeof plain)
        return 0;
    memcpy(plain, host, n);
    plain[n] = '\0';
    if (host[n] == '\0' && inet_pton(AF_INET, plain, out) == 1)
        return 4;
    return inet_pton(AF_INET6, plain, out) == 1 ? 16 : 0;
}
