import CUnmaskONNXChecker

/// What libonnx's checker or its shape inference have against a file; nil where it passes.
func libonnxProblem(with file: TemporaryModel) -> String? {
    defer { withExtendedLifetime(file) {} }
    var message = [CChar](repeating: 0, count: 4096)
    guard unmask_onnx_check(file.path, &message, message.count) != 0 else { return nil }
    return String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
