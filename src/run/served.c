/* SPDX-License-Identifier: ISC */
/* One line of numbers of a fixed width, so that it is overwritten in place. */
#include "popkeep/run/served.h"

#include "popkeep/base/ascii.h"
#include "popkeep/store/cache.h"

#include <stdio.h>

#define SERVED_FILE "served"

#define SERVED_NUMBER_MAX (UINT64_C(1) << 53) /* two of them never overflow */

enum { SERVED_NUMBERS = 6, SERVED_MAX = 256, NAME_MAX_OCTETS = 256 };

void served_parse(struct served *s, struct sv text)
{
    struct sv line = sv_token(&text, '\n');
    uint64_t n[SERVED_NUMBERS];

    *s = (struct served){0};
    for (int i = 0; i < SERVED_NUMBERS; i++)
        if (ascii_u64(sv_token(&line, ' '), SERVED_NUMBER_MAX, &n[i]) != 0)
            return;
    if (n[4] > SERVED_DELAY_MAX_S)
        n[4] = SERVED_DELAY_MAX_S;
    *s = (struct served){.last_success = (int64_t)n[0],
                         .last_try = (int64_t)n[1],
                         .failed_in_a_row = n[2],
                         .last_login = (int64_t)n[3],
                         .delay_s = (int64_t)n[4],
                         .last_status = n[5]};
}

static unsigned long long not_negative(int64_t n)
{
    return n > 0 ? (unsigned long long)n : 0;
}

void served_text(struct buf *out, const struct served *s)
{
    (void)buf_addf(out, "%019llu %019llu %019llu %019llu %019llu %019llu\n",
                   not_negative(s->last_success), not_negative(s->last_try),
                   (unsigned long long)s->failed_in_a_row, not_negative(s->last_login),
                   not_negative(s->delay_s), (unsigned long long)s->last_status);
}

int64_t served_since(const struct served *s, int64_t now)
{
    int64_t since = s->failed_in_a_row >= SERVED_FAILURES ? s->last_try : s->last_success;

    return since > now ? 0 : since; /* else it would be last until that time has come */
}

int64_t served_delay_left(const struct served *s, int64_t now)
{
    int64_t next = s->last_login + s->delay_s;

    return s->delay_s == 0 || s->last_login > now || next <= now ? 0 : next - now;
}

void served_load(struct served *s, int dir_fd, const char *dir)
{
    struct buf text = BUF_INIT(SERVED_MAX);
    char path[NAME_MAX_OCTETS];

    (void)snprintf(path, sizeof path, "%s/%s", dir, SERVED_FILE);
    cache_get(dir_fd, path, &text);
    served_parse(s, buf_sv(&text));
    buf_free(&text);
}

void served_save(const struct served *s, int account_dir_fd)
{
    struct buf text = BUF_INIT(SERVED_MAX);

    served_text(&text, s);
    cache_overwrite(account_dir_fd, SERVED_FILE, buf_sv(&text));
    buf_free(&text);
}
