/* SPDX-License-Identifier: ISC */
/*
 * popserver: a POP3S server for tests, on loopback only, driven by a script (tests/README.md).
 * One process a connection; every process ends with its parent, by SIGTERM or after its lifetime.
 */
#include "model.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct options {
    const char *script_path, *port_file, *log_path, *cert, *key, *certs, *messages;
    const char *listen[2];
    size_t n_listen;
    long port, max_sessions, lifetime_s;
    bool reread;
} opt = {.lifetime_s = 300};

static const char usage[] =
    "usage: popserver [OPTIONS] SCRIPT\n"
    "  --port-file F      write the port there once ready      --port N   (default: any free one)\n"
    "  --listen ADDRESS   127.0.0.1 (default), ::1, or 0.0.0.0 for all of loopback alone; may be "
    "given\n"
    "                     twice, both get the same port\n"
    "  --cert F --key F   chain and key as PEM; or --certs DIR: NAME.pem and NAME.key by the\n"
    "                     script's `cert NAME` (default: good)\n"
    "  --messages DIR     the maildrop, unless the script names one\n"
    "  --log F            append what happens there\n"
    "  --max-sessions N   end after so many connections\n"
    "  --lifetime S       end after so many seconds (300; 0: never)\n"
    "  --reread           read the script anew for each connection\n";

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "popserver: %s: %s\n", what, errno ? strerror(errno) : "failed");
    exit(1);
}

static char *read_whole(const char *path, size_t *n)
{
    FILE *f = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    char *p = NULL;
    size_t room = 0;

    if (!f)
        die(path);
    *n = 0;
    do {
        room += 65536;
        p = realloc(p, room);
        if (!p)
            die("memory");
        *n += fread(p + *n, 1, room - *n, f);
    } while (*n == room);
    return p;
}

/* ---- TLS ----------------------------------------------------------------------------------- */

static int version_of(const struct text *t, int otherwise)
{
    static const struct {
        const char *name;
        int version;
    } versions[] = {{"1.0", TLS1_VERSION},
                    {"1.1", TLS1_1_VERSION},
                    {"1.2", TLS1_2_VERSION},
                    {"1.3", TLS1_3_VERSION}};

    for (size_t i = 0; t->p && i < 4; i++)
        if (!strcmp(t->p, versions[i].name))
            return versions[i].version;
    return otherwise;
}

static char ticket_keys[80] = "of no worth: these keys protect tests";

static int refuse_name(SSL *ssl, int *alert, void *ctx)
{
    const struct text *how = ctx;

    if (SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return strcmp(how->p, "fatal") ? SSL_TLSEXT_ERR_ALERT_WARNING : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Only asked when the client wants to know. */
static int staple(SSL *ssl, void *ctx)
{
    const struct text *octets = ctx;
    unsigned char *copy = OPENSSL_memdup(octets->p, octets->n);

    return copy && SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)octets->n)
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *tls_context(struct script *s)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    char cert[4096], key[4096];
    const char *name = s->cert.p ? s->cert.p : "good";

    snprintf(cert, sizeof cert, "%s/%s.pem", opt.certs ? opt.certs : ".", name);
    snprintf(key, sizeof key, "%s/%s.key", opt.certs ? opt.certs : ".", name);
    if (!ctx)
        die("SSL_CTX_new");
    SSL_CTX_set_min_proto_version(ctx, version_of(&s->tls_min, TLS1_VERSION));
    SSL_CTX_set_max_proto_version(ctx, version_of(&s->tls_max, TLS1_3_VERSION));
    SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY);
    /* one ticket key for all sessions, each of which has a process of its own: so they can be
     * resumed */
    SSL_CTX_set_tlsext_ticket_keys(ctx, ticket_keys, sizeof ticket_keys);
    if (s->demand_cert)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (s->refuse_name.p) {
        SSL_CTX_set_tlsext_servername_callback(ctx, refuse_name);
        SSL_CTX_set_tlsext_servername_arg(ctx, &s->refuse_name);
    }
    if (s->staple.p) {
        SSL_CTX_set_tlsext_status_cb(ctx, staple);
        SSL_CTX_set_tlsext_status_arg(ctx, &s->staple);
    }
    /* level 0: the old versions and weak certificates that a client is to refuse */
    SSL_CTX_set_security_level(ctx, 0);
    if (!SSL_CTX_set_cipher_list(ctx, s->tls_ciphers.p ? s->tls_ciphers.p : "ALL:@SECLEVEL=0") ||
        SSL_CTX_use_certificate_chain_file(ctx, opt.cert ? opt.cert : cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, opt.key ? opt.key : key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        errno = 0;
        die("certificate or key");
    }
    return ctx;
}

