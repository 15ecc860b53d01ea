import Testing

/// The unit roundoff of float32.
let roundoff = 0x1p-24

/// What is expected of one number: a Double reference and how far float32 arithmetic may be from it.
struct Expected {
    var value: Double
    var tolerance: Double
}

/// Every number within its own tolerance, and the tolerances so small against the values that a wrong kernel fails.
func expectClose(
    _ found: some Collection<Float>, _ expected: [Expected], _ what: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(found.count == expected.count && !expected.isEmpty, what, sourceLocation: sourceLocation)
    let signal = expected.map { abs($0.value) }.max() ?? 0
    let slack = expected.map(\.tolerance).max() ?? 0
    #expect(slack < signal / 20, "a tolerance of \(slack) hides a signal of \(signal)", sourceLocation: sourceLocation)
    for (index, (x, e)) in zip(found, expected).enumerated() where !(abs(Double(x) - e.value) <= e.tolerance) {
        Issue.record(
            "\(what?.rawValue ?? "") number \(index) is \(x), expected \(e.value) ± \(e.tolerance)",
            sourceLocation: sourceLocation)
        return
    }
}

/// Equal to the bit, NaN included.
func expectSameBits(
    _ a: some Collection<Float>, _ b: some Collection<Float>, _ what: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(a.count == b.count && !a.isEmpty, what, sourceLocation: sourceLocation)
    #expect(a.map(\.bitPattern) == b.map(\.bitPattern), what, sourceLocation: sourceLocation)
}
