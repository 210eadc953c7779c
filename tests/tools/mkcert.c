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

enum signer {
    BY_CA,
    BY_INTER,
    BY_STRANGER,
    BY_ITSELF,
    BY_EXPIRED,    /* an intermediate that has expired */
    BY_WEAK,       /* RSA of 1024 bits */
    BY_NO_CA,      /* the certificate of a server, not of an authority */
    BY_PERMITTED,  /* an intermediate for names below okul.example only */
    BY_EXCLUDED,   /* one for all names but localhost */
    BY_TOO_LONG,   /* below an intermediate that may have none below it */
    BY_NO_SIGNING, /* an intermediate without the key usage keyCertSign */
    BY_RSA,        /* ECDSA knows no MD5 */
    N_SIGNERS
};

static const struct wanted {
    const char *name, *cn, *alt; /* alt null: no subjectAltName; "NUL": one with a NUL in it */
    long from, until;            /* seconds from now; both 0: from yesterday for a year */
    enum signer by;
    bool with_chain; /* intermediate in NAME.pem too */
    int rsa_bits;    /* 0: P-256 */
    const char *key; /* another curve, or "ED25519" */
    const EVP_MD *(*digest)(void);
    const char *usage;     /* extendedKeyUsage; null: serverAuth; "": none */
    const char *key_usage; /* null: none */
    const char *other;     /* one extension more, OID=value */
    int more;              /* so many certificates more in the chain, of no use */
    bool broken;           /* its signature is not of it */
    bool version_1;
} wanted[] = {
    {.name = "good"},
    {.name = "expired", .from = -90 * DAY, .until = -2 * DAY},
    {.name = "notyet", .from = 10 * DAY, .until = 90 * DAY},
    {.name = "wrongname",
     .cn = "mail.okul.example",
     .alt = "DNS:mail.okul.example,DNS:pop.okul.example"},
    {.name = "selfsigned", .by = BY_ITSELF},
    {.name = "cnonly", .alt = "none"},
    {.name = "wildcard", .cn = "*.okul.example", .alt = "DNS:*.okul.example"},
    {.name = "nameonly", .alt = "DNS:localhost"},
    {.name = "chain", .by = BY_INTER, .with_chain = true},
    {.name = "nointer", .by = BY_INTER},
    {.name = "stranger", .by = BY_STRANGER},
    {.name = "rsa", .rsa_bits = 2048},
    {.name = "rsa1024", .rsa_bits = 1024},
    {.name = "sha1", .digest = EVP_sha1},
    {.name = "clientonly", .usage = "clientAuth"},

    /* names */
    {.name = "cnip", .cn = "127.0.0.1", .alt = "DNS:okul.example"},
    {.name = "dnsip", .alt = "DNS:127.0.0.1"},
    {.name = "otherip", .alt = "IP:127.0.0.2"},
    {.name = "mapped", .alt = "IP:::ffff:127.0.0.1"},
    {.name = "mail", .alt = "email:okul@pop.okul.example,URI:pop3s://pop.okul.example"},
    {.name = "nul", .cn = "pop.okul.example", .alt = "NUL"},
    {.name = "star", .alt = "DNS:*"},
    {.name = "stars", .alt = "DNS:*.*.example"},
    {.name = "stardomain", .alt = "DNS:*.example"},
    {.name = "starpart", .alt = "DNS:p*.okul.example"},
    {.name = "starinside", .alt = "DNS:pop.*.example"},
    {.name = "starip", .alt = "DNS:*.0.0.1"},
    {.name = "starpuny", .alt = "DNS:xn--*.okul.example"},
    {.name = "dotted", .alt = "DNS:pop.okul.example."},
    {.name = "upper", .alt = "DNS:POP.OKUL.EXAMPLE"},
    {.name = "hostile", .cn = "\x1b[2Jowned\x07", .alt = "DNS:x.okul.example,DNS:-;\x1b[31m"},

    /* chains */
    {.name = "expiredinter", .by = BY_EXPIRED, .with_chain = true},
    {.name = "weakinter", .by = BY_WEAK, .with_chain = true},
    {.name = "noca", .by = BY_NO_CA, .with_chain = true},
    {.name = "permitted", .by = BY_PERMITTED, .with_chain = true, .alt = "DNS:pop.okul.example"},
    {.name = "notpermitted",
     .by = BY_PERMITTED,
     .with_chain = true,
     .alt = "DNS:pop.okul.example,DNS:pop.other.example"},
    {.name = "excluded", .by = BY_EXCLUDED, .with_chain = true, .alt = "DNS:localhost"},
    {.name = "toolong", .by = BY_TOO_LONG, .with_chain = true},
    {.name = "nosigning", .by = BY_NO_SIGNING, .with_chain = true},
    {.name = "longchain", .more = 30},
    {.name = "hugechain", .more = 400},

    /* keys, signatures, usage, dates */
    {.name = "md5", .by = BY_RSA, .with_chain = true, .digest = EVP_md5},
    {.name = "rsa1536", .rsa_bits = 1536},
    {.name = "p192", .key = "P-192"},
    {.name = "p384", .key = "P-384"},
    {.name = "ed25519", .key = "ED25519"},
    {.name = "brokensign", .broken = true},
    {.name = "nousage", .usage = ""},
    {.name = "codesigning", .usage = "codeSigning"},
    {.name = "certsign", .key_usage = "critical,keyCertSign"},
    {.name = "critical", .other = "1.2.3.4.5=critical,DER:0500"},
    {.name = "version1", .version_1 = true},
    {.name = "justexpired", .from = -DAY, .until = -1},
    {.name = "backwards", .from = 10 * DAY, .until = -10 * DAY},
    {.name = "longago", .from = -20000 * DAY, .until = -15000 * DAY},
    {.name = "nextcentury", .from = 30000 * DAY, .until = 40000 * DAY},
    {.name = "forever", .until = 40000 * DAY},
};

