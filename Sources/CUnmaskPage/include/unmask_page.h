// The files that the HTTP port hands out as they are: the page for browsers, and the OpenAPI document. They are in the
// program, so that it stays one file.
#ifndef UNMASK_PAGE_H
#define UNMASK_PAGE_H

#include <stddef.h>

struct unmask_page_file {
    const char *name;
    // The value of Content-Type.
    const char *type;
    const unsigned char *bytes;
    size_t count;
};

// The file of this name; NULL where there is none.
const struct unmask_page_file *unmask_page_file(const char *name);

#endif
