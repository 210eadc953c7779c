/* SPDX-License-Identifier: ISC */
/*
 * The report's page. If this fails, a school's name runs as a script in a headmaster's browser, or
 * a number that he reads is not the one that was meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/report/html.h"
#include "popkeep/report/html_look.h"
#include "popkeep/report/html_plot.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NOW = 1795347831, DAY = 86400, EAST = 3 * 3600 };

/* ---- a strict look at tags: enough of XML to say that what we write is well-formed ---- */

enum { DEPTH = 64 };

/* Behind the tag that begins at `p`; -1: an attribute that is not NAME="VALUE" with a clean value.
 */
static int skip_attributes(const char **p)
{
    for (;;) {
        while (**p == ' ' || **p == '\n')
            (*p)++;
        if (**p == '>' || (**p == '/' && (*p)[1] == '>'))
            return 0;
        *p += strspn(*p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-:0123456789");
        if (**p != '=' || (*p)[1] != '"')
            return -1;
        *p += 2;
        *p += strcspn(*p, "\"<");
        if (**p != '"')
            return -1;
        (*p)++;
    }
}

/* -1, and where: tags that do not nest, an ampersand that begins no entity, a stray "<". */
static int check_nesting(const char *text, const char **where)
{
    const char *open[DEPTH];
    size_t length[DEPTH], depth = 0;
    const char *p = strchr(text, '\n') + 1; /* behind the doctype */

    for (; *p != '\0'; p++) {
        *where = p;
        if (*p == '&' && strncmp(p, "&amp;", 5) != 0 && strncmp(p, "&lt;", 4) != 0 &&
            strncmp(p, "&gt;", 4) != 0 && strncmp(p, "&quot;", 6) != 0 &&
            strncmp(p, "&#39;", 5) != 0)
            return -1;
        if (*p != '<')
            continue;
        bool end = p[1] == '/';
        const char *name = p + 1 + end;
        size_t n = strcspn(name, " />\n");
        p = name + n;
        if (n == 0 || skip_attributes(&p) != 0)
            return -1;
        if (end && (depth == 0 || length[depth - 1] != n || strncmp(open[depth - 1], name, n) != 0))
            return -1;
        if (end)
            depth--;
        else if (*p != '/') {
            if (depth == DEPTH)
                return -1;
            open[depth] = name;
            length[depth++] = n;
        }
        if (*p == '/')
            p++;
        if (*p != '>')
            return -1;
    }
    return depth == 0 ? 0 : -1;
}

static struct buf page_of(const struct event *ev, size_t n, enum html_lang lang,
                          const struct history *h)
{
    struct buf out = BUF_INIT(1 << 24);
    struct html_page p = {
        .lang = lang, .version = "0.1", .now = NOW, .accounts = ev, .n = n, .history = h};
    const char *where = "";
    html_page(&out, &p);
    assert_true(out.n > 0);
    assert_int_equal(strlen(out.p), out.n);
    if (check_nesting(out.p, &where) != 0)
        fail_msg("not well-formed at: %.80s", where);
    return out;
}

static void test_the_look_at_tags_can_say_no(void **state)
{
    static const char *const bad[] = {"x\n<a><b></a></b>", "x\n<a b=c></a>",
                                      "x\n<a>&nbsp;</a>",  "x\n<a>",
                                      "x\n</a>",           "x\n<a b=\"<\"></a>"};
    const char *where;
    (void)state;
    assert_int_equal(check_nesting("x\n<a b=\"c\"><d/>&amp;</a>", &where), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(check_nesting(bad[i], &where), -1);
}

static size_t times(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p++)
        n++;
    return n;
}

static struct event account(const char *name, enum health health, int64_t found)
{
    struct event ev;
    event_init(&ev, EVENT_STATUS, name);
    ev.num[EN_HEALTH] = health;
    ev.num[EN_TROUBLE] = found;
    ev.num[EN_STATUS] = ST_LOGIN;
    ev.num[EN_LAST_SUCCESS] = ev.num[EN_LAST_RUN] = NOW - 2 * DAY;
    ev.num[EN_STORED] = 1204;
    ev.num[EN_STORED_OCTETS] = 812400000;
    ev.num[EN_LISTED] = 214;
    ev.num[EN_DUE] = 0;
    ev.num[EN_USED_OCTETS] = 485000000;
    ev.num[EN_QUOTA_OCTETS] = 500000000;
    ev.num[EN_QUOTA_PERCENT] = 97;
    ev.num[EN_CERT_EXPIRES] = NOW + 9 * DAY;
    ev.num[EN_DEADLINE] = 1803686400; /* 2027-02-27 */
    ev.str[ES_HOST] = SV("pop.okul.example");
    ev.str[ES_USER] = SV("706590@okul.example");
    return ev;
}

/* ---- */

/* Every field that somebody else fills, with what would break out of text, attribute or script. */
static void test_hostile(void **state)
{
    static const char *const hostile[] = {"<script>alert(1)</script>",
                                          "\"><img src=x onerror=alert(1)>",
                                          "'><b a='",
                                          "&lt;&amp;{1}{2}",
                                          "]]>--><!--",
                                          "\x1b[2J\xff\xfe\xe2\x80\xae\xc2\x9b",
                                          "</style></title></svg>"};
    struct history h;
    char all[256];
    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    history_init(&h, NOW, EAST);
    for (size_t i = 0; i < 1 + sizeof hostile / sizeof *hostile; i++) {
        struct event ev[2] = {account("a", HEALTH_TROUBLE, health_bit(FINDINGS) - 1),
                              account("b", HEALTH_WELL, 0)};
        ev[1].kind = EVENT_ERROR;
        for (int k = 0; k < EVENT_STRS; k++)
            ev[0].str[k] = ev[1].str[k] = i == 0 ? sv_make(all, 256) : sv_of(hostile[i - 1]);
        for (int lang = 0; lang < HTML_LANGS; lang++) {
            struct buf out = page_of(ev, 2, (enum html_lang)lang, &h);
            assert_int_equal(times(out.p, "<script"), 1);
            assert_int_equal(times(out.p, "<style"), 1);
            assert_int_equal(times(out.p, "<img"), 0);
            assert_int_equal(times(out.p, "alert(1)<"), 0);
            assert_null(memchr(out.p, 0x1b, out.n));
            assert_null(strstr(out.p, "\xe2\x80\xae"));
            buf_free(&out);
        }
    }
}

/* Any number in any slot, times of no calendar included. */
static void test_numbers_at_their_edges(void **state)
{
    static const int64_t edges[] = {0,         1,         -1, INT64_MAX, INT64_MIN + 1,
                                    INT64_MIN, NOW - DAY, 99, 78,        101};
    struct history h;
    (void)state;
    history_init(&h, NOW, -5 * 3600 - 1800);
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        struct event ev = account("a", HEALTH_TROUBLE, 0);
        for (int k = 0; k < EVENT_NUMS; k++)
            ev.num[k] = edges[i];
        for (int lang = 0; lang < HTML_LANGS; lang++) {
            struct buf out = page_of(&ev, 1, (enum html_lang)lang, &h);
            assert_non_null(strstr(out.p, "(UTC-5:30)"));
            buf_free(&out);
        }
    }
    struct buf out = page_of(NULL, 0, HTML_TR, &h);
    assert_non_null(strstr(out.p, "Hiç hesap yok"));
    buf_free(&out);
}

