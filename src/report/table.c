/* SPDX-License-Identifier: ISC */
/* Many accounts as a table. See the header. */
#include "popkeep/report/table.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/report/health.h"
#include "popkeep/report/line.h"

#include <string.h>

enum {
    HOUR_S = 3600,
    DAY_S = 86400,
    CERTIFICATE_S = 30 * DAY_S, /* a certificate that ends later is no news */
    TEXT_MAX = 4 * 1024 * 1024,
    GAP = 2,
    INDENT = 4,
    REMARK_LEAST = 24 /* a last column narrower than this is not worth having */
};

struct row {
    char *account, *text;
    enum health health;
    bool known; /* its journal could be read */
    int64_t now, success, stored, listed, due, percent, certificate, deadline;
};

struct table {
    struct row *rows;
    size_t n, cap;
};

struct table *table_new(void)
{
    return mem_zalloc(1, sizeof(struct table));
}

void table_free(struct table *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->n; i++) {
        free(t->rows[i].account);
        free(t->rows[i].text);
    }
    free(t->rows);
    free(t);
}

void table_add(struct table *t, const struct event *ev)
{
    struct buf account = BUF_INIT(TEXT_MAX);
    const int64_t *num = ev->num;

    if ((ev->kind != EVENT_STATUS && ev->kind != EVENT_ERROR) || ev->str[ES_ACCOUNT].n == 0)
        return;
    if (t->n == t->cap) {
        t->cap = t->cap > 0 ? 2 * t->cap : 64;
        t->rows = mem_realloc(t->rows, t->cap, sizeof *t->rows);
    }
    line_word(&account, ev->str[ES_ACCOUNT]);
    t->rows[t->n++] = (struct row){
        .account = mem_strndup(account.p, account.n),
        .text = mem_strndup(ev->str[ES_TEXT].p, ev->str[ES_TEXT].n),
        .health = event_health(ev),
        .known = ev->kind == EVENT_STATUS,
        .now = num[EN_TIME],
        .success = num[EN_LAST_SUCCESS],
        .stored = num[EN_STORED],
        .listed = num[EN_LISTED],
        .due = num[EN_DUE],
        .percent = num[EN_QUOTA_PERCENT],
        .certificate = num[EN_CERT_EXPIRES],
        .deadline = num[EN_DEADLINE],
    };
    buf_free(&account);
}

/* ---- cells ---- */

static void put_account(struct buf *to, const struct row *r)
{
    buf_add_c(to, r->account);
}

static void put_state(struct buf *to, const struct row *r)
{
    static const char *const words[HEALTHS] = {[HEALTH_WELL] = NC_("table", "well"),
                                               [HEALTH_LATE] = NC_("table", "late"),
                                               [HEALTH_TROUBLE] = NC_("table", "TROUBLE")};

    buf_add_c(to, tr_in("table", words[r->health]));
}

/* One unit is enough to see what is old. */
static void put_age(struct buf *to, int64_t s)
{
    if (s < 120)
        tr_addf(to, "%lld s ago", (long long)s);
    else if (s < 2 * HOUR_S)
        tr_addf(to, "%lld min ago", (long long)(s / 60));
    else if (s < 2 * DAY_S)
        tr_addf(to, "%lld h ago", (long long)(s / HOUR_S));
    else
        tr_addf(to, "%lld d ago", (long long)(s / DAY_S));
}

static void put_success(struct buf *to, const struct row *r)
{
    int64_t age = r->success == EVENT_UNSET ? 0 : event_minus(r->now, r->success);

    if (r->success == EVENT_UNSET)
        buf_add_c(to, r->known ? tr("never") : "?");
    else if (age < 0)
        buf_add_c(to, tr("in the future")); /* the clock was set back since */
    else
        put_age(to, age);
}

static void put_number(struct buf *to, int64_t n)
{
    if (n != EVENT_UNSET)
        buf_addf(to, "%lld", (long long)n);
}

static void put_stored(struct buf *to, const struct row *r)
{
    put_number(to, r->stored);
}

static void put_listed(struct buf *to, const struct row *r)
{
    put_number(to, r->listed);
}

static void put_due(struct buf *to, const struct row *r)
{
    put_number(to, r->due);
}

static void put_quota(struct buf *to, const struct row *r)
{
    if (r->percent != EVENT_UNSET)
        buf_addf(to, tr_in("percent", "%lld %%"), (long long)r->percent);
}

