/* SPDX-License-Identifier: ISC */
/*
 * Texts in the user's language. What a user loses if this fails: half a sentence in each language,
 * words in the wrong places, or a progress line that ends in half a letter.
 * With the Turkish catalogue; without it (no msgfmt, or a C library that translates nothing in
 * C.UTF-8) only what must hold in English.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <libintl.h>
#include <locale.h>
#include <unistd.h>

#include "popkeep/base/err.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/report/progress.h"

static int enter_turkish(void **state)
{
    char *top = getcwd(NULL, 0), dir[4096];
    (void)state;
    assert_non_null(top);
    assert_true((size_t)snprintf(dir, sizeof dir, "%s/build/share/locale", top) < sizeof dir);
    free(top);
    setenv("LANGUAGE", "tr", 1);
    if (setlocale(LC_MESSAGES, "C.UTF-8") == NULL)
        return 0;
    bindtextdomain("popkeep", dir);
    bind_textdomain_codeset("popkeep", "UTF-8");
    return 0;
}

static int leave_turkish(void **state)
{
    (void)state;
    setlocale(LC_MESSAGES, "C");
    return 0;
}

static bool is_turkish(void)
{
    return strcmp(tr("login refused"), "oturum açma reddedildi") == 0;
}

static void test_english(void **state)
{
    struct buf b = BUF_INIT(100);
    struct err e = ERR_INIT;
    (void)state;
    assert_string_equal(tr("no such text"), "no such text");
    assert_string_equal(tr(""), "");
    assert_null(tr(NULL));
    assert_string_equal(tr_in("status", "stored"), "stored");
    trn_addf(&b, 1, "%d message", "%d messages", 1);
    trn_addf(&b, 2, ", %d message", ", %d messages", 2);
    tr_addf(&b, ", %s ago", "3 d");
    assert_string_equal(b.p, "1 message, 2 messages, 3 d ago");
    buf_free(&b);
    err_sys(&e, ST_IO, ENOENT, "cannot open %s", "/x");
    assert_string_equal(e.text, "cannot open /x: No such file or directory");
}

static void test_turkish(void **state)
{
    struct buf b = BUF_INIT(100);
    struct err e = ERR_INIT;
    char span[24];
    (void)state;
    if (!is_turkish())
        skip();
    /* one English word, two meanings */
    assert_string_equal(tr("stored"), "saklandı");
    assert_string_equal(tr_in("status", "stored"), "saklanan");
    assert_string_equal(tr_in("no such context", "stored"), "stored");
    /* one form for every number */
    trn_addf(&b, 1, "%lld message", "%lld messages", 1LL);
    trn_addf(&b, 5, "%lld message", "%lld messages", 5LL);
    assert_string_equal(b.p, "1 ileti5 ileti");
    buf_free(&b);
    /* another order of words, what the C library says, advice, and a text in front of it all */
    err_set(&e, ST_USAGE, "no %s named %s; did you mean \"%s\"?", tr("account"), "\"oku\"", "okul");
    assert_string_equal(e.text, "\"oku\" adlı hesap yok; bunu mu demek istediniz: \"okul\"?");
    err_sys(&e, ST_IO, ENOENT, "cannot open %s", "/x");
    err_advise(&e, "it holds a password in line %u", 3U);
    err_add(&e, "%s:%u", "conf", 3U);
    assert_string_equal(e.text, "conf:3: /x açılamadı: Böyle bir dosya ya da klasör yok\n"
                                "3. satırında bir şifre var");
    assert_string_equal(text_span(span, 3 * 86400 + 3600), "3 gün 1 sa");
    assert_string_equal(text_size(span, 3400000), "3,4 MB");
    assert_string_equal(text_octets(span, 3400000), "3.4 MB");
    assert_string_equal(text_span(span, INT64_MIN), "-106751991167300 gün");
}

/* The line is cut to the width in columns, whatever letters stand there. */
static void test_progress_line(void **state)
{
    struct progress *p = progress_new(3);
    struct buf out = BUF_INIT(4096);
    struct event ev;
    (void)state;
    if (!is_turkish())
        skip();
    event_init(&ev, EVENT_PROGRESS, "okul");
    ev.num[EN_PHASE] = PHASE_VERIFYING;
    ev.num[EN_DONE] = 7;
    ev.num[EN_TOTAL] = 100;
    progress_event(p, &ev, 1);
    for (unsigned width = 1; width < 80; width++) {
        buf_clear(&out);
        progress_line(&out, p, width, 2);
        struct sv line = sv_make(out.p + 1, out.n - 1 - strlen("\033[K"));
        assert_true(text_is_utf8(line));
        assert_true(text_columns(line) < width);
    }
    assert_string_equal(out.p, "\r0/3 hesap bitti, doğrulanıyor: 7/100 ileti\033[K");
    buf_free(&out);
    progress_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_english),
        cmocka_unit_test_setup_teardown(test_turkish, enter_turkish, leave_turkish),
        cmocka_unit_test_setup_teardown(test_progress_line, enter_turkish, leave_turkish),
    };
    setlocale(LC_MESSAGES, "C");
    return cmocka_run_group_tests_name("translate", tests, NULL, NULL);
}
