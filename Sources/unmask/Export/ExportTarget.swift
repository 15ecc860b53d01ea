import ArgumentParser

/// Runtimes and converters that exported files are made for, with what each needs. docs/onnx-export.md gives the reasons.
enum ExportTarget: String, CaseIterable, ExpressibleByArgument {
    case onnxruntime
    case onnxruntimeWeb = "onnxruntime-web"
    case openvino
    case tfliteConverter = "tflite-converter"
    case opencv

    /// The operator set that the runtime does best with.
    var opset: Int {
        switch self {
        case .onnxruntime: 20
        case .onnxruntimeWeb: 17
        case .openvino: 20
        case .tfliteConverter: 20
        case .opencv: 17
        }
    }

    /// The last operator set that the runtime is known to read; nil: all.
    var latestOpset: Int? {
        switch self {
        case .onnxruntime, .openvino: nil
        case .onnxruntimeWeb, .tfliteConverter, .opencv: 22
        }
    }

    var batch: ExportBatch {
        switch self {
        case .onnxruntime, .onnxruntimeWeb, .openvino: .dynamic
        case .tfliteConverter, .opencv: .fixed(1)
        }
    }
}

/// `--batch`: a number, or any.
enum ExportBatch: ExpressibleByArgument {
    case fixed(Int)
    case dynamic

    init?(argument: String) {
        if argument == "dynamic" {
            self = .dynamic
        } else if let count = Int(argument), (1...4096).contains(count) {
            self = .fixed(count)
        } else {
            return nil
        }
    }

    var count: Int? {
        if case .fixed(let count) = self { count } else { nil }
    }
}
