internal import Foundation
internal import Synchronization
public import UnmaskModel
internal import UnmaskWeights

/// Vectors of one stamp on disk, by what the images hold: work that was ended at any moment goes on where it was.
///
/// A file begins with a header of 4,096 bytes, which holds the stamp. Behind it are records of one size: the image's key,
/// a check of the record, and the vector in float32, or the patch tokens in float16. A record that was not written whole is found by its check, and made
/// again. One process writes at a time; another uses what is there and keeps what it makes to itself.
public final class FeatureStore: Sendable {
    public let path: String
    /// Whether another process has the file.
    public let isReadOnly: Bool
    /// Numbers of a record: of a vector, or of all tokens.
    private let count: Int
    /// Whether they are float16.
    private let isHalf: Bool
    private let descriptor: Int32
    private let state: Mutex<State>

    private struct State {
        /// Where each image's record begins.
        var places: [ImageKey: Int] = [:]
        /// Vectors that could not be written.
        var kept: [ImageKey: [Float]] = [:]
        var end: Int
    }

    private static let magic = "unmask-features/1\n"
    private static let headerByteCount = 4096
    private static let checkByteCount = 8

    /// Opens the file for a stamp in that folder, made where there is none. What is no whole record at its end is cut off.
    public init(folder: String, stamp: Stamp) throws(HeadError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = (try? encoder.encode(stamp)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let header = Self.magic + text + "\n"
        guard !text.isEmpty, header.utf8.count <= Self.headerByteCount else {
            throw .unwritable("a stamp of \(header.utf8.count) bytes: features of it are not kept")
        }
        let path = "\(folder)/\(ImageKey.digits(of: text).prefix(40)).features"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unwritable("\(folder): cannot be made: \(error.localizedDescription)")
        }
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unwritable("\(path): \(String(cString: strerror(errno)))") }
        self.path = path
        isHalf = stamp.pooling == .tokens
        count = isHalf ? stamp.tokens * stamp.dimension : stamp.dimension
        isReadOnly = flock(descriptor, LOCK_EX | LOCK_NB) != 0
        state = Mutex(State(end: 0))
        do throws(HeadError) { try begin(header) } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    private static let headByteCount = ImageKey.byteCount + checkByteCount
    private var recordByteCount: Int { Self.headByteCount + (isHalf ? 2 : 4) * count }

    private func begin(_ header: String) throws(HeadError) {
        let whole = Array(header.utf8) + Array(repeating: 0, count: Self.headerByteCount - header.utf8.count)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unwritable("\(path): \(String(cString: strerror(errno)))") }
        let size = Int(status.st_size)
        if size < Self.headerByteCount {
            guard !isReadOnly else { return }
            guard ftruncate(descriptor, 0) == 0, write(whole, at: 0) else {
                throw .unwritable("\(path): cannot be written: \(String(cString: strerror(errno)))")
            }
            return state.withLock { $0.end = Self.headerByteCount }
        }
        guard read(Self.headerByteCount, at: 0) == whole else {
            throw .unreadable("\(path): its beginning is not that of features with this stamp: remove the file")
        }
        let records = (size - Self.headerByteCount) / recordByteCount
        state.withLock { state in
            for index in 0..<records {
                let place = Self.headerByteCount + index * recordByteCount
                if let key = read(ImageKey.byteCount, at: place) { state.places[ImageKey(bytes: key)] = place }
            }
            state.end = Self.headerByteCount + records * recordByteCount
            if !isReadOnly { ftruncate(descriptor, off_t(state.end)) }
        }
    }

    /// Bytes that the file grows by at most, with the vectors of so many images.
    public func growth(images: Int) -> Int {
        max(0, Self.headerByteCount + images * recordByteCount - state.withLock { $0.end })
    }

    /// The vector of an image; nil where there is none, or its record is damaged.
    public subscript(key: ImageKey) -> [Float]? {
        let (place, kept) = state.withLock { ($0.places[key], $0.kept[key]) }
        if let kept { return kept }
        guard let place, let record = read(recordByteCount, at: place),
            Self.check(record) == Array(record[ImageKey.byteCount..<ImageKey.byteCount + Self.checkByteCount]),
            Array(record[..<ImageKey.byteCount]) == key.bytes
        else { return nil }
        return isHalf ? HalfNumbers.widened(numbers(in: record)) : numbers(in: record).map(Float.init(bitPattern:))
    }

    /// Whether the file has a record of the image, and stays as it is while nobody adds to this store: a file that another
    /// process writes does not.
    public func isOnDisk(_ key: ImageKey) -> Bool {
        !isReadOnly && state.withLock { $0.places[key] != nil && $0.kept[key] == nil }
    }

    /// The byte of the file at which an image's tokens begin; nil where they are not on the disk.
    func place(ofTokens key: ImageKey) -> Int? {
        isHalf ? state.withLock { $0.places[key] }.map { $0 + Self.headByteCount } : nil
    }

    private func numbers<Bits: FixedWidthInteger & BitwiseCopyable>(in record: [UInt8]) -> [Bits] {
        record.withUnsafeBytes { bytes in
            (0..<count).map { index in
                let place = Self.headByteCount + MemoryLayout<Bits>.size * index
                return Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Bits.self))
            }
        }
    }

    /// Keeps vectors of images. Those that cannot be written are kept in memory.
    /// - Returns: false where the disk took none.
    @discardableResult
    public func add(_ vectors: [(key: ImageKey, vector: [Float])]) -> Bool {
        var bytes: [UInt8] = []
        for (key, vector) in vectors {
            precondition(vector.count == count, "a vector of \(vector.count) numbers among those of \(count)")
            var record = key.bytes + Array(repeating: 0, count: Self.checkByteCount)
            if isHalf {
                for number in HalfNumbers.narrowed(vector) { withUnsafeBytes(of: number.littleEndian) { record += $0 } }
            } else {
                for number in vector { withUnsafeBytes(of: number.bitPattern.littleEndian) { record += $0 } }
            }
            record.replaceSubrange(
                ImageKey.byteCount..<ImageKey.byteCount + Self.checkByteCount, with: Self.check(record))
            bytes += record
        }
        return state.withLock { state in
            guard !isReadOnly, write(bytes, at: state.end) else {
                for (key, vector) in vectors { state.kept[key] = vector }
                return false
            }
            for (index, vector) in vectors.enumerated() {
                state.places[vector.key] = state.end + index * recordByteCount
            }
            state.end += bytes.count
            return true
        }
    }

    /// Of a record but for the check itself (FNV-1a, 64 bits): a record that was written in part is not whole.
    private static func check(_ record: [UInt8]) -> [UInt8] {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ bytes: ArraySlice<UInt8>) { for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 } }
        add(record[..<ImageKey.byteCount])
        add(record[(ImageKey.byteCount + checkByteCount)...])
        return withUnsafeBytes(of: hash.littleEndian) { Array($0) }
    }

    private func read(_ count: Int, at place: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + done }, count - done, off_t(place + done))
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            done += got
        }
        return bytes
    }

    private func write(_ bytes: [UInt8], at place: Int) -> Bool {
        var done = 0
        while done < bytes.count {
            let got = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress.map { $0 + done }, bytes.count - done, off_t(place + done))
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return false }
            done += got
        }
        return true
    }
}
