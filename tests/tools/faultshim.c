/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: counts the system calls that change something outside of it
 * (files below FAULTSHIM_ROOTS, a list split by colons, and sockets) and makes one of them go
 * wrong.
 *
 *   FAULTSHIM_COUNT  file: the calls so far, of all processes and threads together; the time (ns)
 * of the first that went wrong; which call that was FAULTSHIM_KINDS  only calls of these names are
 * counted: "write,fsync"; unset: all but "recv" FAULTSHIM_AT     the number of the call that goes
 * wrong, from 1 FAULTSHIM_DO     "kill" (SIGKILL instead of the call), "stop" (SIGSTOP before it),
 * "short" (a write or read of half the octets), "eof" (a read from a socket finds its end), or an
 * errno's number FAULTSHIM_STICKY from that call on all of its kind fail FAULTSHIM_LOG    file:
 * what was done and with which octets, for a replay without what was not synced (Popkeep::PowerCut
 * reads it) FAULTSHIM_NOSYNC syncs are counted and written down, not done: a sweep of kills needs
 * none FAULTSHIM_NO_RENAME2 renameat2 is not known to the file system FAULTSHIM_FSTYPE hexadecimal
 * number that fstatfs is to tell
 *
 * Real calls are made by system call, so that sanitizers and other preloaded libraries do not mind.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { PATH_CAP = 4096 };

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER; /* of the log is the order of the calls */
static volatile long long *count; /* and when (ns) the first call went wrong */
static char *what_kind;
static int log_fd = -1;
static long long at;
static const char *kinds, *what, *roots;
static bool sticky, nosync;
static const char *broken_kind;

static void set_up(void) __attribute__((constructor));
static void set_up(void)
{
    const char *file = getenv("FAULTSHIM_COUNT"), *log = getenv("FAULTSHIM_LOG");
    int fd =
        file ? (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

    if (fd >= 0) {
        syscall(SYS_ftruncate, fd, 48L);
        void *p = mmap(NULL, 48, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        count = p == MAP_FAILED ? NULL : p;
        what_kind = count ? (char *)p + 16 : NULL;
        syscall(SYS_close, fd);
    }
    if (log) {
        fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                          0600);
        log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 900);
        syscall(SYS_close, fd);
    }
    kinds = getenv("FAULTSHIM_KINDS");
    what = getenv("FAULTSHIM_DO");
    roots = getenv("FAULTSHIM_ROOTS");
    at = getenv("FAULTSHIM_AT") ? atoll(getenv("FAULTSHIM_AT")) : 0;
    sticky = getenv("FAULTSHIM_STICKY") != NULL;
    nosync = getenv("FAULTSHIM_NOSYNC") != NULL;
}

/* ---- which calls ---- */

static bool below_roots(const char *path)
{
    for (const char *r = roots; r && *r;) {
        size_t n = strcspn(r, ":");
        if (strncmp(path, r, n) == 0 && (path[n] == '/' || path[n] == '\0'))
            return true;
        r += n + (r[n] == ':');
    }
    return false;
}

static void path_of_fd(int fd, char out[PATH_CAP])
{
    char link[64];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, out, PATH_CAP - 1);
    out[n > 0 ? n : 0] = '\0';
}

static void path_of(int dir, const char *name, char out[PATH_CAP])
{
    char base[PATH_CAP];

    if (name[0] == '/') {
        snprintf(out, PATH_CAP, "%s", name);
        return;
    }
    if (dir == AT_FDCWD) {
        if (!getcwd(base, sizeof base))
            base[0] = '\0';
    } else {
        path_of_fd(dir, base);
    }
    if (strcmp(name, ".") == 0)
        snprintf(out, PATH_CAP, "%s", base);
    else
        snprintf(out, PATH_CAP, "%.2000s/%.1000s", base, name);
}

static bool is_counted(const char *kind, const char *path)
{
    size_t n = strlen(kind);

    if (!count || (!below_roots(path) && strncmp(path, "socket:", 7) != 0))
        return false;
    if (!kinds)
        return strcmp(kind, "recv") != 0; /* changes nothing, and their number varies */
    for (const char *k = kinds; *k;) {
        size_t m = strcspn(k, ",");
        if (m == n && strncmp(k, kind, n) == 0)
            return true;
        k += m + (k[m] == ',');
    }
    return false;
}

/* Before a call, with the lock held: 0, or what it fails with; -1: half of it; -2: the end. */
static int enter(const char *kind, const char *path)
{
    if (!is_counted(kind, path))
        return 0;
    long long mine = __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
    bool now = at > 0 && mine == at;

    if (!now && !(sticky && broken_kind && strcmp(broken_kind, kind) == 0))
        return 0;
    broken_kind = kind;
    if (count[1] == 0) {
        struct timespec t;
        syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
        count[1] = t.tv_sec * 1000000000LL + t.tv_nsec;
        if (what_kind)
            snprintf(what_kind, 32, "%s", kind);
    }
    if (strcmp(what, "kill") == 0) {
        syscall(SYS_kill, getpid(), SIGKILL);
        for (;;)
            pause();
    }
    if (strcmp(what, "stop") == 0) {
        syscall(SYS_kill, getpid(), SIGSTOP);
        return 0;
    }
    if (strcmp(what, "eof") == 0)
        return strcmp(kind, "recv") == 0 ? -2 : 0;
    return strcmp(what, "short") == 0 ? -1 : atoi(what);
}

