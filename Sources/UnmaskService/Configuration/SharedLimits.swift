internal import UnmaskRuntime

extension ServiceConfiguration {
    /// HTTP connections beyond all limits that are taken for a probe alone: else a manager would restart a server for
    /// being busy.
    private static let probeConnections = 16

    /// The limits of `limits` on connections, as they are with what was left to the defaults.
    var connectionLimits: ConnectionLedger.Limits {
        var doors: Set<Door> = []
        if unixSocketPath != nil { doors.insert(.owner) }
        if tcp != nil { doors.insert(.line) }
        if http != nil { doors.insert(.http) }
        return ConnectionLedger.Limits(
            total: limits.connections, reserved: limits.reservedConnections ?? min(limits.connections / 8, 64),
            perAddress: limits.connectionsPerAddress ?? max(limits.connections / 2, 1),
            probes: Self.probeConnections, doors: doors)
    }

    /// The bytes that all connections may hold, and how they are shared.
    var byteLimits: ByteLedger.Limits {
        let request = requestBytes
        let total = limits.totalBytes ?? max(min(MemoryLimit.bytes / 4, 1 << 30), leastTotalBytes)
        // A quarter of the bytes lets every connection hold a small line and one read more.
        let connections = countedConnections
        var read = Self.mostRead
        while read > Self.leastRead, 2 * read * connections > total / 4 { read /= 2 }
        return ByteLedger.Limits(total: total, read: read, request: request, small: 2 * read * connections)
    }

    /// A frame of some MB comes in few turns of its event loop.
    private static let mostRead = 64 << 10
    private static let leastRead = 1 << 10

    /// With which one request of the largest size can always be read, and a small one of every connection.
    var leastTotalBytes: Int { max(2 * requestBytes, 8 * Self.leastRead * countedConnections) }

    // These are asked before the limits are known to be possible.
    private var requestBytes: Int { min(limits.lineBytes, 1 << 40) + min(limits.payloadBytes, 1 << 40) }
    private var countedConnections: Int { min(max(limits.connections, 0), 1 << 20) + Self.probeConnections }
}
