/* SPDX-License-Identifier: ISC */
/* The only list of exit statuses. */
#include "popkeep/base/status.h"

static const struct status_info table[] = {
    {ST_OK, 0, "ok", "everything asked for is done"},
    {ST_INCOMPLETE, 2, "incomplete", "ran, but something is incomplete"},
    {ST_HELD, 1, "held", "deletions were held back"},
    {ST_CERT, 8, "certificate", "the server's certificate was not accepted"},
    {ST_USAGE, 14, "usage", "wrong usage"},
    {ST_DATA, 10, "data", "stored data are damaged"},
    {ST_UNAVAILABLE, 5, "unavailable", "the server refuses or lacks what is needed"},
    {ST_SOFTWARE, 13, "software", "a fault in popkeep, or out of memory"},
    {ST_CANTCREATE, 11, "cantcreate", "cannot create a local file or folder"},
    {ST_IO, 12, "io", "cannot read or write locally"},
    {ST_TEMP, 4, "temporary", "temporary failure; try later"},
    {ST_PROTOCOL, 6, "protocol", "the server breaks the protocol"},
    {ST_LOGIN, 7, "login", "login refused"},
    {ST_CONFIG, 9, "config", "wrong configuration"},
    {ST_OK, 0, NULL, NULL},
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
