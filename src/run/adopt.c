/* SPDX-License-Identifier: ISC */
/*
 * --adopt. The wire form of a file without any CR is had by turning each LF into CRLF; a file with
 * a CR in it is kept as it was on the wire (the lossless rule), so it is its own wire form.
 */
#include "popkeep/run/adopt.h"

#include "popkeep/base/lineend.h"
#include "popkeep/base/mem.h"
#include "popkeep/store/finder.h"
#include "popkeep/sys/clock.h"

enum { GROUP = 1000 };

struct adoption {
    struct book *book;
    struct finder *finder;
    struct tell *tell;
    struct arena names;
    struct found {
        const char *base_name, *path;
    } * files; /* listed before any is read: looking for a lost one may read the folders anew */
    size_t n_files, cap_files;
    uint64_t n;
    size_t in_group;
    /* of the file at hand */
    struct hash file, wire;
    struct buf restored;
    uint64_t octets, wire_octets;
    bool has_cr;
};

static int read_piece(void *ctx, struct sv octets, struct err *e)
{
    struct adoption *ad = ctx;

    (void)e;
    ad->octets += octets.n;
    hash_add(&ad->file, octets.p, octets.n);
    ad->has_cr = ad->has_cr || sv_has(octets, '\r');
    if (ad->has_cr)
        return 0;
    buf_clear(&ad->restored);
    (void)lineend_restore(&ad->restored, octets); /* max is twice the largest piece */
    ad->wire_octets += ad->restored.n;
    hash_add(&ad->wire, ad->restored.p, ad->restored.n);
    return 0;
}

/* A record with these very octets whose own file is lost: the file takes its place. */
static int find_lost_twin(struct adoption *ad, const struct record *r, uint32_t *out, struct err *e)
{
    const struct ledger *l = ad->book->ledger;
    uint32_t i = LEDGER_NONE;

    *out = 0;
    while ((i = ledger_by_content(l, r->wire_sha, r->wire_octets, i)) != LEDGER_NONE) {
        const struct ledger_entry *en = ledger_entry(l, i);
        enum finder_result found = finder_look(ad->finder, en->name, en->file_octets, e);
        if (found == FINDER_ERROR)
            return -1;
        if (found == FINDER_MISSING) {
            *out = en->id;
            return 0;
        }
    }
    return 0;
}

static int enter(struct adoption *ad, struct record *r, struct err *e)
{
    const struct ledger_entry *lost;
    uint32_t twin;

    if (find_lost_twin(ad, r, &twin, e) < 0)
        return -1;
    r->replaces = twin;
    r->size = RECORD_NO_SIZE;
    lost =
        twin == 0 ? NULL : ledger_entry(ad->book->ledger, ledger_index_of(ad->book->ledger, twin));
    /* the UIDL of a message that was deleted may be another one's by now */
    if (lost != NULL && lost->state == LEDGER_STORED) {
        r->size = lost->size;
        if (lost->uidl != NULL)
            r->uidl = sv_make(lost->uidl, lost->uidl_n);
    }
    r->kind = REC_INTENT;
    r->id = ledger_next_id(ad->book->ledger);
    if (book_add(ad->book, r, e) < 0 ||
        book_stored(ad->book, ledger_index_of(ad->book->ledger, r->id), clock_wall_s(), e) < 0)
        return -1;
    ad->n++;
    if (++ad->in_group < GROUP)
        return 0;
    ad->in_group = 0;
    return book_commit(ad->book, e);
}

static int note_file(void *ctx, const char *base_name, const char *path, struct err *e)
{
    struct adoption *ad = ctx;

    (void)e;
    if (ledger_by_name(ad->book->ledger, sv_of(base_name)) != LEDGER_NONE)
        return 0;
    if (ad->n_files == ad->cap_files) {
        ad->cap_files = ad->cap_files * 2 + 64;
        ad->files = mem_realloc(ad->files, ad->cap_files, sizeof *ad->files);
    }
    ad->files[ad->n_files++] =
        (struct found){.base_name = arena_dup(&ad->names, base_name, strlen(base_name)),
                       .path = arena_dup(&ad->names, path, strlen(path))};
    return 0;
}

static int adopt_file(struct adoption *ad, const char *base_name, const char *path, struct err *e)
{
    struct record r = {.name = sv_of(base_name)};

    hash_init(&ad->file);
    hash_init(&ad->wire);
    ad->octets = ad->wire_octets = 0;
    ad->has_cr = false;
    if (finder_read(ad->finder, path, read_piece, ad, e) < 0)
        return -1;
    hash_end(&ad->file, r.file_sha);
    hash_end(&ad->wire, r.wire_sha);
    r.file_octets = ad->octets;
    r.wire_octets = ad->wire_octets;
    if (ad->has_cr) {
        memcpy(r.wire_sha, r.file_sha, sizeof r.wire_sha);
        r.wire_octets = ad->octets;
    }
    /* it may have been copied here a moment ago: on the disk before it counts as stored */
    if (finder_check_and_sync(ad->finder, base_name, r.file_octets, r.file_sha, e) != FINDER_OK) {
        if (e->status != ST_OK)
            return -1;
        return 0; /* it went away or changed meanwhile: not ours to vouch for */
    }
    return enter(ad, &r, e);
}

int adopt_files(struct book *b, struct maildir *m, struct tell *t, uint64_t *n, struct err *e)
{
    struct adoption ad = {.book = b, .tell = t, .restored = BUF_INIT(4 * 1024 * 1024)};
    int rc;

    ad.finder = finder_new(m);
    rc = finder_walk(ad.finder, note_file, &ad, e);
    for (size_t i = 0; rc == 0 && i < ad.n_files; i++) {
        rc = adopt_file(&ad, ad.files[i].base_name, ad.files[i].path, e);
        if (i % 100 == 0)
            tell_progress(t, PHASE_STORING, i, ad.n_files, 0, 0);
    }
    if (rc == 0)
        rc = book_commit(b, e);
    *n = ad.n;
    finder_free(ad.finder);
    hash_free(&ad.file);
    hash_free(&ad.wire);
    buf_free(&ad.restored);
    arena_free(&ad.names);
    free(ad.files);
    return rc;
}
