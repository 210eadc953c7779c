/* SPDX-License-Identifier: ISC */
/* If these fail, a password is cut or changed, read by others, left in a message, or a run hangs on
 * a command that never ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/sys/clock.h"
#include "popkeep/sys/secret.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

static char dir[64], path[128];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/popkeep-test-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/secret", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void put(struct sv s, mode_t mode)
{
    FILE *f;

    unlink(path);
    f = fopen(path, "w");
    fwrite(s.p, 1, s.n, f);
    fclose(f);
    chmod(path, mode);
}

static void assert_says(const struct err *e, const char *words)
{
    if (strstr(e->text, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, e->text);
}

static int load(struct buf *out, enum secret_kind kind, char *value, struct err *e)
{
    struct config_secret s = {
        .kind = kind, .value = value, .file = "/etc/popkeep.conf", .line = 12};

    *e = (struct err)ERR_INIT;
    return secret_load(out, &s, "okul", "a@okul.example", e);
}

static void gives(enum secret_kind kind, char *value, struct sv password)
{
    struct buf out = BUF_INIT(SECRET_MAX);
    struct err e;

    if (load(&out, kind, value, &e) != 0)
        fail_msg("%s", e.text);
    if (!sv_eq(buf_sv(&out), password))
        fail_msg("another password of %zu octets", out.n);
    buf_wipe(&out);
}

static void refuses(enum secret_kind kind, char *value, const char *words)
{
    struct buf out = BUF_INIT(SECRET_MAX);
    struct err e;

    assert_int_equal(load(&out, kind, value, &e), -1);
    assert_int_equal(e.status, ST_CONFIG);
    assert_int_equal(out.n, 0);
    assert_says(&e, words);
    assert_says(&e, "/etc/popkeep.conf:12: ");
    assert_null(strstr(e.text, "Gizli")); /* no part of what was read is shown */
}

static void test_file_contents(void **state)
{
    static const char odd[] = "  Gizli;# \"'=\\ \xc3\xbc\xfe\t ";
    static char big[SECRET_MAX + 2];

    (void)state;
    put(SV("Gizli"), 0600);
    gives(SECRET_FILE, path, SV("Gizli"));
    put(SV("Gizli\n"), 0400);
    gives(SECRET_FILE, path, SV("Gizli"));
    put(SV("Gizli\r\n"), 0600);
    gives(SECRET_FILE, path, SV("Gizli"));
    put(SV(odd), 0600);
    gives(SECRET_FILE, path, SV(odd));
    memset(big, 'x', sizeof big);
    big[SECRET_MAX] = '\n';
    put(sv_make(big, SECRET_MAX + 1), 0600);
    gives(SECRET_FILE, path, sv_make(big, SECRET_MAX));
    big[SECRET_MAX] = 'x';
    put(sv_make(big, SECRET_MAX + 1), 0600);
    refuses(SECRET_FILE, path, "at most 4096");
}

static void test_file_contents_refused(void **state)
{
    static char huge[SECRET_READ_MAX + 1];

    (void)state;
    put(SV(""), 0600);
    refuses(SECRET_FILE, path, "empty");
    put(SV("\n"), 0600);
    refuses(SECRET_FILE, path, "empty");
    put(SV("Gizli\n\n"), 0600);
    refuses(SECRET_FILE, path, "more than one line");
    put(SV("Gizli\nDELE 1"), 0600);
    refuses(SECRET_FILE, path, "more than one line");
    put(SV("Gizli\rDELE 1"), 0600);
    refuses(SECRET_FILE, path, "line end inside");
    put(SV("G\0izli\n"), 0600);
    refuses(SECRET_FILE, path, "NUL");
    memset(huge, 'x', sizeof huge);
    put(sv_make(huge, sizeof huge), 0600);
    refuses(SECRET_FILE, path, "larger than 65536");
}

static void test_file_modes(void **state)
{
    static const mode_t bad[] = {0604, 0602, 0601, 0660, 0620, 0610, 0644, 0777};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put(SV("Gizli\n"), bad[i]);
        if (geteuid() == 0 || (bad[i] & 0400) != 0)
            refuses(SECRET_FILE, path, "chmod 600");
    }
    put(SV("Gizli\n"), 0640);
    if (geteuid() == 0) {
        gives(SECRET_FILE, path, SV("Gizli"));
        assert_int_equal(chown(path, 65534, 65534), 0);
    }
    refuses(SECRET_FILE, path, "its group"); /* only root may let a group read */
}

