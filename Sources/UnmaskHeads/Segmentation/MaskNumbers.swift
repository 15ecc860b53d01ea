/// What numbers in masks stand for.
public struct MaskNumbers: Sendable {
    /// The number of pixels that are not learned from, nor counted.
    public let ignored: UInt8?
    /// The number of the second of two classes, where it is not 1.
    public let foreground: UInt8?

    /// As masks are usually written: 255 is what nothing is said of, unless 0 and 255 are all that there is.
    public init(usual present: [UInt8]) {
        let isBinary = present == [0, 255]
        (ignored, foreground) = (isBinary ? nil : 255, isBinary ? 255 : nil)
    }

    /// As a person says.
    public init(ignored: Int) { (self.ignored, foreground) = (UInt8(exactly: ignored), nil) }

    /// As a head was fitted.
    public init(_ fit: [String: String]) {
        ignored = fit[Self.ignoredKey].flatMap { UInt8($0) }
        foreground = fit[Self.foregroundKey].flatMap { UInt8($0) }
    }

    private static let ignoredKey = "mask_ignored", foregroundKey = "mask_foreground"

    /// To be kept with a head.
    public var facts: [String: String] {
        var facts: [String: String] = [:]
        facts[Self.ignoredKey] = ignored.map { "\($0)" }
        facts[Self.foregroundKey] = foreground.map { "\($0)" }
        return facts
    }

    /// The class of a pixel; nil where nothing is said of it.
    public func `class`(of number: UInt8) -> UInt8? {
        number == ignored ? nil : number == foreground ? 1 : number
    }

    /// How many classes there are where masks have these numbers.
    public func count(of present: [UInt8]) -> Int { Int(present.compactMap(self.class).max() ?? 0) + 1 }

    /// Throws where masks have numbers that are no class.
    public func require(classes: Int, of present: [UInt8], in place: String) throws(HeadError) {
        let others = present.filter { self.class(of: $0).map { Int($0) >= classes } ?? false }
        guard others.isEmpty else {
            throw .data(
                "\(place): masks have the numbers \(others.prefix(8).map(String.init).joined(separator: ", ")): expected 0 to "
                    + "\(classes - 1)" + (ignored.map { ", and \($0) for what does not count" } ?? ""))
        }
    }

    /// The classes of images' points, of what masks have there; nil is what no image covers.
    /// - Parameters:
    ///   - present: numbers that pixels have in any of the masks.
    ///   - place: what the masks are called.
    public func labels(
        of points: [[UInt8?]], present: [UInt8], grid: PatchGrid, classes: Int, in place: String
    ) throws(HeadError) -> PointLabels {
        try require(classes: classes, of: present, in: place)
        return try PointLabels(
            grid: grid, classes: classes,
            images: points.map { $0.map { $0.flatMap(self.class(of:)) ?? PointLabels.ignored } })
    }
}
