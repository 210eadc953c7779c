/* SPDX-License-Identifier: ISC */
/*
 * For tests of the room net: certificates made in memory, and a server on loopback in a thread that
 * serves one connection. All of it is static: include it in one .c of a program.
 */
#ifndef POPKEEP_TEST_TLS_SERVER_H
#define POPKEEP_TEST_TLS_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* --- certificates --- */

struct cert_spec {
    const char *cn;
    const char *san;      /* "DNS:a,IP:127.0.0.1"; null: none */
    const char *nul_name; /* a dNSName "NAME\0.evil.example" */
    const char *eku;      /* null: serverAuth */
    long from_s, to_s;    /* from now; both 0: -1 h to +1 d */
    bool ca;
    bool sha1;
    const char *constraints; /* nameConstraints of an authority */
    X509 *issuer;            /* null: self-signed */
    EVP_PKEY *issuer_key;
};

static void cert_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    X509_add_ext(x, ext, -1);
    X509_EXTENSION_free(ext);
}

static void cert_nul_name(X509 *x, const char *name)
{
    char text[256];
    size_t n = strlen(name);
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *g = GENERAL_NAME_new();
    ASN1_IA5STRING *s = ASN1_IA5STRING_new();

    snprintf(text, sizeof text, "%s", name);
    memcpy(text + n + 1, ".evil.example", 13);
    ASN1_STRING_set(s, text, (int)n + 14);
    GENERAL_NAME_set0_value(g, GEN_DNS, s);
    sk_GENERAL_NAME_push(names, g);
    X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
    GENERAL_NAMES_free(names);
}

static X509 *cert_make(const struct cert_spec *s, EVP_PKEY *key)
{
    static long serial = 1;
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    X509 *issuer = s->issuer != NULL ? s->issuer : x;
    bool dated = s->from_s != 0 || s->to_s != 0;

    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), dated ? s->from_s : -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), dated ? s->to_s : 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)s->cn, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer));
    X509_set_pubkey(x, key);
    cert_extension(x, issuer, NID_basic_constraints, s->ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (s->san != NULL)
        cert_extension(x, issuer, NID_subject_alt_name, s->san);
    if (s->nul_name != NULL)
        cert_nul_name(x, s->nul_name);
    if (!s->ca)
        cert_extension(x, issuer, NID_ext_key_usage, s->eku != NULL ? s->eku : "serverAuth");
    if (s->constraints != NULL)
        cert_extension(x, issuer, NID_name_constraints, s->constraints);
    X509_sign(x, s->issuer_key != NULL ? s->issuer_key : key, s->sha1 ? EVP_sha1() : EVP_sha256());
    return x;
}

/* --- the server --- */

enum server_mode {
    SERVER_TLS,
    SERVER_PLAIN,   /* sends text[] at once */
    SERVER_ANSWERS, /* sends text[] after the first octets of the client, as a web server does */
    SERVER_SILENT,
    SERVER_CLOSES
};

struct server {
    enum server_mode mode;
    const char *text;
    X509 *leaf;
    X509 *chain[3];
    EVP_PKEY *key;
    int min_proto, max_proto; /* 0: any */
    const char *ciphers;
    void (*talk)(struct server *s, SSL *ssl, int fd); /* after the handshake */
    size_t amount;                                    /* for talk */

    int listener, port;
    pthread_t thread;
    _Atomic bool stop;
    _Atomic size_t app_octets; /* application data that arrived */
    _Atomic bool accepted, shook, close_notify;
    char sni[256];
    int hellos; /* how often the client began a handshake */
};

static int server_on_sni(SSL *ssl, int *alert, void *arg)
{
    struct server *s = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    s->hellos++;
    snprintf(s->sni, sizeof s->sni, "%s", name != NULL ? name : "");
    return SSL_TLSEXT_ERR_OK;
}

/* Read until the client ends, counting. */
static void server_drain(struct server *s, SSL *ssl)
{
    char part[16384];
    int n;

    while ((n = SSL_read(ssl, part, sizeof part)) > 0)
        s->app_octets += (size_t)n;
    s->close_notify = SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN;
}

static void server_tls(struct server *s, int fd)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL *ssl;

    SSL_CTX_set_security_level(ctx, 0); /* a bad server is what is wanted */
    SSL_CTX_set_min_proto_version(ctx, s->min_proto);
    SSL_CTX_set_max_proto_version(ctx, s->max_proto);
    SSL_CTX_set_cipher_list(ctx, s->ciphers != NULL ? s->ciphers : "ALL:@SECLEVEL=0");
    SSL_CTX_use_certificate(ctx, s->leaf);
    SSL_CTX_use_PrivateKey(ctx, s->key);
    for (size_t i = 0; i < 3 && s->chain[i] != NULL; i++)
        SSL_CTX_add1_chain_cert(ctx, s->chain[i]);
    SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_tlsext_servername_callback(ctx, server_on_sni);
    SSL_CTX_set_tlsext_servername_arg(ctx, s);
    ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        s->shook = true;
        if (s->talk != NULL)
            s->talk(s, ssl, fd);
        else
            server_drain(s, ssl);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    ERR_clear_error();
}

static void server_plain(struct server *s, int fd)
{
    char part[4096];
    ssize_t n;

    if (s->mode == SERVER_ANSWERS && recv(fd, part, sizeof part, 0) <= 0)
        return;
    if (s->mode != SERVER_SILENT && send(fd, s->text, strlen(s->text), MSG_NOSIGNAL) < 0)
        return;
    if (s->mode == SERVER_ANSWERS)
        return; /* a web server answers nonsense once and hangs up */
    while ((n = recv(fd, part, sizeof part, 0)) > 0)
        continue;
}

static void *server_main(void *arg)
{
    struct server *s = arg;
    struct pollfd p = {.fd = s->listener, .events = POLLIN};
    struct timeval limit = {.tv_sec = 10};
    int fd;

    while (!s->stop && poll(&p, 1, 20) == 0)
        continue;
    if (s->stop)
        return NULL;
    fd = accept(s->listener, NULL, NULL);
    s->accepted = true;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (s->mode == SERVER_TLS)
        server_tls(s, fd);
    else if (s->mode != SERVER_CLOSES)
        server_plain(s, fd);
    close(fd);
    return NULL;
}

static void server_start(struct server *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;

    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->listener, (const void *)&a, sizeof a) != 0 || listen(s->listener, 4) != 0)
        abort();
    getsockname(s->listener, (void *)&a, &n);
    s->port = ntohs(a.sin_port);
    if (pthread_create(&s->thread, NULL, server_main, s) != 0)
        abort();
}

static void server_stop(struct server *s)
{
    s->stop = true;
    pthread_join(s->thread, NULL);
    close(s->listener);
}

#endif
