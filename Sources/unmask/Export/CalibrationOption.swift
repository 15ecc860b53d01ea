import ArgumentParser
import UnmaskModel

/// `--calibration`: `min-max`, or the share of activations to cut off at each end.
struct CalibrationOption: ExpressibleByArgument {
    let method: CalibrationMethod

    /// A ten-thousandth: what ViTs' activations lose there are outliers of a few channels, hundreds of times larger than
    /// the rest.
    init() {
        method = .percentile(share: 0.0001)
    }

    init?(argument: String) {
        if argument == "min-max" {
            method = .minMax
        } else if let share = Double(argument), (0..<0.5).contains(share) {
            method = .percentile(share: share)
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { "0.0001" }
}