/* ---- many cases by one server --------------------------------------------------------------- */

/*
 * The last 20 bits of the address a client came to are N, the number of its case: its maildrop is
 * MESSAGES/N, and on its first connection the line is bent at N as the script says.
 */
static int bend_by_address(struct script *s, int fd)
{
    static const char *const words[] = {"cut-after", "cut-in", "split", NULL};
    uint64_t *const numbers[] = {&s->wire.cut_after, &s->wire.cut_in, &s->wire.split_seed};
    static char dir[4096], mark[4200];
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    unsigned n;
    int made;

    if (getsockname(fd, (struct sockaddr *)&at, &size) < 0 || !opt.messages)
        return -1;
    n = ntohl(at.sin_addr.s_addr) & 0xfffff;
    snprintf(dir, sizeof dir, "%s/%u", opt.messages, n);
    snprintf(mark, sizeof mark, "%s/met", dir);
    s->messages = (struct text){dir, strlen(dir)};
    made = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made < 0)
        return errno == EEXIST ? 0 : -1;
    close(made);
    for (size_t i = 0; words[i]; i++)
        if (!strncmp(s->by_address.p, words[i], strlen(words[i])))
            *numbers[i] = n;
    s->wire.cut_by_rst = strstr(s->by_address.p, " rst") != NULL;
    s->wire.cut_stalls = strstr(s->by_address.p, " stall") != NULL;
    return 0;
}

/* ---- one connection -------------------------------------------------------------------------- */

static void serve(int fd, struct script *s, unsigned session)
{
    static struct wire w;
    SSL_CTX *ctx = NULL;
    int yes = 1;

    w.session = session;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (opt.log_path && !(w.log = fopen(opt.log_path, "ae")))
        die(opt.log_path);
    if (s->by_address.p && bend_by_address(s, fd) < 0)
        die("by-address");
    if (opt.messages && !s->messages.p)
        s->messages = (struct text){strdup(opt.messages), strlen(opt.messages)};
    if (s->tls_stall) {
        w.fd = fd;
        wire_event(&w, "connect, no handshake");
        wire_drain(&w);
        return;
    }
    if (!s->wire.plain)
        ctx = tls_context(s);
    if (wire_open(&w, fd, ctx, &s->wire) == 0) {
        if (s->n_steps)
            raw_serve(&w, s);
        else
            model_serve(&w, s);
    }
    if (w.log)
        fclose(w.log);
}

/* ---- listening ------------------------------------------------------------------------------- */

static int listen_on(const char *address, long *port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)*port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    bool is_six = strchr(address, ':') != NULL;
    struct sockaddr *sa = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t n = is_six ? sizeof six : sizeof four;
    int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;

    if (inet_pton(sa->sa_family, address,
                  is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr) != 1 ||
        fd < 0)
        die(address);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (!strcmp(address, "0.0.0.0") && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) < 0)
        die(address); /* never for others than this machine */
    if (is_six)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (bind(fd, sa, n) < 0 || listen(fd, 64) < 0 || getsockname(fd, sa, &n) < 0)
        die(address);
    *port = ntohs(is_six ? six.sin6_port : four.sin_port);
    return fd;
}

static void write_port(long port)
{
    char aside[4096];
    FILE *f;

    if (!opt.port_file)
        return;
    snprintf(aside, sizeof aside, "%s.tmp", opt.port_file);
    f = fopen(aside, "w");
    if (!f || fprintf(f, "%ld\n", port) < 0 || fclose(f) || rename(aside, opt.port_file) < 0)
        die(opt.port_file);
}

