/* SPDX-License-Identifier: ISC */
/* Events: their names, their fields, and their way through a pipe. */
#include "popkeep/report/event.h"

#include <string.h>

/* clang-format off */

/* A slot has one name, whichever kind it is in: it stands here and nowhere else. */
#define NUMBER(slot, name) {name, false, slot, EVENT_AS_NUMBER}
#define WHEN(slot, name)   {name, false, slot, EVENT_AS_TIME}
#define STRING(slot, name) {name, true, slot, EVENT_AS_STRING}

#define TIME     WHEN(EN_TIME, "time")
#define ANY      TIME, STRING(ES_RUN, "run")
#define COMMON   ANY, STRING(ES_ACCOUNT, "account")
#define STATUS   {"status", false, EN_STATUS, EVENT_AS_STATUS}
#define MESSAGE  NUMBER(EN_NUMBER, "number"), STRING(ES_UIDL, "uidl")
#define OCTETS   NUMBER(EN_OCTETS, "octets")
#define FILE_    STRING(ES_FILE, "file")
#define SHA256   STRING(ES_SHA256, "sha256")
#define COPY     MESSAGE, OCTETS, FILE_, SHA256
#define AT       WHEN(EN_STORED_AT, "stored_at")
#define AGE      AT, NUMBER(EN_AGE, "age_s")
#define REASON   STRING(ES_REASON, "reason")
#define TEXT     STRING(ES_TEXT, "text")
#define STAGE    {"stage", false, EN_STAGE, EVENT_AS_STAGE}
#define SERVER   STRING(ES_SERVER, "server_text")
#define HINT     STRING(ES_HINT, "hint")
#define HOST     STRING(ES_HOST, "host")
#define PORT     NUMBER(EN_PORT, "port")
#define MAILDIR  STRING(ES_MAILDIR, "maildir")
#define MS       NUMBER(EN_MS, "ms")
#define DONE     NUMBER(EN_DONE, "done")
#define LISTED   NUMBER(EN_LISTED, "listed"), NUMBER(EN_LISTED_OCTETS, "listed_octets")
#define STORED   NUMBER(EN_STORED, "stored")
#define DUE      NUMBER(EN_DUE, "due")
#define FETCHED  NUMBER(EN_FETCHED, "fetched"), NUMBER(EN_FETCHED_OCTETS, "fetched_octets")
#define MISSING  NUMBER(EN_MISSING, "missing")
#define END      {NULL, false, 0, EVENT_AS_NUMBER}

#define WOULD                                                                                      \
    NUMBER(EN_WOULD_FETCH, "would_fetch"), NUMBER(EN_WOULD_FETCH_OCTETS, "would_fetch_octets"),    \
    NUMBER(EN_WOULD_DELETE, "would_delete")
#define COUNTS                                                                                     \
    LISTED, NUMBER(EN_KNOWN, "known"), FETCHED, NUMBER(EN_MATCHED, "matched"),                     \
    NUMBER(EN_FAILED, "failed"), NUMBER(EN_LEFT, "left"), NUMBER(EN_DELETED, "deleted"),           \
    NUMBER(EN_GONE, "gone"), DUE, NUMBER(EN_HELD, "held"), WOULD, DONE, MISSING,                   \
    NUMBER(EN_CHANGED, "changed"), NUMBER(EN_NOT_STORED, "not_stored"), STORED, MS

typedef const struct event_field row[];

static row run_start_fields = {
    ANY, STRING(ES_VERSION, "version"), STRING(ES_COMMAND, "command"),
    NUMBER(EN_ACCOUNTS, "accounts"), {"dry_run", false, EN_DRY_RUN, EVENT_AS_BOOL},
    NUMBER(EN_PID, "pid"), STRING(ES_MACHINE, "machine"), END};