static void test_file_kinds(void **state)
{
    char link[160];

    (void)state;
    unlink(path);
    refuses(SECRET_FILE, path, "No such file");
    refuses(SECRET_FILE, dir, "no regular file");
    assert_int_equal(mkfifo(path, 0600), 0);
    refuses(SECRET_FILE, path, "no regular file"); /* and does not wait for a writer */
    put(SV("Gizli\n"), 0600);
    snprintf(link, sizeof link, "%s/link", dir);
    assert_int_equal(symlink(path, link), 0);
    gives(SECRET_FILE, link, SV("Gizli"));
    put(SV("Gizli\n"), 0644);
    refuses(SECRET_FILE, link, "chmod 600");
    unlink(link);
}

static void test_inline(void **state)
{
    char good[] = "Gizli ;x", bad[] = "Giz\rli";

    (void)state;
    gives(SECRET_INLINE, good, SV("Gizli ;x"));
    refuses(SECRET_INLINE, bad, "line end inside");
}

static void test_credential(void **state)
{
    char name[] = "secret", evil[] = "../secret";

    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    refuses(SECRET_CREDENTIAL, name, "CREDENTIALS_DIRECTORY is not set");
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    put(SV("Gizli\n"), 0400);
    gives(SECRET_CREDENTIAL, name, SV("Gizli"));
    refuses(SECRET_CREDENTIAL, evil, "not a path");
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_command(void **state)
{
    char first[] = "printf 'Gizli ;#\\n second\\n'", crlf[] = "printf 'Gizli\\r\\n'";
    char bare[] = "printf Gizli", in[] = "cat; echo Gizli";
    char much[] = "echo Gizli; head -c 1000000 /dev/zero", held[] = "sleep 5 & echo Gizli";
    int64_t start;

    (void)state;
    gives(SECRET_COMMAND, first, SV("Gizli ;#"));
    gives(SECRET_COMMAND, crlf, SV("Gizli"));
    gives(SECRET_COMMAND, bare, SV("Gizli"));
    gives(SECRET_COMMAND, in, SV("Gizli")); /* stdin is empty, not ours */
    gives(SECRET_COMMAND, much, SV("Gizli"));
    start = clock_mono_ms();
    gives(SECRET_COMMAND, held, SV("Gizli")); /* an agent it started keeps its stdout open */
    assert_true(clock_mono_ms() - start < 3000);
}

static void test_command_refused(void **state)
{
    char fails[] = "echo Gizli; exit 3", missing[] = "exec 2>/dev/null; popkeep-no-such-program";
    char silent[] = "true", killed[] = "kill -PIPE $$; echo Gizli",
         wide[] = "head -c 70000 /dev/zero";

    (void)state;
    refuses(SECRET_COMMAND, fails, "exit status 3");
    refuses(SECRET_COMMAND, missing, "whole path");
    refuses(SECRET_COMMAND, silent, "empty");
    signal(SIGPIPE, SIG_IGN); /* as in the program; the command gets it back */
    refuses(SECRET_COMMAND, killed, "signal 13");
    signal(SIGPIPE, SIG_DFL);
    refuses(SECRET_COMMAND, wide, "more than 65536");
}

static void test_command_too_slow(void **state)
{
    struct buf out = BUF_INIT(SECRET_MAX);
    struct err e = ERR_INIT;
    char command[256];
    int64_t start = clock_mono_ms();
    pid_t child = 0;
    FILE *f;

    (void)state;
    unlink(path);
    snprintf(command, sizeof command, "trap '' TERM; sleep 60 & echo $! >%s; wait; sleep 60", path);
    assert_int_equal(secret_from_command(&out, command, 150, &e), -1);
    assert_true(clock_mono_ms() - start < 3000);
    assert_int_equal(e.status, ST_CONFIG);
    assert_says(&e, "took longer");
    f = fopen(path, "r");
    assert_int_equal(fscanf(f, "%d", &child), 1);
    fclose(f);
    for (int i = 0; i < 100 && kill(child, 0) == 0; i++) { /* dead, or a zombie of init's */
        char stat[64], text[256] = "";

        snprintf(stat, sizeof stat, "/proc/%d/stat", child);
        f = fopen(stat, "r");
        if (f == NULL || fgets(text, sizeof text, f) == NULL || strstr(text, ") Z") != NULL)
            child = -1;
        if (f != NULL)
            fclose(f);
        if (child == -1)
            break;
        poll(NULL, 0, 10);
    }
    if (child != -1)
        assert_int_equal(kill(child, 0), -1);
}

/* --- the terminal --- */

/* In the child: ask and hand the outcome to the parent; 0 is success. */
static void ask_in_child(int to)
{
    struct buf out = BUF_INIT(SECRET_MAX);
    struct config_secret s = {.kind = SECRET_NONE};
    struct err e = ERR_INIT;
    int rc = secret_load(&out, &s, "okul", "a@okul.example", &e);
    ssize_t n = rc == 0 ? write(to, out.p, out.n) : write(to, e.text, strlen(e.text));

    (void)n;
    buf_wipe(&out);
    _exit(rc == 0 ? 0 : (int)e.status);
}

static void wait_for_text(int fd, const char *text)
{
    char seen[1024];
    size_t n = 0;

    seen[0] = '\0';
    while (strstr(seen, text) == NULL && n < sizeof seen - 1) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t k = 0;

        if (poll(&p, 1, 5000) != 1 || (k = read(fd, seen + n, sizeof seen - 1 - n)) <= 0)
            fail_msg("\"%s\" did not come, but: %s", text, seen);
        n += (size_t)k;
        seen[n] = '\0';
    }
}

