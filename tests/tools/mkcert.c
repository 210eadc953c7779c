/* SPDX-License-Identifier: ISC */
/*
 * mkcert DIR: certificates for the tests, each NAME.pem (with its chain) and NAME.key in DIR, and
 * the authority they hang from in ca.pem. A row of the table is one certificate with one fault.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY  (24 * 60 * 60L)
#define HERE "DNS:localhost,IP:127.0.0.1,IP:::1"

enum signer { BY_CA, BY_INTER, BY_STRANGER, BY_ITSELF };

static const struct wanted {
    const char *name, *cn, *alt; /* alt null: no subjectAltName */
    long from, until;            /* seconds from now */
    enum signer by;
    bool with_chain; /* intermediate in NAME.pem too */
    int rsa_bits;    /* 0: P-256 */
    bool sha1;
    const char *usage; /* extendedKeyUsage; null: serverAuth */
} wanted[] = {
    {"good", "localhost", HERE, -DAY, 365 * DAY, BY_CA, false, 0, false, NULL},
    {"expired", "localhost", HERE, -90 * DAY, -2 * DAY, BY_CA, false, 0, false, NULL},
    {"notyet", "localhost", HERE, 10 * DAY, 90 * DAY, BY_CA, false, 0, false, NULL},
    {"wrongname", "mail.okul.example", "DNS:mail.okul.example,DNS:pop.okul.example", -DAY,
     365 * DAY, BY_CA, false, 0, false, NULL},
    {"selfsigned", "localhost", HERE, -DAY, 365 * DAY, BY_ITSELF, false, 0, false, NULL},
    {"cnonly", "localhost", NULL, -DAY, 365 * DAY, BY_CA, false, 0, false, NULL},
    {"wildcard", "*.okul.example", "DNS:*.okul.example", -DAY, 365 * DAY, BY_CA, false, 0, false,
     NULL},
    {"nameonly", "localhost", "DNS:localhost", -DAY, 365 * DAY, BY_CA, false, 0, false, NULL},
    {"chain", "localhost", HERE, -DAY, 365 * DAY, BY_INTER, true, 0, false, NULL},
    {"nointer", "localhost", HERE, -DAY, 365 * DAY, BY_INTER, false, 0, false, NULL},
    {"stranger", "localhost", HERE, -DAY, 365 * DAY, BY_STRANGER, false, 0, false, NULL},
    {"rsa", "localhost", HERE, -DAY, 365 * DAY, BY_CA, false, 2048, false, NULL},
    {"rsa1024", "localhost", HERE, -DAY, 365 * DAY, BY_CA, false, 1024, false, NULL},
    {"sha1", "localhost", HERE, -DAY, 365 * DAY, BY_CA, false, 0, true, NULL},
    {"clientonly", "localhost", HERE, -DAY, 365 * DAY, BY_CA, false, 0, false, "clientAuth"},
};

struct identity {
    X509 *cert;
    EVP_PKEY *key;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "mkcert: %s failed\n", what);
    exit(1);
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    if (!ext || !X509_add_ext(cert, ext, -1))
        die(value);
    X509_EXTENSION_free(ext);
}

/* Signed by `by`, or by itself when that is null. */
static struct identity make(const struct wanted *w, const struct identity *by, bool is_ca)
{
    struct identity id = {X509_new(),
                          w->rsa_bits ? EVP_RSA_gen((unsigned)w->rsa_bits) : EVP_EC_gen("P-256")};
    const struct identity *signer = by ? by : &id;
    X509_NAME *name;
    uint32_t serial = 0;

    if (!id.cert || !id.key || RAND_bytes((unsigned char *)&serial, sizeof serial) != 1)
        die("key generation");
    X509_set_version(id.cert, X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(id.cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(id.cert), w->from);
    X509_gmtime_adj(X509_getm_notAfter(id.cert), w->until);
    name = X509_get_subject_name(id.cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)w->cn, -1, -1, 0);
    X509_set_issuer_name(id.cert, X509_get_subject_name(signer->cert));
    X509_set_pubkey(id.cert, id.key);
    extend(id.cert, signer->cert, NID_subject_key_identifier, "hash");
    if (by)
        extend(id.cert, signer->cert, NID_authority_key_identifier, "keyid");
    extend(id.cert, signer->cert, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (is_ca)
        extend(id.cert, signer->cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    else
        extend(id.cert, signer->cert, NID_ext_key_usage, w->usage ? w->usage : "serverAuth");
    if (w->alt)
        extend(id.cert, signer->cert, NID_subject_alt_name, w->alt);
    if (!X509_sign(id.cert, signer->key, w->sha1 ? EVP_sha1() : EVP_sha256()))
        die("signing");
    return id;
}

static FILE *open_in(const char *dir, const char *name, const char *ending)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s%s", dir, name, ending);
    f = fopen(path, "w");
    if (!f)
        die(path);
    return f;
}

static void write_pair(const char *dir, const char *name, const struct identity *id, X509 *chain)
{
    FILE *f = open_in(dir, name, ".pem");

    if (!PEM_write_X509(f, id->cert) || (chain && !PEM_write_X509(f, chain)) || fclose(f))
        die(name);
    f = open_in(dir, name, ".key");
    if (!PEM_write_PrivateKey(f, id->key, NULL, NULL, 0, NULL, NULL) || fclose(f))
        die(name);
}

static struct identity authority(const char *cn, const struct identity *by)
{
    const struct wanted w = {.cn = cn, .from = -400 * DAY, .until = 3650 * DAY};

    return make(&w, by, true);
}

int main(int argc, char **argv)
{
    struct identity ca, inter, stranger;

    if (argc != 2) {
        fputs("usage: mkcert DIR\n", stderr);
        return 64;
    }
    if (mkdir(argv[1], 0777) < 0 && errno != EEXIST)
        die(argv[1]);
    ca = authority("popkeep test authority", NULL);
    inter = authority("popkeep test intermediate", &ca);
    stranger = authority("unknown authority", NULL);
    write_pair(argv[1], "ca", &ca, NULL);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const struct wanted *w = &wanted[i];
        const struct identity *const signers[] = {&ca, &inter, &stranger, NULL};
        struct identity id = make(w, signers[w->by], false);

        write_pair(argv[1], w->name, &id, w->with_chain ? inter.cert : NULL);
        X509_free(id.cert);
        EVP_PKEY_free(id.key);
    }
    return 0;
}