static void test_what_it_says(void **state)
{
    struct history h;
    struct event ev[3] = {account("iyi", HEALTH_WELL, 0), account("geç", HEALTH_LATE, 0),
                          account("kötü", HEALTH_TROUBLE,
                                  health_bit(FINDING_LAST_RUN) | health_bit(FINDING_FULL) |
                                      health_bit(FINDING_STALE) | health_bit(FINDING_CERTIFICATE))};
    static const char *const turkish[] = {
        "<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"tr\"",
        "22.11.2026 14:43 (UTC+3)",
        "<li>Son çalışma: oturum açma reddedildi</li>",
        "<li>Posta kutusu dolmak üzere: %97</li>",
        "<li>2\xc2\xa0"
        "gün boyunca başarılı çalışma olmadı</li>",
        "<li>Sunucunun sertifikası 01.12.2026 günü sona eriyor</li>",
        "3.612",
        "1.204",
        "812,4\xc2\xa0MB",
        "485,0\xc2\xa0MB / 500,0\xc2\xa0MB",
        "İlgilenilmesi gereken hesaplar var",
        "96\xc2\xa0"
        "gün kaldı",
        "20.11.2026 14:43"};
    static const char *const english[] = {"lang=\"en\"",
                                          "As of 22 Nov 2026, 14:43 (UTC+3)",
                                          "<li>The last run: the login was refused</li>",
                                          "<li>The mailbox is nearly full: 97 %</li>",
                                          "<li>No success for 2\xc2\xa0"
                                          "days</li>",
                                          "<li>The server's certificate ends on 1 Dec 2026</li>",
                                          "3,612",
                                          "1,204",
                                          "812.4\xc2\xa0MB",
                                          "<title>Mailbox backups</title>",
                                          "2.4\xc2\xa0GB",
                                          "0 in 7 days",
                                          ">214<",
                                          "Accounts (3)",
                                          "<small>706590@okul.example</small>",
                                          "This page is more than two days old",
                                          "2\xc2\xa0"
                                          "days ago<small>20 Nov 2026, 14:43</small>",
                                          "<div class=\"late\"><dt>Late</dt><dd class=\"s\">"
                                          "<svg class=\"i\" aria-hidden=\"true\">"
                                          "<use href=\"#late\"/></svg> 1</dd>",
                                          "class=\"bar full\"",
                                          "<rect class=\"v\" width=\"97\"",
                                          "96\xc2\xa0"
                                          "days left"};
    (void)state;
    history_init(&h, NOW, EAST);
    struct buf out = page_of(ev, 3, HTML_TR, &h);
    /* the worst stands first */
    assert_true(strstr(out.p, ">kötü<") < strstr(out.p, ">geç<"));
    assert_true(strstr(out.p, ">geç<") < strstr(out.p, ">iyi<"));
    for (size_t i = 0; i < sizeof turkish / sizeof *turkish; i++)
        if (strstr(out.p, turkish[i]) == NULL)
            fail_msg("not there: %s", turkish[i]);
    buf_free(&out);
    out = page_of(ev, 3, HTML_EN, &h);
    for (size_t i = 0; i < sizeof english / sizeof *english; i++)
        if (strstr(out.p, english[i]) == NULL)
            fail_msg("not there: %s", english[i]);
    /* one host for all is not named, several are */
    assert_null(strstr(out.p, "pop.okul.example"));
    buf_free(&out);
    ev[1].str[ES_HOST] = SV("pop.lise.example");
    out = page_of(ev, 3, HTML_EN, &h);
    assert_int_equal(times(out.p, "<small>706590@okul.example · pop.okul.example</small>"), 2);
    buf_free(&out);
}

