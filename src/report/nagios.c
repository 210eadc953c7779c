/* SPDX-License-Identifier: ISC */
/* One line for Nagios. See the header. */
#include "popkeep/report/nagios.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/report/health.h"

#include <string.h>

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S, SHOWN = 5, TEXT_MAX = 1024 * 1024 };

/* `less`: it is bad to be below the limit. */
static const struct measure {
    const char *name;
    bool time, less;
    int64_t warning, critical; /* by default */
    enum event_num slot;
} measures[NAGIOS_MEASURES] = {
    [NAGIOS_AGE] = {"age", true, false, DAY_S, 7 * DAY_S, EN_SUCCESS_AGE},
    [NAGIOS_UNSAVED] = {"unsaved", false, false, EVENT_UNSET, EVENT_UNSET, EN_LEFT},
    [NAGIOS_FULL] = {"full", false, false, 80, EVENT_UNSET, EN_QUOTA_PERCENT},
    [NAGIOS_CERTIFICATE] = {"certificate", true, true, 14 * DAY_S, 3 * DAY_S, EN_CERT_EXPIRES},
    [NAGIOS_DEADLINE] = {"deadline", true, true, EVENT_UNSET, EVENT_UNSET, EN_DEADLINE},
};

const char *nagios_measure_word(int measure)
{
    return measure < NAGIOS_MEASURES ? measures[measure].name : NULL;
}

/* ---- limits ---- */

void nagios_limits_init(struct nagios_limits *l)
{
    for (int m = 0; m < NAGIOS_MEASURES; m++) {
        l->at[NAGIOS_WARNING][m] = measures[m].warning;
        l->at[NAGIOS_CRITICAL][m] = measures[m].critical;
        l->given[NAGIOS_WARNING][m] = l->given[NAGIOS_CRITICAL][m] = false;
    }
}

/* "12h", "2d", "90m"; a number alone has no meaning where several units would do. */
static int parse_span(struct sv s, int64_t *value)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'m', 60}, {'h', HOUR_S}, {'d', DAY_S}};
    uint64_t n;

    for (size_t i = 0; s.n > 1 && i < sizeof units / sizeof *units; i++)
        if (s.p[s.n - 1] == units[i].unit &&
            ascii_u64(sv_make(s.p, s.n - 1), (uint64_t)(INT32_MAX / units[i].seconds), &n) == 0) {
            *value = (int64_t)n * units[i].seconds;
            return 0;
        }
    return -1;
}

static int parse_value(const struct measure *m, struct sv s, int64_t *value)
{
    uint64_t n;

    if (s.n == 0) {
        *value = EVENT_UNSET;
        return 0;
    }
    if (m->time)
        return parse_span(s, value);
    if (ascii_u64(s, INT32_MAX, &n) < 0)
        return -1;
    *value = (int64_t)n;
    return 0;
}

static int measure_of(struct sv name)
{
    for (int m = 0; m < NAGIOS_MEASURES; m++)
        if (sv_eq_c(name, measures[m].name))
            return m;
    return -1;
}

int nagios_limits_set(struct nagios_limits *l, enum nagios_level level, const char *list,
                      struct err *e)
{
    struct sv rest = sv_of(list);

    do {
        struct sv value = sv_token(&rest, ','), one = value, name = sv_token(&value, '=');
        bool named = value.p != NULL;
        int m = named ? measure_of(name) : NAGIOS_AGE;

        if (m < 0)
            return err_set(e, ST_USAGE,
                           "%.*s: there is a limit of age, unsaved, full, certificate and deadline",
                           SV_ARG(one));
        if ((!named && one.n == 0) ||
            parse_value(&measures[m], named ? value : one, &l->at[level][m]) < 0)
            return err_set(e, ST_USAGE,
                           measures[m].time ? "%.*s: give minutes, hours or days: 90m, 12h, 2d"
                                            : "%.*s: give a whole number",
                           SV_ARG(one));
        l->given[level][m] = true;
    } while (rest.p != NULL);
    return 0;
}

int nagios_limits_check(struct nagios_limits *l, struct err *e)
{
    for (int m = 0; m < NAGIOS_MEASURES; m++) {
        int64_t *w = &l->at[NAGIOS_WARNING][m], *c = &l->at[NAGIOS_CRITICAL][m];

        if (*w == EVENT_UNSET || *c == EVENT_UNSET || (measures[m].less ? *c <= *w : *c >= *w))
            continue;
        if (!l->given[NAGIOS_CRITICAL][m])
            *c = EVENT_UNSET;
        else if (!l->given[NAGIOS_WARNING][m])
            *w = EVENT_UNSET;
        else
            return err_set(e, ST_USAGE,
                           "the critical limit of %s is reached before that of a warning",
                           measures[m].name);
    }
    return 0;
}

/* ---- accounts ---- */

struct nagios {
    struct nagios_limits limits;
    struct buf said[MONITOR_UNKNOWN]; /* accounts and what is wrong, by how bad it is */
    int64_t n[MONITOR_UNKNOWN];       /* accounts, by how they stand */
    int64_t worst[NAGIOS_MEASURES];   /* EVENT_UNSET: of no account */
};

