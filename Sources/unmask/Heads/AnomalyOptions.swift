import ArgumentParser
import UnmaskHeads

/// What `anomaly` remembers of good images.
struct AnomalyOptions: ParsableArguments {
    @Option(help: "The share of good images that anomaly may call anomalous. Default: 0.01.")
    var falseAlarms: Double?

    @Option(help: "Patches that anomaly remembers at most. Default: 2048; a tenth of all where that is less.")
    var memory: Int?

    func validate() throws {
        if let falseAlarms, !(0..<1).contains(falseAlarms) {
            throw ValidationError("--false-alarms \(falseAlarms): expected 0 to below 1")
        }
        if let memory, memory < 1 { throw ValidationError("--memory \(memory): expected at least 1") }
    }

    func tell(_ fitting: inout HeadFitting) {
        if let falseAlarms { fitting.falseAlarms = falseAlarms }
        fitting.memory = memory
    }
}
