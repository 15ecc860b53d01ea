import Foundation
import Testing

/// The cases that are left out although their operators are claimed, each with its reason: Fixtures/skips.txt.
struct Skips {
    let reasons: [String: String]

    init() throws {
        let file = try #require(Bundle.module.url(forResource: "Fixtures/skips", withExtension: "txt"))
        var reasons: [String: String] = [:]
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: ":", maxSplits: 1)
            try #require(parts.count == 2, "\(line)")
            reasons[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        self.reasons = reasons
    }
}
