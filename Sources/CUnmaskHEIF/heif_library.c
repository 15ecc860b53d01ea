#include "heif_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

struct heif_functions heif;
static char problem[256];

static void load(void) {
    void *library = dlopen("libheif.so.1", RTLD_NOW | RTLD_LOCAL);
    bool has_all = library != NULL;
#define FIND(name) has_all = has_all && (heif.name = (__typeof__(heif.name))dlsym(library, "heif_" #name)) != NULL;
    HEIF_FUNCTIONS(FIND)
#undef FIND
    if (has_all) return;
    const char *reason = dlerror();
    snprintf(problem, sizeof problem, "HEIC is read by libheif, which cannot be loaded (%s): install Debian's libheif1",
             reason == NULL ? "no reason given" : reason);
}

const char *heif_library_open(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return problem[0] == '\0' ? NULL : problem;
}
