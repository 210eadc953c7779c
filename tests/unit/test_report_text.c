/* SPDX-License-Identifier: ISC */
/*
 * What people read. If this fails, cron mails nothing about a mailbox that is not saved any more,
 * or something every quarter of an hour; or a server writes what it likes on a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/base/text.h"
#include "popkeep/report/text.h"

#include <string.h>

enum { NOW = 1795347831 }; /* 2026-11-22T11:43:51Z */

static const char *const commands[] = {"fetch", "check", "status", "verify", NULL};
static struct buf out = BUF_INIT(1 << 20), diag = BUF_INIT(1 << 20);

static void print(const struct event *ev, const struct report_style *st)
{
    buf_free(&out);
    buf_free(&diag);
    report_text(&out, &diag, ev, st);
}

static const char *text_of(const struct buf *b)
{
    return b->p != NULL ? b->p : "";
}

static void assert_prints(const struct event *ev, const struct report_style *st, const char *on_out,
                          const char *on_diag)
{
    print(ev, st);
    assert_string_equal(text_of(&out), on_out);
    assert_string_equal(text_of(&diag), on_diag);
}

/* An account's end after fetching. */
static struct event fetched(int64_t listed, int64_t known, int64_t got, int64_t octets,
                            int64_t deleted)
{
    struct event ev;
    event_init(&ev, EVENT_ACCOUNT_END, "706590");
    ev.num[EN_STATUS] = ST_OK;
    ev.num[EN_LISTED] = listed;
    ev.num[EN_KNOWN] = known;
    ev.num[EN_FETCHED] = got;
    ev.num[EN_FETCHED_OCTETS] = octets;
    ev.num[EN_DELETED] = deleted;
    return ev;
}

static const struct report_style plain = {.command = "fetch"};
static const struct report_style quiet = {.command = "fetch", .verbose = -1};
static const struct report_style verbose = {.command = "fetch", .verbose = 1};
static const struct report_style terminal = {.command = "fetch", .terminal = true};
static const struct report_style dry = {.command = "fetch", .dry_run = true};
static const struct report_style dry_many = {.command = "fetch", .dry_run = true, .many = true};

static void test_summary_line(void **state)
{
    (void)state;
    struct event ev = fetched(217, 205, 12, 3400000, 3);
    assert_prints(&ev, &plain,
                  "706590: 12 new messages (3.4 MB) stored, 3 deleted on the server; "
                  "214 on the server, 0 left to fetch\n",
                  "");
    assert_prints(&ev, &quiet, "", "");
    ev = fetched(1, 0, 1, 999, 0);
    assert_prints(&ev, &plain,
                  "706590: 1 new message (999 B) stored; 1 on the server, 0 left to fetch\n", "");
    ev = fetched(10, 5, 2, 2000, 0);
    ev.num[EN_STATUS] = ST_INCOMPLETE;
    ev.num[EN_MATCHED] = 1;
    ev.num[EN_FAILED] = 2;
    assert_prints(&ev, &plain,
                  "706590: 2 new messages (2.0 kB) stored, 1 message came that was already stored, "
                  "2 could not be stored; 10 on the server, 2 left to fetch\n",
                  "");
    ev.num[EN_LEFT] = 7; /* what the run knows is better than what is reckoned */
    print(&ev, &plain);
    assert_non_null(strstr(out.p, ", 7 left to fetch"));
    print(&ev, &quiet); /* else cron would not say what is incomplete */
    assert_non_null(strstr(out.p, "2 could not be stored"));
    ev = fetched(214, 214, 0, 0, 0);
    ev.num[EN_STATUS] = ST_HELD;
    ev.num[EN_DUE] = 14;
    ev.num[EN_HELD] = 12;
    ev.num[EN_MISSING] = 1;
    assert_prints(
        &ev, &plain,
        "706590: nothing new; 214 on the server, 0 left to fetch, 12 deletions held back, "
        "1 kept there because the local copy is missing, "
        "1 due for deletion waits for a later run\n",
        "");
}

