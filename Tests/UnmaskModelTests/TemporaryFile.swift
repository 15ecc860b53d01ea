import Foundation

/// A path for a file, which goes when this object does.
final class TemporaryFile {
    let path: String

    init(_ ending: String = ".onnx") throws {
        path = NSTemporaryDirectory() + "unmask-model-" + UUID().uuidString + ending
    }

    deinit { unlink(path) }
}
