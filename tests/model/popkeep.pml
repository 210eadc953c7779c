/* SPDX-License-Identifier: ISC */
/*
 * How popkeep keeps mail, as a model for spin: two messages on one server, any number of runs, and between any two steps,
 * as often as it likes, a kill, a power cut, a lost line, or the owner's mail reader. Every order of these is tried.
 *
 * Steps carry the names of the functions that do them in src/ (tests/check-style holds that each is there). What popkeep
 * cannot choose is named world_ and stands in world.pml, with the promises:
 *
 *   1. what is gone from the server by popkeep's doing has a durable, whole copy here, unless its owner removed that copy
 *      after popkeep had found it good;
 *   2. no message has two files, and what has a name is whole;
 *   3. a run that nothing disturbs ends with each listed message stored, unless its owner removed the file.
 *
 * Chosen by -D. The disk:
 *   (none)       one syncfs a batch; a rename is on the disk as a whole or not at all (ext4, XFS, btrfs, f2fs)
 *   LINK         names by link and unlink
 *   PERFILE      fsync of each file and folder; after a power cut a rename may have left both names, or neither
 * The mailbox:
 *   (none)       each message has its own size; in each session the server may show a part, and may give any UIDL to any
 *                message: renumbered, swapped, shared
 *   SAME_KEY     both messages have one UIDL and one size; the server shows all it has
 *   SAME_OCTETS  two messages of the same octets
 *   REUSED       the second message comes once a run has seen the first one gone, with its UIDL and size
 *   EXPIRE_0     QUIT deletes what was retrieved
 *   MISSING      any run may be `fetch --missing`
 *   SHOWS_ALL    the server shows all it has, under one UIDL
 *   ONE_CHANGES  the UIDL of the first message only changes
 *   MOVES_ONLY   the mail reader moves files and removes none
 *   NO_READER    no mail reader; READS_BOTH: he has a hand in both messages, not in the first alone
 * WITHOUT_x takes one sync or rule out: tests/model/cases says what then breaks.
 *
 * Left out: clocks (what is stored is due or not, as it likes), failing calls (what a failed sync leaves is what a kill
 * leaves), two runs at a time (flock), a third message (add_match takes the UIDL of a record without a file for its sake:
 * 26-missing has it), other programs that delete at the server, compaction, and a file system on which
 * unlinking one of two names spoils the other (vfat after a torn rename).
 */
#if defined(SAME_KEY) || defined(REUSED)
#define SHOWS_ALL
#define SAME_SIZE
#endif
#ifdef SAME_OCTETS
#define SAME_SIZE
#endif
#if defined(MISSING) || defined(EXPIRE_0) && defined(PERFILE) && !defined(MOVES_ONLY)
#define SLOTS 4                                /* a record whose file its owner removed may be replaced */
#endif
#ifdef MISSING
#define MAY_BE_MISSING 1
#else
#define MAY_BE_MISSING 0
#endif
#ifdef EXPIRE_0
#define EXPIRES 1
#else
#define EXPIRES 0
#endif
#include "rules.pml"
#include "world.pml"

#define IS_STORED(r)  (state_m[r] == R_STORED || state_m[r] == R_ASKED)
#define IS_INTENT(r)  (state_m[r] == R_INTENT)
#define IS_DIRTY(r)   (state_m[r] != state_v[r] || key_m[r] != key_v[r])
#define IN_BATCH(r)   (state_m[r] == R_NONE && (names_v[r] & TMP) && whole_v[r])
#define LOOK(r)       (names_v[r] & NAMED)       /* finder_look */
#define CHECK(r)      (LOOK(r) && whole_v[r])    /* finder_check */
#if SLOTS == 4
#define ANY(x)        (x(0) || x(1) || x(2) || x(3))
#else
#define ANY(x)        (x(0) || x(1) || x(2))
#endif

/* ---- store/journal.c, run/book.c ---- */

