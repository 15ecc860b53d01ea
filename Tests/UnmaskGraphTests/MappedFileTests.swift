import Foundation
import Synchronization
import Testing
import UnmaskGraph

/// Files that are shortened, written to or replaced while they are mapped.
@Suite struct MappedFileTests {
    private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    private static let size = 5 * page + 100

    /// A file of ones, of yesterday, so that whatever writes to it changes its time.
    private final class OldFile {
        let path = NSTemporaryDirectory() + "unmask-mapped-" + UUID().uuidString

        init() throws {
            try Data(repeating: 1, count: size).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -86_400)], ofItemAtPath: path)
        }

        deinit { remove() }

        /// For a process that ends before its objects do.
        func remove() { unlink(path) }
    }

    private static func sum(_ file: MappedFile) -> Int { file.bytes.reduce(0) { $0 + Int($1) } }

    private struct Failed: Error, Equatable { let text: String }

    private static func read<R>(_ file: MappedFile, _ step: () throws(Failed) -> R) throws(Failed) -> R {
        try file.reading(step) { Failed(text: $0.description) }
    }

    @Test(arguments: [0, 1, 99, page, page + 1, 4 * page, size - 1])
    func aFileThatIsShortenedWhileItIsReadIsReportedAndNothingElse(length: Int) throws {
        let (file, other) = (try OldFile(), try OldFile())
        let (mapped, untouched) = (try MappedFile(path: file.path), try MappedFile(path: other.path))
        #expect(throws: Failed.self) {
            try Self.read(mapped) { () throws(Failed) in
                #expect(mapped.bytes[Self.page] == 1)
                #expect(truncate(file.path, off_t(length)) == 0)
                // Pages that are gone read as zeros; what is on the last page is gone too.
                #expect(Self.sum(mapped) == length)
            }
        }
        let text = try #require(mapped.damage?.description)
        #expect(text.contains(file.path) && text.contains("to \(length) bytes") && text.contains("renaming"))
        // What failed for another reason failed for this one.
        let failure = #expect(throws: Failed.self) {
            try Self.read(mapped) { () throws(Failed) in throw Failed(text: "zeros make no sense") }
        }
        #expect(failure?.text == text)
        #expect(untouched.damage == nil && Self.sum(untouched) == Self.size)
    }

    @Test func aFileThatIsWrittenToInPlaceIsReported() throws {
        let file = try OldFile()
        let mapped = try MappedFile(path: file.path)
        #expect(mapped.damage == nil)
        let handle = try #require(FileHandle(forWritingAtPath: file.path))
        try handle.write(contentsOf: Data([7]))
        try handle.close()
        #expect(mapped.damage?.cause == .changed)
        // Putting the time back does not mend it.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -86_400)], ofItemAtPath: file.path)
        #expect(mapped.damage?.cause == .changed)
    }

    @Test func aFileThatIsReplacedByRenamingStaysWhatItWas() throws {
        let (file, other) = (try OldFile(), try OldFile())
        try Data(repeating: 2, count: 10).write(to: URL(fileURLWithPath: other.path))
        let mapped = try MappedFile(path: file.path)
        #expect(rename(other.path, file.path) == 0)
        #expect(Self.sum(mapped) == Self.size && mapped.damage == nil)
        #expect(try Self.read(mapped) { () throws(Failed) in mapped.bytes[0] } == 1)
        #expect(try Self.sum(MappedFile(path: file.path)) == 20)
    }

    /// Faults of many threads, in mappings that come and go.
    @Test func manyThreadsMayMeetTheLoss() throws {
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 64) { index in
            do {
                let file = try OldFile()
                let (path, mapped) = (file.path, try MappedFile(path: file.path))
                DispatchQueue.concurrentPerform(iterations: 4) { reader in
                    if reader == 0 { truncate(path, off_t(index * Self.page / 16)) }
                    _ = Self.sum(mapped)
                }
                withExtendedLifetime(file) {}
                if mapped.damage == nil { failures.withLock { $0.append("\(index)") } }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
    }

    /// A fault that no mapping of ours explains still ends the process.
    @Test func otherFaultsEndTheProcessAsEver() async {
        await #expect(processExitsWith: .signal(SIGBUS)) {
            let file = try OldFile()
            withExtendedLifetime(try MappedFile(path: file.path)) {
                let descriptor = open(file.path, O_RDWR)
                file.remove()
                let foreign = mmap(nil, MappedFileTests.size, PROT_READ, MAP_PRIVATE, descriptor, 0)
                ftruncate(descriptor, 0)
                // What is read is used, so that it is read.
                exit(CInt(foreign?.load(fromByteOffset: MappedFileTests.page, as: UInt8.self) ?? 0))
            }
        }
    }

    @Test func aSignalThatSomeoneSendsEndsTheProcessAsEver() async {
        await #expect(processExitsWith: .signal(SIGBUS)) {
            let file = try OldFile()
            withExtendedLifetime(try MappedFile(path: file.path)) {
                file.remove()
                raise(SIGBUS)
            }
        }
    }
}