static row account_start_fields = {COMMON, HOST, PORT, MAILDIR, END};
static row note_fields = {COMMON, STAGE, TEXT, SERVER, END};
static row warning_fields = {COMMON, STATUS, STAGE, TEXT, SERVER, END};
static row error_fields = {COMMON, STATUS, STAGE, TEXT, SERVER, HINT, END};
static row progress_fields = {
    COMMON, {"phase", false, EN_PHASE, EVENT_AS_PHASE}, DONE, NUMBER(EN_TOTAL, "total"),
    NUMBER(EN_DONE_OCTETS, "done_octets"), NUMBER(EN_TOTAL_OCTETS, "total_octets"), END};
static row stored_fields = {COMMON, COPY, END};
static row matched_fields = {COMMON, MESSAGE, FILE_, END};
static row failed_fields = {COMMON, STATUS, STAGE, MESSAGE, TEXT, SERVER, END};
static row deleted_fields = {COMMON, COPY, AGE, REASON, END};
static row kept_fields = {COMMON, COPY, AGE, REASON, TEXT, SERVER, END};
static row planned_fields = {COMMON, STRING(ES_ACTION, "action"), COPY, AGE, REASON, TEXT, END};
static row step_fields = {
    COMMON, STRING(ES_STEP, "step"), {"ok", false, EN_OK, EVENT_AS_BOOL}, HOST, MS, TEXT, END};
static row status_fields = {
    COMMON, {"health", false, EN_HEALTH, EVENT_AS_HEALTH}, STATUS,
    {"trouble", false, EN_TROUBLE, EVENT_AS_FINDINGS}, WHEN(EN_LAST_SUCCESS, "last_success"),
    NUMBER(EN_SUCCESS_AGE, "success_age_s"), WHEN(EN_LAST_RUN, "last_run"), STORED,
    NUMBER(EN_STORED_OCTETS, "stored_octets"), LISTED, MISSING, DUE, WHEN(EN_NEXT_DUE, "next_due"), NUMBER(EN_USED_OCTETS, "used_octets"),
    NUMBER(EN_QUOTA_OCTETS, "quota_octets"), NUMBER(EN_QUOTA_PERCENT, "quota_percent"),
    WHEN(EN_CERT_EXPIRES, "certificate_expires"), WHEN(EN_DEADLINE, "deadline"), HOST,
    STRING(ES_USER, "user"), MAILDIR, TEXT, END};
static row bad_fields = {COMMON, MESSAGE, FILE_, SHA256, AT, REASON, TEXT, END};
static row account_end_fields = {COMMON, STATUS, REASON, STAGE, COUNTS, MAILDIR, END};
static row provider_fields = {
    ANY, STRING(ES_NAME, "name"), STRING(ES_TITLE, "title"), HOST, PORT,
    {"usable", false, EN_USABLE, EVENT_AS_BOOL}, END};
static row summary_fields = {
    ANY, STATUS, NUMBER(EN_ACCOUNTS, "accounts"), NUMBER(EN_ACCOUNTS_FAILED, "accounts_failed"),
    COUNTS, END};

static const struct {
    const char *name;
    const struct event_field *fields;
} kinds[EVENT_KINDS] = {
    [EVENT_RUN_START]     = {"run-start", run_start_fields},
    [EVENT_ACCOUNT_START] = {"account-start", account_start_fields},
    [EVENT_NOTE]          = {"note", note_fields},
    [EVENT_WARNING]       = {"warning", warning_fields},
    [EVENT_ERROR]         = {"error", error_fields},
    [EVENT_PROGRESS]      = {"progress", progress_fields},
    [EVENT_STORED]        = {"message-stored", stored_fields},
    [EVENT_MATCHED]       = {"message-matched", matched_fields},
    [EVENT_FAILED]        = {"message-failed", failed_fields},
    [EVENT_DELETED]       = {"message-deleted", deleted_fields},
    [EVENT_KEPT]          = {"message-kept", kept_fields},
    [EVENT_PLANNED]       = {"message-planned", planned_fields},
    [EVENT_BAD]           = {"message-bad", bad_fields},
    [EVENT_STEP]          = {"check-step", step_fields},
    [EVENT_STATUS]        = {"account-status", status_fields},
    [EVENT_ACCOUNT_END]   = {"account-end", account_end_fields},
    [EVENT_PROVIDER]      = {"provider", provider_fields},
    [EVENT_SUMMARY]       = {"summary", summary_fields},
};