/* The commonest run of all must be silent for cron, and say one line to somebody who looks. */
static void test_nothing_to_do(void **state)
{
    (void)state;
    struct event ev = fetched(214, 214, 0, 0, 0);
    ev.num[EN_DUE] = 3; /* their owner removed the copies: told by status, not every 15 minutes */
    ev.num[EN_MISSING] = 3;
    ev.num[EN_GONE] = 5;
    assert_prints(&ev, &plain, "", "");
    assert_prints(&ev, &quiet, "", "");
    ev = fetched(214, 214, 0, 0, 0);
    assert_prints(&ev, &terminal, "706590: nothing new; 214 on the server, 0 left to fetch\n", "");
    struct report_style st = plain;
    st.many = true;
    event_init(&ev, EVENT_SUMMARY, NULL);
    ev.num[EN_STATUS] = ST_OK;
    ev.num[EN_ACCOUNTS] = 3;
    ev.num[EN_LISTED] = 0;
    assert_prints(&ev, &st, "", "");
    st.terminal = true;
    assert_prints(&ev, &st, "3 accounts: nothing new; 0 on the server\n", "");
    st.many = false; /* one account has said it already */
    assert_prints(&ev, &st, "", "");
}

/* An account that failed is told of once, on stderr, with advice below; never with the word "new".
 */
static void test_failed_account(void **state)
{
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_ERROR, "706590");
    ev.num[EN_STATUS] = ST_LOGIN;
    ev.str[ES_TEXT] = SV("login refused: \"wrong \\x1b password\"\nmake a new one\nand try again");
    ev.str[ES_HINT] = SV("the hint's first line\nand its second\n");
    static const char expected[] = "706590: login refused: \"wrong \\x1b password\"\n"
                                   "    make a new one\n"
                                   "    and try again\n"
                                   "    the hint's first line\n"
                                   "    and its second\n";
    assert_prints(&ev, &plain, "", expected);
    assert_prints(&ev, &quiet, "", expected);
    ev.str[ES_TEXT] = ev.str[ES_HINT] = SV_NULL;
    assert_prints(&ev, &plain, "", "706590: login refused\n");
    event_init(&ev, EVENT_ACCOUNT_END, "706590");
    ev.num[EN_STATUS] = ST_LOGIN;
    assert_prints(&ev, &terminal, "", "");
    ev = fetched(5, 2, 0, 0, 0); /* cut off after the listing */
    ev.num[EN_STATUS] = ST_TEMP;
    assert_prints(&ev, &plain, "706590: nothing new stored; 5 on the server, 3 left to fetch\n",
                  "");
}

static void test_notices(void **state)
{
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_WARNING, "a");
    ev.str[ES_TEXT] = SV("the server ignores DELE");
    assert_prints(&ev, &plain, "", "a: warning: the server ignores DELE\n");
    assert_prints(&ev, &quiet, "", "");
    ev.num[EN_STATUS] = ST_HELD; /* else exit status 11 would come without a word */
    assert_prints(&ev, &quiet, "", "a: warning: the server ignores DELE\n");
    ev.kind = EVENT_NOTE;
    assert_prints(&ev, &plain, "", "");
    assert_prints(&ev, &verbose, "", "a: the server ignores DELE\n");
    event_init(&ev, EVENT_ERROR, NULL);
    ev.str[ES_TEXT] = SV("cannot read x");
    assert_prints(&ev, &plain, "", "popkeep: cannot read x\n");
}