/* Between any two d_steps, atomics or statements outside of them something may happen. */
inline disk_sync_data()
{
    for (r : 0 .. SLOTS - 1) {
        state_d[r] = state_v[r]; key_d[r] = key_v[r];
        if
        :: state_d[r] != R_INTENT -> instead[r] = 0
        :: else
        fi
    }
    r = 0
}

inline journal_commit(and_sync)
{
    if
    :: ANY(IS_DIRTY) ->
        d_step {                               /* write_group */
            for (r : 0 .. SLOTS - 1) { state_v[r] = state_m[r]; key_v[r] = key_m[r] }
            journal_v = 1; r = 0
        };
        if                                     /* sync_group */
        :: and_sync ->
            d_step { disk_sync_data() };
            if                                 /* and the journal's own name, when it is new */
            :: !journal_d && WITH(JOURNAL_NAME_SYNC) -> journal_d = 1
            :: else
            fi
        :: else
        fi
    :: else
    fi
}

inline book_commit(and_sync) { journal_commit(and_sync) }

/* Synced before anything is concluded from what it holds. */
inline journal_open()
{
    d_step {                                   /* sync_found */
        if
        :: WITH(OPENING_SYNC) -> disk_sync_data()
        :: else
        fi
    };
    d_step {
        if
        :: WITH(OPENING_NAME_SYNC) -> journal_d = journal_v
        :: else
        fi
    };
    d_step {                                   /* loader_load */
        for (r : 0 .. SLOTS - 1) { state_m[r] = state_v[r]; key_m[r] = key_v[r] }
        r = 0
    }
}

/* ---- store/deliver.c, store/publish.c, store/maildir.c ---- */

inline folder_sync(f)
{
    for (r : 0 .. SLOTS - 1) {
#ifdef PERFILE
        names_d[r] = (names_d[r] & (7 - f)) | (names_v[r] & f)
#else
        if                                     /* a rename is one step in the file system's own journal */
        :: names_v[r] != TMP || f == TMP -> names_d[r] = names_v[r]
        :: else
        fi
#endif
    }
    r = 0
}

inline maildir_batch_sync()
{
#ifdef PERFILE
    d_step {                                   /* sync_each */
        if
        :: WITH(FILE_SYNC) ->
            for (r : 0 .. SLOTS - 1) { whole_d[r] = whole_d[r] || IN_BATCH(r) }
            r = 0
        :: else
        fi
    };
    d_step {
        if
        :: WITH(TMP_SYNC) -> folder_sync(TMP)
        :: else
        fi
    }
#else
    d_step {                                   /* syncfs */
        if
        :: WITH(FILE_SYNC) ->
            for (r : 0 .. SLOTS - 1) { names_d[r] = names_v[r]; whole_d[r] = whole_v[r] }
            r = 0
        :: else
        fi
    }
#endif
}



#define IS_FOR_NEW(r) (publish[r])

/* One after the other; k: the file at hand. */
inline maildir_publish()
{
    do
    :: d_step {
           ANY(IS_FOR_NEW) ->
           do
           :: !publish[k] -> k++
           :: else -> break
           od;
#ifdef LINK
           if                                  /* give_link; if both names are there: one_file */
           :: names_v[k] == TMP -> names_v[k] = TMP | NEW
           :: else
           fi
       };
       d_step {
           names_v[k] = names_v[k] & NAMED;
#else
           names_v[k] = NEW;                   /* give_noreplace */
#endif
           judged[mail[k]] = EXPIRES && listed[mail[k]];
           publish[k] = 0; k = 0
       }
    :: else -> break
    od
}

inline maildir_sync_new(really)
{
    d_step {
        if
        :: really -> folder_sync(NEW)
        :: else
        fi
    };
#ifdef PERFILE
    d_step {
        if
        :: really && WITH(SECOND_NAME_SYNC) -> folder_sync(TMP)
        :: else
        fi
    };
#endif
    skip
}