/* What stands behind `before`, up to one of `ends`; *p goes on behind it. */
static struct sv next(const char **p, const char *before, const char *ends)
{
    const char *at = strstr(*p, before);
    assert_non_null(at);
    at += strlen(before);
    *p = at + strcspn(at, ends);
    return sv_make(at, (size_t)(*p - at));
}

/* Of what stands first on the page, and of where a number stands, each reader believes it. */
static void test_banner_and_columns(void **state)
{
    static const char *const banners[HEALTHS] = {"All accounts are well", "Some accounts are late",
                                                 "Some accounts need attention"};
    struct history h;
    (void)state;
    history_init(&h, NOW, EAST);
    for (int health = 0; health < HEALTHS; health++) {
        struct event ev = account("a", (enum health)health, 0);
        ev.num[EN_DUE] = health == HEALTH_LATE ? 2 : 0;
        if (health == HEALTH_TROUBLE)
            ev.num[EN_USED_OCTETS] = ev.num[EN_QUOTA_PERCENT] = ev.num[EN_DEADLINE] = EVENT_UNSET;
        struct buf out = page_of(&ev, 1, HTML_EN, &h);
        for (int other = 0; other < HEALTHS; other++)
            assert_int_equal(strstr(out.p, banners[other]) != NULL, other == health);
        size_t columns = times(out.p, "columnheader");
        const char *head = out.p, *cell = out.p;
        assert_int_equal(times(out.p, "role=\"cell\"") + 1, columns);
        for (size_t i = 0; i < columns; i++) {
            (void)next(&head, "columnheader", ">");
            struct sv title = next(&head, ">", "<");
            if (i >= 2) /* state and name go without */
                assert_true(sv_eq(title, next(&cell, "data-l=\"", "\"")));
        }
        buf_free(&out);
    }
}