static void test_messages(void **state)
{
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_STORED, "a");
    ev.str[ES_UIDL] = SV("000abc");
    ev.str[ES_FILE] = SV("1795.M1P2Q3Rx.host");
    ev.num[EN_OCTETS] = 1200;
    assert_prints(&ev, &plain, "", "");
    assert_prints(&ev, &verbose, "stored  000abc  (1.2 kB, file 1795.M1P2Q3Rx.host)\n", "");
    event_init(&ev, EVENT_MATCHED, "a");
    ev.num[EN_NUMBER] = 7;
    assert_prints(&ev, &verbose, "already stored  message 7\n", "");
    event_init(&ev, EVENT_DELETED, "a");
    ev.str[ES_UIDL] = SV("000abc");
    ev.num[EN_AGE] = 86400;
    assert_prints(&ev, &verbose, "deleted on the server  000abc  (stored 1 day ago)\n", "");
    event_init(&ev, EVENT_FAILED, "a");
    ev.str[ES_UIDL] = SV("000abc");
    ev.num[EN_OCTETS] = 5;
    ev.str[ES_TEXT] = SV("RETR refused: \"no\"\nthe next run tries again");
    static const char failed[] = "a: not stored  000abc  (5 B): RETR refused: \"no\"\n"
                                 "    the next run tries again\n";
    assert_prints(&ev, &plain, "", failed);
    assert_prints(&ev, &quiet, "", failed);
    event_init(&ev, EVENT_KEPT, "a");
    ev.str[ES_UIDL] = SV("000abc");
    ev.str[ES_REASON] = SV("young");
    assert_prints(&ev, &plain, "", "");
    assert_prints(&ev, &verbose, "keep  000abc  (young)\n", "");
    ev.str[ES_TEXT] = SV("due in 3 days");
    assert_prints(&ev, &dry, "keep  000abc  (due in 3 days)\n", "");
    assert_prints(&ev, &dry_many, "a: keep  000abc  (due in 3 days)\n", "");
}

/* Who tries --dry-run decides by it whether deletion may be switched on. */
static void test_dry_run(void **state)
{
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_PLANNED, "706590");
    ev.str[ES_ACTION] = SV("delete");
    ev.str[ES_UIDL] = SV("UID12-1");
    ev.str[ES_REASON] = SV("due");
    ev.num[EN_STORED_AT] = NOW - 33 * 86400;
    ev.num[EN_AGE] = 33 * 86400 + 5;
    assert_prints(&ev, &dry, "would delete  UID12-1  (stored 2026-10-20, 33 days ago)\n", "");
    ev.str[ES_TEXT] = SV("stored long ago"); /* a text that speaks of the age itself */
    assert_prints(&ev, &dry, "would delete  UID12-1  (stored long ago)\n", "");
    event_init(&ev, EVENT_PLANNED, "706590");
    ev.str[ES_ACTION] = SV("fetch");
    ev.str[ES_UIDL] = SV("UID12-2");
    ev.str[ES_REASON] = SV("new");
    ev.num[EN_OCTETS] = 1000;
    assert_prints(&ev, &dry, "would fetch  UID12-2  (1.0 kB, new)\n", "");
    event_init(&ev, EVENT_ACCOUNT_END, "706590");
    ev.num[EN_LISTED] = 214;
    ev.num[EN_WOULD_FETCH] = 1;
    ev.num[EN_WOULD_FETCH_OCTETS] = 1000;
    ev.num[EN_WOULD_DELETE] = 3;
    assert_prints(&ev, &dry,
                  "706590: would fetch 1 message (1.0 kB), would delete 3 on the server; "
                  "214 on the server\n",
                  "");
    ev.num[EN_WOULD_FETCH] = ev.num[EN_WOULD_DELETE] = 0;
    ev.num[EN_HELD] = 1;
    assert_prints(&ev, &dry,
                  "706590: would fetch nothing, would delete nothing; 214 on the server, "
                  "1 deletion held back\n",
                  "");
}