static void put_days(struct buf *to, int64_t until, int64_t now, const char *past)
{
    int64_t left = event_minus(until, now);

    if (left <= 0)
        buf_add_c(to, past);
    else
        tr_addf(to, "%lld d", (long long)(left / DAY_S));
}

static void put_certificate(struct buf *to, const struct row *r)
{
    if (r->certificate != EVENT_UNSET && event_minus(r->certificate, r->now) < CERTIFICATE_S)
        put_days(to, r->certificate, r->now, tr_in("table", "ended"));
}

static void put_deadline(struct buf *to, const struct row *r)
{
    if (r->deadline != EVENT_UNSET)
        put_days(to, r->deadline, r->now, tr_in("table", "passed"));
}

/* In their order; `drop` says which goes first when there is too little room (0: never). */
static const struct column {
    const char *head;
    bool right;
    int drop;
    void (*put)(struct buf *to, const struct row *r);
} columns[] = {
    {NC_("table", "STATE"), false, 0, put_state},
    {NC_("table", "ACCOUNT"), false, 0, put_account},
    {NC_("table", "LAST SUCCESS"), false, 7, put_success},
    {NC_("table", "STORED"), true, 4, put_stored},
    {NC_("table", "ON SERVER"), true, 3, put_listed},
    {NC_("table", "DUE"), true, 1, put_due},
    {NC_("table", "QUOTA"), true, 6, put_quota},
    {NC_("table", "CERTIFICATE"), true, 2, put_certificate},
    {NC_("table", "DEADLINE"), true, 5, put_deadline},
};
enum { COLUMNS = sizeof columns / sizeof *columns, STATE_COLUMN = 0 };

/* All cells are written once, one behind the other; a cell is a piece of that text. */
struct sheet {
    const struct table_style *style;
    const struct row **rows; /* sorted */
    size_t n;
    struct buf text;
    size_t *ends; /* of cell row * COLUMNS + column; it begins where the one before it ends */
    size_t width[COLUMNS]; /* 0: the column is not shown */
    size_t line;           /* all columns and the gaps behind them */
    bool remarks_behind;   /* in the last column, else below */
};

static struct sv head_of(size_t column)
{
    return sv_of(tr_in("table", columns[column].head));
}

static struct sv cell(const struct sheet *s, size_t row, size_t column)
{
    size_t i = row * COLUMNS + column, begin = i > 0 ? s->ends[i - 1] : 0;

    return sv_make(s->text.p + begin, s->ends[i] - begin);
}

static void fill(struct sheet *s)
{
    s->ends = mem_zalloc(s->n * COLUMNS + 1, sizeof *s->ends);
    for (size_t r = 0; r < s->n; r++)
        for (size_t c = 0; c < COLUMNS; c++) {
            columns[c].put(&s->text, s->rows[r]);
            s->ends[r * COLUMNS + c] = s->text.n;
        }
}

static void measure(struct sheet *s)
{
    s->line = 0;
    for (size_t c = 0; c < COLUMNS; c++) {
        for (size_t r = 0; r < s->n; r++) {
            size_t w = text_columns(cell(s, r, c));
            s->width[c] = w > s->width[c] ? w : s->width[c];
        }
        if (s->width[c] == 0) /* no account has anything there */
            continue;
        if (s->width[c] < text_columns(head_of(c)))
            s->width[c] = text_columns(head_of(c));
        s->line += s->width[c] + GAP;
    }
}

/* Leave columns out until a line fits. */
static void make_room(struct sheet *s)
{
    for (int drop = 1; s->style->width > 0 && s->line > s->style->width + GAP && drop < 9; drop++)
        for (size_t c = 0; c < COLUMNS; c++)
            if (columns[c].drop == drop && s->width[c] > 0) {
                s->line -= s->width[c] + GAP;
                s->width[c] = 0;
            }
}

static size_t widest_remark(const struct sheet *s)
{
    struct buf b = BUF_INIT(TEXT_MAX);
    size_t most = 0, w;

    for (size_t r = 0; r < s->n; r++) {
        buf_clear(&b);
        line_joined(&b, sv_of(s->rows[r]->text));
        w = text_columns(buf_sv(&b));
        most = w > most ? w : most;
    }
    buf_free(&b);
    return most;
}

/* ---- printing ---- */

static void put_blanks(struct buf *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_char(to, ' ');
}

