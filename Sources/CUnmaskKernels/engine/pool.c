#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>

#include "pause.h"
#include "refusal.h"
#include "unmask_memory.h"

// How an operation is shared out
//
// Every other thread takes indices from the front, the others from the back: two threads thus meet the same rows and weights
// from operation to operation, which are in their own caches, and end together all the same.
//
// `claim` is one 64-bit word: the operation's number, and how many indices were taken from the front and from the back. A
// thread takes one by compare-and-swap, so a thread that wakes late takes what is left, or nothing: nobody waits for a
// thread that has taken no index, which is what makes a preempted or sleeping thread harmless.
// Odd numbers mean "closed": the fields of the next operation are being written. Closing first makes the swap of a
// thread that still looks at the old operation fail.

enum { SPIN_NS = 100000, SPIN_CHECKS_PER_CLOCK = 32 };

/// Bits of a claim that count what was taken from one end; the operation's number has the rest.
enum { TAKEN_BITS = 18 };
static const size_t MAX_INDICES = ((size_t)1 << TAKEN_BITS) - 1;
static const uint64_t ONE_FROM_FRONT = 1, ONE_FROM_BACK = (uint64_t)1 << TAKEN_BITS;
static const uint64_t ONE_OPERATION = (uint64_t)1 << 2 * TAKEN_BITS;

typedef struct worker {
    pthread_t thread;
    unmask_pool *pool;
    uint32_t number;
} worker;

struct unmask_pool {
    uint32_t threads;
    bool may_spin;
    const unmask_bracket *bracket;
    worker *workers;  // threads - 1 of them; the caller is number 0

    _Alignas(64) _Atomic uint64_t claim;
    _Atomic(unmask_task) task;
    _Atomic(void *) context;
    _Atomic uint32_t count;

    _Alignas(64) _Atomic uint32_t finished;
    _Atomic bool caller_sleeps;

    _Alignas(64) _Atomic uint32_t sleepers;
    _Atomic uint32_t passes;  // counts up at each begin and end: odd inside a pass
    _Atomic bool stopping;

    pthread_mutex_t mutex;
    pthread_cond_t work, done;
};

static uint32_t operation_of(uint64_t claim) { return (uint32_t)(claim / ONE_OPERATION); }
static uint32_t taken_from_front(uint64_t claim) { return (uint32_t)(claim % ONE_FROM_BACK); }
static uint32_t taken_from_back(uint64_t claim) { return (uint32_t)(claim / ONE_FROM_BACK % ONE_FROM_BACK); }

static bool inside_pass(unmask_pool *pool) { return atomic_load(&pool->passes) & 1; }

static bool has_new_operation(unmask_pool *pool, uint32_t last) {
    uint32_t operation = operation_of(atomic_load(&pool->claim));
    return operation != last && !(operation & 1);
}

static void finish_one(unmask_pool *pool, uint32_t count) {
    if (atomic_fetch_add(&pool->finished, 1) + 1 != count || !atomic_load(&pool->caller_sleeps)) return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
}

static void begin_share(const unmask_pool *pool) {
    if (pool->bracket) pool->bracket->begin();
}

static void end_share(const unmask_pool *pool) {
    if (pool->bracket) pool->bracket->end();
}

/// Does indices of the current operation until none is left; returns the operation's number.
static uint32_t help(unmask_pool *pool, uint32_t number) {
    const bool from_back = unmask_takes_from_back(number);
    bool begun = false;
    for (;;) {
        uint64_t claim = atomic_load_explicit(&pool->claim, memory_order_acquire);
        unmask_task task = atomic_load_explicit(&pool->task, memory_order_acquire);
        void *context = atomic_load_explicit(&pool->context, memory_order_acquire);
        uint32_t count = atomic_load_explicit(&pool->count, memory_order_acquire);
        uint32_t front = taken_from_front(claim), back = taken_from_back(claim);
        if ((operation_of(claim) & 1) || front + back >= count) {
            if (begun) end_share(pool);
            return operation_of(claim);
        }
        uint64_t one = from_back ? ONE_FROM_BACK : ONE_FROM_FRONT;
        if (!atomic_compare_exchange_weak(&pool->claim, &claim, claim + one)) continue;
        if (!begun) begin_share(pool);
        begun = true;
        task(context, from_back ? count - 1 - back : front, number);
        finish_one(pool, count);
    }
}

