/// Versions of the format that are written.
public enum ONNXOpset {
    /// The operator sets that a model can be written for.
    public static let range = 11...23

    /// The version that a file is written for where nothing else is asked for: the first with LayerNormalization, and
    /// what most runtimes of the last years read.
    public static let standard = 17

    /// The version of the file format that came out with an operator set, which readers of that set know
    /// (github.com/onnx/onnx, docs/Versioning.md).
    public static func irVersion(for opset: Int) -> Int {
        switch opset {
        case ...11: 6
        case 12...14: 7
        case 15...18: 8
        case 19...20: 9
        case 21...22: 10
        default: 11
        }
    }
}
