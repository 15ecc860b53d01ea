#define _GNU_SOURCE
#include "CUnmaskMapping.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

// The handler may interrupt any code, so it takes no lock and calls nothing but system calls: guards are a list that only
// grows at its head, whose members are used again, and their fields are atomic.

struct unmask_guard {
    _Atomic uintptr_t begin;
    _Atomic uintptr_t end;  // 0: free
    atomic_bool damaged;
    struct unmask_guard *next;
};

static _Atomic(unmask_guard *) guards;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static uintptr_t page_size;
static bool installed;

// A guard that is freed and used again meanwhile shows another end the second time, or is whole.
static bool covers(unmask_guard *guard, uintptr_t address, uintptr_t *end) {
    *end = atomic_load(&guard->end);
    uintptr_t begin = atomic_load(&guard->begin);
    return *end != 0 && address >= begin && address < *end && atomic_load(&guard->end) == *end;
}

// Puts zeros in the place of the page at `address` and all after it, which the file has lost too.
static bool replace(uintptr_t address) {
    for (unmask_guard *guard = atomic_load(&guards); guard != NULL; guard = guard->next) {
        uintptr_t end;
        if (!covers(guard, address, &end)) continue;
        atomic_store(&guard->damaged, true);
        uintptr_t page = address & ~(page_size - 1);
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
#if defined(__linux__)
        // Not the library's function, which sanitizers take for a write to what other threads read.
        return syscall(SYS_mmap, page, end - page, PROT_READ, flags, -1, 0) != -1;
#else
        return mmap((void *)page, end - page, PROT_READ, flags, -1, 0) != MAP_FAILED;
#endif
    }
    return false;
}

static void handle(int number, siginfo_t *info, void *context) {
    int error = errno;
    // A signal that someone sent has no address.
    bool is_fault = info->si_code > 0;
    if (is_fault && replace((uintptr_t)info->si_addr)) {
        errno = error;
        return;
    }
    errno = error;
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(number, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(number);
    } else if (is_fault || previous.sa_handler == SIG_DFL) {
        // The faulting instruction runs again, and ends the process as it would have.
        struct sigaction fatal = {.sa_handler = SIG_DFL};
        sigaction(SIGBUS, &fatal, NULL);
        if (!is_fault) raise(SIGBUS);
    }
}

static bool install(void) {
    if (installed) return true;
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    if (sigaction(SIGBUS, NULL, &previous) != 0) return false;
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    installed = sigaction(SIGBUS, &action, NULL) == 0;
    return installed;
}

unmask_guard *unmask_guard_add(const void *base, size_t length) {
    pthread_mutex_lock(&lock);
    unmask_guard *guard = NULL;
    if (install()) {
        guard = atomic_load(&guards);
        while (guard != NULL && atomic_load(&guard->end) != 0) guard = guard->next;
        if (guard == NULL && (guard = calloc(1, sizeof *guard)) != NULL) {
            guard->next = atomic_load(&guards);
            atomic_store(&guards, guard);
        }
    }
    if (guard != NULL) {
        uintptr_t begin = (uintptr_t)base;
        atomic_store(&guard->damaged, false);
        atomic_store(&guard->begin, begin);
        atomic_store(&guard->end, (begin + length + page_size - 1) & ~(page_size - 1));
    }
    pthread_mutex_unlock(&lock);
    return guard;
}

void unmask_guard_remove(unmask_guard *guard) { atomic_store(&guard->end, 0); }

void unmask_guard_mark(unmask_guard *guard) { atomic_store(&guard->damaged, true); }

bool unmask_guard_is_damaged(const unmask_guard *guard) { return atomic_load(&guard->damaged); }