static void end_all(int sig)
{
    (void)sig;
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM); /* the group is ours alone */
    _exit(0);
}

static void live_and_die(void)
{
    setpgid(0, 0);
    signal(SIGTERM, end_all);
    signal(SIGINT, end_all);
    signal(SIGALRM, end_all);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (opt.lifetime_s)
        alarm((unsigned)opt.lifetime_s);
}

static int accept_any(const int *fds, size_t n)
{
    fd_set set;
    int max = 0;

    FD_ZERO(&set);
    for (size_t i = 0; i < n; i++) {
        FD_SET(fds[i], &set);
        max = fds[i] > max ? fds[i] : max;
    }
    if (select(max + 1, &set, NULL, NULL, NULL) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (FD_ISSET(fds[i], &set))
            return accept4(fds[i], NULL, NULL, SOCK_CLOEXEC);
    return -1;
}

static void accept_loop(const int *fds, size_t n_fds, const char *text, size_t n)
{
    static struct script s;
    pid_t self = getpid();

    for (unsigned session = 1; !opt.max_sessions || session <= opt.max_sessions; session++) {
        int fd = accept_any(fds, n_fds);
        pid_t child;

        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (fd < 0) {
            session--;
            continue;
        }
        child = fork();
        if (child == 0) {
            if (opt.reread)
                text = read_whole(opt.script_path, &n);
            signal(SIGTERM, SIG_DFL);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != self || script_read(&s, opt.script_path, text, n, session) < 0)
                _exit(1);
            serve(fd, &s, session);
            _exit(0);
        }
        close(fd);
    }
    while (wait(NULL) > 0 || errno == EINTR)
        ;
}

static int read_options(int argc, char **argv)
{
    static const struct option longs[] = {
        {"port-file", 1, 0, 'f'}, {"port", 1, 0, 'p'},   {"listen", 1, 0, 'l'},
        {"cert", 1, 0, 'c'},      {"key", 1, 0, 'k'},    {"certs", 1, 0, 'd'},
        {"messages", 1, 0, 'm'},  {"log", 1, 0, 'o'},    {"max-sessions", 1, 0, 'n'},
        {"lifetime", 1, 0, 's'},  {"reread", 0, 0, 'r'}, {0, 0, 0, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (c) {
        case 'f':
            opt.port_file = optarg;
            break;
        case 'p':
            opt.port = strtol(optarg, NULL, 10);
            break;
        case 'l':
            if (opt.n_listen == 2)
                return -1;
            opt.listen[opt.n_listen++] = optarg;
            break;
        case 'c':
            opt.cert = optarg;
            break;
        case 'k':
            opt.key = optarg;
            break;
        case 'd':
            opt.certs = optarg;
            break;
        case 'm':
            opt.messages = optarg;
            break;
        case 'o':
            opt.log_path = optarg;
            break;
        case 'n':
            opt.max_sessions = strtol(optarg, NULL, 10);
            break;
        case 's':
            opt.lifetime_s = strtol(optarg, NULL, 10);
            break;
        case 'r':
            opt.reread = true;
            break;
        default:
            return -1;
        }
    }
    opt.script_path = argv[optind];
    return opt.script_path && !argv[optind + 1] ? 0 : -1;
}

int main(int argc, char **argv)
{
    static struct script checked;
    int fds[2];
    size_t n;
    char *text;

    if (read_options(argc, argv) < 0) {
        fputs(usage, stderr);
        return 64;
    }
    if (!opt.n_listen)
        opt.listen[opt.n_listen++] = "127.0.0.1";
    text = read_whole(opt.script_path, &n);
    if (script_read(&checked, opt.script_path, text, n, 1) < 0)
        return 64;
    live_and_die();
    for (size_t i = 0; i < opt.n_listen; i++)
        fds[i] = listen_on(opt.listen[i], &opt.port);
    write_port(opt.port);
    accept_loop(fds, opt.n_listen, text, n);
    return 0;
}
