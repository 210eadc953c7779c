/* SPDX-License-Identifier: ISC */
/*
 * What popkeep cannot choose: the disk, the power, the owner's mail reader, the server, and the promises as they can be
 * judged from outside. Included by popkeep.pml, whose head says how all this is read.
 */

/* ---- the disk ---- */

/* A slot is a record of the journal and its file. `v`: what programs see; `d`: what is left for sure when the power fails
 * now. Of what is not on the disk anything may be left: the old, the new, of names even both or neither (PERFILE). */
#define TMP   1 /* names of a file: in tmp/, new/, cur/ */
#define NEW   2
#define CUR   4
#define NAMED 6 /* where mail readers look */

#define R_NONE   0 /* no record; void; replaced */
#define R_INTENT 1
#define R_STORED 2
#define R_ASKED  3
#define R_GONE   4

#ifndef SLOTS
#define SLOTS 3 /* one more than there are messages, for the one that must never be filled twice */
#endif
#define NOBODY SLOTS

byte names_v[SLOTS], names_d[SLOTS];
bit whole_v[SLOTS], whole_d[SLOTS];
byte state_m[SLOTS], state_v[SLOTS], state_d[SLOTS]; /* m: in memory, not yet written */
byte key_m[SLOTS], key_v[SLOTS], key_d[SLOTS];       /* the UIDL in the record; 0: none */
byte mail[SLOTS];                                    /* the message the file was received from */
byte instead[SLOTS];                                 /* an intent's "replaces": slot + 1 */
bit removed[SLOTS];                                  /* by its owner's reader */
bit journal_v, journal_d;                            /* the journal's own name in its folder */

/* ---- the server ---- */

#ifdef SAME_SIZE
#define SIZE(m) 0
#else
#define SIZE(m) (m)
#endif
#ifdef SAME_OCTETS
#define OCTETS(m) 0
#else
#define OCTETS(m) (m)
#endif

bit came[2];      /* the message has arrived */
bit on_server[2];
byte uidl[2];     /* of this session, 1 or 2 */
bit listed[2];
bit marked[2];    /* DELE was answered; done at QUIT, forgotten when the line is lost */
bit retrieved[2]; /* in this session: EXPIRE 0 servers delete that at QUIT as well */

/* ---- of one session: all 0 between sessions ---- */

byte entry[2];    /* the record that stands for the message, or NOBODY */
byte unfiled[2];  /* the one that stood for it by its UIDL and has no file, or NOBODY */
bit wanted[2];    /* to be fetched */
bit matched[2];   /* came, and is stored already as entry[] */
bit window[2];    /* to be deleted under the next sync */
bit claimed[SLOTS], back[SLOTS], found[SLOTS], publish[SLOTS];
bit cut;          /* the line is lost */
bit missing;      /* fetch --missing */
byte m, r, s, k, best, seen, n_listed, n_records;

/* However it ended; marks are forgotten. */
inline over()
{
    marked[0] = 0; marked[1] = 0; retrieved[0] = 0; retrieved[1] = 0; judged[0] = 0; judged[1] = 0;
    entry[0] = 0; entry[1] = 0; unfiled[0] = 0; unfiled[1] = 0; wanted[0] = 0; wanted[1] = 0;
    matched[0] = 0; matched[1] = 0; window[0] = 0; window[1] = 0; uidl[0] = 0; uidl[1] = 0;
    for (r : 0 .. SLOTS - 1) { claimed[r] = 0; back[r] = 0; found[r] = 0; publish[r] = 0 }
    m = 0; r = 0; s = 0; k = 0; best = 0; seen = 0
}

/* ---- what is remembered to judge by ---- */

bit judged[2];    /* the copy was found good, in this session: what its owner does from now on is his own doing */
bit excused[2];   /* he removed it after that */
bit touched[2];   /* he removed a copy at any time */
bit calm;         /* nothing has disturbed this run */

/* ---- the promises ---- */