struct nagios *nagios_new(const struct nagios_limits *l)
{
    struct nagios *n = mem_zalloc(1, sizeof *n);

    n->limits = *l;
    for (int s = 0; s < MONITOR_UNKNOWN; s++)
        buf_init(&n->said[s], TEXT_MAX);
    for (int m = 0; m < NAGIOS_MEASURES; m++)
        n->worst[m] = EVENT_UNSET;
    return n;
}

void nagios_free(struct nagios *n)
{
    if (n == NULL)
        return;
    for (int s = 0; s < MONITOR_UNKNOWN; s++)
        buf_free(&n->said[s]);
    free(n);
}

static int64_t value_of(const struct event *ev, int m)
{
    int64_t value = ev->num[measures[m].slot];

    if (value == EVENT_UNSET || !measures[m].less)
        return value;
    return event_minus(value, event_num(ev, EN_TIME, 0)); /* a moment: how far it is off */
}

static bool is_beyond(int64_t limit, int m, int64_t value)
{
    return limit != EVENT_UNSET && (measures[m].less ? value < limit : value > limit);
}

static enum monitor_status judge(const struct nagios *n, int m, int64_t value)
{
    if (value == EVENT_UNSET)
        return MONITOR_OK;
    return is_beyond(n->limits.at[NAGIOS_CRITICAL][m], m, value)  ? MONITOR_CRITICAL
           : is_beyond(n->limits.at[NAGIOS_WARNING][m], m, value) ? MONITOR_WARNING
                                                                  : MONITOR_OK;
}

static void take_worst(struct nagios *n, int m, int64_t value)
{
    int64_t *worst = &n->worst[m];

    if (value == EVENT_UNSET)
        return;
    if (*worst == EVENT_UNSET)
        *worst = value;
    else if (m == NAGIOS_UNSAVED)
        *worst = event_plus(*worst, value);
    else if (measures[m].less ? value < *worst : value > *worst)
        *worst = value;
}

/* A days' or hours' count is enough to see how bad it is; English whatever the language. */
static void put_span(struct buf *to, int64_t s)
{
    if (s >= 2 * DAY_S)
        buf_addf(to, "%lld days", (long long)(s / DAY_S));
    else if (s >= 2 * HOUR_S)
        buf_addf(to, "%lld h", (long long)(s / HOUR_S));
    else if (s >= 120)
        buf_addf(to, "%lld min", (long long)(s / 60));
    else
        buf_addf(to, "%lld s", (long long)s);
}

static void put_end(struct buf *to, const char *until, const char *past, int64_t s)
{
    buf_add_c(to, s < 0 ? past : until);
    if (s >= 0)
        put_span(to, s);
}

static void put_measure(struct buf *to, int m, int64_t value)
{
    switch (m) {
    case NAGIOS_AGE:
        buf_add_c(to, "last success ");
        put_span(to, value);
        buf_add_c(to, " ago");
        break;
    case NAGIOS_UNSAVED:
        buf_addf(to, "%lld not saved", (long long)value);
        break;
    case NAGIOS_FULL:
        buf_addf(to, "%lld %% full", (long long)value);
        break;
    case NAGIOS_CERTIFICATE:
        put_end(to, "certificate ends in ", "certificate ended", value);
        break;
    case NAGIOS_DEADLINE:
    default:
        put_end(to, "deadline in ", "deadline over", value);
        break;
    }
}

/* Separates phrases of one account. */
static struct buf *next_phrase(struct buf *to)
{
    if (to->n > 0)
        buf_add_c(to, ", ");
    return to;
}

static void put_finding(struct buf *to, enum finding f, enum status last)
{
    if (f == FINDING_LAST_RUN)
        buf_addf(to, "last run ended with %d %s", (int)last, status_info(last)->name);
    else
        buf_add_c(to, health_finding_word(f));
}

/* Health as `status` sees it, without what only time shows: for that there are the limits. */
static enum monitor_status judge_health(const struct event *ev, struct buf *why)
{
    int64_t found = event_num(ev, EN_TROUBLE, 0), stale = found & health_bit(FINDING_STALE);
    enum status last = (enum status)event_num(ev, EN_STATUS, ST_OK);

    if (event_num(ev, EN_HEALTH, HEALTH_WELL) == HEALTH_TROUBLE) {
        for (int f = 0; f < FINDINGS; f++)
            if (health_has(found, (enum finding)f) &&
                health_of(health_bit((enum finding)f) | stale, last) == HEALTH_TROUBLE)
                put_finding(next_phrase(why), (enum finding)f, last);
        return MONITOR_CRITICAL;
    }
    if (!health_has(found, FINDING_NEVER_RUN))
        return MONITOR_OK;
    buf_add_c(next_phrase(why), "never run");
    return MONITOR_WARNING;
}

