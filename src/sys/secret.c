/* SPDX-License-Identifier: ISC */
/* Passwords, from wherever the configuration says they are. */
#include "popkeep/sys/secret.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/sys/ask.h"
#include "popkeep/sys/command.h"
#include "popkeep/sys/env.h"
#include "popkeep/sys/process.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of `raw` one line end is taken off; the rest must be fit to be sent in one command line. */
static int secret_accept(struct buf *out, struct sv raw, const char *what, struct err *e)
{
    if (sv_ends(raw, SV("\r\n")))
        raw.n -= 2;
    else if (sv_ends(raw, SV("\n")))
        raw.n -= 1;
    if (raw.n == 0)
        return err_set(e, ST_CONFIG, "%s gives an empty password", what);
    if (raw.n > SECRET_MAX)
        return err_set(e, ST_CONFIG, "%s gives a password of %zu octets; at most %d are possible",
                       what, raw.n, SECRET_MAX);
    if (sv_has(raw, '\n') || sv_has(raw, '\r'))
        return err_set(e, ST_CONFIG,
                       "%s gives more than one line, or a line end inside the password", what);
    if (sv_has(raw, '\0'))
        return err_set(e, ST_CONFIG, "%s gives a password with a NUL octet (is it UTF-16 text?)",
                       what);
    if (buf_add_secret(out, raw.p, raw.n) != 0)
        return err_set(e, ST_SOFTWARE, "%s: no room for the password", what);
    process_lock(buf_sv(out));
    return 0;
}

int secret_check_file_mode(int fd, const char *what, struct err *e)
{
    struct stat st;
    unsigned mode;

    if (fstat(fd, &st) != 0)
        return err_sys(e, ST_CONFIG, errno, "cannot look at %s", what);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ST_CONFIG, "%s holds a password but is no regular file", what);
    mode = st.st_mode & 0777;
    if ((mode & 037) == 0 && ((mode & 040) == 0 || st.st_uid == 0))
        return 0;
    if ((mode & 07) != 0)
        err_set(e, ST_CONFIG,
                "%s holds a password, but its permissions (%04o) let other users at it", what,
                mode);
    else
        err_set(e, ST_CONFIG, "%s holds a password, but its permissions (%04o) let its group at it",
                what, mode);
    return err_advise(e, st.st_uid == 0 ? tr("chmod 600 on that file puts it right (640 is allowed "
                                             "too, since root owns it)")
                                        : tr("chmod 600 on that file puts it right"));
}

static int secret_read_fd(struct buf *raw, int fd, const char *what, struct err *e)
{
    char part[4096];
    int rc = 0;

    while (rc == 0) {
        ssize_t n = read(fd, part, sizeof part);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = err_sys(e, ST_IO, errno, "cannot read %s", what);
        else if (n == 0)
            break;
        else if (buf_add_secret(raw, part, (size_t)n) != 0)
            rc = err_set(e, ST_CONFIG, "%s is larger than %d octets: it cannot be a password", what,
                         SECRET_READ_MAX);
    }
    mem_wipe(part, sizeof part);
    return rc;
}

int secret_from_file(struct buf *out, const char *path, const char *what, struct err *e)
{
    struct buf raw = BUF_INIT(SECRET_READ_MAX);
    char *name = mem_printf("%s %s", what, path);
    /* O_NONBLOCK: a FIFO put in its place is refused below instead of waited for */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int rc = -1;

    if (fd < 0)
        err_sys(e, ST_CONFIG, errno, "cannot open %s", name);
    else if (secret_check_file_mode(fd, name, e) == 0 && secret_read_fd(&raw, fd, name, e) == 0)
        rc = secret_accept(out, buf_sv(&raw), name, e);
    if (fd >= 0)
        close(fd);
    buf_wipe(&raw);
    free(name);
    return rc;
}

int secret_from_command(struct buf *out, const char *command, int timeout_ms, struct err *e)
{
    struct buf raw = BUF_INIT(SECRET_READ_MAX);
    int rc = command_first_line(&raw, command, "password_command", timeout_ms, e);

    if (rc == 0)
        rc = secret_accept(out, buf_sv(&raw), "password_command", e);
    buf_wipe(&raw);
    return rc;
}

static int secret_from_credential(struct buf *out, const char *name, struct err *e)
{
    const char *dir = env_get("CREDENTIALS_DIRECTORY");
    char *path;
    int rc;

    if (strchr(name, '/') != NULL || strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
        return err_set(e, ST_CONFIG, "password_credential takes a name, not a path");
    if (dir == NULL) {
        err_set(e, ST_CONFIG,
                "password_credential %s: $CREDENTIALS_DIRECTORY is not set; only systemd sets it",
                name);
        return err_advise(e,
                          "start popkeep from a unit with LoadCredential=%s:FILE, or use "
                          "password_file",
                          name);
    }
    path = mem_printf("%s/%s", dir, name);
    rc = secret_from_file(out, path, "password_credential", e);
    free(path);
    return rc;
}

static int secret_from_terminal(struct buf *out, const char *account, const char *user,
                                struct err *e)
{
    struct buf raw = BUF_INIT(SECRET_READ_MAX);
    char shown[256], prompt[512];
    int rc;

    (void)snprintf(prompt, sizeof prompt, tr("Password of %s (account %s): "),
                   text_escape_to(shown, sizeof shown, sv_of(user)), account);
    rc = ask_secret(&raw, prompt, e);
    if (rc == 0)
        rc = secret_accept(out, buf_sv(&raw), tr("what was typed"), e);
    else if (e->status == ST_CONFIG)
        err_advise(e,
                   "give account %s one of password_file, password_command or password_credential",
                   account);
    buf_wipe(&raw);
    return rc;
}

int secret_load(struct buf *out, const struct config_secret *s, const char *account,
                const char *user, struct err *e)
{
    int rc = -1;

    switch (s->kind) {
    case SECRET_NONE:
        rc = secret_from_terminal(out, account, user, e);
        break;
    case SECRET_INLINE:
        rc = secret_accept(out, sv_of(s->value), "password", e);
        break;
    case SECRET_FILE:
        rc = secret_from_file(out, s->value, "password_file", e);
        break;
    case SECRET_COMMAND:
        rc = secret_from_command(out, s->value, SECRET_COMMAND_MS, e);
        break;
    case SECRET_CREDENTIAL:
        rc = secret_from_credential(out, s->value, e);
        break;
    }
    if (rc != 0) {
        buf_wipe(out);
        if (s->kind != SECRET_NONE && s->line > 0)
            err_add(e, "%s:%u", s->file, s->line);
    }
    return rc;
}