/* clang-format on */

static const char *const phases[EVENT_PHASES] = {
    [PHASE_CONNECTING] = "connecting", [PHASE_LISTING] = "listing",
    [PHASE_FETCHING] = "fetching",     [PHASE_STORING] = "storing",
    [PHASE_DELETING] = "deleting",     [PHASE_VERIFYING] = "verifying",
};

static const char *const stages[EVENT_STAGES] = {
    [STAGE_CONFIGURATION] = "configuration",
    [STAGE_PASSWORD] = "password",
    [STAGE_LOCAL] = "local",
    [STAGE_CONNECTION] = "connection",
    [STAGE_TLS] = "tls",
    [STAGE_GREETING] = "greeting",
    [STAGE_LOGIN] = "login",
    [STAGE_LISTING] = "listing",
    [STAGE_FETCHING] = "fetching",
    [STAGE_STORING] = "storing",
    [STAGE_DELETING] = "deleting",
    [STAGE_QUITTING] = "quitting",
    [STAGE_VERIFYING] = "verifying",
    [STAGE_WORKER] = "worker",
};

void event_init(struct event *ev, enum event_kind kind, const char *account)
{
    ev->kind = kind;
    for (int i = 0; i < EVENT_NUMS; i++)
        ev->num[i] = EVENT_UNSET;
    for (int i = 0; i < EVENT_STRS; i++)
        ev->str[i] = SV_NULL;
    ev->str[ES_ACCOUNT] = sv_of(account);
}

int64_t event_num(const struct event *ev, enum event_num slot, int64_t otherwise)
{
    return ev->num[slot] == EVENT_UNSET ? otherwise : ev->num[slot];
}

enum health event_health(const struct event *ev)
{
    int64_t health = event_num(ev, EN_HEALTH, HEALTH_TROUBLE);

    return ev->kind == EVENT_STATUS && health >= 0 && health < HEALTHS ? (enum health)health
                                                                       : HEALTH_TROUBLE;
}

/* Never EVENT_UNSET. */
static int64_t limit(bool low)
{
    return low ? EVENT_UNSET + 1 : INT64_MAX;
}

int64_t event_plus(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) || sum == EVENT_UNSET ? limit(a < 0) : sum;
}

int64_t event_minus(int64_t a, int64_t b)
{
    int64_t left;
    return __builtin_sub_overflow(a, b, &left) || left == EVENT_UNSET ? limit(a < 0) : left;
}

const struct event_field *event_fields(enum event_kind kind)
{
    return kinds[kind].fields;
}

const char *event_name(enum event_kind kind)
{
    return kinds[kind].name;
}

const char *event_phase_word(int64_t phase)
{
    return phase >= 0 && phase < EVENT_PHASES ? phases[phase] : "working";
}

const char *event_stage_word(int64_t stage)
{
    return stage >= 0 && stage < EVENT_STAGES ? stages[stage] : "unknown";
}

/*
 * A frame: octets that follow (4), kind (1), how many numbers (1), each slot (1) and value (8), how
 * many strings (1), each slot (1), length (4) and octets. Little end first. Slots rise.
 */
enum { FRAME_HEAD = 4, SLOT_AND_NUMBER = 1 + 8, SLOT_AND_LENGTH = 1 + 4 };

static void put_le(struct buf *out, uint64_t value, int octets)
{
    for (int i = 0; i < octets; i++)
        buf_add_char(out, (char)(unsigned char)(value >> (8 * i) & 0xff));
}

static uint64_t get_le(const char *p, int octets)
{
    uint64_t value = 0;
    for (int i = octets - 1; i >= 0; i--)
        value = value << 8 | (unsigned char)p[i];
    return value;
}