inline maildir_sweep()
{
    d_step {
        for (r : 0 .. SLOTS - 1) {
            if
            :: names_v[r] & TMP ->
                names_v[r] = names_v[r] & NAMED;
                if
                :: names_v[r] == 0 && state_v[r] == R_NONE && state_d[r] == R_NONE -> world_forget(r)
                :: else
                fi
            :: else
            fi;
            found[r] = 0
        }
        r = 0
    }
}

/* ---- run/recover.c ---- */

/* The folders are read, and once more if the file has been moved since. */
inline finder_check_and_sync(x)
{
    seen = LOOK(x);
    d_step {
        if
        :: !(seen & names_v[x]) && WITH(SECOND_LOOK) -> seen = LOOK(x)
        :: else
        fi;
        found[x] = (seen & names_v[x]) && whole_v[x];
        seen = 0;
        if
        :: found[x] && WITH(FOUND_FILE_SYNC) -> whole_d[x] = 1
        :: else
        fi
    };
    d_step {
        if
        :: found[x] && WITH(FOUND_FOLDER_SYNC) && (names_v[x] & CUR) -> folder_sync(CUR)
        :: found[x] && WITH(FOUND_FOLDER_SYNC) && !(names_v[x] & CUR) -> folder_sync(NEW)
        :: else
        fi
    }
}

inline maildir_recover_tmp(x)
{
    d_step {
        publish[x] = !found[x] && (names_v[x] & TMP) && whole_v[x];
#ifndef PERFILE
        assert(publish[x] || found[x] || removed[x]); /* an intent promises that there is a file */
#endif
        found[x] = found[x] || publish[x];
        if
        :: publish[x] && WITH(RECOVER_TMP_SYNC) -> whole_d[x] = 1
        :: else
        fi
    };
    d_step {
        if
        :: publish[x] && WITH(RECOVER_TMP_SYNC) -> folder_sync(TMP)
        :: else
        fi
    }
}

inline sort_intent(x)
{
    if
    :: IS_INTENT(x) ->
        finder_check_and_sync(x);
        maildir_recover_tmp(x)
    :: else
    fi
}

inline apply_stored(x)
{
    state_m[x] = R_STORED;
    if
    :: instead[x] ->                           /* replace */
        state_m[instead[x] - 1] = R_NONE; key_m[instead[x] - 1] = 0
    :: else
    fi
}

inline settle()
{
    maildir_publish();
    maildir_sync_new(WITH(RECOVERY_NEW_SYNC));
    d_step {
        for (s : 0 .. SLOTS - 1) {
            if
            :: IS_INTENT(s) && found[s] -> apply_stored(s)
            :: IS_INTENT(s) && !found[s] -> state_m[s] = R_NONE; key_m[s] = 0
            :: else
            fi
        }
        s = 0
    };
    book_commit(1)
}

inline recover_intents()
{
#ifdef WITHOUT_SWEEPING_LAST
    maildir_sweep();
#endif
    if
    :: ANY(IS_INTENT) ->
        sort_intent(0);
        sort_intent(1);
        sort_intent(2);
#if SLOTS == 4
        sort_intent(3);
#endif
        settle()
    :: else
    fi;
    maildir_sweep()
}

/* ---- ledger/plan.c ---- */

#define PLAN_SIZE(m) (WITH(SIZE_RULE) && SIZE(m))
#define IN_GROUP(m)  (listed[m] && uidl[m] == k)
#define OF_GROUP(r)  (IS_STORED(r) && key_m[r] == k)
#define OPEN(m, r)   (IN_GROUP(m) && SIZE(m) == SIZE(mail[r]) && entry[m] == NOBODY)