static void test_check(void **state)
{
    (void)state;
    struct report_style st = {.command = "check"};
    struct event ev;
    event_init(&ev, EVENT_STEP, "706590");
    ev.num[EN_OK] = 1;
    ev.num[EN_MS] = 84;
    ev.str[ES_STEP] = SV("connection");
    ev.str[ES_TEXT] = SV("pop.okul.example, TLSv1.3");
    assert_prints(&ev, &st, "[ok]     connection  pop.okul.example, TLSv1.3 (84 ms)\n", "");
    event_init(&ev, EVENT_STEP, "706590");
    ev.num[EN_OK] = 0;
    ev.str[ES_STEP] = SV("login");
    assert_prints(&ev, &st, "[FAILED] login\n", "");
    st.verbose = -1;
    assert_prints(&ev, &st, "[FAILED] login\n", "");
    ev.num[EN_OK] = 1;
    assert_prints(&ev, &st, "", "");
    st.verbose = 0;
    event_init(&ev, EVENT_ACCOUNT_END, "706590");
    ev.num[EN_LISTED] = 214;
    ev.num[EN_LISTED_OCTETS] = 3400000;
    assert_prints(&ev, &st, "706590: ready; 214 messages (3.4 MB) on the server\n", "");
    ev.num[EN_STATUS] = ST_LOGIN;
    assert_prints(&ev, &st, "", "");
    event_init(&ev, EVENT_SUMMARY, NULL);
    ev.num[EN_STATUS] = ST_LOGIN;
    ev.num[EN_ACCOUNTS] = 4;
    ev.num[EN_ACCOUNTS_FAILED] = 1;
    st.many = true;
    assert_prints(&ev, &st, "4 accounts: 1 account not complete\n", "");
}

static void test_status(void **state)
{
    (void)state;
    struct report_style st = {.command = "status"};
    struct event ev;
    event_init(&ev, EVENT_STATUS, "706590");
    ev.num[EN_TIME] = NOW;
    ev.num[EN_STATUS] = ST_OK;
    ev.num[EN_LAST_SUCCESS] = ev.num[EN_LAST_RUN] = NOW - 900;
    ev.num[EN_STORED] = 1;
    ev.num[EN_LISTED] = 214;
    ev.num[EN_LISTED_OCTETS] = 3400000;
    ev.num[EN_DUE] = 2;
    ev.num[EN_NEXT_DUE] = NOW + 86400;
    ev.str[ES_MAILDIR] = SV("/home/okul/Mail/706590");
    assert_prints(&ev, &st,
                  "706590\n"
                  "    last success   2026-11-22 11:28 UTC (15 min ago)\n"
                  "    stored         1 message\n"
                  "    on the server  214 messages (3.4 MB) at the last run\n"
                  "    deletion       2 due for deletion now, next deletion due 2026-11-23\n"
                  "    Maildir        /home/okul/Mail/706590\n",
                  "");
    st.many = true; /* the others are in the table */
    assert_prints(&ev, &st, "", "");
    st.many = false;
    st.verbose = -1; /* status -q: only what needs looking at */
    assert_prints(&ev, &st, "", "");
    ev.num[EN_STATUS] = ST_LOGIN;
    ev.num[EN_LAST_SUCCESS] = NOW - 9 * 86400;
    ev.str[ES_TEXT] = SV("no success for 9 d\nthe last run ended with 77: login refused");
    print(&ev, &st);
    assert_non_null(strstr(out.p, "    trouble        no success for 9 d; "
                                  "the last run ended with 77: login refused\n"));
    st.many = true; /* -v: each at length */
    st.verbose = 1;
    ev.num[EN_QUOTA_OCTETS] = 1000000000;
    ev.num[EN_DEADLINE] = NOW - 2 * 86400;
    ev.num[EN_CERT_EXPIRES] = NOW + 9 * 86400;
    print(&ev, &st);
    assert_non_null(
        strstr(out.p, "    mailbox        of 1.0 GB, it is not known how much is used\n"));
    ev.num[EN_USED_OCTETS] = 812400000;
    ev.num[EN_QUOTA_PERCENT] = 81;
    print(&ev, &st);
    assert_non_null(strstr(out.p, "    mailbox        812.4 MB of 1.0 GB, 81 % full\n"));
    assert_non_null(strstr(out.p, "    deadline       2026-11-20 (2 days ago)\n"));
    assert_non_null(strstr(out.p, "    certificate    valid until 2026-12-01 (in 9 d)\n"));
    event_init(&ev, EVENT_STATUS, "new");
    st = (struct report_style){.command = "status"};
    assert_prints(&ev, &st,
                  "new\n"
                  "    last success   never\n"
                  "    stored         0 messages\n"
                  "    on the server  not known yet\n"
                  "    deletion       nothing due for deletion\n",
                  "");
}

