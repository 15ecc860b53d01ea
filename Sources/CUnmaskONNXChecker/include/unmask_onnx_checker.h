#ifndef UNMASK_ONNX_CHECKER_H
#define UNMASK_ONNX_CHECKER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Checks an ONNX file as libonnx does: its checker, then shape inference with type checks on.
///
/// Debian's libonnx 1.12 knows opsets to 17. For tests only: nothing that users run needs libonnx.
///
/// Returns 0 where the file passes. Else `message` says what libonnx found, cut to `capacity` bytes and terminated.
int unmask_onnx_check(const char *path, char *message, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
