/* SPDX-License-Identifier: ISC */
/* The report on a refused certificate. */
#include "popkeep/net/cert_report.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/net/tcp.h"
#include <arpa/inet.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <dirent.h>

/* What a server puts into its certificate cannot push the advice out of the message. */
enum { REPORT_NAMES = 6, REPORT_NAME_OCTETS = 48, REPORT_TEXT_MAX = 1400 };

static void report_string(struct buf *out, const ASN1_STRING *s)
{
    unsigned char *utf8 = NULL;
    int n = ASN1_STRING_to_UTF8(&utf8, s);

    if (n > 0)
        text_escape(out, sv_make(utf8, (size_t)n), REPORT_NAME_OCTETS);
    OPENSSL_free(utf8);
}

/* CN, else O, else OU of a subject or issuer, in quotes; returns `out`'s text. */
static const char *report_short_name(struct buf *out, const X509_NAME *name)
{
    static const int wanted[] = {NID_commonName, NID_organizationName, NID_organizationalUnitName};

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        int at = X509_NAME_get_index_by_NID(name, wanted[i], -1);

        if (at < 0)
            continue;
        (void)buf_add_char(out, '"');
        report_string(out, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        (void)buf_add_char(out, '"');
        return out->p;
    }
    (void)buf_add_c(out, tr("(no name)"));
    return out->p;
}

static bool report_alt_name(struct buf *out, const GENERAL_NAME *g)
{
    char text[INET6_ADDRSTRLEN];
    const ASN1_OCTET_STRING *ip;

    if (g->type == GEN_DNS) {
        text_escape(
            out,
            sv_make(ASN1_STRING_get0_data(g->d.dNSName), (size_t)ASN1_STRING_length(g->d.dNSName)),
            REPORT_NAME_OCTETS);
        return true;
    }
    if (g->type != GEN_IPADD)
        return false;
    ip = g->d.iPAddress;
    if (ASN1_STRING_length(ip) != 4 && ASN1_STRING_length(ip) != 16)
        return false;
    if (inet_ntop(ASN1_STRING_length(ip) == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text,
                  sizeof text) == NULL)
        return false;
    (void)buf_add_c(out, text);
    return true;
}

/* "a, b, c and 12 more"; the number of names. */
static int report_alt_names(struct buf *out, const X509 *x)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    int found = 0, more = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        struct buf one = BUF_INIT(1024);

        if (report_alt_name(&one, sk_GENERAL_NAME_value(names, i))) {
            if (found < REPORT_NAMES)
                (void)buf_addf(out, "%s%s", found > 0 ? ", " : "", one.p != NULL ? one.p : "");
            else
                more++;
            found++;
        }
        buf_free(&one);
    }
    if (more > 0)
        (void)tr_addf(out, " and %d more", more);
    GENERAL_NAMES_free(names);
    return found;
}

static void report_and(struct buf *out)
{
    if (out->n > 0)
        (void)buf_add_c(out, "; ");
}

static void report_name(struct buf *out, const struct cert_check *c)
{
    struct buf names = BUF_INIT(REPORT_TEXT_MAX);
    char asked[280];

    text_escape_to(asked, sizeof asked, sv_of(c->name));
    if (report_alt_names(&names, c->leaf) > 0)
        (void)tr_addf(out, "it is not for %s but for %s", asked, names.p);
    else
        (void)tr_addf(out, "it names no host at all in subjectAltName, so it is not for %s", asked);
    buf_free(&names);
}

static void report_trust(struct buf *out, const struct cert_check *c)
{
    struct buf name = BUF_INIT(REPORT_TEXT_MAX);
    const char *issuer =
        report_short_name(&name, X509_get_issuer_name(c->top != NULL ? c->top : c->leaf));

    if (c->faults & CERT_SELF_SIGNED)
        (void)buf_add_c(out, tr("it is self-signed, so nobody vouches for it"));
    else if (c->faults & CERT_UNKNOWN_ROOT)
        (void)tr_addf(out, "it comes from the authority %s, which is not trusted here", issuer);
    else if (c->n_sent <= 1)
        (void)tr_addf(out,
                      "its issuer %s is unknown here and the server sent no intermediate "
                      "certificate",
                      issuer);
    else
        (void)tr_addf(out, "its chain ends at the issuer %s, which is unknown here", issuer);
    buf_free(&name);
}