static void test_terminal(void **state)
{
    static const struct {
        const char *typed;
        int signal, status; /* status: of waitpid */
        const char *result;
    } cases[] = {{" Gizli ;#\n", 0, 0, " Gizli ;#"},
                 {"\n", 0, ST_CONFIG << 8, "empty"},
                 {"\004", 0, ST_CONFIG << 8, "no password was typed"},
                 {"Giz\003", 0, SIGINT, ""},
                 {"", SIGTERM, SIGTERM, ""}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int result[2], master, slave, status;
        struct termios before, during, after;
        char got[512] = "";
        pid_t pid;

        assert_int_equal(pipe(result), 0);
        assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
        tcgetattr(slave, &before);
        pid = fork();
        if (pid == 0) {
            login_tty(dup(slave));
            ask_in_child(result[1]);
        }
        close(result[1]);
        wait_for_text(master, "Password of a@okul.example (account okul): ");
        tcgetattr(slave, &during);
        assert_false(during.c_lflag & ECHO);
        assert_int_equal(write(master, cases[i].typed, strlen(cases[i].typed)),
                         strlen(cases[i].typed));
        if (cases[i].signal != 0)
            kill(pid, cases[i].signal);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status & 0xff7f, cases[i].status);
        assert_true(read(result[0], got, sizeof got - 1) >= 0);
        if (cases[i].result[0] == ' ')
            assert_string_equal(got, cases[i].result);
        else
            assert_non_null(strstr(got, cases[i].result));
        tcgetattr(slave, &after);
        assert_int_equal(after.c_lflag, before.c_lflag); /* the echo is back, whatever happened */
        close(result[0]);
        close(master);
        close(slave);
    }
}

static void test_no_terminal(void **state)
{
    int result[2], status;
    char got[512] = "";
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(result), 0);
    pid = fork();
    if (pid == 0) {
        setsid();
        ask_in_child(result[1]);
    }
    close(result[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), ST_CONFIG);
    assert_true(read(result[0], got, sizeof got - 1) > 0);
    assert_non_null(strstr(got, "no terminal"));
    assert_non_null(strstr(got, "password_file"));
    close(result[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_contents),    cmocka_unit_test(test_file_contents_refused),
        cmocka_unit_test(test_file_modes),       cmocka_unit_test(test_file_kinds),
        cmocka_unit_test(test_inline),           cmocka_unit_test(test_credential),
        cmocka_unit_test(test_command),          cmocka_unit_test(test_command_refused),
        cmocka_unit_test(test_command_too_slow), cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_no_terminal),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
