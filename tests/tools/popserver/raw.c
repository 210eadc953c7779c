/* SPDX-License-Identifier: ISC */
/* Raw sessions: the script says what is sent and what must come, nothing else happens. */
#include "model.h"

#include <fnmatch.h>
#include <string.h>

static void send_file(struct wire *w, const char *path)
{
    char piece[16384];
    size_t n;
    FILE *f = fopen(path, "rb");

    if (!f) {
        wire_event(w, "cannot open %s", path);
        return;
    }
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        wire_put(w, piece, n);
    fclose(f);
}

static bool expect(struct wire *w, const struct step *step)
{
    char *line;

    if (wire_line(w, &line) < 0) {
        wire_event(w, "line %d of the script: the client closed, expected: %s", step->line,
                   step->text.p ? step->text.p : "anything");
        return false;
    }
    if (step->text.p && fnmatch(step->text.p, line, 0) != 0) {
        wire_event(w, "unexpected, line %d of the script wants: %s", step->line, step->text.p);
        return false;
    }
    return true;
}

static bool do_step(struct wire *w, const struct step *step)
{
    long times = step->number ? step->number : 1;

    switch (step->kind) {
    case STEP_SEND:
        wire_log(w, 'S', step->text.p, step->text.n);
        wire_put(w, step->text.p, step->text.n);
        return true;
    case STEP_SEND_RAW:
        wire_put_raw(w, step->text.p, step->text.n);
        return true;
    case STEP_RENEGOTIATE: /* up to TLS 1.2 */
    case STEP_UPDATE_KEY:  /* from TLS 1.3 on */
        wire_flush(w);
        if (step->kind == STEP_RENEGOTIATE)
            SSL_renegotiate(w->ssl);
        else
            SSL_key_update(w->ssl, SSL_KEY_UPDATE_REQUESTED);
        wire_event(w, "new keys: %d", SSL_do_handshake(w->ssl));
        return true;
    case STEP_GOODBYE:
        wire_goodbye(w);
        return true;
    case STEP_SEND_FILE:
        send_file(w, step->text.p);
        return true;
    case STEP_FLOOD: /* without a number: until the client has had enough */
        for (long i = 0; (!step->number || i < times) && !wire_dead(w); i++)
            wire_put(w, step->text.p, step->text.n);
        return true;
    case STEP_EXPECT:
        return expect(w, step);
    case STEP_EXPECT_ANY:
        while (times-- > 0)
            if (!expect(w, step))
                return false;
        return true;
    case STEP_DRAIN:
        wire_drain(w);
        return true;
    case STEP_SLEEP:
        wire_flush(w);
        wire_sleep_ms(step->number);
        return true;
    case STEP_CLOSE:
        wire_close(w);
        return true;
    case STEP_RST:
        wire_flush(w);
        wire_reset(w);
        return true;
    }
    return false;
}

void raw_serve(struct wire *w, const struct script *s)
{
    for (size_t i = 0; i < s->n_steps && !wire_dead(w); i++)
        if (!do_step(w, &s->steps[i]))
            break;
    wire_close(w);
}