static void sleep_until_work(unmask_pool *pool, uint32_t last) {
    uint32_t pass = atomic_load(&pool->passes);
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    bool begun = false;  // a pass that begins wakes the threads so that they spin when its first operation comes
    while (!atomic_load(&pool->stopping) && !has_new_operation(pool, last) && !begun) {
        pthread_cond_wait(&pool->work, &pool->mutex);
        begun = pool->may_spin && inside_pass(pool) && atomic_load(&pool->passes) != pass;
    }
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void wait_for_work(unmask_pool *pool, uint32_t last) {
    if (pool->may_spin && inside_pass(pool)) {
        uint64_t end = unmask_now_ns() + SPIN_NS;
        do {
            for (int i = 0; i < SPIN_CHECKS_PER_CLOCK; i++) {
                if (has_new_operation(pool, last) || atomic_load(&pool->stopping)) return;
                unmask_pause();
            }
        } while (inside_pass(pool) && unmask_now_ns() < end);
    }
    sleep_until_work(pool, last);
}

static void *work(void *argument) {
    worker *self = argument;
    uint32_t last = 0;
    while (!atomic_load(&self->pool->stopping)) {
        if (has_new_operation(self->pool, last)) {
            last = help(self->pool, self->number);
        } else {
            wait_for_work(self->pool, last);
        }
    }
    return NULL;
}

static void wake_sleepers(unmask_pool *pool) {
    if (atomic_load(&pool->sleepers) == 0) return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
}

static void stop(unmask_pool *pool, uint32_t started) {
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stopping, true);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (uint32_t i = 0; i < started; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
    unmask_memory_free(pool->workers);
    unmask_memory_free(pool);
}

unmask_pool *unmask_pool_create(uint32_t threads, bool may_spin, const unmask_bracket *bracket) {
    unmask_pool *pool = unmask_memory_allocate(sizeof(unmask_pool));
    worker *workers = unmask_memory_allocate(threads * sizeof(worker));
    if (!pool || !workers || threads == 0) {
        unmask_memory_free(pool);
        unmask_memory_free(workers);
        return NULL;
    }
    *pool = (unmask_pool){.threads = threads, .may_spin = may_spin, .bracket = bracket, .workers = workers};
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (uint32_t i = 0; i + 1 < threads; i++) {
        workers[i] = (worker){.pool = pool, .number = i + 1};
        if (unmask_memory_is_refused() || pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            stop(pool, i);
            return NULL;
        }
    }
    return pool;
}

void unmask_pool_destroy(unmask_pool *pool) {
    if (pool) stop(pool, pool->threads - 1);
}

uint32_t unmask_pool_threads(const unmask_pool *pool) { return pool->threads; }

void unmask_pool_begin_pass(unmask_pool *pool) {
    if (pool->threads == 1 || inside_pass(pool)) return;
    atomic_fetch_add(&pool->passes, 1);
    if (pool->may_spin) wake_sleepers(pool);
}

void unmask_pool_end_pass(unmask_pool *pool) {
    if (pool->threads > 1 && inside_pass(pool)) atomic_fetch_add(&pool->passes, 1);
}

static void wait_until_done(unmask_pool *pool, uint32_t count) {
    if (pool->may_spin) {
        uint64_t end = unmask_now_ns() + SPIN_NS;
        do {
            for (int i = 0; i < SPIN_CHECKS_PER_CLOCK; i++) {
                if (atomic_load(&pool->finished) == count) return;
                unmask_pause();
            }
        } while (unmask_now_ns() < end);
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->caller_sleeps, true);
    while (atomic_load(&pool->finished) != count) pthread_cond_wait(&pool->done, &pool->mutex);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->mutex);
}

/// An operation's first `offset` indices have been done already.
typedef struct tail {
    unmask_task task;
    void *context;
    size_t offset;
} tail;

static void run_tail(void *context, size_t index, uint32_t number) {
    const tail *rest = context;
    rest->task(rest->context, rest->offset + index, number);
}

void unmask_pool_run(unmask_pool *pool, size_t count, unmask_task task, void *context) {
    if (pool->threads == 1 || count == 1) {
        begin_share(pool);
        for (size_t i = 0; i < count; i++) task(context, i, 0);
        end_share(pool);
        return;
    }
    while (count > MAX_INDICES) {
        tail last = {task, context, count - MAX_INDICES};
        unmask_pool_run(pool, MAX_INDICES, run_tail, &last);
        count -= MAX_INDICES;
    }
    if (count == 0) return;
    uint64_t operation = (uint64_t)operation_of(atomic_load(&pool->claim)) + 1;
    atomic_store(&pool->claim, operation * ONE_OPERATION);
    atomic_store(&pool->task, task);
    atomic_store(&pool->context, context);
    atomic_store(&pool->count, (uint32_t)count);
    atomic_store(&pool->finished, 0);
    atomic_store(&pool->claim, (operation + 1) * ONE_OPERATION);
    wake_sleepers(pool);
    help(pool, 0);
    wait_until_done(pool, (uint32_t)count);
}
