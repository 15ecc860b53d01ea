import Glibc

/// How many files this process may have open; every connection is one.
enum OpenFileLimit {
    /// Raises the limit as far as the system lets a process do by itself.
    ///
    /// - Returns: what it is now, which may be less than was asked for.
    @discardableResult
    static func raise(to wanted: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        guard limit.rlim_cur < rlim_t(wanted) else { return Int(clamping: limit.rlim_cur) }
        var raised = limit
        raised.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
        return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0
            ? Int(clamping: raised.rlim_cur) : Int(clamping: limit.rlim_cur)
    }
}
