#include "unmask_onnx_checker.h"

#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <cstring>
#include <exception>
#include <fstream>
#include <string>

static int fail(const char *text, char *message, size_t capacity) {
    if (capacity > 0) {
        std::strncpy(message, text, capacity - 1);
        message[capacity - 1] = 0;
    }
    return 1;
}

int unmask_onnx_check(const char *path, char *message, size_t capacity) {
    try {
        // By its path, so that weights in other files are found.
        onnx::checker::check_model(std::string(path));
        onnx::ModelProto model;
        std::ifstream stream(path, std::ios::binary);
        if (!model.ParseFromIstream(&stream)) return fail("the file cannot be parsed", message, capacity);
        onnx::ShapeInferenceOptions options(/* check_type */ true, /* strict_mode */ 1, /* data_propagation */ true);
        onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), options);
        return 0;
    } catch (const std::exception &error) {
        return fail(error.what(), message, capacity);
    } catch (...) {
        return fail("an unknown error", message, capacity);
    }
}
