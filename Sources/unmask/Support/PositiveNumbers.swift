import ArgumentParser
import Foundation

/// Positive numbers of an option, separated by commas.
enum PositiveNumbers {
    /// - Returns: ascending; nil where the option is not given.
    static func read(_ text: String?, _ option: String) throws -> [Double]? {
        guard let text else { return nil }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
        guard !numbers.isEmpty, numbers.count == parts.count, numbers.allSatisfy({ $0 > 0 && $0 < 1e15 }) else {
            throw ValidationError("\(option) \(text): expected positive numbers, separated by commas")
        }
        return numbers.sorted()
    }
}
