/* SPDX-License-Identifier: ISC */
/*
 * The environment: the only place where it is asked.
 */
#ifndef POPKEEP_SYS_ENV_H
#define POPKEEP_SYS_ENV_H

/* The value of a variable, null when it is not set or empty (the XDG base directory specification
 * treats both alike). Not owned by the caller. */
const char *env_get(const char *name);

/* Take a variable away from us and from every program we start. */
void env_forget(const char *name);

/* The home folder: $HOME if it is an absolute path, else the one in the user database; null if
 * there is neither. The caller frees it. */
char *env_home(void);

/* The name of this machine for file names in a Maildir: at most 64 octets of [A-Za-z0-9.-], any
 * other octet replaced by '_'; "localhost" if there is none. The caller frees it. */
char *env_host(void);

#endif