static size_t packed_size(const struct event *ev, int *nums, int *strs)
{
    size_t n = 3;
    *nums = *strs = 0;
    for (int i = 0; i < EVENT_NUMS; i++)
        *nums += ev->num[i] != EVENT_UNSET;
    for (int i = 0; i < EVENT_STRS; i++) {
        if (ev->str[i].p == NULL)
            continue;
        (*strs)++;
        n += SLOT_AND_LENGTH + (ev->str[i].n < EVENT_STR_MAX ? ev->str[i].n : EVENT_STR_MAX);
    }
    return n + (size_t)*nums * SLOT_AND_NUMBER;
}

void event_pack(struct buf *out, const struct event *ev)
{
    int nums, strs;
    size_t n = packed_size(ev, &nums, &strs);
    if (buf_reserve(out, FRAME_HEAD + n) == NULL)
        return;
    put_le(out, n, FRAME_HEAD);
    put_le(out, (uint64_t)ev->kind, 1);
    put_le(out, (uint64_t)nums, 1);
    for (int i = 0; i < EVENT_NUMS; i++) {
        if (ev->num[i] == EVENT_UNSET)
            continue;
        put_le(out, (uint64_t)i, 1);
        put_le(out, (uint64_t)ev->num[i], 8);
    }
    put_le(out, (uint64_t)strs, 1);
    for (int i = 0; i < EVENT_STRS; i++) {
        struct sv s = ev->str[i];
        if (s.p == NULL)
            continue;
        if (s.n > EVENT_STR_MAX)
            s.n = EVENT_STR_MAX;
        put_le(out, (uint64_t)i, 1);
        put_le(out, s.n, 4);
        buf_add_sv(out, s);
    }
}

/* The next `octets` octets of the frame as a number; false: it holds no more. */
static bool take(struct sv *frame, int octets, uint64_t *value)
{
    if (frame->n < (size_t)octets)
        return false;
    *value = get_le(frame->p, octets);
    *frame = sv_from(*frame, (size_t)octets);
    return true;
}

/* Slots must rise: so none comes twice. */
static bool take_slot(struct sv *frame, int slots, int *last)
{
    uint64_t slot;
    if (!take(frame, 1, &slot) || slot >= (uint64_t)slots || (int)slot <= *last)
        return false;
    *last = (int)slot;
    return true;
}

static bool take_nums(struct sv *frame, struct event *ev)
{
    uint64_t count, value;
    int slot = -1;
    if (!take(frame, 1, &count))
        return false;
    for (; count > 0; count--) {
        if (!take_slot(frame, EVENT_NUMS, &slot) || !take(frame, 8, &value))
            return false;
        ev->num[slot] = (int64_t)value;
    }
    return true;
}

static bool take_strs(struct sv *frame, struct event *ev)
{
    uint64_t count, length;
    int slot = -1;
    if (!take(frame, 1, &count))
        return false;
    for (; count > 0; count--) {
        if (!take_slot(frame, EVENT_STRS, &slot) || !take(frame, 4, &length) ||
            length > EVENT_STR_MAX || length > frame->n)
            return false;
        ev->str[slot] = sv_make(frame->p, (size_t)length);
        *frame = sv_from(*frame, (size_t)length);
    }
    return true;
}

int event_unpack(struct sv *in, struct event *ev)
{
    struct event got;
    struct sv frame = *in;
    uint64_t n, kind;
    if (!take(&frame, FRAME_HEAD, &n))
        return 0;
    if (n > EVENT_FRAME_MAX - FRAME_HEAD)
        return -1;
    if (frame.n < n)
        return 0;
    frame.n = (size_t)n;
    if (!take(&frame, 1, &kind) || kind >= EVENT_KINDS)
        return -1;
    event_init(&got, (enum event_kind)kind, NULL);
    if (!take_nums(&frame, &got) || !take_strs(&frame, &got) || frame.n != 0)
        return -1;
    *in = sv_from(*in, FRAME_HEAD + (size_t)n);
    *ev = got;
    return 1;
}
