/// The boxes of a file in the ISO base media format (ISO/IEC 14496-12), which AVIF and HEIC are: what is needed to tell
/// them apart, and whether a file is cut short.
struct BaseMedia {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// By the major brand, which stands first; where that names the container alone, by the brands that it is compatible
    /// with. Nil where it is something else, such as a film.
    var format: ImageFormat? {
        guard let major = code(at: 8) else { return nil }
        if Self.avif.contains(major) { return .avif }
        if Self.heic.contains(major) { return .heic }
        guard Self.containers.contains(major), let end = integer(at: 0) else { return nil }
        // Behind the major brand and its version.
        let compatible = stride(from: 16, to: min(end, bytes.count) - 3, by: 4).compactMap { code(at: $0) }
        return compatible.contains(where: Self.avif.contains) ? .avif : .heic
    }

    /// Whether the last of its boxes reaches beyond its end, or the one that says where everything is has not come.
    var isCutShort: Bool {
        var place = 0
        var hasDirectory = false
        while place < bytes.count {
            guard let length = integer(at: place), let name = code(at: place + 4) else { return true }
            hasDirectory = hasDirectory || Self.directories.contains(name)
            switch length {
            case 0: return false  // to the end of the file
            case 1:
                guard let high = integer(at: place + 8), let low = integer(at: place + 12) else { return true }
                guard high == 0, low >= 16 else { return high > 0 }
                place += low
            case ..<8: return false  // damaged otherwise
            default: place += length
            }
        }
        return place > bytes.count || !hasDirectory
    }

    /// `image sequence` brands included: their first image counts.
    private static let avif: Set = ["avif", "avis"]
    private static let heic: Set = ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"]
    private static let containers: Set = ["mif1", "msf1"]
    /// Of images, and of sequences of them.
    private static let directories: Set = ["meta", "moov"]

    private func code(at place: Int) -> String? {
        guard place + 4 <= bytes.count else { return nil }
        return String(decoding: bytes[place..<place + 4], as: UTF8.self)
    }

    /// Four bytes, big-endian; nil where there are fewer.
    private func integer(at place: Int) -> Int? {
        guard place + 4 <= bytes.count else { return nil }
        return bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
