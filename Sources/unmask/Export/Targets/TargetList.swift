import UnmaskONNX

/// What `--target list` prints.
enum TargetList {
    static var text: String {
        ExportTarget.all.map { target in
            let precisions = ExportPrecision.allCases.compactMap { precision in
                target.precisions[precision].map { road in
                    if case .converter(let arguments) = road, !arguments.isEmpty {
                        "\(precision.rawValue) (--convert)"
                    } else {
                        precision.rawValue
                    }
                }
            }
            let batch = target.batch.count.map(String.init) ?? "any"
            let opset = target.latestOpset.map { "\(target.opset) (reads to \($0))" } ?? "\(target.opset)"
            return """
                \(target.name)
                  sets       opset \(opset), batch \(batch); with --preprocess \(target.samples.rawValue) \(target.layout.rawValue)
                  precision  \(precisions.joined(separator: ", "))
                  why        \(target.why)
                  refuses    \(refused(target))
                  tried with \(target.tried)
                """
        }.joined(separator: "\n")
    }

    private static func refused(_ target: ExportTarget) -> String {
        let others = target.otherPrecisions.isEmpty ? [] : ["other precisions: " + target.otherPrecisions]
        let reasons = others + target.refusals.map(\.reason)
        return reasons.isEmpty ? "nothing" : reasons.joined(separator: "\n             ")
    }
}
