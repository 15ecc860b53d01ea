/// What a pickle may ask for. A ViT-H training checkpoint with its optimizer's state stays a hundredfold below.
enum PickleLimits {
    /// Instructions in one pickle. Each makes at most one value and one node, so this bounds memory and time.
    static let instructions = 1 << 22
    /// Containers, calls and references.
    static let nodes = 1 << 20
    /// Bytes of strings, byte strings, long integers and names, all together.
    static let textByteCount = 1 << 26
    /// Bytes of the name of a class or function.
    static let nameByteCount = 1 << 10
}