static void report_own_dates(struct buf *out, const struct cert_check *c)
{
    char span[24];
    int64_t from = cert_not_before(c->leaf), to = cert_not_after(c->leaf);

    if (c->now_s > to)
        (void)tr_addf(out, "it expired %s ago", text_span(span, c->now_s - to));
    else if (c->now_s < from)
        (void)tr_addf(out, "it is not valid yet (starts in %s)", text_span(span, from - c->now_s));
    else
        (void)buf_add_c(out, tr("its dates cannot be read"));
}

static void report_issuer_dates(struct buf *out, const struct cert_check *c)
{
    struct buf name = BUF_INIT(REPORT_TEXT_MAX);
    const X509 *x = c->faulty_issuer;
    const char *issuer = report_short_name(&name, X509_get_subject_name(x));
    char span[24];
    int64_t from = cert_not_before(x), to = cert_not_after(x);

    if (c->now_s > to)
        (void)tr_addf(out, "the certificate of its issuer %s expired %s ago", issuer,
                      text_span(span, c->now_s - to));
    else if (c->now_s < from)
        (void)tr_addf(out, "the certificate of its issuer %s is not valid yet (starts in %s)",
                      issuer, text_span(span, from - c->now_s));
    else
        (void)tr_addf(out, "the certificate of its issuer %s has dates that cannot be read",
                      issuer);
    buf_free(&name);
}

static void report_time(struct buf *out, const struct cert_check *c)
{
    bool own = c->now_s > cert_not_after(c->leaf) || c->now_s < cert_not_before(c->leaf);

    if (own || c->faulty_issuer == NULL)
        report_own_dates(out, c);
    else
        report_issuer_dates(out, c);
}

static void report_rest(struct buf *out, const struct cert_check *c)
{
    if (c->faults & CERT_WEAK) {
        report_and(out);
        (void)buf_add_c(out, c->faulty_issuer != NULL
                                 ? tr("an issuer's key or signature is too weak (RSA under 2048 "
                                      "bits, MD5 or SHA-1)")
                                 : tr("its key or signature is too weak (RSA under 2048 bits, MD5 "
                                      "or SHA-1)"));
    }
    if (c->faults & CERT_PURPOSE) {
        report_and(out);
        (void)buf_add_c(out, tr("it is not meant for a TLS server (key usage)"));
    }
    if (c->faults & CERT_REVOKED) {
        report_and(out);
        (void)buf_add_c(out, tr("its issuer has revoked it"));
    }
    if (c->faults & (CERT_BAD_CHAIN | CERT_OTHER)) {
        report_and(out);
        (void)tr_addf(out, "its chain is faulty (%s)",
                      X509_verify_cert_error_string(c->other_error));
    }
}

static void report_faults(struct buf *out, const struct cert_check *c)
{
    if (c->faults & CERT_NAME)
        report_name(out, c);
    if (c->faults & (CERT_EXPIRED | CERT_NOT_YET)) {
        report_and(out);
        report_time(out, c);
    }
    if (c->faults & (CERT_SELF_SIGNED | CERT_UNKNOWN_ROOT | CERT_NO_ISSUER)) {
        report_and(out);
        report_trust(out, c);
    }
    report_rest(out, c);
}

static void report_facts(const struct cert_check *c, struct err *e)
{
    struct buf subject = BUF_INIT(REPORT_TEXT_MAX), issuer = BUF_INIT(REPORT_TEXT_MAX);
    struct buf names = BUF_INIT(REPORT_TEXT_MAX);
    char from[24], to[24], now[24], pin[CERT_PIN_TEXT];

    (void)report_short_name(&subject, X509_get_subject_name(c->leaf));
    (void)report_short_name(&issuer, X509_get_issuer_name(c->leaf));
    text_time(from, cert_not_before(c->leaf));
    text_time(to, cert_not_after(c->leaf));
    text_time(now, c->now_s);
    if (c->faults & CERT_NAME) { /* its names were told */
        err_advise(e,
                   "the certificate: subject %s, issued by %s, valid %s to %s; the clock here says "
                   "%s",
                   subject.p, issuer.p, from, to, now);
    } else {
        if (report_alt_names(&names, c->leaf) == 0)
            (void)buf_add_c(&names, tr("no host"));
        err_advise(e,
                   "the certificate: subject %s, for %s, issued by %s, valid %s to %s; the clock "
                   "here says %s",
                   subject.p, names.p, issuer.p, from, to, now);
    }
    cert_pin_text(pin, c->leaf);
    err_advise(e, "its key: %s", pin);
    buf_free(&subject);
    buf_free(&issuer);
    buf_free(&names);
}

