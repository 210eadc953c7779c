/* SPDX-License-Identifier: ISC */
/*
 * How the report looks and what its script does. Both hold neither "<" nor "&", so that they may
 * stand in XML as they are.
 */
#ifndef POPKEEP_REPORT_HTML_LOOK_H
#define POPKEEP_REPORT_HTML_LOOK_H

#include "popkeep/base/bytes.h"

extern const char html_style[];
extern const char html_script[];

/* The Content-Security-Policy that lets these two through, by their digests, and nothing else. */
void html_policy(struct buf *to);

#endif
