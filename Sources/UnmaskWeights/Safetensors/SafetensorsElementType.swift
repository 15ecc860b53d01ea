import UnmaskGraph

extension ElementType {
    /// The element type that safetensors calls `name`; nil where there is none here.
    init?(safetensors name: String) {
        guard let type = ElementType.allCases.first(where: { $0.safetensorsName == name }) else { return nil }
        self = type
    }

    /// What safetensors calls this element type.
    var safetensorsName: String { rawValue.uppercased() }
}

/// Element types that the format has and this program does not: complex and sub-16-bit floating point.
let unsupportedSafetensorsTypes: Set<String> = [
    "C64", "F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
]
