internal import UnmaskWeights

/// How a checkpoint's weights can be stored. Arithmetic is float32 whatever the storage.
public enum StorageType: String, Sendable, CaseIterable {
    /// Exact.
    case f32
    /// Half the size, 11 bits of precision, largest number 65,504.
    case f16
    /// Half the size, 8 bits of precision, float32's range.
    case bf16

    var storage: SafetensorsWriter.Storage {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        }
    }
}
