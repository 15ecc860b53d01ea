import Glibc

/// A descriptor that is kept open to be given up: with it a connection can be accepted, and closed, when there are no
/// more.
struct SpareDescriptor: ~Copyable {
    private var descriptor: CInt

    init() {
        descriptor = Self.open()
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Gives it up.
    ///
    /// - Returns: whether there was one.
    mutating func release() -> Bool {
        guard descriptor >= 0 else { return false }
        close(descriptor)
        descriptor = -1
        return true
    }

    /// Takes one again, if there is none.
    ///
    /// - Returns: whether there is one now.
    @discardableResult
    mutating func regain() -> Bool {
        if descriptor < 0 { descriptor = Self.open() }
        return descriptor >= 0
    }

    private static func open() -> CInt {
        Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
    }
}
