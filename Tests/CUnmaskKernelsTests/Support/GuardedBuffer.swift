import Glibc

/// Memory whose end is the end of a page with nothing readable behind it: one element too far is a crash.
final class GuardedBuffer<Element: BitwiseCopyable> {
    let elements: UnsafeMutableBufferPointer<Element>
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int

    /// `aligned` to 64 bytes, the end is up to 63 bytes before the page's, and those bytes are checked by no one.
    init(count: Int, aligned: Bool = false) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let bytes = max(1, count) * MemoryLayout<Element>.stride
        let usable = (bytes + page - 1) / page * page
        mappedBytes = usable + page
        guard
            let mapping = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapping != MAP_FAILED, mprotect(mapping + usable, page, PROT_NONE) == 0
        else { fatalError("no memory for a guarded buffer of \(bytes) bytes") }
        self.mapping = mapping
        let start = aligned ? (usable - bytes) / 64 * 64 : usable - bytes
        elements = UnsafeMutableBufferPointer(
            start: (mapping + start).bindMemory(to: Element.self, capacity: count), count: count)
    }

    convenience init(_ values: some Collection<Element>, aligned: Bool = false) {
        self.init(count: values.count, aligned: aligned)
        _ = elements.update(fromContentsOf: values)
    }

    deinit { munmap(mapping, mappedBytes) }

    var base: UnsafeMutablePointer<Element> { elements.baseAddress.unsafelyUnwrapped }
    var array: [Element] { Array(elements) }
}
