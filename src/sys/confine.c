/* SPDX-License-Identifier: ISC */
/* Landlock and seccomp by their system calls: neither is worth a library. */
#include "popkeep/sys/confine.h"

#include "popkeep/base/translate.h"
#include "popkeep/sys/instrumented.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef LANDLOCK_ACCESS_FS_REFER /* Linux 5.19, ABI 2 */
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE /* Linux 6.2, ABI 3 */
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

enum { ABI_REFER = 2, ABI_TRUNCATE = 3 };

/* ---- writes ---- */

static int landlock_abi(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static uint64_t all_writing(int abi)
{
    uint64_t rights = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                      LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                      LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                      LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                      LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM |
                      LANDLOCK_ACCESS_FS_REFER;

    return abi >= ABI_TRUNCATE ? rights | LANDLOCK_ACCESS_FS_TRUNCATE : rights;
}

/* What a worker does in its own folders: no devices, sockets or links. */
static uint64_t own_writing(int abi)
{
    uint64_t rights = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                      LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                      LANDLOCK_ACCESS_FS_REFER;

    return abi >= ABI_TRUNCATE ? rights | LANDLOCK_ACCESS_FS_TRUNCATE : rights;
}

static int allow_below(int rules, int folder, int abi)
{
    struct landlock_path_beneath_attr below = {.allowed_access = own_writing(abi),
                                               .parent_fd = folder};

    return (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0);
}

static bool confine_writes(const int *writable, size_t n)
{
    int abi = landlock_abi();
    struct landlock_ruleset_attr attr = {.handled_access_fs = all_writing(abi)};
    int rules, rc = 0;

    if (abi < ABI_REFER)
        return false;
    rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (rules < 0)
        return false;
    /* a folder that cannot be allowed must not become one that cannot be written to */
    for (size_t i = 0; i < n && rc == 0; i++)
        if (writable[i] >= 0)
            rc = allow_below(rules, writable[i], abi);
    if (rc == 0)
        rc = (int)syscall(SYS_landlock_restrict_self, rules, 0);
    close(rules);
    return rc == 0;
}

/* ---- calls ---- */

#if defined(__x86_64__)
#define CONFINE_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define CONFINE_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define CONFINE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define CONFINE_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define CONFINE_ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef CONFINE_ARCH
/* No architecture has all of them. */
static const unsigned denied[] = {
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_mount,
    SYS_umount2,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_swapon,
    SYS_swapoff,
    SYS_reboot,
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_acct,
    SYS_quotactl,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_syslog,
    SYS_vhangup,
    SYS_open_by_handle_at,
    SYS_mknodat,
    SYS_listen,
    SYS_accept4,
#ifdef SYS_accept
    SYS_accept,
#endif
#ifdef SYS_mknod
    SYS_mknod,
#endif
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_ioperm
    SYS_ioperm,
    SYS_iopl,
#endif
#ifdef SYS_modify_ldt
    SYS_modify_ldt,
#endif
#ifdef SYS_uselib
    SYS_uselib,
#endif
};

enum { DENIED = sizeof denied / sizeof denied[0], HEAD = 5, MAX = HEAD + DENIED + 2 };
_Static_assert(DENIED + 3 < 256, "a jump of the filter is one octet");

#define FIELD(name) (unsigned)offsetof(struct seccomp_data, name)
#define LOAD(name)  ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(name)))
#define JUMP(how, k, yes, no)                                                                      \
    ((struct sock_filter)BPF_JUMP(BPF_JMP | (how) | BPF_K, (k), (unsigned char)(yes),              \
                                  (unsigned char)(no)))
#define RETURN(k) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, (k)))

/* The calls of another architecture (i386, x32) have other numbers and are denied as a whole. */
static size_t write_filter(struct sock_filter p[MAX])
{
    size_t n = 0;

    p[n++] = LOAD(arch);
    p[n++] = JUMP(BPF_JEQ, CONFINE_ARCH, 0, DENIED + 3);
    p[n++] = LOAD(nr);
    p[n++] = JUMP(BPF_JGE, 0x40000000u, DENIED + 1, 0);
    for (size_t i = 0; i < DENIED; i++)
        p[n++] = JUMP(BPF_JEQ, denied[i], DENIED - i, 0);
    p[n++] = RETURN(SECCOMP_RET_ALLOW);
    p[n++] = RETURN(SECCOMP_RET_ERRNO | EPERM);
    return n;
}

static bool confine_calls(void)
{
    struct sock_filter code[MAX];
    struct sock_fprog program = {.filter = code};

    program.len = (unsigned short)write_filter(code);
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* The kernel looks at the program only after it has found that it knows filters. */
static bool can_confine_calls(void)
{
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != 0 && errno == EFAULT;
}
#else
static bool confine_calls(void)
{
    return false;
}

static bool can_confine_calls(void)
{
    return false;
}
#endif

/* ---- all of it ---- */

unsigned confine_can(void)
{
    unsigned can = CONFINE_PRIVILEGES | (landlock_abi() >= ABI_REFER ? CONFINE_WRITES : 0) |
                   (can_confine_calls() ? CONFINE_CALLS : 0);

#ifdef POPKEEP_INSTRUMENTED
    can = 0;
#endif
    return can;
}

unsigned confine_worker(const int *writable, size_t n)
{
    unsigned done = 0;

    if (confine_can() == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return 0; /* the others need it */
    done = CONFINE_PRIVILEGES;
    if (confine_writes(writable, n))
        done |= CONFINE_WRITES;
    if (confine_calls())
        done |= CONFINE_CALLS;
    return done;
}

void confine_text(struct buf *out, unsigned parts)
{
    static const char *const names[] = {N_("no new privileges"), N_("writes (Landlock)"),
                                        N_("calls (seccomp)")};
    const char *between = "";

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (parts & (1u << i)) {
            (void)buf_addf(out, "%s%s", between, tr(names[i]));
            between = ", ";
        }
    if (parts == 0)
        (void)buf_add_c(out, tr_in("given up", "nothing"));
}