struct identity {
    X509 *cert;
    EVP_PKEY *key;
    const struct identity *above; /* null: a root */
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

/* A name in which a C string ends before its end. */
static void extend_nul(X509 *cert)
{
    static const char name[] = "pop.okul.example\0.attacker.example";
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *g = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    if (!names || !g || !text || !ASN1_STRING_set(text, name, sizeof name - 1))
        die("NUL");
    GENERAL_NAME_set0_value(g, GEN_DNS, text);
    if (!sk_GENERAL_NAME_push(names, g) ||
        X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) != 1)
        die("NUL");
    GENERAL_NAMES_free(names);
}

static void extend_other(X509 *cert, X509 *issuer, const char *oid_and_value)
{
    char oid[100];
    size_t n = strcspn(oid_and_value, "=");

    snprintf(oid, sizeof oid, "%.*s", (int)n, oid_and_value);
    extend(cert, issuer, OBJ_create(oid, oid, oid), oid_and_value + n + 1);
}

static EVP_PKEY *key_for(const struct wanted *w)
{
    if (w->rsa_bits)
        return EVP_RSA_gen((unsigned)w->rsa_bits);
    if (w->key && !strcmp(w->key, "ED25519"))
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return EVP_EC_gen(w->key ? w->key : "P-256");
}

static void extend_all(X509 *cert, X509 *issuer, const struct wanted *w, bool own, const char *ca)
{
    const char *alt = w->alt ? w->alt : HERE;

    extend(cert, issuer, NID_subject_key_identifier, "hash");
    if (!own)
        extend(cert, issuer, NID_authority_key_identifier, "keyid");
    extend(cert, issuer, NID_basic_constraints, ca ? ca : "CA:FALSE");
    if (w->key_usage || ca)
        extend(cert, issuer, NID_key_usage,
               w->key_usage ? w->key_usage : "critical,keyCertSign,cRLSign");
    if (!ca && !(w->usage && !*w->usage))
        extend(cert, issuer, NID_ext_key_usage, w->usage ? w->usage : "serverAuth");
    if (w->other && w->other[0] != '#')
        extend_other(cert, issuer, w->other);
    else if (w->other)
        extend(cert, issuer, NID_name_constraints, w->other + 1);
    if (!ca && !strcmp(alt, "NUL"))
        extend_nul(cert);
    else if (!ca && strcmp(alt, "none"))
        extend(cert, issuer, NID_subject_alt_name, alt);
}

/* Signed by `by`, or by itself when that is null; `ca`: its basic constraints if it is an
 * authority. */
static struct identity make(const struct wanted *w, const struct identity *by, const char *ca)
{
    struct identity id = {X509_new(), key_for(w), by};
    const struct identity *signer = by ? by : &id;
    const EVP_MD *digest = w->digest ? w->digest() : EVP_sha256();
    X509_NAME *name;
    uint32_t serial = 0;