/* Among equals the one that was not saved for longest; what is past is told as past. */
static void test_longest_ago_first(void **state)
{
    struct history h;
    struct event ev[3] = {
        account("bir", HEALTH_TROUBLE, 0),
        account("iki", HEALTH_TROUBLE, health_bit(FINDING_CERTIFICATE) | health_bit(FINDING_STALE)),
        account("hiç", HEALTH_TROUBLE, 0)};
    (void)state;
    history_init(&h, NOW, EAST);
    ev[0].num[EN_LAST_SUCCESS] = NOW - DAY;
    ev[1].num[EN_CERT_EXPIRES] = ev[1].num[EN_DEADLINE] = NOW - DAY;
    ev[2].num[EN_LAST_SUCCESS] = EVENT_UNSET;
    struct buf out = page_of(ev, 3, HTML_EN, &h);
    assert_true(strstr(out.p, ">hiç<") < strstr(out.p, ">iki<"));
    assert_true(strstr(out.p, ">iki<") < strstr(out.p, ">bir<"));
    assert_non_null(strstr(out.p,
                           "<li>No success for 2\xc2\xa0"
                           "days</li><li>The server's certificate ended on 21 Nov 2026</li>"));
    assert_int_equal(times(out.p, "has passed"), 1);
    buf_free(&out);
}

/* A text without its place, or with one too many, would hide what it is about. */
static void test_languages_say_the_same(void **state)
{
    (void)state;
    for (int w = 0; w < HTML_WORDS; w++)
        for (int lang = 0; lang < HTML_LANGS; lang++) {
            const char *text = html_word((enum html_lang)lang, (enum html_word)w);
            assert_non_null(text);
            assert_null(strpbrk(text, "<>&\""));
            for (const char *place = "12345"; *place != '\0'; place++) {
                char part[] = {'{', *place, '}', '\0'};
                assert_int_equal(strstr(text, part) != NULL,
                                 strstr(html_word(HTML_EN, (enum html_word)w), part) != NULL);
            }
        }
    for (int f = 0; f < FINDINGS; f++)
        for (int past = 0; past < 2; past++)
            assert_int_equal(strstr(html_finding(HTML_EN, (enum finding)f, past), "{1}") != NULL,
                             strstr(html_finding(HTML_TR, (enum finding)f, past), "{1}") != NULL);
    for (const struct status_info *s = status_table(); s->name != NULL; s++)
        for (int lang = 0; lang < HTML_LANGS; lang++) {
            const char *text = html_status((enum html_lang)lang, s->status);
            assert_true(s->status == ST_SOFTWARE ||
                        strcmp(text, html_status((enum html_lang)lang, ST_SOFTWARE)) != 0);
        }
    assert_int_equal(html_lang_of(SV("tr_TR.UTF-8")), HTML_TR);
    assert_int_equal(html_lang_of(SV("tr")), HTML_TR);
    assert_int_equal(html_lang_of(SV("en@quot")), HTML_EN);
    assert_int_equal(html_lang_of(SV("trv_TW")), -1);
    assert_int_equal(html_lang_of(SV("")), -1);
}

/* Days begin at midnight of the reader's zone, and the months before are not counted. */
static void test_days(void **state)
{
    struct history h;
    int64_t midnight = (NOW + EAST) / DAY * DAY - EAST; /* 21:00 UTC of the day before */
    (void)state;
    history_init(&h, NOW, EAST);
    history_add(&h, midnight);
    history_add(&h, NOW);
    history_add(&h, midnight - 1);
    history_add(&h, midnight - 89 * DAY);
    history_add(&h, midnight - 89 * DAY - 1);
    history_add(&h, midnight + DAY);
    history_add(&h, INT64_MAX);
    history_add(&h, INT64_MIN);
    assert_int_equal(h.stored[89], 2);
    assert_int_equal(h.stored[88], 1);
    assert_int_equal(h.stored[0], 1);
    assert_int_equal(history_sum(&h, 7), 3);
    assert_int_equal(history_sum(&h, 1000), 4);
    history_init(&h, -1, 0); /* before 1970 as well */
    assert_int_equal(h.today, -1);
}

