/* SPDX-License-Identifier: ISC */
/* Pieces of lines for people. */
#include "popkeep/report/line.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, DATE_CHARS = 10, TIME_CHARS = 24 };

static const char indent[] = "    ";

bool line_command_is(const struct report_style *st, const char *command)
{
    const char *is = st->command != NULL ? st->command : "fetch";
    return strcmp(is, command) == 0;
}

void line_word(struct buf *to, struct sv s)
{
    text_escape(to, s, LINE_WORD_MAX);
}

void line_account(struct buf *to, const struct event *ev)
{
    if (ev->str[ES_ACCOUNT].n == 0)
        return;
    line_word(to, ev->str[ES_ACCOUNT]);
    buf_add_c(to, ": ");
}

static struct sv without_end(struct sv s)
{
    while (s.n > 0 && s.p[s.n - 1] == '\n')
        s.n--;
    return s;
}

void line_text(struct buf *to, struct sv s)
{
    s = without_end(s);
    text_guard(to, sv_token(&s, '\n'));
    while (s.p != NULL) {
        buf_add_char(to, '\n');
        buf_add_c(to, indent);
        text_guard(to, sv_token(&s, '\n'));
    }
}

void line_block(struct buf *to, struct sv s)
{
    s = without_end(s);
    if (s.n == 0)
        return;
    buf_add_c(to, indent);
    line_text(to, s);
    buf_add_char(to, '\n');
}

void line_message(struct buf *to, const struct event *ev)
{
    if (ev->str[ES_UIDL].n > 0)
        line_word(to, ev->str[ES_UIDL]);
    else if (ev->num[EN_NUMBER] != EVENT_UNSET)
        tr_addf(to, "message %lld", (long long)ev->num[EN_NUMBER]);
    else if (ev->str[ES_FILE].n > 0)
        line_word(to, ev->str[ES_FILE]);
    else
        buf_add_c(to, tr("a message"));
}

void line_date(struct buf *to, int64_t unix_s)
{
    char text[TIME_CHARS];
    text_time(text, unix_s);
    if (text[0] != '@')
        text[DATE_CHARS] = '\0';
    buf_add_c(to, text);
}

void line_time(struct buf *to, int64_t unix_s)
{
    char text[TIME_CHARS];
    text_time(text, unix_s);
    if (text[0] == '@') {
        buf_add_c(to, text);
        return;
    }
    buf_addf(to, "%.10s %.5s UTC", text, text + DATE_CHARS + 1);
}

void line_age(struct buf *to, int64_t seconds)
{
    char text[24];
    if (seconds < 0)
        buf_add_c(to, tr("in the future")); /* the clock was set back since */
    else if (seconds >= DAY_S)
        trn_addf(to, (uint64_t)(seconds / DAY_S), "%lld day ago", "%lld days ago",
                 (long long)(seconds / DAY_S));
    else
        tr_addf(to, "%s ago", text_span(text, seconds));
}

char *line_size(char out[LINE_SIZE_MAX], int64_t octets)
{
    char text[16];
    out[0] = '\0';
    if (octets != EVENT_UNSET && octets >= 0)
        snprintf(out, LINE_SIZE_MAX, " (%s)", text_size(text, (uint64_t)octets));
    return out;
}

struct buf *line_part(struct line_list *list)
{
    if (list->begun)
        buf_add_c(list->to, list->between != NULL ? list->between : ", ");
    list->begun = true;
    return list->to;
}

void line_counted(struct line_list *list, int64_t n, const char *one, const char *several, ...)
{
    va_list ap;
    if (n <= 0)
        return;
    va_start(ap, several);
    buf_vaddf(line_part(list), trn(one, several, (uint64_t)n), ap);
    va_end(ap);
}

void line_joined(struct buf *to, struct sv s)
{
    struct line_list list = {to, "; ", false};
    while (s.n > 0)
        line_text(line_part(&list), sv_token(&s, '\n'));
}