    if (!id.cert || !id.key || RAND_bytes((unsigned char *)&serial, sizeof serial) != 1)
        die("key generation");
    X509_set_version(id.cert, w->version_1 ? X509_VERSION_1 : X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(id.cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(id.cert), w->from ? w->from : -DAY);
    X509_gmtime_adj(X509_getm_notAfter(id.cert), w->until ? w->until : 365 * DAY);
    name = X509_get_subject_name(id.cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *)(w->cn ? w->cn : "localhost"), -1, -1, 0);
    X509_set_issuer_name(id.cert, X509_get_subject_name(signer->cert));
    X509_set_pubkey(id.cert, id.key);
    if (!w->version_1)
        extend_all(id.cert, signer->cert, w, !by, ca);
    if (!X509_sign(id.cert, signer->key, digest))
        die("signing");
    if (w->broken) { /* what was signed is changed afterwards */
        const ASN1_BIT_STRING *sign;

        X509_get0_signature(&sign, NULL, id.cert);
        sign->data[sign->length - 1] ^= 1;
    }
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

static void write_pair(const char *dir, const struct wanted *w, const struct identity *id,
                       const struct identity *above, X509 *other)
{
    FILE *f = open_in(dir, w->name, ".pem");

    if (!PEM_write_X509(f, id->cert))
        die(w->name);
    for (; w->with_chain && above; above = above->above)
        if (above->above && !PEM_write_X509(f, above->cert))
            die(w->name);
    for (int i = 0; i < w->more; i++)
        if (!PEM_write_X509(f, other))
            die(w->name);
    if (fclose(f))
        die(w->name);
    f = open_in(dir, w->name, ".key");
    if (!PEM_write_PrivateKey(f, id->key, NULL, NULL, 0, NULL, NULL) || fclose(f))
        die(w->name);
}

/* Authorities: what is not said of one is as it should be. */
static const struct authority {
    enum signer is, by; /* by itself: no other */
    struct wanted w;
    const char *constraints;
} authorities[] = {
    {BY_CA, BY_CA, {.cn = "popkeep test authority"}, NULL},
    {BY_INTER, BY_CA, {.cn = "popkeep test intermediate"}, NULL},
    {BY_STRANGER, BY_STRANGER, {.cn = "unknown authority"}, NULL},
    {BY_EXPIRED,
     BY_CA,
     {.cn = "expired intermediate", .from = -300 * DAY, .until = -3 * DAY},
     NULL},
    {BY_WEAK, BY_CA, {.cn = "weak intermediate", .rsa_bits = 1024}, NULL},
    {BY_NO_CA, BY_CA, {.cn = "server.okul.example"}, "CA:FALSE"},
    {BY_PERMITTED,
     BY_CA,
     {.cn = "intermediate of okul.example", .other = "#critical,permitted;DNS:okul.example"},
     NULL},
    {BY_EXCLUDED,
     BY_CA,
     {.cn = "intermediate not for localhost", .other = "#critical,excluded;DNS:localhost"},
     NULL},
    {BY_NO_SIGNING, BY_CA, {.cn = "intermediate for lists", .key_usage = "critical,cRLSign"}, NULL},
    {BY_RSA, BY_CA, {.cn = "RSA intermediate", .rsa_bits = 2048}, NULL},
    {BY_TOO_LONG, BY_ITSELF, {.cn = "intermediate too far down"}, NULL},
};

static void make_authorities(struct identity *made, struct identity *last)
{
    const struct wanted end = {.cn = "last intermediate", .from = -400 * DAY, .until = 3650 * DAY};

    for (size_t i = 0; i < sizeof authorities / sizeof *authorities; i++) {
        const struct authority *a = &authorities[i];
        const struct identity *by = a->by == a->is ? NULL : &made[a->by];
        struct wanted w = a->w;

        if (!w.until) {
            w.from = -400 * DAY;
            w.until = 3650 * DAY;
        }
        if (a->is == BY_TOO_LONG) {
            *last = make(&end, &made[BY_CA], "critical,CA:TRUE,pathlen:0");
            by = last;
        }
        made[a->is] = make(&w, by, a->constraints ? a->constraints : "critical,CA:TRUE");
    }
}

int main(int argc, char **argv)
{
    const struct wanted ca = {.name = "ca"};
    struct identity made[N_SIGNERS] = {0}, last;

    if (argc != 2) {
        fputs("usage: mkcert DIR\n", stderr);
        return 64;
    }
    if (mkdir(argv[1], 0777) < 0 && errno != EEXIST)
        die(argv[1]);
    make_authorities(made, &last);
    write_pair(argv[1], &ca, &made[BY_CA], NULL, NULL);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const struct wanted *w = &wanted[i];
        const struct identity *by = w->by == BY_ITSELF ? NULL : &made[w->by];
        struct identity id = make(w, by, NULL);

        write_pair(argv[1], w, &id, by, made[BY_STRANGER].cert);
        X509_free(id.cert);
        EVP_PKEY_free(id.key);
    }
    return 0;
}
