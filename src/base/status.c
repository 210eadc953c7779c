/* SPDX-License-Identifier: ISC */
/* The only list of exit statuses. */
#include "popkeep/base/status.h"
#include "popkeep/base/translate.h"

static const struct status_info table[] = {
    {ST_OK, 0, false, "ok", N_("everything asked for is done")},
    {ST_INCOMPLETE, 2, false, "incomplete", N_("ran, but something is incomplete")},
    {ST_HELD, 1, false, "held", N_("deletions were held back")},
    {ST_CERT, 8, true, "certificate", N_("the server's certificate was not accepted")},
    {ST_USAGE, 14, true, "usage", N_("wrong usage")},
    {ST_DATA, 10, true, "data", N_("stored data are damaged")},
    {ST_UNAVAILABLE, 5, true, "unavailable", N_("the server refuses or lacks what is needed")},
    {ST_SOFTWARE, 13, true, "software", N_("a fault in popkeep, or out of memory")},
    {ST_CANTCREATE, 11, true, "cantcreate", N_("cannot create a local file or folder")},
    {ST_IO, 12, true, "io", N_("cannot read or write locally")},
    {ST_TEMP, 4, false, "temporary", N_("temporary failure; try later")},
    {ST_PROTOCOL, 6, true, "protocol", N_("the server breaks the protocol")},
    {ST_LOGIN, 7, true, "login", N_("login refused")},
    {ST_CONFIG, 9, true, "config", N_("wrong configuration")},
    {ST_OK, 0, false, NULL, NULL},
};

const struct status_info *status_table(void)
{
    return table;
}

const struct status_info *status_info(enum status s)
{
    const struct status_info *software = table;
    for (const struct status_info *row = table; row->name != NULL; row++) {
        if (row->status == s)
            return row;
        if (row->status == ST_SOFTWARE)
            software = row;
    }
    return software;
}

enum status status_worst(enum status a, enum status b)
{
    return status_info(a)->rank >= status_info(b)->rank ? a : b;
}

const char *monitor_word(enum monitor_status s)
{
    static const char *const words[] = {[MONITOR_OK] = "OK",
                                        [MONITOR_WARNING] = "WARNING",
                                        [MONITOR_CRITICAL] = "CRITICAL",
                                        [MONITOR_UNKNOWN] = "UNKNOWN"};

    return words[s];
}