/* The messages of UIDL k and size s beside their records: stored ones before those asked to be deleted. */
inline pair_by_size()
{
    n_listed = 0; n_records = 0;
    for (m : 0 .. 1) { n_listed = n_listed + (IN_GROUP(m) && PLAN_SIZE(m) == s) }
    for (r : 0 .. SLOTS - 1) { n_records = n_records + (OF_GROUP(r) && PLAN_SIZE(mail[r]) == s) }
    if
    :: n_listed > 0 && n_records > 0 && (n_listed <= n_records || !WITH(COUNT_RULE)) ->
        for (m : 0 .. 1) {
            best = NOBODY;
            for (r : 0 .. SLOTS - 1) {
                if
                :: IN_GROUP(m) && PLAN_SIZE(m) == s && OF_GROUP(r) && PLAN_SIZE(mail[r]) == s &&
                   (!claimed[r] || !WITH(COUNT_RULE)) && (best == NOBODY || state_m[r] < state_m[best]) -> best = r
                :: else
                fi
            }
            if
            :: best != NOBODY -> entry[m] = best; claimed[best] = 1
            :: else
            fi
        }
    :: else
    fi
}

inline plan_group()
{
    n_listed = 0; n_records = 0;
    for (m : 0 .. 1) { n_listed = n_listed + (IN_GROUP(m)) }
    for (r : 0 .. SLOTS - 1) { n_records = n_records + (OF_GROUP(r)) }
    if
    :: n_listed > 0 && (n_listed <= n_records || !WITH(COUNT_RULE)) -> for (s : 0 .. 1) { pair_by_size() }
    :: else
    fi;
    for (r : 0 .. SLOTS - 1) {                 /* note_asked */
        if
        :: OF_GROUP(r) && state_m[r] == R_ASKED -> back[r] = claimed[r] || OPEN(0, r) || OPEN(1, r)
        :: else
        fi
    }
}

inline plan_make()
{
    entry[0] = NOBODY; entry[1] = NOBODY; unfiled[0] = NOBODY; unfiled[1] = NOBODY;
    for (k : 1 .. 2) { plan_group() }
    wanted[0] = listed[0] && entry[0] == NOBODY;
    wanted[1] = listed[1] && entry[1] == NOBODY
}

/* ---- run/mailbox.c ---- */

/* What became of the DELEs of earlier sessions. */
inline reconcile()
{
    for (r : 0 .. SLOTS - 1) {
        if
        :: state_m[r] == R_ASKED && back[r] -> state_m[r] = R_STORED
        :: state_m[r] == R_ASKED && !back[r] && WITH(GONE_RULE) -> state_m[r] = R_GONE
        :: state_m[r] == R_STORED && !claimed[r] && !WITH(KEEPING_UNLISTED) -> state_m[r] = R_NONE; key_m[r] = 0
        :: else
        fi;
        back[r] = 0; claimed[r] = 0
    }
}

/* Known, but without a file. */
inline refetch_missing()
{
    for (m : 0 .. 1) {
        if
        :: missing && entry[m] != NOBODY ->
            if
            :: !LOOK(entry[m]) -> unfiled[m] = entry[m]; wanted[m] = 1
            :: else
            fi
        :: else
        fi
    }
}

inline list_and_plan()
{
    d_step {
        plan_make();
        reconcile();
        refetch_missing();
        m = 0; r = 0; s = 0; k = 0; best = NOBODY; n_listed = 0; n_records = 0
    }
}

/* ---- run/writing.c ---- */

#define MATCHES(r)    (IS_STORED(r) || (state_m[r] == R_GONE && WITH(GONE_IN_IDENTITY)))
#define IS_CLAIMED(r) ((entry[0] == r || entry[1] == r) && WITH(CLAIM_RULE))
#define LOOKS         (missing || (EXPIRES && WITH(LOOK_ON_EXPIRE_0)))
#define FREE(r)       (state_m[r] == R_NONE && state_v[r] == R_NONE && state_d[r] == R_NONE && names_v[r] == 0)

inline plan_match()
{
    for (r : 0 .. SLOTS - 1) {
        if
        :: WITH(HASH) && MATCHES(r) && OCTETS(mail[r]) == OCTETS(m) && !IS_CLAIMED(r) &&
           (best == NOBODY || state_m[r] < state_m[best]) -> best = r
        :: else
        fi
    }
}