/* ---- the log: `KIND inode offset length path [path]` and a line end, then the octets ---- */

static unsigned long long inode(int fd, const char *path)
{
    struct stat st;
    int rc = fd >= 0 ? fstat(fd, &st) : lstat(path, &st);

    return rc == 0 ? (unsigned long long)st.st_ino : 0;
}

static void note(char kind, unsigned long long ino, long long off, const char *path,
                 const char *other, const void *p, size_t n)
{
    char head[2 * PATH_CAP + 128];
    struct iovec v[2];

    if (log_fd < 0 || !below_roots(path))
        return;
    int k = snprintf(head, sizeof head, "%c %llu %lld %zu %s %s\n", kind, ino, off, n, path, other);
    v[0] = (struct iovec){head, (size_t)k};
    v[1] = (struct iovec){(void *)(size_t)p, n};
    syscall(SYS_writev, log_fd, v, 2);
}

static int failed(int errnum)
{
    pthread_mutex_unlock(&order);
    errno = errnum;
    return -1;
}

static long done(long rc)
{
    int saved = errno;
    pthread_mutex_unlock(&order);
    errno = saved;
    return rc;
}

#define BEGIN(kind, path)                                                                          \
    pthread_mutex_lock(&order);                                                                    \
    int fault = enter(kind, path);                                                                 \
    if (fault > 0)                                                                                 \
    return failed(fault)

/* ---- opening ---- */

static int do_open(int dir, const char *name, int flags, mode_t mode)
{
    char path[PATH_CAP];
    path_of(dir, name, path);
    BEGIN(flags & O_CREAT ? "create" : "open", path);
    struct stat st;
    bool fresh = flags & O_CREAT && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0;
    int fd = (int)syscall(SYS_openat, dir, name, flags, mode);
    if (fd >= 0 && fresh)
        note('C', inode(fd, path), 0, path, "-", NULL, 0);
    return (int)done(fd);
}

#define MODE(flags)                                                                                \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list ap;                                                                                \
        va_start(ap, flags);                                                                       \
        mode = (mode_t)va_arg(ap, unsigned);                                                       \
        va_end(ap);                                                                                \
    }

int open64(const char *name, int flags, ...)
{
    MODE(flags)
    return do_open(AT_FDCWD, name, flags, mode);
}

int openat64(int dir, const char *name, int flags, ...)
{
    MODE(flags)
    return do_open(dir, name, flags, mode);
}

int __open64_2(const char *name, int flags);
int __open64_2(const char *name, int flags)
{
    return do_open(AT_FDCWD, name, flags, 0);
}

int __openat64_2(int dir, const char *name, int flags);
int __openat64_2(int dir, const char *name, int flags)
{
    return do_open(dir, name, flags, 0);
}

/* ---- octets ---- */

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t off)
{
    char path[PATH_CAP];
    path_of_fd(fd, path);
    BEGIN("write", path);
    if (fault < 0)
        n = n > 1 ? n / 2 : n;
    ssize_t k = syscall(SYS_pwrite64, fd, p, n, off);
    if (k > 0)
        note('W', inode(fd, path), (long long)off, path, "-", p, (size_t)k);
    return done(k);
}

ssize_t write(int fd, const void *p, size_t n)
{
    char path[PATH_CAP];
    path_of_fd(fd, path);
    BEGIN("send", path);
    if (fault < 0)
        n = n > 1 ? n / 2 : n;
    return done(syscall(SYS_write, fd, p, n));
}

ssize_t read(int fd, void *p, size_t n)
{
    char path[PATH_CAP];
    path_of_fd(fd, path);
    if (strncmp(path, "socket:", 7) != 0)
        return syscall(SYS_read, fd, p, n);
    BEGIN("recv", path);
    if (fault < 0)
        n = fault == -2 ? 0 : n > 1 ? n / 2 : n;
    return done(n == 0 ? 0 : syscall(SYS_read, fd, p, n));
}

int connect(int fd, const struct sockaddr *a, socklen_t n)
{
    char path[PATH_CAP];
    path_of_fd(fd, path);
    BEGIN("connect", path);
    return (int)done(syscall(SYS_connect, fd, a, n));
}

ssize_t pread64(int fd, void *p, size_t n, off64_t off)
{
    char path[PATH_CAP];
    path_of_fd(fd, path);
    BEGIN("read", path);
    if (fault < 0)
        n = n > 1 ? n / 2 : n;
    return done(syscall(SYS_pread64, fd, p, n, off));
}

