/// A strict reader of Prometheus's text format 0.0.4, written from its description
/// (https://prometheus.io/docs/instrumenting/exposition_formats/) and not from the code that writes it.
struct PrometheusParser {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    private(set) var types: [String: String] = [:]
    private(set) var helps: [String: String] = [:]
    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        guard text.isEmpty || text.hasSuffix("\n") else { throw Failure(description: "the last line has no line feed") }
        var family = ""
        var finished: Set<String> = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            var reader = Reader(line)
            let name: String
            if line.hasPrefix("# ") {
                name = try comment(line)
            } else {
                let sample = try reader.sample()
                samples.append(sample)
                name = try self.family(of: sample)
            }
            guard name != family else { continue }
            guard finished.insert(name).inserted else { throw Failure(description: "\(name) is not in one piece") }
            family = name
        }
        try checkHistograms()
        let unique = Set(samples.map { "\($0.name) \($0.labels.sorted { $0.key < $1.key })" })
        guard unique.count == samples.count else { throw Failure(description: "a sample appears twice") }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private mutating func comment(_ line: Substring) throws -> String {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 4 else { throw Failure(description: "\(line)") }
        let (kind, name, rest) = (words[1], words[2], words[3])
        guard !samples.contains(where: { $0.name == name }) else { throw Failure(description: "\(name): late comment") }
        switch kind {
        case "TYPE":
            guard ["counter", "gauge", "histogram", "summary", "untyped"].contains(rest), types[name] == nil else {
                throw Failure(description: "\(line)")
            }
            types[name] = rest
        case "HELP":
            guard helps.updateValue(rest, forKey: name) == nil else { throw Failure(description: "\(line)") }
        default: throw Failure(description: "\(line)")
        }
        return name
    }

    private func family(of sample: Sample) throws -> String {
        if let type = types[sample.name] {
            guard type != "histogram" else { throw Failure(description: "\(sample.name) has no suffix") }
            return sample.name
        }
        for suffix in ["_bucket", "_sum", "_count"] where sample.name.hasSuffix(suffix) {
            let name = String(sample.name.dropLast(suffix.count))
            if types[name] == "histogram", (suffix == "_bucket") == (sample.labels["le"] != nil) { return name }
        }
        throw Failure(description: "\(sample.name) has no TYPE")
    }

    /// Buckets ascend, are cumulative, and end with +Inf, which is the count.
    private func checkHistograms() throws {
        for (name, _) in types where types[name] == "histogram" {
            for count in samples where count.name == name + "_count" {
                let buckets = samples.filter {
                    $0.name == name + "_bucket" && $0.labels.filter { $0.key != "le" } == count.labels
                }
                let bounds = buckets.compactMap { $0.labels["le"].flatMap(Double.init(prometheus:)) }
                guard bounds.count == buckets.count, bounds == bounds.sorted(), bounds.last == .infinity,
                    buckets.map(\.value) == buckets.map(\.value).sorted(), buckets.last?.value == count.value,
                    value(name + "_sum", count.labels) != nil
                else { throw Failure(description: "the histogram \(name) \(count.labels) is inconsistent") }
            }
        }
    }
}

extension PrometheusParser {
    private struct Reader {
        private var rest: Substring

        init(_ line: Substring) { rest = line }

        mutating func sample() throws -> Sample {
            let name = try identifier(colons: true)
            var labels: [String: String] = [:]
            if take("{") {
                while !take("}") {
                    let label = try identifier(colons: false)
                    guard take("="), take("\"") else { throw Failure(description: "expected =\" at \(rest)") }
                    guard labels.updateValue(try text(), forKey: label) == nil else {
                        throw Failure(description: "\(label) twice")
                    }
                    guard take(",") || rest.first == "}" else { throw Failure(description: "expected , at \(rest)") }
                }
            }
            guard take(" "), let value = Double(prometheus: String(rest)) else {
                throw Failure(description: "expected a value at \(rest)")
            }
            return Sample(name: name, labels: labels, value: value)
        }

        private mutating func take(_ character: Character) -> Bool {
            guard rest.first == character else { return false }
            rest.removeFirst()
            return true
        }

        private mutating func identifier(colons: Bool) throws -> String {
            let end = rest.firstIndex {
                !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || (colons && $0 == ":")))
            }
            let name = rest[..<(end ?? rest.endIndex)]
            guard let first = name.first, !first.isNumber else {
                throw Failure(description: "expected a name at \(rest)")
            }
            rest = rest[name.endIndex...]
            return String(name)
        }

        private mutating func text() throws -> String {
            var text = ""
            while let character = rest.popFirst() {
                switch character {
                case "\"": return text
                case "\\":
                    switch rest.popFirst() {
                    case "n": text += "\n"
                    case "\\": text += "\\"
                    case "\"": text += "\""
                    default: throw Failure(description: "an unknown escape")
                    }
                default: text.append(character)
                }
            }
            throw Failure(description: "a label without its end")
        }
    }
}

extension Double {
    fileprivate init?(prometheus text: String) {
        switch text {
        case "+Inf": self = .infinity
        case "-Inf": self = -.infinity
        case "NaN": self = .nan
        default:
            guard let value = Double(text), value.isFinite else { return nil }
            self = value
        }
    }
}
