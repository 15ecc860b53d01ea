#ifndef UNMASK_DECODING_H
#define UNMASK_DECODING_H

// What the decoders of images in C have in common: how they end, how they are stopped, and what they read from.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    UNMASK_DECODING_OK,
    UNMASK_DECODING_TRUNCATED,    ///< the bytes end before the image does
    UNMASK_DECODING_CORRUPT,      ///< the bytes contradict their format
    UNMASK_DECODING_UNSUPPORTED,  ///< a kind of the format that is not decoded here
    UNMASK_DECODING_TOO_LARGE,    ///< beyond a limit of the library's
    UNMASK_DECODING_NO_MEMORY,
    UNMASK_DECODING_STOPPED,      ///< the caller said so
} unmask_decoding_status;

/// Asked now and then while an image is decoded, with the context given beside it; true stops the decoding.
typedef bool (*unmask_decoding_stop)(void *context);

/// What went wrong, in a library's words or ours.
typedef struct {
    char text[256];
} unmask_decoding_message;

/// Keeps the message, cut where it is too long, and returns the status.
unmask_decoding_status unmask_decoding_fail(
    unmask_decoding_message *message, unmask_decoding_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/// An encoded image in memory, read from its first byte on.
typedef struct {
    const uint8_t *next;
    size_t left;
    bool is_exhausted;  ///< more was asked for than there is
} unmask_decoding_input;

/// Reads exactly `count` bytes into `target`, or none of them.
bool unmask_decoding_read(unmask_decoding_input *input, void *target, size_t count);

/// Lets stdio's `stderr` lead nowhere from now on, once a process. Some libraries (dav1d, libde265) write there what they
/// find wrong in an image, where a stranger's images would fill a log, or wait for whoever does not read it. For programs
/// that write nothing of their own through that stream.
void unmask_decoding_silence_libraries(void);

/// CMYK to RGB, in the arithmetic of Pillow's `convert("RGB")`; `width` pixels.
void unmask_rgb_from_cmyk(const uint8_t *cmyk, size_t width, uint8_t *rgb);

#endif