/* Machines without the package of authorities refuse every server in the world. */
static bool report_store_is_empty(void)
{
    const char *file = getenv(X509_get_default_cert_file_env());
    const char *dir = getenv(X509_get_default_cert_dir_env());
    struct stat st;
    struct dirent *d;
    DIR *h;
    int n = 0;

    if (stat(file != NULL ? file : X509_get_default_cert_file(), &st) == 0 && st.st_size > 0)
        return false;
    h = opendir(dir != NULL ? dir : X509_get_default_cert_dir());
    while (h != NULL && (d = readdir(h)) != NULL)
        n += d->d_name[0] != '.';
    if (h != NULL)
        closedir(h);
    return n == 0;
}

static void advise_trust(const struct cert_check *c, struct err *e)
{
    if (c->ca_file == NULL && report_store_is_empty())
        err_advise(e, "this machine has no trusted authorities at all: install the package "
                      "ca-certificates");
    else if (c->ca_file != NULL)
        err_advise(e, "tls_ca_file was used (%s): only the authorities in it are trusted",
                   c->ca_file);
    else if ((c->faults & CERT_NO_ISSUER) && c->n_sent <= 1)
        err_advise(
            e, "the server's operator should add the intermediate certificate; if the authority "
               "is your organisation's own, get its certificate from there and set "
               "tls_ca_file = FILE");
    else if ((c->faults & CERT_SELF_SIGNED) == 0)
        err_advise(e,
                   "if that authority is your organisation's own, get its certificate from there "
                   "and set tls_ca_file = FILE");
}

static void advise_name(const struct cert_check *c, struct err *e)
{
    unsigned char ip[16];

    if (tcp_literal(c->name, ip) > 0)
        err_advise(e,
                   "certificates are mostly for names: set host to the server's name, or tls_name "
                   "to the one the provider says is right");
    else
        err_advise(e,
                   "is the server's name right? If the provider itself says that the certificate "
                   "has another name, set tls_name = THAT NAME");
}

static void report_advice(const struct cert_check *c, struct err *e)
{
    if (c->faults & CERT_NOT_YET || (c->faults & CERT_EXPIRED))
        err_advise(e, (c->faults & CERT_EXPIRED)
                          ? tr("if the clock here is wrong, set it; if it is right, the server's "
                               "operator has to renew the certificate")
                          : tr("if the clock here is wrong, set it; if it is right, the server's "
                               "operator has to put it in order"));
    if (c->faults & CERT_NAME)
        advise_name(c, e);
    if (c->faults & (CERT_SELF_SIGNED | CERT_UNKNOWN_ROOT | CERT_NO_ISSUER))
        advise_trust(c, e);
    if (c->faults & (CERT_WEAK | CERT_PURPOSE | CERT_BAD_CHAIN | CERT_OTHER))
        err_advise(e, "the server's operator has to replace the certificate");
    if ((c->faults & CERT_REVOKED) == 0)
        err_advise(
            e, "to trust just this key, whatever its certificate: compare it with the operator by "
               "telephone or in person, not by mail, and set tls_pin to it");
}

static int report_pin(const struct cert_check *c, const char *where, struct err *e)
{
    char pin[CERT_PIN_TEXT];

    cert_pin_text(pin, c->leaf);
    err_set(e, ST_CERT, "the key of %s is not the pinned one: the server shows %s", where, pin);
    for (size_t i = 0; i < c->n_pins && i < REPORT_NAMES; i++) {
        cert_pin_format(pin, c->pins[i]);
        err_advise(e, "pinned: %s", pin);
    }
    report_facts(c, e);
    return err_advise(e, "either the server has a new key or somebody stands between: only if the "
                         "operator confirms the new key by telephone or in person, set tls_pin to "
                         "it; then try again");
}

int cert_report(const struct cert_check *c, const char *where, struct err *e)
{
    struct buf faults = BUF_INIT(REPORT_TEXT_MAX);

    if (c->leaf == NULL)
        return err_set(e, ST_CERT, "%s showed no certificate", where);
    if (c->faults & CERT_PIN)
        return report_pin(c, where, e);
    report_faults(&faults, c);
    err_set(e, ST_CERT, "the certificate of %s was not accepted: %s", where,
            faults.p != NULL ? faults.p : tr("unknown fault"));
    buf_free(&faults);
    report_facts(c, e);
    report_advice(c, e);
    return -1;
}