static void end_line(struct buf *to)
{
    while (to->n > 0 && to->p[to->n - 1] == ' ')
        buf_cut(to, to->n - 1);
    buf_add_char(to, '\n');
}

static void put_cell(struct buf *to, const struct sheet *s, size_t column, struct sv text,
                     const char *colour)
{
    size_t blanks = s->width[column] - text_columns(text);

    if (columns[column].right)
        put_blanks(to, blanks);
    if (colour != NULL)
        buf_addf(to, "\x1b[%sm", colour);
    buf_add_sv(to, text);
    if (colour != NULL)
        buf_add_c(to, "\x1b[0m");
    if (!columns[column].right)
        put_blanks(to, blanks);
    put_blanks(to, GAP);
}

static void put_head(struct buf *to, const struct sheet *s)
{
    for (size_t c = 0; c < COLUMNS; c++)
        if (s->width[c] > 0)
            put_cell(to, s, c, head_of(c), NULL);
    end_line(to);
}

/* The remark in words that fit, on lines of their own. */
static void put_wrapped(struct buf *to, struct sv text, size_t width)
{
    size_t room = width > INDENT + REMARK_LEAST ? width : INDENT + REMARK_LEAST, at = 0;

    while (text.n > 0) {
        struct sv word = sv_token(&text, ' ');
        size_t w = text_columns(word);

        if (at > 0 && at + 1 + w > room) {
            end_line(to);
            at = 0;
        }
        if (at == 0)
            put_blanks(to, INDENT);
        else
            buf_add_char(to, ' ');
        buf_add_sv(to, word);
        at += (at == 0 ? INDENT : 1) + w;
    }
    end_line(to);
}

static void put_row(struct buf *to, const struct sheet *s, size_t row)
{
    static const char *const colours[HEALTHS] = {[HEALTH_LATE] = "33", [HEALTH_TROUBLE] = "1;31"};
    struct buf remark = BUF_INIT(TEXT_MAX);

    for (size_t c = 0; c < COLUMNS; c++)
        if (s->width[c] > 0)
            put_cell(to, s, c, cell(s, row, c),
                     c == STATE_COLUMN && s->style->colour ? colours[s->rows[row]->health] : NULL);
    line_joined(&remark, sv_of(s->rows[row]->text));
    if (s->remarks_behind)
        buf_add_sv(to, buf_sv(&remark));
    end_line(to);
    if (!s->remarks_behind && remark.n > 0)
        put_wrapped(to, buf_sv(&remark), s->style->width);
    buf_free(&remark);
}

static void put_counts(struct buf *to, const struct table *t)
{
    size_t n[HEALTHS] = {0};

    for (size_t i = 0; i < t->n; i++)
        n[t->rows[i].health]++;
    trn_addf(to, t->n, "%zu account: %zu well, %zu late, %zu in trouble\n",
             "%zu accounts: %zu well, %zu late, %zu in trouble\n", t->n, n[HEALTH_WELL],
             n[HEALTH_LATE], n[HEALTH_TROUBLE]);
}

static int worst_first(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;

    if (x->health != y->health)
        return x->health < y->health ? 1 : -1;
    if (x->success != y->success) /* none at all is the smallest */
        return x->success < y->success ? -1 : 1;
    return strcmp(x->account, y->account);
}

void table_print(struct buf *out, const struct table *t, const struct table_style *st)
{
    struct sheet s = {.style = st, .text = BUF_INIT(SIZE_MAX / 2)};
    struct buf lines = BUF_INIT(SIZE_MAX / 2);

    s.rows = mem_zalloc(t->n + 1, sizeof *s.rows);
    for (size_t i = 0; i < t->n; i++)
        if (!st->quiet || t->rows[i].text[0] != '\0')
            s.rows[s.n++] = &t->rows[i];
    if (s.n > 0) {
        qsort(s.rows, s.n, sizeof *s.rows, worst_first);
        fill(&s);
        measure(&s);
        make_room(&s);
        s.remarks_behind = st->width == 0 || s.line + widest_remark(&s) <= st->width;
        put_head(&lines, &s);
        for (size_t r = 0; r < s.n; r++)
            put_row(&lines, &s, r);
        put_counts(&lines, t);
        buf_add_sv(out, buf_sv(&lines));
    }
    buf_free(&lines);
    buf_free(&s.text);
    free(s.ends);
    free(s.rows);
}
