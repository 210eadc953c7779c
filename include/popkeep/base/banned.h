/* SPDX-License-Identifier: ISC */
/*
 * Calls that cut silently, follow the locale or overflow are compile errors. Every .c file of src/
 * gets this header by -include; what to use instead stands beside each.
 */
#ifndef POPKEEP_BASE_BANNED_H
#define POPKEEP_BASE_BANNED_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef strtok
#undef sprintf /* clang makes them macros under _FORTIFY_SOURCE */
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat strtok /* buf_add, snprintf, sv_token */
#pragma GCC poison sprintf vsprintf gets                /* snprintf, buf_addf */
#pragma GCC poison atoi atol atoll strtol strtoul strtoll strtoull strtod /* ascii_u64 */
#pragma GCC poison strcasecmp strncasecmp /* ascii_same: Turkish i */
#undef isalpha
#undef isdigit
#undef isalnum
#undef isspace
#undef tolower
#undef toupper
#pragma GCC poison isalpha isdigit isalnum isspace tolower toupper /* ascii_* */
#pragma GCC poison localtime gmtime ctime asctime mktime strftime  /* text_time */

#endif