inline maildir_file_begin()
{
    if                                         /* which is all one; this way there are fewer states */
    :: FREE(m) -> best = m
    :: else ->
        for (r : 2 .. SLOTS - 1) {
            if
            :: best == NOBODY && FREE(r) -> best = r
            :: else
            fi
        }
    fi;
    assert(best != NOBODY);                    /* else some message is about to be stored a second time */
    world_forget(best);
    mail[best] = m;
    instead[best] = (s == NOBODY -> 0 : s + 1);
    names_v[best] = TMP
}

/* Is there a file of the record `best`? Where QUIT deletes it must be good, and its name on the disk. */
inline look_at()
{
    seen = (EXPIRES -> CHECK(best) : LOOK(best)) != 0;
#ifdef PERFILE
    if
    :: seen && EXPIRES && WITH(MATCH_SYNC) ->
        whole_d[best] = 1;
        if
        :: names_v[best] & CUR -> folder_sync(CUR)
        :: else -> folder_sync(NEW)
        fi
    :: else
    fi;
#endif
    skip
}

/* `best`: the slot of the new file, NOBODY if the message is stored already; `s`: the record whose lost file it replaces */
inline identify()
{
    plan_match();
    s = NOBODY;
    if
    :: unfiled[m] != NOBODY ->
        if
        :: OCTETS(mail[unfiled[m]]) == OCTETS(m) -> s = unfiled[m]
        :: else
        fi
    :: else
    fi;
    if
    :: best != NOBODY && LOOKS ->
        look_at();
        if
        :: !seen ->
            if
            :: s == NOBODY -> s = best; entry[m] = best
            :: else
            fi;
            best = NOBODY
        :: else -> seen = 0
        fi
    :: else
    fi;
    if
    :: best != NOBODY -> entry[m] = best; matched[m] = 1; judged[m] = EXPIRES && CHECK(best); best = NOBODY
    :: else -> maildir_file_begin()
    fi
}

inline take_message()
{
    d_step {
        if
        :: wanted[m] -> retrieved[m] = 1; identify(); s = 0; r = 0
        :: else
        fi;
        m++
    };
    d_step {                                   /* maildir_file_write, maildir_file_finish */
        if
        :: best != NOBODY -> whole_v[best] = 1
        :: else
        fi;
        best = NOBODY
    }
}

/* ---- run/fetch.c ---- */

inline add_intents()
{
    d_step {
        for (r : 0 .. SLOTS - 1) {
            if
            :: IN_BATCH(r) -> state_m[r] = (WITH(STORED_LAST) -> R_INTENT : R_STORED); key_m[r] = uidl[mail[r]]; publish[r] = 1
            :: else
            fi
        }
        r = 0
    }
}

inline add_stored()
{
    d_step {
        for (s : 0 .. SLOTS - 1) {
            if
            :: IS_INTENT(s) -> apply_stored(s); entry[mail[s]] = s
            :: else
            fi
        }
        s = 0
    }
}

/* The octets are stored already: the record gets the new UIDL. The one without a file loses it. */
inline add_match(x)
{
    if
    :: matched[x] ->
        state_m[entry[x]] = R_STORED; key_m[entry[x]] = uidl[x];
        if
        :: unfiled[x] != NOBODY ->
            if
            :: unfiled[x] != entry[x] && state_m[unfiled[x]] != R_NONE ->
                state_m[unfiled[x]] = R_STORED; key_m[unfiled[x]] = 0
            :: else
            fi
        :: else
        fi;
        matched[x] = 0
    :: else
    fi
}

inline secure_files()
{
    maildir_batch_sync();
    add_intents();
#ifndef WITHOUT_INTENT
    book_commit(WITH(INTENT_SYNC));
#endif
    skip
}

inline publish_files()
{
    maildir_publish();
    maildir_sync_new(WITH(NEW_SYNC))
}

inline commit_batch()
{
    if
    :: ANY(IN_BATCH) ->
#ifdef WITHOUT_QUIT_LAST
        atomic { world_deletes(0); world_deletes(1) }
#endif
        secure_files();
        publish_files();
        add_stored()
    :: else
    fi;
    d_step { add_match(0); add_match(1) }
}

