import ArgumentParser
import UnmaskModel

/// Which patches stay: a share of them (`0.25`), or their numbers (`0,7,12`).
enum KeepOption: ExpressibleByArgument {
    case share(Double)
    case ids([Int])

    init?(argument: String) {
        if argument.contains("."), let share = Double(argument) {
            self = .share(share)
        } else {
            let parts = argument.split(separator: ",").map { Int($0) }
            let numbers = parts.compactMap { $0 }
            guard !numbers.isEmpty, numbers.count == parts.count else { return nil }
            self = .ids(numbers)
        }
    }

    func mask(patches: Int, seed: UInt64) throws -> Mask {
        switch self {
        case .share(let share): try .random(patches: patches, keeping: share, seed: seed)
        case .ids(let ids): try .keep(ids, patches: patches)
        }
    }
}
