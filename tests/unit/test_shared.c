/* SPDX-License-Identifier: ISC */
/*
 * Which file systems keep their locks to one machine. What a user loses if these fail: mail stored
 * twice by two machines, or a backup that refuses a good disk.
 */
#include "tempdir.h"
#include "popkeep/store/shared.h"

/* As machines of the field show them: /proc/self/mountinfo. */
#define ROOT                                                                                       \
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"                                              \
    "27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
#define AT "40 27 0:45 / /srv/popkeep rw,relatime"

static const struct {
    const char *line; /* behind the mount's own options */
    unsigned major, minor;
    const char *why; /* null: accepted */
} cases[] = {
    /* local */
    {" shared:1 - ext4 /dev/sda1 rw", 6, 1, NULL},
    {" - xfs /dev/sda1 rw,attr2,inode64", 6, 1, NULL},
    {" - btrfs /dev/sda1 rw,subvolid=256,subvol=/@home", 6, 1, NULL},
    {" - overlay overlay rw,lowerdir=/a:/b,upperdir=/c,workdir=/d,nolock", 6, 1, NULL},
    {" - tmpfs tmpfs rw,size=8164348k", 6, 1, NULL},
    {" - zfs rpool/home rw,xattr", 6, 1, NULL},
    {" - fuseblk /dev/sdb1 rw,user_id=0,group_id=0", 6, 1, NULL},
    {" - fuse.gocryptfs /home/a/.cipher rw", 6, 1, NULL},
    {" - fuse.mergerfs a:b rw", 6, 1, NULL},
    {" - fuse.fuse-overlayfs fuse-overlayfs rw", 6, 1, NULL},
    {" - virtiofs share rw", 6, 1, NULL},
    {" - 9p C:\\134 rw,aname=drvfs", 5, 15, NULL},
    /* between machines, and the locks hold */
    {" - nfs4 nas:/mail "
     "rw,vers=4.2,rsize=1048576,hard,proto=tcp,sec=sys,local_lock=none,addr=10.0.0.1",
     6, 1, NULL},
    {" - nfs nas:/mail rw,vers=3,hard,proto=tcp,mountproto=udp,local_lock=none,addr=10.0.0.1", 6, 1,
     NULL},
    {" - nfs nas:/mail rw,vers=3,local_lock=posix,addr=10.0.0.1", 6, 1, NULL},
    {" - cifs //nas/mail rw,vers=3.1.1,cache=strict,uid=0,soft", 5, 5, NULL},
    {" - cifs //nas/mail rw,vers=3.1.1,cache=strict", 6, 1, NULL},
    {" - smb3 //nas/mail rw,vers=3.1.1", 5, 10, NULL},
    {" - ceph 10.0.0.1:/ rw,name=admin,secret=<hidden>,acl", 6, 1, NULL},
    {" - fuse.glusterfs nas:/vol rw,user_id=0,group_id=0,default_permissions,allow_other", 6, 1,
     NULL},
    {" - lustre 10.0.0.1@tcp:/work rw,flock,lazystatfs", 4, 18, NULL},
    {" - afs #grand.central.org:root.cell. rw,flock=strict", 6, 1, NULL},
    /* between machines, and the locks do not */
    {" - nfs nas:/mail rw,vers=3,nolock,proto=tcp,local_lock=all,addr=10.0.0.1", 6, 1, "nolock"},
    {" - nfs nas:/mail rw,vers=3,local_lock=flock,addr=10.0.0.1", 6, 1, "local_lock=flock"},
    {" - nfs nas:/mail rw,vers=3,addr=10.0.0.1,local_lock=all", 6, 1, "local_lock=all"},
    {" - nfs4 nas:/mail rw,vers=4.1,local_lock=all,addr=10.0.0.1", 6, 1, "local_lock=all"},
    {" - cifs //nas/mail rw,nobrl,vers=3.1.1", 6, 1, "nobrl"},
    {" - cifs //nas/mail rw,vers=3.1.1", 5, 4, ""},
    {" - cifs //nas/mail rw,vers=3.1.1", 4, 19, ""},
    {" - lustre 10.0.0.1@tcp:/work rw,localflock,lazystatfs", 4, 18, "localflock"},
    {" - afs #grand.central.org:root.cell. rw,flock=local", 6, 1, "flock=local"},
    {" - fuse.sshfs user@host:/srv rw,nosuid,nodev,user_id=1000", 6, 1, ""},
    {" shared:5 master:3 propagate_from:2 - fuse.sshfs h: rw", 6, 1, ""},
    {" - fuse.rclone remote: rw,user_id=0", 6, 1, ""},
    /* an option is a word, not a part of one */
    {" - nfs nas:/nolock rw,vers=3,nolocks,xnolock,local_lock=all2", 6, 1, NULL},
    {" - nfs nas:/a rw", 6, 1, NULL},
    {" - nfs nas:/a", 6, 1, NULL},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        struct shared_mount m;
        snprintf(text, sizeof text, ROOT AT "%s\n41 27 0:9 / /x rw - sysfs sysfs rw\n",
                 cases[i].line);
        assert_true(shared_find(sv_of(text), 40, &m));
        const char *why = shared_local_locks(&m, cases[i].major, cases[i].minor);
        if ((why == NULL) != (cases[i].why == NULL) || (why && strcmp(why, cases[i].why) != 0))
            fail_msg("%s on Linux %u.%u: %s", cases[i].line, cases[i].major, cases[i].minor,
                     why ? why : "accepted");
    }
}

static void test_find(void **state)
{
    (void)state;
    struct shared_mount m;
    static const char text[] = ROOT AT " shared:7 - nfs4 nas:/a b\\040c rw,vers=4.2\n"
                                       "4 27 0:50 / /four rw - tmpfs tmpfs rw\n"
                                       "no number\n"
                                       "50 27 0:51 / /cut rw\n"
                                       "51 27 0:51 / /cut rw -\n"
                                       "52 27 0:51 / /cut rw - xfs";
    assert_true(shared_find(SV(ROOT), 27, &m));
    assert_true(sv_eq_c(m.type, "ext4"));
    assert_true(sv_eq_c(m.options, "rw"));
    assert_true(shared_find(SV(text), 4, &m));
    assert_true(sv_eq_c(m.type, "tmpfs"));
    assert_true(shared_find(SV(text), 40, &m));
    assert_true(sv_eq_c(m.type, "nfs4"));
    assert_false(shared_find(SV(text), 99, &m));
    assert_false(shared_find(SV(text), 50, &m));
    assert_false(shared_find(SV(text), 51, &m));
    assert_true(shared_find(SV(text), 52, &m));
    assert_true(sv_eq_c(m.type, "xfs"));
    assert_false(shared_find(SV_NULL, 1, &m));
    /* any cut of the text is read without harm */
    for (size_t n = 0; n < sizeof text; n++)
        if (shared_find(sv_make(text, n), 40, &m))
            (void)shared_local_locks(&m, 6, 1);
}

/* Where the tests run is a local disk, or a container. */
static void test_here(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    int tmp = open("/tmp", O_RDONLY | O_DIRECTORY), proc = open("/proc", O_RDONLY | O_DIRECTORY);
    if (shared_check(t->fd, t->path, &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(shared_check(tmp, "/tmp", &e), 0);
    assert_int_equal(shared_check(proc, "/proc", &e), 0);
    assert_int_equal(shared_check(-1, "none", &e), 0);
    close(tmp);
    close(proc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_find),
        with_tempdir(test_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