static void test_verify(void **state)
{
    (void)state;
    struct report_style st = {.command = "verify"};
    struct event ev;
    event_init(&ev, EVENT_BAD, "706590");
    ev.str[ES_REASON] = SV("changed");
    ev.str[ES_FILE] = SV("cur/1795.x:2,S");
    ev.str[ES_UIDL] = SV("abc");
    ev.num[EN_STORED_AT] = NOW;
    assert_prints(&ev, &st, "changed  cur/1795.x:2,S  abc  (stored 2026-11-22)\n", "");
    event_init(&ev, EVENT_BAD, "706590");
    ev.str[ES_REASON] = SV("not-stored");
    ev.str[ES_UIDL] = SV("abc");
    assert_prints(&ev, &st, "not stored  abc\n", "");
    event_init(&ev, EVENT_ACCOUNT_END, "706590");
    ev.num[EN_DONE] = 1;
    ev.num[EN_NOT_STORED] = 0;
    ev.num[EN_LISTED] = 1;
    assert_prints(&ev, &st,
                  "706590: 1 stored message checked, nothing wrong; "
                  "everything the server lists is stored (1)\n",
                  "");
    st.verbose = -1;
    ev.num[EN_MISSING] = 2; /* their owner removed them: known, and no fault */
    assert_prints(&ev, &st, "", "");
    st.verbose = 0;
    ev.num[EN_STATUS] = ST_DATA; /* but the server still lists them: nothing is claimed then */
    assert_prints(&ev, &st, "706590: 1 stored message checked, 2 no longer in the Maildir\n", "");
    ev.num[EN_DONE] = 20;
    ev.num[EN_CHANGED] = 1;
    ev.num[EN_MISSING] = 2;
    ev.num[EN_NOT_STORED] = 3;
    static const char bad[] = "706590: 20 stored messages checked, 2 no longer in the Maildir, 1 "
                              "changed, 3 on the server not stored\n";
    assert_prints(&ev, &st, bad, "");
    st.verbose = -1;
    assert_prints(&ev, &st, bad, "");
}

static void test_run_summary(void **state)
{
    (void)state;
    struct report_style st = {.command = "fetch", .many = true};
    struct event ev = fetched(217, 205, 12, 3400000, 3);
    ev.kind = EVENT_SUMMARY;
    ev.str[ES_ACCOUNT] = SV_NULL;
    ev.num[EN_ACCOUNTS] = 2;
    assert_prints(&ev, &st,
                  "2 accounts: 12 new messages (3.4 MB) stored, 3 deleted on the server; "
                  "214 on the server, 0 left to fetch\n",
                  "");
    ev.num[EN_STATUS] = ST_TEMP;
    ev.num[EN_ACCOUNTS_FAILED] = 1;
    print(&ev, &st);
    assert_non_null(strstr(out.p, "0 left to fetch; 1 account not complete\n"));
    event_init(&ev, EVENT_SUMMARY, NULL);
    ev.num[EN_STATUS] = ST_TEMP;
    ev.num[EN_ACCOUNTS] = ev.num[EN_ACCOUNTS_FAILED] = 2;
    assert_prints(&ev, &st, "2 accounts: nothing new stored; 2 accounts not complete\n", "");
}

/* Nothing but printable text and our own newlines, every line whole. */
static void assert_harmless(const struct buf *b)
{
    struct sv rest = buf_sv(b);
    if (rest.n == 0)
        return;
    assert_int_equal(rest.p[rest.n - 1], '\n');
    assert_true(text_is_utf8(rest));
    for (size_t i = 0; i < rest.n; i++)
        assert_true(rest.p[i] == '\n' || ((unsigned char)rest.p[i] >= 0x20 && rest.p[i] != 0x7f));
    assert_null(strstr(b->p, "\xe2\x80\xae")); /* right-to-left override */
    assert_null(strstr(b->p, "\xe2\x81\xa6")); /* isolate */
    assert_null(strstr(b->p, "\xc2\x9b"));     /* CSI in one character */
    assert_null(strstr(b->p, "\nEVIL"));       /* a line that passes for our own */
}

