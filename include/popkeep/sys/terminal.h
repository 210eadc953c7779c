/* SPDX-License-Identifier: ISC */
/*
 * Is there a person looking, and how wide is the window.
 */
#ifndef POPKEEP_SYS_TERMINAL_H
#define POPKEEP_SYS_TERMINAL_H

#include <stdbool.h>

bool terminal_is(int fd);

/* Columns of the terminal behind fd; 80 when it is none or does not tell. Never 0. Asked anew at
 * every call, so that a resized window is noticed without a signal. */
unsigned terminal_width(int fd);

#endif
