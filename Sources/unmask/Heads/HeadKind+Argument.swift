public import ArgumentParser
public import UnmaskHeads

extension HeadKind: ExpressibleByArgument {
    /// What to fit where a person says only what for.
    private static let usual: [String: HeadKind] = ["classify": .ep]

    public init?(argument: String) {
        guard let kind = Self.usual[argument] ?? HeadKind(rawValue: argument) else { return nil }
        self = kind
    }

    public static var allValueStrings: [String] { usual.keys.sorted() + allCases.map(\.rawValue) }
}

extension AnomalyMeasure: ExpressibleByArgument {}
