#define _GNU_SOURCE

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unmask_engine.h"

/// The processors that the scheduler may put this process on.
static uint32_t allowed_processors(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return (uint32_t)CPU_COUNT(&set);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 && online < INT_MAX ? (uint32_t)online : 1;
}

#if defined(__linux__)

/// `quota` microseconds of processor time in each `period`, in whole processors rounded up; UINT32_MAX: no limit.
static uint32_t processors_of(long long quota, long long period) {
    if (quota <= 0 || period <= 0) return UINT32_MAX;
    long long processors = quota / period + (quota % period != 0);
    return processors < UINT32_MAX ? (uint32_t)processors : UINT32_MAX;
}

/// cgroup version 2: `cpu.max` holds "quota period", or "max period" for no limit.
static uint32_t v2_limit(const char *directory) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/cpu.max", directory) >= (int)sizeof path) return UINT32_MAX;
    FILE *file = fopen(path, "re");
    if (!file) return UINT32_MAX;
    long long quota, period;
    int read = fscanf(file, "%lld %lld", &quota, &period);
    fclose(file);
    return read == 2 ? processors_of(quota, period) : UINT32_MAX;
}

static long long v1_number(const char *directory, const char *name) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path) return -1;
    FILE *file = fopen(path, "re");
    if (!file) return -1;
    long long number;
    int read = fscanf(file, "%lld", &number);
    fclose(file);
    return read == 1 ? number : -1;
}

static uint32_t v1_limit(const char *directory) {
    return processors_of(v1_number(directory, "cpu.cfs_quota_us"), v1_number(directory, "cpu.cfs_period_us"));
}

/// The least limit of a group and all its ancestors, up to the root of the hierarchy mounted at `mount`.
static uint32_t least_limit(const char *mount, const char *group, uint32_t (*limit_of)(const char *directory)) {
    char directory[PATH_MAX];
    int length = snprintf(directory, sizeof directory, "%s%s", mount, group);
    if (length < 0 || length >= (int)sizeof directory) return limit_of(mount);
    uint32_t least = UINT32_MAX;
    for (;;) {
        uint32_t limit = limit_of(directory);
        if (limit < least) least = limit;
        char *slash = strrchr(directory, '/');
        if (!slash || (size_t)(slash - directory) < strlen(mount)) return least;
        *slash = '\0';
    }
}

static bool names_cpu(char *controllers) {
    char *state = NULL;
    for (char *name = strtok_r(controllers, ",", &state); name; name = strtok_r(NULL, ",", &state)) {
        if (strcmp(name, "cpu") == 0) return true;
    }
    return false;
}

/// The limit of this process's groups: each line of /proc/self/cgroup is "number:controllers:path", and version 2's
/// has no controllers.
static uint32_t cgroup_processors(void) {
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return UINT32_MAX;
    uint32_t least = UINT32_MAX;
    char line[PATH_MAX + 64];
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path) continue;
        *path++ = '\0';
        controllers++;
        uint32_t limit = UINT32_MAX;
        if (*controllers == '\0') {
            limit = least_limit("/sys/fs/cgroup", path, v2_limit);
        } else if (names_cpu(controllers)) {
            limit = least_limit("/sys/fs/cgroup/cpu", path, v1_limit);
        }
        if (limit < least) least = limit;
    }
    fclose(file);
    return least;
}

#else
static uint32_t cgroup_processors(void) { return UINT32_MAX; }
#endif

uint32_t unmask_available_threads(void) {
    uint32_t allowed = allowed_processors(), quota = cgroup_processors();
    uint32_t threads = allowed < quota ? allowed : quota;
    return threads > 0 ? threads : 1;
}
