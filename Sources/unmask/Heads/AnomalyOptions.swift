import ArgumentParser
import UnmaskHeads
import UnmaskModel

/// What `anomaly` remembers of good images.
struct AnomalyOptions: ParsableArguments {
    @Option(help: "The share of good images that anomaly may call anomalous. Default: 0.01.")
    var falseAlarms: Double?

    @Option(help: "Patches that anomaly remembers at most. Default: 2048; a tenth of all where that is less.")
    var memory: Int?

    @Option(
        help: """
            What says how strange a patch looks: memory, the distance of its token to those of good images; reconstruction, how \
            badly the masked autoencoder foresees it while it is hidden; both, the mean of where the two stand among good \
            images. Default: memory.
            """)
    var by: AnomalyMeasure?

    @Option(
        help: """
            Passes in which reconstruction hides every patch once, a part in each: more hide less at a time, and take longer. \
            Default: 4.
            """)
    var passes: Int?

    func validate() throws {
        let measure = by ?? .memory
        if let passes, passes < 2 { throw ValidationError("--passes \(passes): expected at least 2") }
        guard passes == nil || measure != .memory else {
            throw ValidationError("--passes: plays no part in memory; only in --by reconstruction or both")
        }
        guard memory == nil || measure != .reconstruction else {
            throw ValidationError("--memory: plays no part in reconstruction; only in --by memory or both")
        }
        if let falseAlarms, !(0..<1).contains(falseAlarms) {
            throw ValidationError("--false-alarms \(falseAlarms): expected 0 to below 1")
        }
        if let memory, memory < 1 { throw ValidationError("--memory \(memory): expected at least 1") }
    }

    func tell(_ fitting: inout HeadFitting) {
        if let falseAlarms { fitting.falseAlarms = falseAlarms }
        fitting.memory = memory
    }

    /// What an anomaly head reads, of tokens of these sources.
    /// - Parameter seed: of the masks.
    func sources(_ tokens: [VectorSource], seed: UInt64) -> [VectorSource] {
        (by ?? .memory).sources(
            tokens, ComplementaryMasks(count: passes ?? ComplementaryMasks.usualCount, seed: seed))
    }
}