int ftruncate64(int fd, off64_t length)
{
    char path[PATH_CAP];
    path_of_fd(fd, path);
    BEGIN("truncate", path);
    int rc = (int)syscall(SYS_ftruncate, fd, length);
    if (rc == 0)
        note('T', inode(fd, path), (long long)length, path, "-", NULL, 0);
    return (int)done(rc);
}

int futimens(int fd, const struct timespec times[2])
{
    char path[PATH_CAP];
    path_of_fd(fd, path);
    BEGIN("utimens", path);
    return (int)done(syscall(SYS_utimensat, fd, NULL, times, 0));
}

int close(int fd)
{
    char path[PATH_CAP];
    path_of_fd(fd, path);
    pthread_mutex_lock(&order);
    int fault = enter("close", path);
    int rc = (int)syscall(SYS_close, fd); /* Linux closes it whatever it answers */
    return fault > 0 ? failed(fault) : (int)done(rc);
}

/* ---- syncs ---- */

static int do_sync(const char *kind, char mark, long number, int fd)
{
    char path[PATH_CAP];
    struct stat st;
    path_of_fd(fd, path);
    BEGIN(kind, path);
    int rc = nosync ? 0 : (int)syscall(number, fd);
    if (rc == 0) {
        bool folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
        note(mark ? mark : folder ? 'D' : 'S', inode(fd, path), 0, path, "-", NULL, 0);
    }
    return (int)done(rc);
}

int fsync(int fd)
{
    return do_sync("fsync", 0, SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return do_sync("fdatasync", 0, SYS_fdatasync, fd);
}

int syncfs(int fd)
{
    return do_sync("syncfs", 'F', SYS_syncfs, fd);
}

int sync_file_range(int fd, off64_t off, off64_t n, unsigned flags)
{
    return nosync ? 0 : (int)syscall(SYS_sync_file_range, fd, off, n, flags);
}

/* ---- names ---- */

static int do_rename(const char *kind, int from, const char *old, int to, const char *name,
                     unsigned flags)
{
    char a[PATH_CAP], b[PATH_CAP];
    path_of(from, old, a);
    path_of(to, name, b);
    BEGIN(kind, b);
    if (flags != 0 && getenv("FAULTSHIM_NO_RENAME2"))
        return failed(EINVAL);
    unsigned long long ino = inode(-1, a);
    int rc = (int)syscall(SYS_renameat2, from, old, to, name, flags);
    if (rc == 0)
        note('R', ino, 0, a, b, NULL, 0);
    return (int)done(rc);
}

int renameat2(int from, const char *old, int to, const char *name, unsigned flags)
{
    return do_rename("renameat2", from, old, to, name, flags);
}

int renameat(int from, const char *old, int to, const char *name)
{
    return do_rename("renameat", from, old, to, name, 0);
}

int linkat(int from, const char *old, int to, const char *name, int flags)
{
    char a[PATH_CAP], b[PATH_CAP];
    path_of(from, old, a);
    path_of(to, name, b);
    BEGIN("link", b);
    int rc = (int)syscall(SYS_linkat, from, old, to, name, flags);
    if (rc == 0)
        note('L', inode(-1, b), 0, a, b, NULL, 0);
    return (int)done(rc);
}

int unlinkat(int dir, const char *name, int flags)
{
    char path[PATH_CAP];
    path_of(dir, name, path);
    BEGIN("unlink", path);
    int rc = (int)syscall(SYS_unlinkat, dir, name, flags);
    if (rc == 0)
        note('U', 0, 0, path, "-", NULL, 0);
    return (int)done(rc);
}

int mkdirat(int dir, const char *name, mode_t mode)
{
    char path[PATH_CAP];
    path_of(dir, name, path);
    BEGIN("mkdir", path);
    int rc = (int)syscall(SYS_mkdirat, dir, name, mode);
    if (rc == 0)
        note('M', 0, 0, path, "-", NULL, 0);
    return (int)done(rc);
}

/* ---- what the file system tells ---- */

struct dirent64 *readdir64(DIR *d)
{
    static struct dirent64 *(*real)(DIR *);
    char path[PATH_CAP];

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "readdir64");
    path_of_fd(dirfd(d), path);
    pthread_mutex_lock(&order);
    int fault = enter("readdir", path);
    pthread_mutex_unlock(&order);
    if (fault > 0) {
        errno = fault;
        return NULL;
    }
    return real(d);
}

int fstatfs64(int fd, struct statfs64 *out)
{
    const char *type = getenv("FAULTSHIM_FSTYPE");
    int rc = (int)syscall(SYS_fstatfs, fd, out);

    if (rc == 0 && type)
        out->f_type = strtol(type, NULL, 16);
    return rc;
}

/* The links in /proc/self/fd must stay readable. */
int prctl(int option, ...)
{
    unsigned long a[4];
    va_list ap;

    va_start(ap, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(ap, unsigned long);
    va_end(ap);
    if (option == PR_SET_DUMPABLE)
        return 0;
    return (int)syscall(SYS_prctl, option, a[0], a[1], a[2], a[3]);
}