/* One message a batch, or both in one. The last S may ride on the next group. */
inline fetch_committer()
{
    do
    :: !cut && m < 2 -> take_message()
    :: atomic { !cut && m < 2 && wanted[m] -> cut = 1; calm = 0 }
    :: cut || m == 2 || ANY(IN_BATCH) ->
        commit_batch();
        if
        :: cut || m == 2 -> break
        :: else
        fi
    od;
    atomic { m = 0; best = 0 }
    book_commit(WITH(LAST_COMMIT))
}

/* ---- run/expire.c ---- */

#define MAY_GO(x) (state_m[entry[x]] == R_STORED && key_m[entry[x]] != 0 && (CHECK(entry[x]) || !WITH(COPY_CHECK)))

/* Due or not, as it likes; what has no good copy stays on the server. */
inline copy_is_good(x)
{
    atomic {
        if
        :: listed[x] && entry[x] != NOBODY ->
            if
            :: MAY_GO(x) ->
                window[x] = 1; judged[x] = CHECK(entry[x]);
#ifdef PERFILE
                if                             /* his reader may have moved it and synced nothing */
                :: !WITH(COPY_SYNC)
                :: WITH(COPY_SYNC) && (names_v[entry[x]] & CUR) -> folder_sync(CUR)
                :: WITH(COPY_SYNC) && !(names_v[entry[x]] & CUR) -> folder_sync(NEW)
                fi
#endif
            :: skip
            fi
        :: else
        fi
    }
}

inline journal_window()
{
    d_step {
        for (m : 0 .. 1) {
            if
            :: window[m] && WITH(DELETE_INTENT) -> state_m[entry[m]] = R_ASKED
            :: else
            fi
        }
        m = 0
    };
    if
    :: window[0] || window[1] -> book_commit(WITH(DELETE_SYNC))
    :: else
    fi
}

inline send_window()
{
    atomic {
        if
        :: window[0] || window[1] ->
            marked[0] = marked[0] || window[0]; marked[1] = marked[1] || window[1];
            window[0] = 0; window[1] = 0;
            if
            :: cut = 1; calm = 0
            :: skip
            fi
        :: else
        fi
    }
}

inline delete_due()
{
    copy_is_good(0);
    if
    :: window[0] -> journal_window(); send_window()
    :: skip                                    /* both under one sync */
    fi;
    if
    :: !cut ->
        copy_is_good(1);
        journal_window();
        send_window()
    :: else
    fi
}

/* ---- run/account.c ---- */

active proctype popkeep()
{
    atomic {
        came[0] = 1; on_server[0] = 1;
#ifndef REUSED
        came[1] = 1; on_server[1] = 1
#endif
    }

again:
    {                                          /* worker_fetch */
        atomic {
            calm = 1; cut = 0; listed[0] = 0; listed[1] = 0;
            if
            :: missing = MAY_BE_MISSING
            :: missing = 0
            fi
        }
        journal_open();
        recover_intents();

session:                                       /* mailbox_session */
        atomic { cut = 0; world_lists(0); world_lists(1); list_and_plan() }
        if                                     /* fetch_all */
        :: wanted[0] || wanted[1] -> fetch_committer()
        :: else -> best = 0
        fi;
        if
        :: !cut -> delete_due()
        :: else
        fi;
        if
        :: !cut -> atomic { world_quits(); over() } /* session_quit */
        :: cut ->
            atomic { over() }
            if
            :: goto session                    /* connecting again */
            :: skip
            fi
        fi;
        book_commit(WITH(RUN_SYNC));           /* run_record */
        atomic {
            assert(!calm || (KEPT(0) && KEPT(1) && KEPT_BOTH));
            world_mail_comes()
        }
        goto again
    } unless { struck };

    atomic {
        if
        :: world_power_fails()
        :: skip                                /* killed */
        fi;
        struck = 0
    }
    goto again
}