void nagios_account(struct nagios *n, const struct event *ev)
{
    struct buf why = BUF_INIT(TEXT_MAX);
    enum monitor_status is;

    if (ev->kind != EVENT_STATUS)
        return;
    is = judge_health(ev, &why);
    for (int m = 0; m < NAGIOS_MEASURES; m++) {
        int64_t value = value_of(ev, m);
        enum monitor_status so = judge(n, m, value);

        take_worst(n, m, value);
        if (so != MONITOR_OK &&
            (m != NAGIOS_FULL || !health_has(event_num(ev, EN_TROUBLE, 0), FINDING_FULL)))
            put_measure(next_phrase(&why), m, value);
        is = so > is ? so : is;
    }
    if (n->n[is]++ < SHOWN && is != MONITOR_OK) {
        if (n->said[is].n > 0)
            buf_add_c(&n->said[is], "; ");
        text_escape(&n->said[is], ev->str[ES_ACCOUNT], TEXT_MAX);
        buf_addf(&n->said[is], " (%s)", why.p);
    }
    buf_free(&why);
}

/* ---- the line ---- */

/* A bar begins the figures, a line feed the text behind the line. */
static void put_plain(struct buf *out, struct sv s)
{
    for (size_t i = 0; i < s.n && s.p[i] != '\n'; i++)
        buf_add_char(out, s.p[i] == '|' ? '/' : s.p[i]);
}

static void put_limit(struct buf *out, int m, int64_t limit)
{
    if (limit != EVENT_UNSET)
        buf_addf(out, "%lld%s", (long long)limit, measures[m].less ? ":" : "");
}

/* 'label'=value[unit];[warn];[crit];[min];[max] */
static void put_figures(struct buf *out, const struct nagios *n)
{
    buf_addf(out, " | accounts=%lld;;;0 critical=%lld;;;0 warning=%lld;;;0",
             (long long)(n->n[MONITOR_OK] + n->n[MONITOR_WARNING] + n->n[MONITOR_CRITICAL]),
             (long long)n->n[MONITOR_CRITICAL], (long long)n->n[MONITOR_WARNING]);
    for (int m = 0; m < NAGIOS_MEASURES; m++) {
        if (n->worst[m] == EVENT_UNSET)
            continue;
        buf_addf(out, " %s=%lld%s;", measures[m].name, (long long)n->worst[m],
                 measures[m].time   ? "s"
                 : m == NAGIOS_FULL ? "%"
                                    : "");
        put_limit(out, m, n->limits.at[NAGIOS_WARNING][m]);
        buf_add_char(out, ';');
        put_limit(out, m, n->limits.at[NAGIOS_CRITICAL][m]);
        buf_add_c(out, measures[m].less ? ";" : ";0");
    }
}

static void put_bad(struct buf *out, const struct nagios *n, enum monitor_status is)
{
    if (n->n[is] == 0)
        return;
    buf_addf(out, "%s%lld %s: ", is == MONITOR_WARNING && n->n[MONITOR_CRITICAL] > 0 ? "; " : "",
             (long long)n->n[is], is == MONITOR_CRITICAL ? "critical" : "warning");
    put_plain(out, buf_sv(&n->said[is]));
    if (n->n[is] > SHOWN)
        buf_addf(out, " and %lld more", (long long)(n->n[is] - SHOWN));
}

enum monitor_status nagios_print(struct buf *out, const struct nagios *n)
{
    int64_t bad = n->n[MONITOR_CRITICAL] + n->n[MONITOR_WARNING], all = bad + n->n[MONITOR_OK];
    enum monitor_status is = n->n[MONITOR_CRITICAL] > 0  ? MONITOR_CRITICAL
                             : n->n[MONITOR_WARNING] > 0 ? MONITOR_WARNING
                                                         : MONITOR_OK;
    enum monitor_status sum = judge(n, NAGIOS_UNSAVED, n->worst[NAGIOS_UNSAVED]);
    bool little = sum > is; /* many a little: the sum alone is beyond */

    if (all == 0)
        return nagios_unknown(out, SV("there is no account to look at"));
    is = little ? sum : is;
    buf_addf(out, "%s - %lld mailbox%s", monitor_word(is), (long long)all, all == 1 ? "" : "es");
    if (little) {
        buf_add_c(out, ", ");
        put_measure(out, NAGIOS_UNSAVED, n->worst[NAGIOS_UNSAVED]);
    }
    if (bad > 0) {
        buf_add_c(out, ", ");
        put_bad(out, n, MONITOR_CRITICAL);
        put_bad(out, n, MONITOR_WARNING);
    } else if (!little && n->worst[NAGIOS_AGE] != EVENT_UNSET) {
        buf_addf(out, ", last success %s", all > 1 ? "at most " : "");
        put_span(out, n->worst[NAGIOS_AGE]);
        buf_add_c(out, " ago");
    }
    put_figures(out, n);
    buf_add_char(out, '\n');
    return is;
}

enum monitor_status nagios_unknown(struct buf *out, struct sv why)
{
    buf_addf(out, "%s - ", monitor_word(MONITOR_UNKNOWN));
    put_plain(out, why);
    buf_add_char(out, '\n');
    return MONITOR_UNKNOWN;
}
