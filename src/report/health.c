/* SPDX-License-Identifier: ISC */
/* Findings: their words, and how bad each is. */
#include "popkeep/report/health.h"

static const struct {
    const char *word;
    enum health health;
} findings[FINDINGS] = {
    [FINDING_JOURNAL] = {"journal", HEALTH_TROUBLE},
    [FINDING_NO_MAILDIR] = {"no-maildir", HEALTH_TROUBLE},
    [FINDING_NEVER_RUN] = {"never-run", HEALTH_LATE},
    [FINDING_NO_SUCCESS] = {"no-success", HEALTH_TROUBLE},
    [FINDING_STALE] = {"stale", HEALTH_LATE},
    [FINDING_LAST_RUN] = {"last-run", HEALTH_TROUBLE},
    [FINDING_LOGIN_REFUSED] = {"login-refused", HEALTH_TROUBLE},
    [FINDING_HELD] = {"held", HEALTH_TROUBLE},
    [FINDING_FULL] = {"full", HEALTH_TROUBLE},
    [FINDING_SERVER_KEEPS] = {"server-keeps", HEALTH_WELL},
    [FINDING_CERTIFICATE] = {"certificate", HEALTH_WELL},
    [FINDING_INTERRUPTED] = {"interrupted", HEALTH_WELL},
};

static bool may_pass(enum status status)
{
    return status == ST_TEMP || status == ST_INCOMPLETE;
}

enum health health_of(int64_t set, enum status status)
{
    enum health worst = HEALTH_WELL;

    for (int f = 0; f < FINDINGS; f++) {
        enum health h = findings[f].health;
        if (!health_has(set, (enum finding)f))
            continue;
        if (f == FINDING_LAST_RUN && may_pass(status) && !health_has(set, FINDING_STALE))
            h = HEALTH_LATE;
        if (h > worst)
            worst = h;
    }
    return worst;
}

const char *health_word(int64_t health)
{
    static const char *const words[HEALTHS] = {
        [HEALTH_WELL] = "well", [HEALTH_LATE] = "late", [HEALTH_TROUBLE] = "trouble"};

    return health >= 0 && health < HEALTHS ? words[health] : "trouble";
}

const char *health_finding_word(enum finding f)
{
    return findings[f].word;
}