/* Every kind in every style, with hostile octets in every string and every number set. */
static void test_hostile(void **state)
{
    (void)state;
    static const struct sv hostile[] = {SV("\x1b[2J\x1b]0;title\a"),
                                        SV("x\nEVIL: stored\r\nEVIL"),
                                        SV("\0\0"),
                                        SV("\xe2\x80\xae"
                                           "live\xe2\x81\xa6"),
                                        SV("\xc2\x9b"
                                           "31m"),
                                        SV("\xff\xfe\xc3"),
                                        SV("\x7f\b\b"),
                                        SV("\\\\\\n\\"),
                                        SV("\n\n\n"),
                                        SV(""),
                                        SV("%s%n%d")};
    static const int64_t numbers[] = {EVENT_UNSET, 0, 1, 2, -1, NOW, INT64_MAX / 4, 77};
    size_t printed = 0;
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        for (size_t h = 0; h < sizeof hostile / sizeof *hostile; h++) {
            for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
                struct event ev;
                event_init(&ev, (enum event_kind)kind, NULL);
                for (int i = 0; i < EVENT_STRS; i++)
                    ev.str[i] = hostile[h];
                for (int i = 0; i < EVENT_NUMS; i++)
                    ev.num[i] = numbers[n];
                for (unsigned s = 0; s < 5 * 4 * 8; s++) {
                    struct report_style st = {.verbose = (int)(s / 8 % 4) - 1,
                                              .terminal = s & 1,
                                              .many = s & 2,
                                              .dry_run = s & 4,
                                              .command = commands[s / 32]};
                    print(&ev, &st);
                    assert_harmless(&out);
                    assert_harmless(&diag);
                    printed += out.n + diag.n;
                }
            }
        }
    }
    assert_true(printed > 100000);
}

/* A progress event is for the progress line and --json alone. */
static void test_progress_is_silent(void **state)
{
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_PROGRESS, "a");
    ev.num[EN_DONE] = 1;
    struct report_style st = {.verbose = 3, .terminal = true, .many = true};
    assert_prints(&ev, &st, "", "");
}

/* Quiet means silence on stdout for whatever went well, in every command. */
static void test_quiet(void **state)
{
    (void)state;
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        for (size_t c = 0; c < sizeof commands / sizeof *commands; c++) {
            struct event ev;
            event_init(&ev, (enum event_kind)kind, "a");
            ev.num[EN_STATUS] = ST_OK;
            ev.num[EN_OK] = 1;
            ev.num[EN_DONE] = ev.num[EN_FETCHED] = ev.num[EN_LISTED] = ev.num[EN_WOULD_DELETE] = 3;
            struct report_style st = {.verbose = -1, .terminal = true, .command = commands[c]};
            bool wrong = kind == EVENT_ERROR || kind == EVENT_FAILED || kind == EVENT_BAD;
            print(&ev, &st);
            assert_int_equal(out.n + diag.n > 0, wrong);
        }
    }
}

/* A full buffer takes whole lines only. */
static void test_no_half_line(void **state)
{
    (void)state;
    struct event ev = fetched(217, 205, 12, 3400000, 3);
    for (size_t max = 0; max < 150; max++) {
        struct buf small = BUF_INIT(max);
        report_text(&small, &small, &ev, &plain);
        assert_true(small.n == 0 || small.p[small.n - 1] == '\n');
        buf_free(&small);
    }
}

static int tear_down(void **state)
{
    (void)state;
    buf_free(&out);
    buf_free(&diag);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary_line),   cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_failed_account), cmocka_unit_test(test_notices),
        cmocka_unit_test(test_messages),       cmocka_unit_test(test_dry_run),
        cmocka_unit_test(test_check),          cmocka_unit_test(test_status),
        cmocka_unit_test(test_verify),         cmocka_unit_test(test_run_summary),
        cmocka_unit_test(test_hostile),        cmocka_unit_test(test_progress_is_silent),
        cmocka_unit_test(test_quiet),          cmocka_unit_test(test_no_half_line),
    };
    return cmocka_run_group_tests_name("report text", tests, NULL, tear_down);
}