#ifdef PERFILE
#define SURE(r) ((names_v[r] & names_d[r] & NAMED) && whole_v[r] && whole_d[r])
#else
#define SURE(r) ((names_v[r] & NAMED) && (names_d[r] & NAMED) && whole_v[r] && whole_d[r])
#endif
#define HOLDS(r, m)   (OCTETS(mail[r]) == OCTETS(m) && SURE(r))
#define COUNTS(r, m)  (OCTETS(mail[r]) == OCTETS(m) && (names_v[r] & NAMED) && !removed[r])
#define IS_HERE(r, m) (OCTETS(mail[r]) == OCTETS(m) && (names_v[r] & NAMED))
#define SPOILT(r)     ((names_v[r] & NAMED) && !whole_v[r] && !removed[r])
#if SLOTS == 4
#define HELD(m)   (HOLDS(0, m) || HOLDS(1, m) || HOLDS(2, m) || HOLDS(3, m))
#define COPIES(m) (COUNTS(0, m) + COUNTS(1, m) + COUNTS(2, m) + COUNTS(3, m))
#define HERE(m)   (IS_HERE(0, m) || IS_HERE(1, m) || IS_HERE(2, m) || IS_HERE(3, m))
#define A_SPOILT_ONE (SPOILT(0) || SPOILT(1) || SPOILT(2) || SPOILT(3))
#else
#define HELD(m)   (HOLDS(0, m) || HOLDS(1, m) || HOLDS(2, m))
#define COPIES(m) (COUNTS(0, m) + COUNTS(1, m) + COUNTS(2, m))
#define HERE(m)   (IS_HERE(0, m) || IS_HERE(1, m) || IS_HERE(2, m))
#define A_SPOILT_ONE (SPOILT(0) || SPOILT(1) || SPOILT(2))
#endif

/* 1: gone from the server, by popkeep's doing, without a durable whole copy here. */
#define LOST(m) (came[m] && !on_server[m] && !excused[m] && !HELD(m))
/* 2: two files of one message. Two messages of the same octets are two files at most. */
#ifdef SAME_OCTETS
#define DOUBLED(m) (COPIES(m) > 2)
#else
#define DOUBLED(m) (COPIES(m) > 1)
#endif

/* Looked at in every state: it can move only when a promise is broken. */
active proctype promises()
{
end:
    if
    :: atomic { LOST(0) || LOST(1) -> assert(false) }       /* nothing is lost */
    :: atomic { DOUBLED(0) || DOUBLED(1) -> assert(false) } /* nothing is stored twice */
    :: atomic { A_SPOILT_ONE -> assert(false) }             /* what has a name is whole */
    fi
}

/* ---- the power ---- */

inline world_forget(r)
{
    names_v[r] = 0; names_d[r] = 0; whole_v[r] = 0; whole_d[r] = 0;
    mail[r] = 0; instead[r] = 0; removed[r] = 0
}

inline world_bit(r, b)
{
    if
    :: ((names_v[r] ^ names_d[r]) & b) -> names_v[r] = names_v[r] ^ b
    :: skip
    fi
}

/* Each file by itself: what was not synced is kept, lost, or torn. A group of the journal is whole or cut off. */
inline world_power_fails()
{
    for (r : 0 .. SLOTS - 1) {
#ifdef PERFILE
        world_bit(r, TMP); world_bit(r, NEW); world_bit(r, CUR);
#else
        if
        :: names_v[r] != names_d[r] -> names_v[r] = names_d[r]
#ifdef LINK
        :: names_v[r] != names_d[r] -> names_v[r] = names_v[r] | names_d[r]
#endif
        :: skip
        fi;
#endif
        if
        :: names_v[r] == 0 -> whole_v[r] = 0
        :: names_v[r] != 0 && whole_v[r] != whole_d[r] -> whole_v[r] = whole_d[r]
        :: names_v[r] != 0 -> skip
        fi;
        names_d[r] = names_v[r];
        whole_d[r] = whole_v[r]
    }
    if
    :: journal_v && !journal_d ->
        journal_v = 0;
        for (r : 0 .. SLOTS - 1) { state_v[r] = R_NONE; key_v[r] = 0 }
    :: for (r : 0 .. SLOTS - 1) { state_v[r] = state_d[r]; key_v[r] = key_d[r] }
    :: skip
    fi;
    for (r : 0 .. SLOTS - 1) {
        state_d[r] = state_v[r]; key_d[r] = key_v[r];
        if
        :: state_v[r] == R_NONE && (names_v[r] == 0 || removed[r]) -> world_forget(r)
        :: else
        fi
    }
    journal_d = journal_v;
    r = 0
}

/* ---- the owner's mail reader ---- */

