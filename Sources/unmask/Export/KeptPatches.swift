import ArgumentParser

/// `--keep`: a number, or any.
enum KeptPatches: ExpressibleByArgument {
    case fixed(Int)
    case dynamic

    init?(argument: String) {
        if argument == "dynamic" {
            self = .dynamic
        } else if let count = Int(argument), count > 0 {
            self = .fixed(count)
        } else {
            return nil
        }
    }

    var count: Int? { if case .fixed(let count) = self { count } else { nil } }
}