/* One day on which years of mail came must not flatten all others. */
static void test_scale(void **state)
{
    struct history h;
    (void)state;
    history_init(&h, NOW, 0);
    assert_int_equal(html_plot_scale(&h), 1);
    h.stored[5] = 7;
    assert_int_equal(html_plot_scale(&h), 10);
    for (int i = 10; i < 90; i++)
        h.stored[i] = 30;
    assert_int_equal(html_plot_scale(&h), 50);
    h.stored[3] = 4000;
    h.stored[4] = 90;
    assert_int_equal(html_plot_scale(&h), 100);
    h.stored[4] = 0;
    h.stored[6] = h.stored[7] = 5000;
    assert_int_equal(html_plot_scale(&h), 50);
    h.stored[8] = 5000; /* four such days are how it is there */
    assert_int_equal(html_plot_scale(&h), 5000);
    h.stored[8] = UINT64_MAX;
    assert_true(html_plot_scale(&h) > 0);
}

static void test_plot(void **state)
{
    struct history h;
    struct buf out = BUF_INIT(1 << 20);
    (void)state;
    history_init(&h, NOW, EAST);
    html_plot(&out, HTML_TR, &h);
    assert_non_null(strstr(out.p, "25.08.2026 – 22.11.2026 arasında hiçbir ileti saklanmadı."));
    assert_null(strstr(out.p, "<svg"));
    buf_clear(&out);
    for (int i = 80; i < 89; i++)
        h.stored[i] = 30;
    h.stored[89] = 1;
    h.stored[70] = 1200;
    html_plot(&out, HTML_TR, &h);
    assert_non_null(strstr(out.p, "arasında 1.471 ileti; en çok 03.11.2026 günü, 1.200."));
    assert_non_null(strstr(out.p, "<title>13.11.2026: 30 ileti</title>"
                                  "<rect x=\"320\" y=\"40.00\" width=\"3\" height=\"60.00\"/>"));
    assert_non_null(strstr(out.p, "Boşluklu çubuklar"));
    assert_int_equal(times(out.p, "<rect"), 12); /* one of them in two pieces */
    assert_int_equal(times(out.p, "<tr><td>"), 11);
    assert_non_null(strstr(out.p, "<tr><td>22.11.2026</td><td class=\"n\">1</td></tr>"));
    buf_clear(&out);
    html_plot(&out, HTML_EN, &h);
    assert_non_null(strstr(out.p, "<title>22 Nov 2026: 1 message</title>"));
    assert_non_null(strstr(out.p, "<title>13 Nov 2026: 30 messages</title>"));
    buf_free(&out);
}

/* The page must stay what a strict policy lets through: nothing from elsewhere, no inline handler,
 * no style attribute. */
static void test_self_contained(void **state)
{
    struct history h;
    struct event ev = account("a", HEALTH_WELL, 0);
    (void)state;
    history_init(&h, NOW, 0);
    h.stored[89] = 5;
    struct buf out = page_of(&ev, 1, HTML_EN, &h);
    assert_non_null(strstr(out.p, "default-src 'none'"));
    assert_int_equal(times(out.p, "'sha256-"), 2);
    assert_null(strstr(out.p, "unsafe"));
    assert_null(strstr(out.p, " style=\""));
    assert_null(strstr(out.p, " onclick"));
    assert_null(strstr(out.p, " src=\""));
    assert_null(strstr(out.p, "url("));
    for (const char *p = out.p; (p = strstr(p, "://")) != NULL; p++)
        assert_true(strncmp(p, "://www.w3.org/", 14) == 0); /* the names of XHTML and SVG */
    assert_null(strpbrk(html_style, "<&"));
    assert_null(strpbrk(html_script, "<&"));
    buf_free(&out);
}

static void test_all_or_nothing(void **state)
{
    struct history h;
    struct event ev = account("a", HEALTH_WELL, 0);
    struct buf out = BUF_INIT(1000);
    struct html_page p = {
        .lang = HTML_EN, .version = "0", .now = NOW, .accounts = &ev, .n = 1, .history = &h};
    (void)state;
    history_init(&h, NOW, 0);
    html_page(&out, &p);
    assert_int_equal(out.n, 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_look_at_tags_can_say_no),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_numbers_at_their_edges),
        cmocka_unit_test(test_what_it_says),
        cmocka_unit_test(test_banner_and_columns),
        cmocka_unit_test(test_longest_ago_first),
        cmocka_unit_test(test_languages_say_the_same),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_plot),
        cmocka_unit_test(test_self_contained),
        cmocka_unit_test(test_all_or_nothing),
    };
    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
