/* SPDX-License-Identifier: ISC */
/*
 * One connection of the test server: TLS or clear text, buffered both ways, everything logged.
 *
 * Order: wire_open after accept (handshake included), then wire_line / wire_put / wire_flush, then
 * one of wire_close and wire_reset. Output waits in the buffer until the input is used up, as real
 * pipelining servers do. When the connection is over (EOF, cut, error) wire_dead() turns true,
 * reading gives -1 and writing does nothing: callers need not check each write.
 */
#ifndef POPSERVER_WIRE_H
#define POPSERVER_WIRE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { WIRE_OUT = 64 * 1024, WIRE_IN = 64 * 1024 };

struct wire_manners {
    bool plain;                      /* no TLS */
    bool no_close_notify;            /* end without TLS's goodbye */
    uint64_t cut_after;              /* close after so many octets sent; 0: never */
    bool cut_by_rst;                 /* that cut is a reset */
    bool cut_stalls;                 /* that cut is silence */
    uint64_t cut_in;                 /* the same after so many octets received; 0: never */
    uint64_t raw_cut;                /* after so many octets sent as TLS sends them, its handshake
                                        counted; 0: never */
    uint64_t split_seed;             /* TLS records and TCP segments of random sizes; 0: no */
    long chunk;                      /* octets a TLS record; 0: as they come */
    long trickle_octets, trickle_ms; /* so many octets, then a pause */
    long delay_ms;                   /* before the first command of each flight: a distant server */
    long coalesce_ms; /* wait so long for more input before a flight counts as ended */
    long idle_s;      /* close when silent for so long; 0: never */
};

struct wire {
    struct wire_manners how;
    int fd;
    SSL *ssl;
    bool dead;
    bool sent; /* something went out since the last wait */
    unsigned session;
    unsigned long flights; /* how often we had to wait for input after having sent something */
    uint64_t octets_in, octets_out;
    uint64_t raw_out; /* octets TLS has sent, if it sends through wire_raw.c */
    uint64_t random;  /* state of the random numbers */
    uint64_t cut_at;  /* octets_out at which the connection is cut; 0: never */
    FILE *log;
    size_t in_from, in_n, out_n;
    char in[WIRE_IN], out[WIRE_OUT];
};

/* -1: the handshake failed; it is logged and the descriptor closed. `ctx` is null for plain. */
int wire_open(struct wire *w, int fd, SSL_CTX *ctx, const struct wire_manners *how);

/* The next line without its line end, NUL behind it, valid until the next call; its length, or -1
 * when the client is gone. Flushes what waits before it blocks. A line over 60,000 octets: -1. */
long wire_line(struct wire *w, char **line);

/* Is there input already, so that the client did not wait for our answer? */
bool wire_has_more(struct wire *w);
/* Throw away what the client has sent so far and was not read. */
void wire_drop_input(struct wire *w);
/* Read and throw away until the client closes. */
void wire_drain(struct wire *w);

void wire_put(struct wire *w, const void *p, size_t n);
void wire_flush(struct wire *w);
bool wire_dead(const struct wire *w);

/* TLS's close_notify; what is sent behind it with wire_put_raw is none of TLS. */
void wire_goodbye(struct wire *w);
void wire_close(struct wire *w); /* flush, close_notify, FIN, wait shortly for the client's end */
void wire_reset(struct wire *w); /* RST */

/* Past TLS: octets that it knows nothing of. */
void wire_put_raw(struct wire *w, const void *p, size_t n);

/* A size from 1 to `max`, small ones as likely as large ones. */
size_t wire_random_size(struct wire *w, size_t max);

/* What TLS sends through when that is to be cut or split below its records (wire_raw.c). */
BIO *wire_raw_bio(struct wire *w);

/* A line of the log: TIME SESSION FLIGHT KIND TEXT; kind C (client), S (server) or * (event). Only
 * the first line of `text`, at most 300 octets, what is not printable as \xNN. */
void wire_log(struct wire *w, char kind, const void *text, size_t n);
void wire_event(struct wire *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void wire_sleep_ms(long ms);

#endif
