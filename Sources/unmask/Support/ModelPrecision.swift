import ArgumentParser
import UnmaskModel

/// One served model's arithmetic, as people write it: `shoes=int8`.
struct ModelPrecision: ExpressibleByArgument {
    let model: String
    let precision: PrecisionChoice

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, let precision = PrecisionChoice(name: parts[1]) else { return nil }
        model = parts[0]
        self.precision = precision
    }
}
