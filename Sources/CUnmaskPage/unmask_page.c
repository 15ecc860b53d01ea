#include "unmask_page.h"

#include <string.h>

// C23; Swift's arrays of so many literals take minutes to compile.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char index_html[] = {
#embed "files/index.html"
};
static const unsigned char page_css[] = {
#embed "files/page.css"
};
static const unsigned char page_js[] = {
#embed "files/page.js"
};
static const unsigned char server_js[] = {
#embed "files/server.js"
};
static const unsigned char look_js[] = {
#embed "files/look.js"
};
static const unsigned char figures_js[] = {
#embed "files/figures.js"
};
static const unsigned char similar_js[] = {
#embed "files/similar.js"
};
static const unsigned char pictures_js[] = {
#embed "files/pictures.js"
};
static const unsigned char search_js[] = {
#embed "files/search.js"
};
static const unsigned char map_js[] = {
#embed "files/map.js"
};
static const unsigned char plane_js[] = {
#embed "files/plane.js"
};
static const unsigned char components_js[] = {
#embed "files/components.js"
};
static const unsigned char classes_js[] = {
#embed "files/classes.js"
};
static const unsigned char places_js[] = {
#embed "files/places.js"
};
static const unsigned char commands_js[] = {
#embed "files/commands.js"
};
static const unsigned char dashboard_js[] = {
#embed "files/dashboard.js"
};
static const unsigned char example_png[] = {
#embed "files/example.png"
};
static const unsigned char openapi_json[] = {
#embed "files/openapi.json"
};

#define SCRIPT "text/javascript; charset=utf-8"

static const struct unmask_page_file files[] = {
    {"index.html", "text/html; charset=utf-8", index_html, sizeof index_html},
    {"page.css", "text/css; charset=utf-8", page_css, sizeof page_css},
    {"page.js", SCRIPT, page_js, sizeof page_js},
    {"server.js", SCRIPT, server_js, sizeof server_js},
    {"look.js", SCRIPT, look_js, sizeof look_js},
    {"figures.js", SCRIPT, figures_js, sizeof figures_js},
    {"similar.js", SCRIPT, similar_js, sizeof similar_js},
    {"pictures.js", SCRIPT, pictures_js, sizeof pictures_js},
    {"search.js", SCRIPT, search_js, sizeof search_js},
    {"map.js", SCRIPT, map_js, sizeof map_js},
    {"plane.js", SCRIPT, plane_js, sizeof plane_js},
    {"components.js", SCRIPT, components_js, sizeof components_js},
    {"classes.js", SCRIPT, classes_js, sizeof classes_js},
    {"places.js", SCRIPT, places_js, sizeof places_js},
    {"commands.js", SCRIPT, commands_js, sizeof commands_js},
    {"dashboard.js", SCRIPT, dashboard_js, sizeof dashboard_js},
    {"example.png", "image/png", example_png, sizeof example_png},
    {"openapi.json", "application/json", openapi_json, sizeof openapi_json},
};

const struct unmask_page_file *unmask_page_file(const char *name) {
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(files[i].name, name) == 0) return &files[i];
    return NULL;
}
