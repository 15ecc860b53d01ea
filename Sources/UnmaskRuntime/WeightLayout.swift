package import UnmaskGraph

/// What a session's packed weights are made of, and where each of them lies: all that decides their bytes, but for the
/// contents of the tensors.
package struct WeightLayout: Sendable {
    /// A constant in a form that kernels read.
    package struct Part: Sendable {
        package let name: String
        /// The form in words, the kernel's name among them.
        package let form: String
        /// From the start of all, in bytes.
        package let offset: Int
        package let tensor: Tensor
    }

    package let parts: [Part]
    /// Of all together.
    package let byteCount: Int
}

/// A session's weights as they were packed at an earlier start, in a file that is mapped.
package struct PackedWeights: Sendable {
    package let file: MappedFile
    /// Where they begin in it: at a cache line.
    package let offset: Int
    /// Constants in which a NaN or an infinity was found when they were packed.
    package let nonfinite: [String]
    /// Told why they cannot be used any longer: the session packs them anew by itself.
    package let lost: @Sendable (String) -> Void

    package init(
        file: MappedFile, offset: Int, nonfinite: [String], lost: @escaping @Sendable (String) -> Void
    ) {
        self.file = file
        self.offset = offset
        self.nonfinite = nonfinite
        self.lost = lost
    }

    var start: UnsafeRawPointer { file.start + offset }
}

extension WeightForm {
    /// The same words for the same bytes: what a kept copy is found by.
    var words: String {
        switch self {
        case .plain: "plain"
        case .panels(let kernel, let count, let n, let k, let transposed):
            "\(count) panels of [\(n), \(k)]\(transposed ? " transposed" : "") for \(kernel.name)"
        }
    }
}
