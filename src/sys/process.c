/* SPDX-License-Identifier: ISC */
/* Giving up root, and keeping passwords out of core files. */
#include "popkeep/sys/process.h"
#include "popkeep/base/mem.h"
#include "popkeep/sys/instrumented.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

bool process_is_root(void)
{
    return geteuid() == 0;
}

void process_harden(void)
{
#ifndef POPKEEP_INSTRUMENTED
    struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

void process_lock(struct sv secret)
{
    if (secret.n > 0)
        (void)mlock(secret.p, secret.n);
}

static int process_look_up(const char *user, uid_t *uid, gid_t *gid, struct err *e)
{
    struct passwd *pw;

    errno = 0;
    pw = getpwnam(user);
    if (pw == NULL && errno != 0 && errno != ENOENT)
        return err_sys(e, ST_CONFIG, errno, "run_as: cannot look up the user %s", user);
    if (pw == NULL)
        return err_set(e, ST_CONFIG, "run_as: there is no user %s on this machine", user);
    *uid = pw->pw_uid;
    *gid = pw->pw_gid;
    return 0;
}

/* A setuid that "succeeded" is not believed: kernels and capabilities have made it half hold. */
static int process_check(uid_t uid, gid_t gid, struct err *e)
{
    uid_t r, u, s;
    gid_t rg, g, sg;

    if (getresuid(&r, &u, &s) != 0 || getresgid(&rg, &g, &sg) != 0 || r != uid || u != uid ||
        s != uid || rg != gid || g != gid || sg != gid)
        return err_set(e, ST_SOFTWARE, "run_as: the change of user did not hold");
    if (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
        return err_set(e, ST_SOFTWARE, "run_as: root could be taken back after it was given up");
    return 0;
}

int process_become(const char *user, struct err *e)
{
    uid_t uid = (uid_t)-1; /* nobody's, and no change if it were set */
    gid_t gid = (gid_t)-1;

    if (process_look_up(user, &uid, &gid, e) != 0)
        return -1;
    if (geteuid() == uid && getuid() == uid)
        return 0;
    if (geteuid() != 0) {
        err_set(e, ST_CONFIG, "run_as: only root can become the user %s", user);
        return err_advise(e, "start popkeep as root or as %s, or take run_as out", user);
    }
    if (initgroups(user, gid) != 0)
        return err_sys(e, ST_SOFTWARE, errno, "run_as: cannot set the groups of %s", user);
    if (setresgid(gid, gid, gid) != 0)
        return err_sys(e, ST_SOFTWARE, errno, "run_as: cannot become the group of %s", user);
    if (setresuid(uid, uid, uid) != 0)
        return err_sys(e, ST_SOFTWARE, errno, "run_as: cannot become %s", user);
    return process_check(uid, gid, e);
}