#ifdef READS_BOTH
#define HIS_TO_READ(r) 1
#else
#define HIS_TO_READ(r) (mail[r] == 0) /* the other one is in no way different */
#endif

/* He may not hold popkeep to what he did after the copy was found good and the server was asked. */
#ifdef SAME_KEY
#define HIS_OWN(m) 1 /* which of the two a record stands for cannot be told */
#else
#define HIS_OWN(m) (judged[m] || !on_server[m])
#endif
#define CONCERNS(r, m) (OCTETS(mail[r]) == OCTETS(m) && came[m])

/* A rename is on the disk or not; only where it is two steps (PERFILE) one half of it may be. */
inline world_reader_moves(r)
{
    atomic {
        !struck && (names_v[r] & NEW) && !(names_v[r] & CUR) && !removed[r] && HIS_TO_READ(r) ->
        if
        :: names_d[r] = names_v[r] /* it had been written back meanwhile */
        :: skip
        fi;
        names_v[r] = (names_v[r] & TMP) | CUR;
#ifdef PERFILE
        touched[mail[r]] = 1; /* he did not sync it either */
        if
        :: CONCERNS(r, 0) && HIS_OWN(0) || CONCERNS(r, 1) && HIS_OWN(1) -> names_d[r] = (names_d[r] & TMP) | CUR
        :: else
        fi;
#endif
        calm = 0
    }
}

inline world_reader_removes(r)
{
    atomic {
        !struck && (names_v[r] & NAMED) && !removed[r] && HIS_TO_READ(r) ->
        if
        :: names_d[r] = names_v[r]
        :: skip
        fi;
        names_v[r] = names_v[r] & TMP;
        removed[r] = 1;
        if
        :: CONCERNS(r, 0) -> touched[0] = 1; excused[0] = excused[0] || HIS_OWN(0)
        :: else
        fi;
        if
        :: CONCERNS(r, 1) -> touched[1] = 1; excused[1] = excused[1] || HIS_OWN(1)
        :: else
        fi;
        calm = 0
    }
}

/* Between any two steps of popkeep, as often as they like: a kill, the power (world_power_fails), the reader. */
bit struck;

active proctype world()
{
end:
    do
    :: atomic { !struck -> struck = 1; over() }
#ifndef NO_READER
    :: world_reader_moves(0)
    :: world_reader_moves(2)
#ifdef READS_BOTH
    :: world_reader_moves(1)
#endif
#if SLOTS == 4
    :: world_reader_moves(3)
#endif
#ifndef MOVES_ONLY
    :: world_reader_removes(0)
    :: world_reader_removes(2)
#ifdef READS_BOTH
    :: world_reader_removes(1)
#endif
#if SLOTS == 4
    :: world_reader_removes(3)
#endif
#endif
#endif
    od
}

/* ---- the server ---- */

#ifdef ONE_CHANGES
#define BOTH_CHANGE 0
#else
#define BOTH_CHANGE 1
#endif

inline world_lists(x)
{
#ifdef SHOWS_ALL
    listed[x] = on_server[x];
    uidl[x] = on_server[x]
#else
    if
    :: on_server[x] && (x == 0 || BOTH_CHANGE) -> listed[x] = 1; uidl[x] = 1
    :: on_server[x] -> listed[x] = 1; uidl[x] = 2
    :: listed[x] = 0
    fi
#endif
}

inline world_deletes(x)
{
    on_server[x] = on_server[x] && !(marked[x] || (EXPIRES && retrieved[x]))
}

/* +OK: all that was marked is gone, or nothing (some keep what they confirm). No answer: any part of it may be gone. */
inline world_quits()
{
    if
    :: world_deletes(0); world_deletes(1)
    :: skip
    :: world_deletes(0); calm = 0
    :: world_deletes(1); calm = 0
    fi
}

inline world_mail_comes()
{
#ifdef REUSED
    if
    :: !listed[0] && !came[1] -> came[1] = 1; on_server[1] = 1
    :: skip
    fi
#else
    skip
#endif
}

/* 3: what a run listed is here. A file that its owner removed comes back by --missing only. */
#define KEPT(m) (!listed[m] || HERE(m) || excused[m] || (touched[m] && !missing))
#ifdef SAME_OCTETS
#define KEPT_BOTH (!(listed[0] && listed[1]) || COPIES(0) == 2 || touched[0] || touched[1])
#else
#define KEPT_BOTH 1
#endif
