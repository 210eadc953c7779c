/* SPDX-License-Identifier: ISC */
/* A mutex, a condition and a list. See the header. */
#include "popkeep/run/queue.h"

#include "popkeep/base/mem.h"

#include <errno.h>

void queue_init(struct queue *q)
{
    pthread_condattr_t attr;

    *q = (struct queue){0};
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(
        &attr, CLOCK_MONOTONIC); /* a wall clock that jumps must not wake or hang us */
    pthread_cond_init(&q->changed, &attr);
    pthread_condattr_destroy(&attr);
}

void queue_end(struct queue *q)
{
    while (q->head != NULL) {
        struct parcel *p = q->head;
        q->head = p->next;
        parcel_free(p);
    }
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
}

struct parcel *parcel_new(enum parcel_kind kind, size_t item)
{
    struct parcel *p = mem_zalloc(1, sizeof *p);

    p->kind = kind;
    p->item = item;
    buf_init(&p->octets, QUEUE_OCTETS);
    return p;
}

void parcel_free(struct parcel *p)
{
    if (p == NULL)
        return;
    buf_free(&p->octets);
    free(p);
}

static struct timespec deadline_in(int ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

/* false: the deadline has passed */
static bool wait_changed(struct queue *q, const struct timespec *deadline)
{
    if (deadline == NULL) {
        pthread_cond_wait(&q->changed, &q->lock);
        return true;
    }
    return pthread_cond_timedwait(&q->changed, &q->lock, deadline) != ETIMEDOUT;
}

static bool has_room(const struct queue *q, size_t octets)
{
    /* an empty queue takes anything, so that no parcel is too large for ever */
    return q->n == 0 || (q->n < QUEUE_PARCELS && q->octets + octets <= QUEUE_OCTETS);
}

int queue_push(struct queue *q, struct parcel *p, int wait_ms)
{
    struct timespec deadline = deadline_in(wait_ms);
    int rc = 1;

    pthread_mutex_lock(&q->lock);
    while (!q->failed && !has_room(q, p->octets.cap))
        if (!wait_changed(q, &deadline)) {
            rc = 0;
            break;
        }
    if (q->failed)
        rc = -1;
    if (rc == 1) {
        if (q->tail != NULL && q->head != NULL)
            q->tail->next = p;
        else
            q->head = p;
        q->tail = p;
        q->n++;
        q->octets += p->octets.cap;
        if (p->kind == PARCEL_FLUSH)
            q->flushes_asked++;
        pthread_cond_broadcast(&q->changed);
    }
    pthread_mutex_unlock(&q->lock);
    return rc;
}

int queue_wait_flushed(struct queue *q, int wait_ms)
{
    struct timespec deadline = deadline_in(wait_ms);
    int rc;

    pthread_mutex_lock(&q->lock);
    while (!q->failed && q->flushes_done < q->flushes_asked)
        if (!wait_changed(q, &deadline))
            break;
    rc = q->failed ? -1 : q->flushes_done == q->flushes_asked;
    pthread_mutex_unlock(&q->lock);
    return rc;
}

bool queue_failed(struct queue *q)
{
    bool failed;

    pthread_mutex_lock(&q->lock);
    failed = q->failed;
    pthread_mutex_unlock(&q->lock);
    return failed;
}

struct parcel *queue_pop(struct queue *q, int wait_ms)
{
    struct timespec deadline = deadline_in(wait_ms < 0 ? 0 : wait_ms);
    struct parcel *p;

    pthread_mutex_lock(&q->lock);
    while (q->head == NULL && !q->failed)
        if (!wait_changed(q, wait_ms < 0 ? NULL : &deadline))
            break;
    p = q->head;
    if (p != NULL) {
        q->head = p->next;
        if (q->head == NULL)
            q->tail = NULL;
        p->next = NULL;
        q->n--;
        q->octets -= p->octets.cap;
        pthread_cond_broadcast(&q->changed);
    }
    pthread_mutex_unlock(&q->lock);
    return p;
}

void queue_flushed(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->flushes_done++;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

void queue_fail(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->failed = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}
